//! What the server says: judged before the driver sees it.

use super::refusals::{
    needs_secure_connection, old_password, supported_plugins, unexpected, unverified,
};
use super::{FullAuthentication, Login, Verdict, Wire};
use crate::error::{AuthErrorKind, Error};
use crate::protocol::{err, plugin};
use crate::text::peer_text;

/// A nonce shorter than this is none.
const NONCE_MINIMUM: usize = 20;

/// A PARSEC nonce, exactly.
const PARSEC_NONCE: usize = 32;

/// A PARSEC salt, without its type and factor.
const PARSEC_SALT: usize = 18;

/// MariaDB's own default is 0, which is 1024 rounds; each step doubles them.
const PARSEC_FACTOR_LIMIT: u8 = 10;

impl Login {
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
    pub(super) fn check_proof(&self, plugin: &[u8]) -> Result<(), Error> {
        if self.wire != Wire::UnverifiedTls || plugin::WITH_A_PROOF.contains(&plugin) {
            return Ok(());
        }
        Err(unverified(&format!(
            "the plugin \"{}\" may send the password itself",
            peer_text(plugin)
        )))
    }

    pub(super) fn check_cleartext(&self) -> Result<(), Error> {
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
}
