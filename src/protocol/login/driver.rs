//! What the driver says: judged before it leaves.

use super::refusals::{needs_secure_connection, pinned_key, unverified};
use super::{DriverSays, FullAuthentication, Login, Wire};
use crate::error::{AuthErrorKind, Error};
use crate::protocol::plugin;
use crate::session::PasswordSent;

/// The shortest ciphertext: that of an RSA key of 2048 bits, the smallest that is taken.
const CIPHERTEXT_MINIMUM: usize = 256;

/// The ciphertext of a key that a driver was given may be shorter: of 1024 bits.
const SHORTEST_PINNED: usize = 128;

/// The length of a scramble of caching_sha2_password.
pub(super) const SCRAMBLE: usize = 32;

/// How long the proofs of the plugins are that have one.
const PROOFS: [(&[u8], usize); 4] = [
    (plugin::NATIVE, 20),
    (plugin::CACHING_SHA2, SCRAMBLE),
    (plugin::ED25519, 64),
    // A nonce of the client's and a signature.
    (plugin::PARSEC, 32 + 64),
];

impl Login {
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
    pub(super) fn check_first_answer(&self, answer: &[u8]) -> Result<(), Error> {
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

    /// On plaintext TCP, and for a server that nobody verified, what answers a greeting or a switch is as
    /// long as a proof of the plugin, or empty, and comes before the server has asked for the password
    /// itself. Nothing more is known of a proof here; the driver makes it.
    pub(super) fn check_answer(&self, answer: &[u8]) -> Result<(), Error> {
        let is_due = self.full == FullAuthentication::No;
        let is_proof = PROOFS.contains(&(self.plugin.as_slice(), answer.len()));
        let may_leave = matches!(answer, [] | [0]) || (is_due && is_proof);
        match self.wire {
            Wire::PlainTcp if !may_leave => Err(needs_secure_connection(
                "authentication requires a secure connection: the driver was about to send over \
                 plaintext what may be the password itself",
            )),
            Wire::UnverifiedTls if !may_leave => {
                Err(unverified("the driver was about to send what may be the password itself"))
            }
            _ => Ok(()),
        }
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

    pub(super) fn note_answer(&mut self, answer: &[u8]) {
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

    /// Keeps an answer to the greeting or to a switch, where it is a scramble.
    pub(super) fn keep_scramble(&mut self, answer: &[u8]) {
        if self.plugin == plugin::CACHING_SHA2 && answer.len() == SCRAMBLE {
            self.scramble = answer.to_vec();
        }
    }
}

/// Whether this is no password, which ends with its only NUL, and as long as what RSA gives.
fn is_ciphertext(payload: &[u8]) -> bool {
    payload.len() >= SHORTEST_PINNED
        && payload.iter().position(|byte| *byte == 0).map(|at| payload.len().saturating_sub(at))
            != Some(1)
}
