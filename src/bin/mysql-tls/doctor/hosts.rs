//! Several hosts: each is looked at under the given settings, and one is examined.

use mysql_tls::ConnectionBuilder;
use serde::Serialize;

use super::budget::Budget;
use super::findings::Problem;
use super::progress::Progress;

/// How many hosts are looked at; connections are left for the examination.
const LIMIT: usize = 8;

/// What a host answers to the given settings, up to the login.
#[derive(Debug, Serialize)]
pub(super) struct Host {
    pub(super) host: String,
    pub(super) answer: Answer,
    pub(super) error: Option<Problem>,
    /// Whether the rest of the report is about it.
    pub(super) examined: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    Works,
    /// The next host has a try.
    PassedOver,
    /// A connect ends there with an error.
    Refused,
    NotTried,
}

/// The hosts where there are several, and the settings for the one to examine: the first that could
/// be used, else the first that greets.
pub(super) fn look(
    builder: &ConnectionBuilder,
    budget: &mut Budget,
    progress: &mut Progress,
) -> (Vec<Host>, ConnectionBuilder) {
    let alone = builder.each_host();
    if alone.len() < 2 {
        return (Vec::new(), builder.clone());
    }
    let mut greeting = None;
    let mut working = None;
    let mut hosts = Vec::new();
    for (place, (one, (host, port))) in alone.iter().zip(builder.hosts()).enumerate() {
        let host = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        progress.show(&host);
        let until = if place < LIMIT { budget.take() } else { None };
        let (answer, error) = match until.map(|until| one.probe(until)) {
            None => (Answer::NotTried, None),
            Some(Ok(probe)) => {
                greeting.get_or_insert(place);
                match probe.handshake() {
                    Ok(_) => {
                        working.get_or_insert(place);
                        (Answer::Works, None)
                    }
                    Err(error) => (refusal(error), Some(Problem::from(error))),
                }
            }
            Some(Err(error)) => {
                if matches!(error, mysql_tls::Error::Config(_)) {
                    budget.give_back();
                }
                (refusal(&error), Some(Problem::from(&error)))
            }
        };
        hosts.push(Host { host, answer, error, examined: false });
    }
    let examined = working.or(greeting).unwrap_or_default();
    if let Some(host) = hosts.get_mut(examined) {
        host.examined = true;
    }
    let settings = alone.into_iter().nth(examined);
    (hosts, settings.unwrap_or_else(|| builder.clone()))
}

fn refusal(error: &mysql_tls::Error) -> Answer {
    if error.fails_over() { Answer::PassedOver } else { Answer::Refused }
}

/// The first host at which a connect ends with an error, and that error.
pub(super) fn refused(hosts: &[Host]) -> Option<Problem> {
    let refuses = hosts.iter().find(|host| host.answer == Answer::Refused && !host.examined)?;
    refuses.error.clone()
}
