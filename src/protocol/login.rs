//! The login as a state machine: which packets may pass, and what they may carry.
//!
//! On plaintext nothing but a scramble may leave (or a password encrypted with a key that the user
//! chose to trust), and only packets that the driver can read reach it, because it panics on some
//! others.

use super::response::Response;
use super::{err, plugin};
use crate::error::{AuthErrorKind, Error, ProtocolErrorKind, ServerReply};
use crate::session::PasswordSent;
use crate::text::peer_text;

/// caching_sha2_password's "I know the password".
const FAST_AUTH_OK: [u8; 2] = [0x01, 0x03];

/// How many packets a login may take, both ways together.
const PACKET_LIMIT: u32 = 64;

/// A nonce shorter than this is none.
const NONCE_MINIMUM: usize = 20;

/// A PARSEC nonce, exactly.
const PARSEC_NONCE: usize = 32;

/// A PARSEC salt, without its type and factor.
const PARSEC_SALT: usize = 18;

/// MariaDB's own default is 0, which is 1024 rounds; each step doubles them.
const PARSEC_FACTOR_LIMIT: u8 = 10;

/// The shortest ciphertext: that of an RSA key of 2048 bits, the smallest that is taken.
const CIPHERTEXT_MINIMUM: usize = 256;

/// The ciphertext of a key that a driver was given may be shorter: of 1024 bits.
const SHORTEST_PINNED: usize = 128;

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

/// The length of a scramble of caching_sha2_password.
const SCRAMBLE: usize = 32;

/// How long the proofs of the plugins are that have one.
const SCRAMBLES: [(&[u8], usize); 4] = [
    (plugin::NATIVE, 20),
    (plugin::CACHING_SHA2, SCRAMBLE),
    (plugin::ED25519, 64),
    (plugin::PARSEC, 96),
];

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

    /// Keeps an answer to the greeting or to a switch, where it is a scramble.
    fn keep_scramble(&mut self, answer: &[u8]) {
        if self.plugin == plugin::CACHING_SHA2 && answer.len() == SCRAMBLE {
            self.scramble = answer.to_vec();
        }
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

    /// Judges a packet of the server before the driver sees it.
    pub(crate) fn server_packet(&mut self, payload: &[u8]) -> Result<Verdict, Error> {
        self.just_switched = false;
        self.count()?;
        self.check_turn(payload)?;
        match payload {
            [0x00, ..] => Ok(Verdict::LoggedIn),
            [0xff, ..] => err::parse(payload, self.wire != Wire::PlainTcp)
                .map(Verdict::Refused)
                .ok_or_else(|| unexpected("an ERR packet without a number")),
            [0xfe] => Err(old_password()),
            [0xfe, rest @ ..] => self.switch(rest),
            // A second factor, with a plugin of its own.
            [0x02, rest @ ..] if self.permissions.any_driver => {
                self.may_switch = true;
                self.switch(rest)
            }
            [_, ..] if self.is_drivers_own() => Ok(Verdict::Continue),
            [0x01, rest @ ..] => self.more_data(rest),
            [0x02, ..] => Err(Error::auth(
                AuthErrorKind::UnsupportedPlugin,
                "the account asks for a second factor, which the driver cannot give; use an \
                 account with one factor",
            )),
            [b'P', ..] if self.plugin == plugin::PARSEC => self.parsec_salt(payload),
            [] => Err(unexpected("an empty packet")),
            [first, ..] => Err(unexpected(&format!("a packet that begins with {first:#04x}"))),
        }
    }

    /// Judges a packet of the driver before it leaves.
    pub(crate) fn driver_packet(&mut self, payload: &[u8]) -> Result<DriverSays, Error> {
        self.count()?;
        if self.may_need_our_key()
            && let Some(says) = self.about_our_key(payload)?
        {
            return Ok(says);
        }
        self.answer(payload).map(|()| DriverSays::Pass)
    }

    /// A driver that takes its socket for insecure wants to encrypt the password.
    fn about_our_key(&mut self, payload: &[u8]) -> Result<Option<DriverSays>, Error> {
        let switched = std::mem::take(&mut self.just_switched);
        if switched {
            self.keep_scramble(payload);
        }
        let question = if self.full == FullAuthentication::Asked {
            Some(0x02)
        } else if self.plugin == plugin::SHA256 && switched {
            Some(0x01)
        } else {
            None
        };
        if question.is_some_and(|question| payload == [question]) {
            self.full = FullAuthentication::OurKeyShown;
            return Ok(Some(DriverSays::AsksForKey));
        }
        if self.full == FullAuthentication::OurKeyShown {
            self.full = FullAuthentication::Answered;
            self.note(payload, PasswordSent::Cleartext);
            return Ok(Some(DriverSays::Encrypted));
        }
        if question.is_some() && is_ciphertext(payload) {
            return Err(pinned_key());
        }
        Ok(None)
    }

    /// The first answer of sha256_password comes before the server could be told anything else.
    fn check_first_answer(&self, answer: &[u8]) -> Result<(), Error> {
        if answer == [0x01] {
            return Err(Error::auth(
                AuthErrorKind::ServerKey,
                "the driver asks for the server's RSA key with its first packet (sha256_password), \
                 where the endpoint cannot give it; let the driver begin with \
                 caching_sha2_password or mysql_native_password, or use the Unix socket",
            ));
        }
        if is_ciphertext(answer) { Err(pinned_key()) } else { Ok(()) }
    }

    fn answer(&mut self, payload: &[u8]) -> Result<(), Error> {
        match self.full {
            FullAuthentication::Asked if self.wire == Wire::PlainTcp => {
                if payload == [0x02] && self.permissions.ask_for_key {
                    self.full = FullAuthentication::KeyRequested;
                    return Ok(());
                }
                self.full = FullAuthentication::Answered;
                self.encrypted(payload, self.permissions.known_key)
            }
            FullAuthentication::KeyShown => {
                self.full = FullAuthentication::Answered;
                self.encrypted(payload, self.permissions.ask_for_key)
            }
            FullAuthentication::Asked => {
                self.full = FullAuthentication::Answered;
                self.note(payload, PasswordSent::Cleartext);
                Ok(())
            }
            _ => {
                self.check_answer(payload)?;
                self.note_answer(payload);
                Ok(())
            }
        }
    }

    /// On plaintext TCP what answers a greeting or a switch is as long as a scramble of the plugin, or
    /// empty, and comes before the server has asked for the password itself. Nothing more is known of a
    /// scramble here; the driver makes it.
    fn check_answer(&self, answer: &[u8]) -> Result<(), Error> {
        let is_due = self.full == FullAuthentication::No;
        let is_scramble = SCRAMBLES.contains(&(self.plugin.as_slice(), answer.len()));
        if self.wire != Wire::PlainTcp || matches!(answer, [] | [0]) || (is_due && is_scramble) {
            return Ok(());
        }
        Err(needs_secure_connection(
            "authentication requires a secure connection: the driver was about to send over plaintext \
             what may be the password itself",
        ))
    }

    /// While the driver owes an answer about the password itself, the server may only refuse or
    /// give the key that it was asked for: anything else the driver would take for that key.
    fn check_turn(&self, payload: &[u8]) -> Result<(), Error> {
        let awaited = match self.full {
            FullAuthentication::No | FullAuthentication::Answered => true,
            FullAuthentication::Asked
            | FullAuthentication::KeyShown
            | FullAuthentication::OurKeyShown => false,
            FullAuthentication::KeyRequested => payload.first() == Some(&0x01),
        };
        if awaited || payload.first() == Some(&0xff) {
            Ok(())
        } else {
            Err(unexpected("a packet out of turn"))
        }
    }

    /// The salt and the work factor, once. Each step of the factor doubles the driver's work, so a
    /// hostile one would stall it for minutes.
    fn parsec_salt(&mut self, salt: &[u8]) -> Result<Verdict, Error> {
        let first = !std::mem::replace(&mut self.parsec_salted, true);
        match salt {
            [b'P', factor, rest @ ..]
                if first && *factor <= PARSEC_FACTOR_LIMIT && rest.len() == PARSEC_SALT =>
            {
                Ok(Verdict::Continue)
            }
            _ => Err(unexpected("a PARSEC salt that makes no sense")),
        }
    }

    fn count(&mut self) -> Result<(), Error> {
        self.packets += 1;
        if self.packets > PACKET_LIMIT {
            return Err(Error::protocol(
                ProtocolErrorKind::TooManyPackets,
                format!("the login took more than {PACKET_LIMIT} packets; the server is at fault"),
            ));
        }
        Ok(())
    }

    fn switch(&mut self, rest: &[u8]) -> Result<Verdict, Error> {
        if !std::mem::take(&mut self.may_switch) {
            return Err(unexpected("a second AuthSwitch"));
        }
        let (name, nonce) = match rest.iter().position(|&byte| byte == 0) {
            Some(end) => {
                let (name, nonce) = rest.split_at(end);
                (name, nonce.get(1..).unwrap_or_default())
            }
            None => (rest, &[][..]),
        };
        if name == plugin::OLD {
            return Err(old_password());
        }
        self.check_proof(name)?;
        self.nonces.insert(0, nonce.strip_suffix(&[0]).unwrap_or(nonce).to_vec());
        if self.permissions.any_driver && !plugin::OF_THE_DRIVER.contains(&name) {
            self.switched_to(name);
            return Ok(Verdict::Continue);
        }
        if !plugin::OF_THE_DRIVER.contains(&name) {
            return Err(Error::auth(
                AuthErrorKind::UnsupportedPlugin,
                format!(
                    "the account uses the authentication plugin \"{}\", which the driver does not \
                     have; it has {}; check the user's name as well, since MySQL names any plugin \
                     for a user that it does not have",
                    peer_text(name),
                    supported_plugins()
                ),
            ));
        }
        let nonce_length = nonce.strip_suffix(&[0]).unwrap_or(nonce).len();
        if name == plugin::PARSEC && !self.has_password {
            return Err(Error::auth(
                AuthErrorKind::UnsupportedPlugin,
                "the account uses PARSEC, for which the driver needs a password; give one",
            ));
        }
        if name == plugin::PARSEC && nonce_length != PARSEC_NONCE {
            return Err(unexpected("an AuthSwitch without a proper nonce"));
        }
        if name == plugin::CLEAR {
            self.check_cleartext()?;
        } else if nonce_length < NONCE_MINIMUM {
            return Err(unexpected("an AuthSwitch without a proper nonce"));
        }
        self.switched_to(name);
        Ok(Verdict::Continue)
    }

    fn switched_to(&mut self, name: &[u8]) {
        self.plugin = name.to_vec();
        self.full = FullAuthentication::No;
        self.just_switched = true;
    }

    fn more_data(&mut self, rest: &[u8]) -> Result<Verdict, Error> {
        if self.plugin == plugin::PARSEC {
            return self.parsec_salt(rest);
        }
        if self.plugin != plugin::CACHING_SHA2 {
            return Err(unexpected("data that the authentication plugin has no use for"));
        }
        match (self.full, rest) {
            (FullAuthentication::No, [0x03]) => {
                // Nothing but OK or ERR may follow; the driver gives up on anything else.
                self.full = FullAuthentication::Answered;
                Ok(Verdict::Continue)
            }
            (FullAuthentication::No, [0x04]) => {
                let key = self.permissions.known_key || self.permissions.ask_for_key;
                if self.wire == Wire::PlainTcp && !key {
                    return Err(needs_secure_connection(
                        "authentication requires a secure connection: the server asks for the \
                         password itself and this connection is plaintext; use TLS \
                         (ssl-mode=VERIFY_IDENTITY), or server-public-key-path where the server \
                         has an RSA key (TiDB has none)",
                    ));
                }
                if self.wire == Wire::UnverifiedTls {
                    return Err(unverified("the server asks for the password itself"));
                }
                self.full = FullAuthentication::Asked;
                Ok(Verdict::Continue)
            }
            (FullAuthentication::KeyRequested, [_, ..]) => {
                self.full = FullAuthentication::KeyShown;
                Ok(Verdict::CheckKey)
            }
            _ => Err(unexpected("caching_sha2_password data out of turn")),
        }
    }

    /// Nothing but a proof of the password is for a server that nobody verified; what the driver alone
    /// knows may be the password itself.
    fn check_proof(&self, plugin: &[u8]) -> Result<(), Error> {
        if self.wire != Wire::UnverifiedTls || plugin::WITH_A_PROOF.contains(&plugin) {
            return Ok(());
        }
        Err(unverified(&format!(
            "the plugin \"{}\" may send the password itself",
            peer_text(plugin)
        )))
    }

    fn check_cleartext(&self) -> Result<(), Error> {
        if self.wire != Wire::Tls {
            return Err(needs_secure_connection(
                "authentication requires a secure connection: the server asks for the cleartext \
                 password (mysql_clear_password) and this connection has no TLS; use \
                 ssl-mode=VERIFY_IDENTITY",
            ));
        }
        if !self.permissions.cleartext {
            return Err(Error::auth(
                AuthErrorKind::CleartextDisabled,
                "the server asks for the cleartext password (mysql_clear_password: LDAP, IAM and \
                 token accounts); if that is right, set enable-cleartext-plugin=true",
            ));
        }
        Ok(())
    }

    fn encrypted(&mut self, payload: &[u8], allowed: bool) -> Result<(), Error> {
        if !allowed || payload.len() < CIPHERTEXT_MINIMUM {
            return Err(needs_secure_connection(
                "authentication requires a secure connection: the driver was about to send the \
                 password over plaintext without the server's key",
            ));
        }
        self.note(payload, PasswordSent::RsaEncrypted);
        Ok(())
    }

    fn note_answer(&mut self, answer: &[u8]) {
        // What the driver alone knows may be the password itself, as with sha256_password and dialog.
        let form = if self.plugin == plugin::CLEAR || self.is_drivers_own() {
            PasswordSent::Cleartext
        } else {
            PasswordSent::Scramble
        };
        self.note(answer, form);
    }

    fn note(&mut self, answer: &[u8], form: PasswordSent) {
        // A single NUL is the empty password of the cleartext forms.
        if !answer.is_empty() && answer != [0] {
            self.sent = self.sent.max(form);
        }
    }
}

fn unexpected(what: &str) -> Error {
    Error::protocol(
        ProtocolErrorKind::UnexpectedPacket,
        format!("the server sent {what} during the login, which breaks the MySQL protocol"),
    )
}

/// Whether this is no password, which ends with its only NUL, and as long as what RSA gives.
fn is_ciphertext(payload: &[u8]) -> bool {
    payload.len() >= SHORTEST_PINNED
        && payload.iter().position(|byte| *byte == 0) != Some(payload.len() - 1)
}

fn pinned_key() -> Error {
    Error::auth(
        AuthErrorKind::ServerKey,
        "the driver encrypted the password with a key of the server that was given to it, and this \
         endpoint cannot read that; remove the pinned server key from the driver's options",
    )
}

fn needs_secure_connection(message: &str) -> Error {
    Error::auth(AuthErrorKind::NeedsSecureConnection, message)
}

/// What `cleartext-password=verified` keeps from a server that nobody verified.
pub(crate) fn unverified(what: &str) -> Error {
    Error::auth(
        AuthErrorKind::UnverifiedServer,
        format!(
            "{what}, and who the server is was not verified (cleartext-password=verified); use \
             ssl-mode=VERIFY_IDENTITY with the server's CA, or tls-pin"
        ),
    )
}

fn old_password() -> Error {
    Error::auth(
        AuthErrorKind::OldPassword,
        "the server asks for the password hash of MySQL 4.0 (mysql_old_password), which is as good \
         as cleartext and never sent; give the account another authentication plugin",
    )
}

fn supported_plugins() -> String {
    let names: Vec<String> = plugin::OF_THE_DRIVER.iter().map(|name| peer_text(name)).collect();
    crate::text::list(&names)
}

#[cfg(test)]
mod tests;
