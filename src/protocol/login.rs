//! The login as a state machine: which packets may pass, and what they may carry.
//!
//! On plaintext nothing but a scramble may leave (or a password encrypted with a key that the user
//! chose to trust), and only packets that the driver can read reach it, because it panics on some
//! others.

mod driver;
mod refusals;
mod server;

pub(crate) use refusals::unverified;

use super::plugin;
use super::response::Response;
use crate::error::{Error, ProtocolErrorKind, ServerReply};
use crate::session::PasswordSent;

/// caching_sha2_password's "I know the password".
const FAST_AUTH_OK: [u8; 2] = [0x01, 0x03];

/// How many packets a login may take, both ways together.
const PACKET_LIMIT: u32 = 64;

/// What lies between us and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    PlainTcp,
    UnixSocket,
    Tls,
    /// TLS with a server that nobody verified, where the password must not cross as itself.
    UnverifiedTls,
}

/// What the user allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Permissions {
    /// `enable-cleartext-plugin`.
    pub(crate) cleartext: bool,
    /// `server-public-key-path`.
    pub(crate) known_key: bool,
    /// `get-server-public-key`.
    pub(crate) ask_for_key: bool,
    /// The driver is not ours: it may have plugins that ours lacks, and it may take its socket for
    /// insecure and ask for the server's RSA key, which we then have.
    pub(crate) any_driver: bool,
    /// `cleartext-password=verified`.
    pub(crate) verified_only: bool,
}

/// What to do with a packet of the driver that may pass.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DriverSays {
    /// Pass it on.
    Pass,
    /// It asks for the server's RSA key: show it ours, and pass nothing on.
    AsksForKey,
    /// It holds the password, encrypted with our key: decrypt it and pass that on, inside TLS.
    Encrypted,
}

/// What to do with a packet of the server that may pass.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Pass it on; the login goes on.
    Continue,
    /// It holds the server's RSA key: check it, then pass it on.
    CheckKey,
    /// Pass it on; the user is logged in.
    LoggedIn,
    /// Pass it on; the server refused.
    Refused(ServerReply),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FullAuthentication {
    No,
    /// The server asked for the password; the driver has not answered.
    Asked,
    /// The driver asked for the server's key.
    KeyRequested,
    /// The driver has the key and has not answered.
    KeyShown,
    /// The driver has our key, since it takes its socket for insecure, and has not answered.
    OurKeyShown,
    Answered,
}

/// The state of one login, from the HandshakeResponse to the final OK or ERR.
#[derive(Debug)]
pub(crate) struct Login {
    wire: Wire,
    permissions: Permissions,
    plugin: Vec<u8>,
    full: FullAuthentication,
    may_switch: bool,
    packets: u32,
    sent: PasswordSent,
    has_password: bool,
    parsec_salted: bool,
    /// The server's last word was an AuthSwitch.
    just_switched: bool,
    /// What the driver may have mixed into an encrypted password: the newest first.
    nonces: Vec<Vec<u8>>,
    /// The driver's last scramble, of caching_sha2_password alone: what answers other plugins may be the
    /// password itself.
    scramble: Vec<u8>,
}

impl Login {
    /// Starts with the driver's HandshakeResponse, which must not have left yet.
    pub(crate) fn new(
        wire: Wire,
        permissions: Permissions,
        nonce: &[u8],
        response: &Response<'_>,
    ) -> Result<Self, Error> {
        let mut login = Login {
            wire,
            permissions,
            plugin: response.plugin.to_vec(),
            full: FullAuthentication::No,
            may_switch: true,
            packets: 1,
            sent: PasswordSent::None,
            has_password: !response.auth_data.is_empty(),
            parsec_salted: false,
            just_switched: false,
            nonces: vec![nonce.to_vec()],
            scramble: Vec::new(),
        };
        login.check_proof(response.plugin)?;
        login.keep_scramble(response.auth_data);
        if response.plugin == plugin::CLEAR {
            login.check_cleartext()?;
        }
        login.check_answer(response.auth_data)?;
        if login.plugin == plugin::SHA256 && login.may_need_our_key() {
            login.check_first_answer(response.auth_data)?;
        }
        login.note_answer(response.auth_data);
        Ok(login)
    }

    /// The strongest form in which the password has crossed.
    pub(crate) fn password_sent(&self) -> PasswordSent {
        self.sent
    }

    /// What the driver may have mixed into an encrypted password: the newest first, and the
    /// greeting's, which some use even after a switch.
    pub(crate) fn nonces(&self) -> &[Vec<u8>] {
        &self.nonces
    }

    /// What tells the password from another text; empty where the driver has shown nothing of it.
    pub(crate) fn scramble(&self) -> &[u8] {
        &self.scramble
    }

    /// Whether a packet of the server's tells the driver something and asks nothing: that
    /// caching_sha2_password knows the password already. The server's OK follows.
    pub(crate) fn asks_nothing(&self, payload: &[u8]) -> bool {
        self.plugin == plugin::CACHING_SHA2 && payload == FAST_AUTH_OK
    }

    /// Whether a plugin is in use that only the driver knows, so that its packets mean nothing here.
    fn is_drivers_own(&self) -> bool {
        self.permissions.any_driver && !plugin::OF_THE_DRIVER.contains(&self.plugin.as_slice())
    }

    /// Whether the driver may take its socket for insecure while the connection is TLS.
    fn may_need_our_key(&self) -> bool {
        self.wire == Wire::Tls && self.permissions.any_driver
    }

    fn count(&mut self) -> Result<(), Error> {
        self.packets = self.packets.saturating_add(1);
        if self.packets > PACKET_LIMIT {
            return Err(Error::protocol(
                ProtocolErrorKind::TooManyPackets,
                format!("the login took more than {PACKET_LIMIT} packets; the server is at fault"),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
