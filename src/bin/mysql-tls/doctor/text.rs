//! The report as a person reads it: a line for each fact, in the manner of `status`.

use std::time::SystemTime;

use mysql_tls::PeerCertificate;

use super::authorities::Authority;
use super::hosts::{Answer, Host};
use super::paint::WIDTH;
use super::report::{Mode, Report, Tried};
use super::verdicts::{Taken, Verdict};

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Doubtful,
    Bad,
    Plain,
}

pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) tone: Tone,
}

fn line(name: impl Into<String>, value: impl Into<String>, tone: Tone) -> Line {
    Line { name: name.into(), value: value.into(), tone }
}

pub(super) fn lines(report: &Report) -> Vec<Line> {
    let mut lines = hosts(&report.hosts);
    lines.extend([server(report), tls(report)]);
    if report.offers_tls != Some(false) {
        lines.extend(offers("TLS versions", &report.versions));
        lines.extend(offers("Cipher suites", &report.cipher_suites));
        lines.extend(offers("Key exchange", &report.groups));
    }
    for (number, certificate) in report.certificates.iter().enumerate() {
        lines.extend(certificate_lines(number, certificate));
    }
    let asked = &report.client_certificate.told;
    lines.push(line("Client certificate", asked, Tone::Plain));
    lines.push(line("Modes", "with the other settings as they are, up to the login", Tone::Plain));
    lines.extend(report.modes.iter().map(mode));
    lines.push(settings(report));
    let suspicion = match report.proxy.suspected {
        Some(true) => Tone::Doubtful,
        _ => Tone::Plain,
    };
    lines.push(line("Proxy in between", &report.proxy.told, suspicion));
    let nothing =
        report.attacker.starts_with("nothing") && !report.attacker.starts_with("nothing, unless");
    let danger = if nothing { Tone::Good } else { Tone::Doubtful };
    lines.push(line("An attacker gets", &report.attacker, danger));
    lines.extend(advice(report));
    lines.push(line("Connections", report.connections.to_string(), Tone::Plain));
    lines
}

/// Several hosts, each with its answer.
fn hosts(hosts: &[Host]) -> Vec<Line> {
    let Some(examined) = hosts.iter().find(|host| host.examined) else { return Vec::new() };
    let about = format!("{}; all but their own lines is about {}", hosts.len(), examined.host);
    let one = |host: &Host| {
        let told = host.error.as_ref().map_or("", |error| &error.message);
        let (value, tone) = match host.answer {
            Answer::Works => ("up to the login it does what the settings ask".into(), Tone::Good),
            Answer::PassedOver => {
                (format!("passed over, the next has a try: {told}"), Tone::Doubtful)
            }
            Answer::Refused => (format!("an error, no other is tried: {told}"), Tone::Bad),
            Answer::NotTried => {
                ("not looked at, too many hosts or too little time".into(), Tone::Plain)
            }
        };
        line(format!("  {}", host.host), value, tone)
    };
    let mut lines = vec![line("Hosts", about, Tone::Plain)];
    lines.extend(hosts.iter().map(one));
    lines
}

fn server(report: &Report) -> Line {
    match &report.server {
        Some(server) => {
            let (claimed, address) = (&server.claimed, &server.address);
            let (product, version) = (claimed.product().as_str(), claimed.version());
            line("Server", format!("{product} {version} at {address} (as it says)"), Tone::Plain)
        }
        None => line("Server", "not reached", Tone::Bad),
    }
}

fn tls(report: &Report) -> Line {
    match report.offers_tls {
        Some(true) => line("TLS", "offered", Tone::Good),
        Some(false) => line("TLS", "NOT offered, or the offer is removed on the way", Tone::Bad),
        None => line("TLS", "not known whether it is offered", Tone::Plain),
    }
}

/// What is accepted, then what is refused, then what is not known and why.
fn offers(name: &str, tried: &[Tried]) -> Vec<Line> {
    let names = |answer: Taken| -> String {
        let of_answer = tried.iter().filter(|one| one.answer == answer);
        of_answer.map(|one| one.name).collect::<Vec<_>>().join(", ")
    };
    let accepted = names(Taken::Accepted);
    let shown = if accepted.is_empty() { "none known".to_owned() } else { accepted };
    let mut lines = vec![line(name, shown, Tone::Plain)];
    let refused = names(Taken::Refused);
    if !refused.is_empty() {
        lines.push(line("  refused", refused, Tone::Plain));
    }
    let mut told: Vec<&str> = Vec::new();
    for one in tried.iter().filter(|one| one.answer == Taken::Unknown) {
        let why = one.error.as_ref().map_or("not tried", |error| error.message.as_str());
        if told.contains(&why) {
            continue;
        }
        told.push(why);
        let same = |other: &&Tried| {
            let reason = other.error.as_ref().map_or("not tried", |error| error.message.as_str());
            other.answer == Taken::Unknown && reason == why
        };
        let names: Vec<&str> = tried.iter().filter(same).map(|other| other.name).collect();
        let value = format!("{}: {why}", names.join(", "));
        lines.push(line("  not known", value, Tone::Doubtful));
    }
    lines
}

/// What is shown of a certificate; `mysql-tls cert` shows the rest too.
const CERTIFICATE: [&str; 6] =
    ["  names", "  issuer", "  valid", "  key", "  signature", "  version"];

/// A certificate in the words that the library has for it.
fn certificate_lines(number: usize, certificate: &PeerCertificate) -> Vec<Line> {
    let name = if number == 0 { "Certificate" } else { "  sent with it" };
    let table = certificate.to_string();
    let facts = table.lines().filter_map(|line| {
        let (name, value) = line.split_at_checked(WIDTH)?;
        Some((name.trim_end(), value))
    });
    let shown = facts.filter(|(name, _)| {
        // A CA has no names of servers.
        let nothing = *name == "  names" && certificate.subject_alt_names().is_empty();
        CERTIFICATE.contains(name) && !(nothing && number > 0)
    });
    let mut lines = vec![line(name, certificate.subject(), Tone::Plain)];
    lines.extend(shown.map(|(name, value)| {
        let bad = name == "  valid" && !is_in_time(certificate);
        line(name, value, if bad { Tone::Bad } else { Tone::Plain })
    }));
    lines
}

/// Whether it is valid now, by its dates alone.
fn is_in_time(certificate: &PeerCertificate) -> bool {
    let now = SystemTime::now();
    certificate.not_before() <= now && now <= certificate.not_after()
}

fn mode(mode: &Mode) -> Line {
    let mark = if mode.yours { "*" } else { " " };
    let name = format!("{mark} {}", mode.mode);
    match &mode.verdict {
        Verdict::Works { protection } => {
            let safe = !protection.contains("PLAINTEXT") && !protection.contains("NOT VERIFIED");
            let tone = if safe { Tone::Good } else { Tone::Doubtful };
            line(name, format!("works: {protection}"), tone)
        }
        Verdict::Fails { error } => {
            line(name, format!("fails [{}]: {}", error.code, error.message), Tone::Bad)
        }
        Verdict::Unknown => line(name, "not known: not tried", Tone::Doubtful),
    }
}

fn settings(report: &Report) -> Line {
    let settings = &report.settings;
    match (&settings.error, &settings.mode) {
        (Some(error), _) => {
            line("Your settings", format!("FAIL [{}]: {}", error.code, error.message), Tone::Bad)
        }
        (None, Some(mode)) => {
            line("Your settings", format!("work: logged in under ssl-mode={mode}"), Tone::Good)
        }
        (None, None) => line("Your settings", "work: logged in", Tone::Good),
    }
}

fn advice(report: &Report) -> Vec<Line> {
    let advice = &report.advice;
    let (tried, tone) = match advice.tried {
        true => ("tried up to the login", Tone::Good),
        false => ("not tried", Tone::Doubtful),
    };
    let mut lines = vec![
        line("Use this DSN", format!("{} (secrets left out)", advice.dsn), tone),
        line("  since", format!("{}; {tried}", advice.why), Tone::Plain),
    ];
    lines.extend(sources(&advice.authorities));
    lines
}

/// Where the CA is to be had; shorter where it is not known of whom.
fn sources(authorities: &[&Authority]) -> Vec<Line> {
    let one = |authority: &&Authority| {
        let Authority { provider, how, .. } = authority;
        line("  CA", format!("if it is {provider}: {how}"), Tone::Plain)
    };
    match authorities {
        [Authority { provider, how, page, .. }] => {
            vec![line("  CA", format!("{provider}: {how}; {page}"), Tone::Plain)]
        }
        several => several.iter().map(one).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::findings::Problem;

    #[test]
    fn what_is_not_known_is_told_once_for_each_reason() {
        let tried = |name, answer, message: Option<&str>| Tried {
            name,
            answer,
            error: message
                .map(|message| Problem { code: "timeout.tls", message: message.to_owned() }),
        };
        let list = [
            tried("a", Taken::Accepted, None),
            tried("b", Taken::Unknown, Some("slow")),
            tried("c", Taken::Refused, None),
            tried("d", Taken::Unknown, None),
            tried("e", Taken::Unknown, Some("slow")),
            tried("f", Taken::Accepted, None),
        ];
        let shown: Vec<(String, String)> =
            offers("Suites", &list).into_iter().map(|line| (line.name, line.value)).collect();
        let expected = [
            ("Suites", "a, f"),
            ("  refused", "c"),
            ("  not known", "b, e: slow"),
            ("  not known", "d: not tried"),
        ];
        assert_eq!(shown, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(offers("Suites", &[])[0].value, "none known");
    }
}
