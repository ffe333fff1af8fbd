//! All that doctor has to say: the JSON object, and what the text is made of.

use mysql_tls::{Claimed, ConnectionBuilder, PeerCertificate, Probe, ProbeOffer, Session, SslMode};
use serde::Serialize;

use super::advice::{Advice, is_socket};
use super::findings::{Attempt, Findings, Problem};
use super::hosts::{self, Host};
use super::login::Login;
use super::verdicts::{self, Proxy, Taken, Verdict};

#[derive(Serialize)]
pub(super) struct Report {
    /// The settings as a DSN, without secrets.
    pub(super) dsn: String,
    /// Where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hosts: Vec<Host>,
    pub(super) server: Option<Server>,
    /// `null` where the server was not reached.
    pub(super) offers_tls: Option<bool>,
    pub(super) versions: Vec<Tried>,
    pub(super) cipher_suites: Vec<Tried>,
    pub(super) groups: Vec<Tried>,
    /// As shown to somebody who verified nothing.
    pub(super) certificates: Vec<PeerCertificate>,
    pub(super) client_certificate: ClientCertificate,
    pub(super) modes: Vec<Mode>,
    pub(super) settings: Settings,
    pub(super) proxy: Proxy,
    pub(super) attacker: String,
    pub(super) advice: Advice,
    /// How many connections were made, the login included.
    pub(super) connections: usize,
}

#[derive(Serialize)]
pub(super) struct Server {
    pub(super) address: String,
    pub(super) claimed: Claimed,
}

/// Something that was offered alone.
#[derive(Serialize)]
pub(super) struct Tried {
    pub(super) name: &'static str,
    pub(super) answer: Taken,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Problem>,
}

#[derive(Serialize)]
pub(super) struct ClientCertificate {
    pub(super) requested: Option<bool>,
    pub(super) told: String,
}

#[derive(Serialize)]
pub(super) struct Mode {
    pub(super) mode: SslMode,
    /// Whether it is the mode of the given settings.
    pub(super) yours: bool,
    #[serde(flatten)]
    pub(super) verdict: Verdict,
}

/// What became of exactly the given settings.
#[derive(Serialize)]
pub(super) struct Settings {
    pub(super) work: bool,
    pub(super) mode: Option<SslMode>,
    pub(super) error: Option<Problem>,
    pub(super) session: Option<Session>,
}

impl Report {
    pub(super) fn of(
        builder: &ConnectionBuilder,
        hosts: Vec<Host>,
        findings: Findings,
        login: Login,
        advice: Advice,
        connections: usize,
    ) -> Self {
        let best = findings.best();
        let requested = best.and_then(Probe::certificate_requested);
        let over_socket = best.is_some_and(is_socket);
        let certificates = best.map(Probe::peer).unwrap_or_default();
        let own = login.mode.map_or(&None, |mode| findings.mode(mode));
        // A host that refuses ends the connects that come to it, whatever another does.
        let error = login.result.as_ref().err().cloned().or_else(|| hosts::refused(&hosts));
        Report {
            dsn: builder.to_string(),
            hosts,
            server: best.map(|probe| Server {
                address: probe.address().to_owned(),
                claimed: probe.claimed().clone(),
            }),
            offers_tls: best.map(Probe::offers_tls),
            versions: tried(&findings.versions),
            cipher_suites: tried(&findings.cipher_suites),
            groups: tried(&findings.groups),
            certificates: certificates.to_vec(),
            client_certificate: ClientCertificate {
                requested,
                told: verdicts::client_certificate(requested, &login),
            },
            modes: findings
                .modes
                .iter()
                .map(|(mode, attempt)| Mode {
                    mode: *mode,
                    yours: login.mode == Some(*mode),
                    verdict: verdicts::verdict(attempt),
                })
                .collect(),
            proxy: verdicts::proxy(&login),
            attacker: verdicts::attacker(login.mode, own, over_socket),
            advice,
            connections,
            settings: Settings {
                work: error.is_none(),
                mode: login.mode,
                error,
                session: login.result.ok().map(|logged_in| logged_in.session),
            },
        }
    }
}

fn tried(offers: &[(ProbeOffer, Attempt)]) -> Vec<Tried> {
    let one = |(offer, attempt): &(ProbeOffer, Attempt)| {
        let answer = verdicts::taken(attempt);
        let unknown = answer == Taken::Unknown;
        let error = verdicts::trouble(attempt).filter(|_| unknown);
        Tried { name: offer.name(), answer, error }
    };
    offers.iter().map(one).collect()
}
