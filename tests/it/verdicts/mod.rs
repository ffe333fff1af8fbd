//! Which server certificates are taken: one table, for this crate and for the official client.
//!
//! With an `ssl-ca` the verdicts are libmysqlclient's, apart from the rows that say why not. The
//! tests here compare the table with what this crate does, over TLS 1.2 and 1.3; the official
//! client's verdicts are compared in `servers::mysql`.

mod anchors;
mod attacks;
mod chains;
mod crl;
mod fixtures;
mod lists;
mod malformed;
mod names;
mod own;
mod paths;
mod purposes;
mod unverified;

use std::fmt::Write;

use mysql_tls::{ConnectionBuilder, Session, SslMode, TlsSession, Verification};

use crate::kit::{PATIENCE, assert_no_login, builder};
use crate::support::*;

/// Accepted. Every other verdict is the code of an error.
pub(crate) const OK: &str = "";
pub(crate) const UNKNOWN: &str = "certificate.unknown-issuer";
/// Nothing in the CA file can be used, so that no connection is tried.
pub(crate) const UNUSABLE: &str = "config.no-certificate";
pub(crate) const NAME: &str = "certificate.wrong-name";
pub(crate) const EXPIRED: &str = "certificate.expired";
pub(crate) const NOT_YET: &str = "certificate.not-yet-valid";
pub(crate) const PURPOSE: &str = "certificate.wrong-purpose";
pub(crate) const UNSUPPORTED: &str = "certificate.unsupported";
pub(crate) const INVALID: &str = "certificate.invalid";
pub(crate) const REVOKED: &str = "certificate.revoked";
pub(crate) const NO_CRL: &str = "certificate.revocation-unknown";
pub(crate) const SIGNATURE: &str = "handshake.bad-signature";

const HOST: &str = "db.example.com";
const LOCALHOST: &str = "localhost";
const ADDRESS: &str = "127.0.0.1";

/// One row of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) shown: Issued,
    pub(crate) ca: Option<String>,
    pub(crate) crl: Option<String>,
    pub(crate) host: &'static str,
    pub(crate) mode: SslMode,
    pub(crate) versions: &'static [Version],
    /// [`OK`], or the code of the error.
    pub(crate) verdict: &'static str,
    /// Why the official client says the opposite, on purpose.
    pub(crate) differs: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Tls12,
    Tls13,
}

impl Version {
    pub(crate) const BOTH: [Self; 2] = [Self::Tls12, Self::Tls13];

    pub(crate) fn only(self, tls: ServerTls) -> ServerTls {
        match self {
            Version::Tls12 => tls.only_tls12(),
            Version::Tls13 => tls.only_tls13(),
        }
    }
}

impl Case {
    /// VERIFY_CA with this CA, at `localhost`.
    fn new(name: &'static str, shown: &Issued, ca: &str, verdict: &'static str) -> Self {
        Self {
            name,
            shown: shown.clone(),
            ca: Some(ca.to_owned()),
            crl: None,
            host: LOCALHOST,
            mode: SslMode::VerifyCa,
            versions: &Version::BOTH,
            verdict,
            differs: None,
        }
    }

    /// REQUIRED without a CA.
    fn unverified(name: &'static str, shown: &Issued, verdict: &'static str) -> Self {
        Self { ca: None, mode: SslMode::Required, ..Self::new(name, shown, "", verdict) }
    }

    /// VERIFY_IDENTITY for this host.
    fn at(self, host: &'static str) -> Self {
        Self { host, mode: SslMode::VerifyIdentity, ..self }
    }

    fn crl(self, pem: &str) -> Self {
        Self { crl: Some(pem.to_owned()), ..self }
    }

    fn only(self, versions: &'static [Version]) -> Self {
        Self { versions, ..self }
    }

    fn differs(self, why: &'static str) -> Self {
        Self { differs: Some(why), ..self }
    }

    /// A server that shows this row's certificate, over this version alone.
    pub(crate) fn serve(&self, version: Version) -> ScriptedServer {
        let tls = version.only(ServerTls::new(&self.shown).no_resumption());
        ScriptedServer::start(ServerScript::new().tls(tls))
    }

    fn connection(&self, server: &ScriptedServer) -> ConnectionBuilder {
        // Names of several labels lead nowhere here, so they are looked for at `localhost`.
        let mut connection = if self.host.contains("example") {
            builder(LOCALHOST, server).tls_server_name(self.host)
        } else {
            builder(self.host, server)
        };
        connection = connection.ssl_mode(self.mode);
        if let Some(ca) = &self.ca {
            connection = connection.ssl_ca_pem(ca.as_str());
        }
        if let Some(crl) = &self.crl {
            connection = connection.ssl_crl_pem(crl.as_str());
        }
        connection
    }

    /// Whether the session says to be verified as far as the mode asks, and no further.
    fn is_verified(&self, session: &Session) -> bool {
        let verified = session.tls().map(TlsSession::verified);
        match (self.mode, verified) {
            (SslMode::VerifyCa, Some(Verification::Chain)) => true,
            (SslMode::VerifyIdentity, Some(Verification::ChainAndName(_))) => true,
            (_, Some(Verification::Nothing)) => self.ca.is_none(),
            _ => false,
        }
    }
}

/// Every row.
pub(crate) fn table() -> Vec<Case> {
    let tables = [
        unverified::table(),
        chains::table(),
        paths::table(),
        own::table(),
        names::table(),
        purposes::table(),
        fixtures::table(),
        attacks::table(),
        crl::table(),
        lists::table(),
        malformed::table(),
        anchors::table(),
    ];
    tables.into_iter().flatten().collect()
}

/// Compares rows with what this crate does, and shows all that differ.
fn compare(cases: &[Case]) {
    let mut wrong = String::new();
    for case in cases {
        for version in case.versions {
            let server = case.serve(*version);
            let row = format!("{}, {version:?}", case.name);
            let verdict = match case.connection(&server).connect() {
                Ok(connection) => {
                    assert!(case.is_verified(connection.session()), "{row}");
                    OK
                }
                Err(error) => error.code(),
            };
            if verdict != case.verdict {
                let _ = writeln!(wrong, "{row}: {verdict:?}, not {:?}", case.verdict);
            } else if verdict.starts_with("config.") {
                assert_eq!(server.connections(), 0, "{row}");
            } else if verdict != OK {
                assert_no_login(&server.wait_record(0, PATIENCE), row);
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn names_of_the_rows_tell_them_apart() {
    let table = table();
    let mut names: Vec<_> = table.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), table.len());
}

#[test]
fn without_a_ca() {
    compare(&unverified::table());
}

#[test]
fn chains() {
    compare(&chains::table());
}

#[test]
fn paths() {
    compare(&paths::table());
}

#[test]
fn own_certificates() {
    compare(&own::table());
}

#[test]
fn names() {
    compare(&names::table());
}

#[test]
fn purposes() {
    compare(&purposes::table());
}

#[test]
fn weak_and_rare_algorithms() {
    compare(&fixtures::table());
}

#[test]
fn revocation_lists() {
    compare(&crl::table());
}

#[test]
fn several_revocation_lists() {
    compare(&lists::table());
}

#[test]
fn malformed_certificates() {
    compare(&malformed::table());
}

#[test]
fn odd_anchors() {
    compare(&anchors::table());
}

#[test]
fn forged_certificates() {
    compare(&attacks::table());
}
