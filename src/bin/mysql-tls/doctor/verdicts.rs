//! What the findings mean: pure functions of them.

use mysql_tls::{Compared, Difference, SslMode, Verification};
use serde::Serialize;

use super::findings::{Attempt, Problem};
use super::login::Login;

/// Whether a server takes something that it was offered alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Taken {
    Accepted,
    Refused,
    /// Not tried, or something else failed.
    Unknown,
}

/// What an attempt to offer one thing alone came to.
pub(super) fn taken(attempt: &Attempt) -> Taken {
    let Some(Ok(probe)) = attempt else { return Taken::Unknown };
    // A server that shows its certificates has chosen what it speaks; what fails then is another
    // matter.
    match probe.handshake() {
        Ok(Some(_)) => Taken::Accepted,
        Ok(None) => Taken::Unknown,
        Err(_) if !probe.peer().is_empty() => Taken::Accepted,
        Err(error) => match error.code() {
            "handshake.no-common-version" | "handshake.no-common-cipher" => Taken::Refused,
            _ => Taken::Unknown,
        },
    }
}

/// Why something is not known; `None` where it was not tried, or is known.
pub(super) fn trouble(attempt: &Attempt) -> Option<Problem> {
    match attempt {
        Some(Err(error)) => Some(Problem::from(error)),
        Some(Ok(probe)) => probe.handshake().err().map(Problem::from),
        None => None,
    }
}

/// How the given settings would do under a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub(super) enum Verdict {
    /// Up to the login, which only the last connection tries.
    Works {
        protection: String,
    },
    Fails {
        error: Problem,
    },
    /// Connections or time were used up.
    Unknown,
}

/// The verdict on a mode.
pub(super) fn verdict(attempt: &Attempt) -> Verdict {
    let probe = match attempt {
        None => return Verdict::Unknown,
        Some(Err(error)) => return Verdict::Fails { error: Problem::from(error) },
        Some(Ok(probe)) => probe,
    };
    match probe.handshake() {
        Ok(Some(session)) => {
            Verdict::Works { protection: format!("TLS; {}", checked(session.verified())) }
        }
        Ok(None) => Verdict::Works { protection: "PLAINTEXT".to_owned() },
        // Whoever has shown a certificate has passed by then: it is judged at once, and ours comes after
        // it. Without one anybody may have sent the alert.
        Err(error)
            if error.code() == "handshake.client-certificate-required"
                && !probe.peer().is_empty() =>
        {
            Verdict::Works {
                protection: format!(
                    "TLS with a client certificate, which is left out here; {}",
                    checked(probe.verification())
                ),
            }
        }
        Err(error) => Verdict::Fails { error: Problem::from(error) },
    }
}

fn checked(verification: &Verification) -> String {
    match verification {
        Verification::Nothing => verification.to_string(),
        _ => format!("verified: {verification}"),
    }
}

/// What is known of client certificates.
pub(super) fn client_certificate(requested: Option<bool>, login: &Login) -> String {
    const REFUSED: &str = "handshake.client-certificate-refused";
    let given = login.has_certificate;
    let session = login.result.as_ref().ok().map(|logged_in| &logged_in.session);
    let presented = session
        .and_then(|session| session.tls())
        .and_then(|tls| tls.client_certificate().presented());
    if let Some(subject) = presented {
        return format!("asked for, and yours was accepted ({subject})");
    }
    match (requested, given, &login.result) {
        (_, true, Err(problem)) if problem.code == REFUSED => {
            "asked for, and yours was refused".to_owned()
        }
        (None, ..) => "not known whether one is asked for".to_owned(),
        (Some(false), false, _) => "not asked for".to_owned(),
        (Some(false), true, _) => "not asked for, so that yours is not shown".to_owned(),
        (Some(true), false, Ok(_)) => {
            "asked for; none is given, and the login went without".to_owned()
        }
        (Some(true), false, Err(_)) => "asked for, and none is given".to_owned(),
        (Some(true), true, Ok(_)) => {
            "asked for; these settings connect without TLS, so that yours is not shown".to_owned()
        }
        (Some(true), true, Err(_)) => {
            "asked for; whether yours is accepted only a login can tell, and it failed".to_owned()
        }
    }
}

/// Whether something in between seems to end TLS.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Proxy {
    /// `None` where nothing could be compared.
    pub(super) suspected: Option<bool>,
    pub(super) told: String,
    pub(super) differences: Vec<Difference>,
}

pub(super) fn proxy(login: &Login) -> Proxy {
    let Ok(logged_in) = &login.result else {
        return not_compared("not known: only after a login can both ends be compared");
    };
    let mut differences = Vec::new();
    if let Some(view) = &logged_in.view {
        differences.extend(logged_in.session.compare(view));
    }
    differences.extend(logged_in.inside.iter().flatten().cloned());
    if logged_in.view.is_none() && logged_in.inside.is_none() {
        return not_compared("not known: the server did not tell its view of the connection");
    }
    suspicion(differences)
}

fn not_compared(told: &str) -> Proxy {
    Proxy { suspected: None, told: told.to_owned(), differences: Vec::new() }
}

fn suspicion(differences: Vec<Difference>) -> Proxy {
    let about_tls = |difference: &Difference| {
        matches!(difference.compared(), Compared::TlsVersion | Compared::Cipher)
    };
    let seen: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let told = if differences.is_empty() {
        "none seen: TLS, connection id and version are the same at both ends, which a proxy could \
         copy"
            .to_owned()
    } else if differences.iter().any(about_tls) {
        format!(
            "probably: something in between seems to end the TLS connection, by comparison ({})",
            seen.join("; ")
        )
    } else {
        format!(
            "perhaps: something in between seems to greet in the server's place, by comparison \
             ({})",
            seen.join("; ")
        )
    };
    Proxy { suspected: Some(!differences.is_empty()), told, differences }
}

/// The most that can be said of an attacker.
pub(super) fn attacker(mode: Option<SslMode>, attempt: &Attempt, over_socket: bool) -> String {
    let Some(mode) = mode else {
        return "nothing: these settings are refused before a connection".to_owned();
    };
    let plaintext_mode = matches!(mode, SslMode::Disabled | SslMode::Preferred);
    match attempt {
        Some(Ok(_)) if over_socket && plaintext_mode => {
            "nothing from the network: the Unix socket stays within this machine".to_owned()
        }
        Some(Ok(probe)) => {
            super::attacker::gets(mode, probe.verification(), probe.is_pinned()).to_owned()
        }
        _ => "not known: the server was not reached".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: &'static str, has_certificate: bool) -> Login {
        let problem = Problem { code, message: String::new() };
        Login { mode: Some(SslMode::Required), has_certificate, result: Err(problem) }
    }

    #[test]
    fn client_certificates_where_the_login_failed() {
        let denied = "auth.access-denied";
        let refused = "handshake.client-certificate-refused";
        for (requested, given, code, words) in [
            (None, true, "connect.unreachable", "not known whether one is asked for"),
            (Some(false), false, denied, "not asked for"),
            (Some(false), true, denied, "not asked for, so that yours is not shown"),
            (Some(true), false, denied, "asked for, and none is given"),
            (
                Some(true),
                true,
                denied,
                "asked for; whether yours is accepted only a login can tell, and it failed",
            ),
            (Some(true), true, refused, "asked for, and yours was refused"),
            (None, true, refused, "asked for, and yours was refused"),
        ] {
            let told = client_certificate(requested, &failed(code, given));
            assert_eq!(told, words, "{requested:?} {given} {code}");
        }
    }

    #[test]
    fn what_was_not_tried_is_not_known() {
        assert_eq!(taken(&None), Taken::Unknown);
        assert_eq!(verdict(&None), Verdict::Unknown);
        assert_eq!(trouble(&None), None);
        assert_eq!(proxy(&failed("auth.access-denied", false)).suspected, None);
    }

    #[test]
    fn no_difference_is_no_proof() {
        let proxy = suspicion(Vec::new());
        assert_eq!(proxy.suspected, Some(false));
        assert!(proxy.told.starts_with("none seen"), "{}", proxy.told);
    }

    #[test]
    fn attackers_without_a_mode_or_a_server() {
        assert!(attacker(None, &None, false).starts_with("nothing: these settings are refused"));
        assert!(attacker(Some(SslMode::Required), &None, false).starts_with("not known"));
    }
}
