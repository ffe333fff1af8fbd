//! A session as a person reads it, in the manner of the `mysql` client's `\s`.

use std::fmt;
use std::time::SystemTime;

use super::{PasswordSent, PlaintextReason, Session, TlsSession, Transport, Verification};
use crate::x509::line;

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claimed = &self.claimed;
        line(
            f,
            "Server",
            format_args!(
                "{} {}, connection {} (as it says)",
                claimed.product().as_str(),
                claimed.version(),
                claimed.connection_id()
            ),
        )?;
        line(f, "Address", &self.address)?;
        match &self.tls {
            Some(tls) => tls_lines(f, tls)?,
            None => line(f, "TLS", format_args!("none: {}", self.transport))?,
        }
        line(f, "Password", format_args!("{}{}", self.password_sent, self.where_to()))?;
        let timings = &self.timings;
        write!(f, "{:<20}dial {:?}, greeting {:?}", "Time", timings.dial, timings.greeting)?;
        if let Some(tls) = timings.tls {
            write!(f, ", TLS {tls:?}")?;
        }
        write!(f, ", login {:?}, setup {:?}", timings.authentication, timings.setup)
    }
}

impl Session {
    /// What a password that crossed as it is was protected by.
    fn where_to(&self) -> &'static str {
        match (self.password_sent, &self.tls) {
            (PasswordSent::Cleartext, Some(tls)) if tls.verified == Verification::Nothing => {
                ", inside TLS, to a server that was NOT VERIFIED"
            }
            (PasswordSent::Cleartext, Some(_)) => ", inside TLS",
            (PasswordSent::Cleartext, None) => ", over the Unix socket",
            _ => "",
        }
    }
}

fn tls_lines(f: &mut fmt::Formatter<'_>, tls: &TlsSession) -> fmt::Result {
    let group = tls.group.unwrap_or("none");
    let resumed = if tls.resumed { "resumed" } else { "full handshake" };
    // OpenSSL's name, since that is what `\s` and `Ssl_cipher` show up to TLS 1.2.
    line(f, "TLS", format_args!("{}, {}, {group}, {resumed}", tls.version, tls.cipher_openssl))?;
    let pin = if tls.pinned && tls.verified != Verification::Pin { ", and the pin" } else { "" };
    let crl = if tls.revocation_checked { ", and that it is not revoked" } else { "" };
    line(f, "Verified", format_args!("{}{pin}{crl}", tls.verified))?;
    line(f, "SNI", format_args!("{}", tls.sni.as_deref().unwrap_or("none")))?;
    if let Some(leaf) = tls.peer.first() {
        leaf.facts.write_short(f)?;
    }
    let client = &tls.client_certificate;
    let told = match (&client.presented, client.requested) {
        (Some(facts), _) => {
            format!("{} ({})", facts.subject, facts.time_left(SystemTime::now()))
        }
        (None, true) => "none presented, the server asked for one".to_owned(),
        (None, false) => "not asked for".to_owned(),
    };
    line(f, "Client certificate", format_args!("{told}"))
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Tls => "TLS",
            Transport::Plaintext(PlaintextReason::Disabled) => "PLAINTEXT, ssl-mode is DISABLED",
            Transport::Plaintext(PlaintextReason::NotOffered) => {
                "PLAINTEXT, ssl-mode is PREFERRED and the server offered no TLS"
            }
            Transport::UnixSocket => "plaintext over the server's Unix socket",
        })
    }
}

impl fmt::Display for PasswordSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PasswordSent::None => "none sent",
            PasswordSent::Scramble => "a scramble was sent",
            PasswordSent::RsaEncrypted => "sent encrypted with the server's RSA key",
            PasswordSent::Cleartext => "the password itself was sent",
        })
    }
}
