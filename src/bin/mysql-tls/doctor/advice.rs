//! The DSN to use, as far as the findings tell.

use mysql_tls::{ConnectionBuilder, PeerCertificate, Probe, SslMode};
use serde::Serialize;

use super::authorities::{self, AUTHORITIES, Authority};
use super::budget::Budget;
use super::findings::Findings;
use super::verdicts::{Verdict, verdict};

/// A DSN without secrets, and what it rests on.
#[derive(Debug, Serialize)]
pub(super) struct Advice {
    pub(super) dsn: String,
    /// Whether it was tried, up to the login.
    pub(super) tried: bool,
    pub(super) why: String,
    /// Where the CA is to be had: that of the host's provider, or of all where it is not known.
    pub(super) authorities: Vec<&'static Authority>,
}

impl Advice {
    fn new(dsn: String, tried: bool, why: impl Into<String>) -> Self {
        Advice { dsn, tried, why: why.into(), authorities: Vec::new() }
    }
}

/// The strongest settings that work at the examined host, or would once something is mended; makes one more probe where another name is worth a try.
pub(super) fn advise(
    builder: &ConnectionBuilder,
    examined: &ConnectionBuilder,
    findings: &Findings,
    budget: &mut Budget,
) -> Advice {
    let with_mode = |mode| builder.clone().ssl_mode(mode);
    let strict = with_mode(SslMode::VerifyIdentity);
    let Some(probe) = findings.best() else {
        return Advice::new(
            builder.to_string(),
            false,
            "the server was not reached; these are the settings as given",
        );
    };
    if !probe.offers_tls() {
        return without_tls(builder, &strict, probe, findings);
    }
    let error = match verdict(findings.mode(SslMode::VerifyIdentity)) {
        Verdict::Works { .. } => {
            let why = match builder.hosts().count() {
                0 | 1 => "chain and name are verified",
                _ => "chain and name are verified, as far as the examined host",
            };
            return Advice::new(strict.to_string(), true, why);
        }
        Verdict::Unknown => {
            return Advice::new(
                strict.to_string(),
                false,
                "there was no connection left to try it",
            );
        }
        Verdict::Fails { error } => error,
    };
    let chain_works = matches!(verdict(findings.mode(SslMode::VerifyCa)), Verdict::Works { .. });
    if chain_works {
        if error.code == "certificate.wrong-name"
            && let Some(advice) = by_other_name(&strict, examined, probe, budget)
        {
            return advice;
        }
        return Advice::new(
            strict.to_string(),
            false,
            format!(
                "the chain is good and the name is not: {}; give the server a certificate that has \
                 the host's name; ssl-mode=VERIFY_CA works, and lets in whoever has another \
                 certificate of that CA",
                error.message
            ),
        );
    }
    match error.code {
        "certificate.unknown-issuer" | "certificate.ca-as-server" => by_authority(builder, probe),
        _ => Advice::new(
            strict.to_string(),
            false,
            format!("it works once this is mended: {}", error.message),
        ),
    }
}

fn without_tls(
    builder: &ConnectionBuilder,
    strict: &ConnectionBuilder,
    probe: &Probe,
    findings: &Findings,
) -> Advice {
    if is_socket(probe) {
        let preferred = builder.clone().ssl_mode(SslMode::Preferred);
        let works = matches!(verdict(findings.mode(SslMode::Preferred)), Verdict::Works { .. });
        let why = "the server offers no TLS, and on its Unix socket none is needed";
        return Advice::new(preferred.to_string(), works, why);
    }
    Advice::new(
        strict.to_string(),
        false,
        "the server offers no TLS, or somebody removes the offer; this is the DSN once it has a \
         certificate, until when no DSN is safe",
    )
}

/// Whether the server was reached over a Unix socket.
pub(super) fn is_socket(probe: &Probe) -> bool {
    probe.address().parse::<std::net::SocketAddr>().is_err()
}

/// The chain is known to be good, and the certificate has another name. What is advised is not what
/// an attacker may have shown: he could have a certificate of that CA himself.
fn by_other_name(
    strict: &ConnectionBuilder,
    examined: &ConnectionBuilder,
    probe: &Probe,
    budget: &mut Budget,
) -> Option<Advice> {
    let names = probe.peer().first()?.subject_alt_names();
    let name = names.iter().filter_map(|name| name.strip_prefix("DNS:")).find(|name| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    })?;
    let named = examined.clone().ssl_mode(SslMode::VerifyIdentity).tls_server_name(name);
    let probe = named.probe(budget.take()?).ok()?;
    probe.handshake().ok()??;
    Some(Advice::new(
        strict.to_string(),
        false,
        format!(
            "the certificate is for {name}, not for the host: connect to it by that name, or add \
             tls-server-name={name}, which works, but only if the server's own file has that name, \
             since what was shown here may be an attacker's"
        ),
    ))
}

/// With a CA that is still to be had.
fn by_authority(builder: &ConnectionBuilder, probe: &Probe) -> Advice {
    let dsn = builder.to_string();
    let host = builder.hosts().next().map_or("", |(host, _)| host);
    let authority = authorities::of_host(host);
    let mode = match authority {
        Some(authority) if !authority.names_host => SslMode::VerifyCa,
        _ => SslMode::VerifyIdentity,
    };
    let file = authority.map_or(Some("ca.pem"), |authority| authority.file);
    let has_ca = dsn.contains("ssl-ca=") || dsn.contains("ssl-capath=");
    let dsn = with_ca(&builder.clone().ssl_mode(mode).to_string(), file);
    let mut advice = match (authority, file) {
        (Some(authority), Some(file)) => Advice::new(
            dsn,
            false,
            format!("once {file} is there, the CA of {}", authority.provider),
        ),
        (Some(authority), None) => Advice::new(
            dsn,
            false,
            format!("{} has certificates of public CAs, which are built in", authority.provider),
        ),
        (None, _) => {
            let pin = probe.peer().first().and_then(PeerCertificate::pin);
            let pin = pin.map_or(String::new(), |pin| {
                format!(
                    "; or ssl-mode=REQUIRED with tls-pin={pin}, but only if the server's own file \
                     has the same pin, since what was shown here may be an attacker's"
                )
            });
            Advice::new(
                dsn,
                false,
                format!(
                    "once ca.pem is there, the file of the CA that issued the server's certificate \
                     (ssl-ca of TiDB; MySQL's own is ca.pem in its data directory){pin}"
                ),
            )
        }
    };
    if has_ca {
        advice.why = format!(
            "if the CA that was given is the right one, somebody sits in between; else {}",
            advice.why
        );
    }
    advice.authorities = match authority {
        Some(authority) => vec![authority],
        None => AUTHORITIES.iter().collect(),
    };
    advice
}

/// The DSN with this file as its CA in place of what it trusts, or without a CA of its own.
fn with_ca(dsn: &str, file: Option<&str>) -> String {
    const REPLACED: [&str; 5] = ["ssl-ca", "ssl-capath", "ssl-roots", "ssl-crl", "ssl-crlpath"];
    let (front, query) = dsn.split_once('?').unwrap_or((dsn, ""));
    let stays = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default();
        !key.is_empty() && !REPLACED.contains(&key)
    };
    let kept = query.split('&').filter(stays).map(str::to_owned);
    let pairs: Vec<String> = kept.chain(file.map(|file| format!("ssl-ca={file}"))).collect();
    format!("{front}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ca_is_replaced_and_the_rest_stays() {
        let builder = ConnectionBuilder::new("db")
            .user("app")
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_roots(mysql_tls::SslRoots::WebpkiAndCa)
            .ssl_ca("old.pem")
            .ssl_cert("app.pem");
        for (file, expected) in [
            (
                Some("ca.pem"),
                "mysql://app@db/?ssl-mode=VERIFY_IDENTITY&ssl-cert=app.pem&ssl-ca=ca.pem",
            ),
            (None, "mysql://app@db/?ssl-mode=VERIFY_IDENTITY&ssl-cert=app.pem"),
        ] {
            let written = with_ca(&builder.to_string(), file);
            assert_eq!(written, expected);
            assert!(written.parse::<ConnectionBuilder>().is_ok(), "{written}");
        }
    }
}
