//! Plays a script with one client: greeting, TLS, login; `commands.rs` has the rest.

use rustls::{CipherSuite, SupportedCipherSuite};

use super::channel::Channel;
use super::record::Ended;
use super::script::{AfterSslRequest, AuthStep, ServerScript, Start};
use super::tls::provider;
use super::wire::{self, HandshakeResponse, SslRequest};

const CACHING_SHA2: &str = "caching_sha2_password";

/// Plays the script to its end and says how the connection ended.
pub(super) fn play(channel: &mut Channel, script: &ServerScript) -> Ended {
    let mut play = Play { channel, script, user: String::new(), nonce: Vec::new() };
    let outcome = play.run();
    match outcome {
        Ok(Stop::Closing) => channel.finish(script.close_notify),
        Ok(Stop::Cutting) => channel.finish(false),
        Ok(Stop::Waiting) => channel.drain(),
        Ok(Stop::Ignoring) => channel.ignore(),
        Ok(Stop::Resetting) => channel.reset(),
        Err(ended) => {
            if matches!(ended, Ended::Alert | Ended::TlsError | Ended::Protocol(_)) {
                channel.drain_raw();
            }
            ended
        }
    }
}

/// Why the script has nothing more to say.
pub(super) enum Stop {
    /// It closes.
    Closing,
    /// It closes without close_notify.
    Cutting,
    /// It waits for the client to go.
    Waiting,
    /// It reads nothing any more.
    Ignoring,
    Resetting,
}

pub(super) struct Play<'a> {
    pub(super) channel: &'a mut Channel,
    pub(super) script: &'a ServerScript,
    pub(super) user: String,
    /// The nonce that the client's scramble is made with.
    nonce: Vec<u8>,
}

impl Play<'_> {
    fn run(&mut self) -> Result<Stop, Ended> {
        if let Some(stop) = self.start()? {
            return Ok(stop);
        }
        let (id, mut payload) = self.channel.read_packet()?;
        self.channel.update(|record| record.packet_ids.push(id));
        if let Some(request) = SslRequest::parse(&payload) {
            let ahead = self.channel.has_read_ahead();
            self.channel.update(|record| {
                record.ssl_request = Some(request);
                record.hello_with_ssl_request = ahead;
            });
            if let Some(stop) = self.ssl_request()? {
                return Ok(stop);
            }
            let (id, inside) = self.channel.read_packet()?;
            self.channel.update(|record| record.packet_ids.push(id));
            payload = inside;
        }
        match self.login(&payload)? {
            Some(stop) => Ok(stop),
            None if self.script.deaf_after_login => Ok(Stop::Ignoring),
            None => self.commands(),
        }
    }

    fn start(&mut self) -> Result<Option<Stop>, Ended> {
        let greeting = self.script.greeting_for(self.channel.number());
        self.nonce.clone_from(&self.script.greeting.nonce);
        match &self.script.start {
            Start::Greeting => self.channel.send_frame(&greeting)?,
            Start::GreetingAnd(more) => {
                self.channel.write(&[&greeting, more.as_slice()].concat())?;
            }
            Start::Drip(pause) => {
                for byte in greeting {
                    self.channel.sleep(*pause)?;
                    self.channel.write(&[byte])?;
                }
            }
            Start::Raw(bytes) => {
                self.channel.write(bytes)?;
                return Ok(Some(Stop::Waiting));
            }
            Start::Err { code, state, message } => {
                self.channel.send(&[wire::err(*code, *state, message)])?;
                return Ok(Some(Stop::Closing));
            }
            Start::Silence => return Ok(Some(Stop::Waiting)),
            Start::Close => return Ok(Some(Stop::Closing)),
        }
        if matches!(self.script.after_ssl_request, AfterSslRequest::Reset) {
            self.channel.read_byte_by_byte();
        }
        Ok(None)
    }

    fn ssl_request(&mut self) -> Result<Option<Stop>, Ended> {
        Ok(match (&self.script.after_ssl_request, &self.script.tls) {
            (AfterSslRequest::Handshake, Some(config)) => {
                self.channel.accept_tls(config)?;
                None
            }
            (AfterSslRequest::Handshake, None) | (AfterSslRequest::Close, _) => Some(Stop::Closing),
            (AfterSslRequest::Reply(bytes), _) => {
                self.channel.write(bytes)?;
                Some(Stop::Closing)
            }
            (AfterSslRequest::Stall(bytes), _) => {
                self.channel.write(bytes)?;
                Some(Stop::Waiting)
            }
            (AfterSslRequest::Silence, _) => Some(Stop::Waiting),
            (AfterSslRequest::Reset, _) => Some(Stop::Resetting),
        })
    }

    /// `None` once the client is logged in.
    fn login(&mut self, payload: &[u8]) -> Result<Option<Stop>, Ended> {
        let Some(response) = HandshakeResponse::parse(payload) else {
            self.channel.send(&[wire::err(1043, Some("08S01"), "Bad handshake")])?;
            return Err(Ended::Protocol("not a HandshakeResponse41".into()));
        };
        self.user = response.user_name();
        let mut plugin = response.plugin.clone().unwrap_or_default();
        let mut scramble = response.auth_response.clone();
        self.channel.update(|record| record.response = Some(response));
        if self.script.secure_transport_required && !self.channel.is_tls() {
            let text = "Connections using insecure transport are prohibited while \
                        --require_secure_transport=ON.";
            self.channel.send(&[wire::err(3159, Some("HY000"), text)])?;
            return Ok(Some(Stop::Closing));
        }
        for step in &self.script.auth {
            match step {
                AuthStep::Ok => return self.logged_in(&[wire::ok()]),
                AuthStep::FastOk => return self.fast_ok(),
                AuthStep::Err { code, state, message } => {
                    self.channel.send(&[wire::err(*code, *state, message)])?;
                    return Ok(Some(Stop::Closing));
                }
                AuthStep::FullAuth { password, public_key_pem } => {
                    let expected = password.as_deref();
                    return if self.full_auth(expected, public_key_pem.as_deref())? {
                        self.logged_in(&[wire::ok()])
                    } else {
                        self.denied()
                    };
                }
                AuthStep::Switch { plugin: to, nonce } => {
                    scramble = self.switch(to, nonce)?;
                    plugin.clone_from(to);
                }
                AuthStep::Check { user, password } => {
                    if plugin != CACHING_SHA2 {
                        let nonce = self.nonce.clone();
                        scramble = self.switch(CACHING_SHA2, &nonce)?;
                    }
                    let expected = caching_sha2_scramble(password, &self.nonce);
                    let right = *user == self.user && scramble == expected;
                    return if right { self.fast_ok() } else { self.denied() };
                }
                AuthStep::Raw(payload) => self.channel.send(std::slice::from_ref(payload))?,
                AuthStep::Flood(payload, count) => {
                    for _ in 0..*count {
                        self.channel.send(std::slice::from_ref(payload))?;
                    }
                }
                AuthStep::RawWire(bytes) => self.channel.write(bytes)?,
                AuthStep::Read => {
                    self.auth_packet()?;
                }
                AuthStep::Close => return Ok(Some(Stop::Closing)),
                AuthStep::Silence => return Ok(Some(Stop::Waiting)),
            }
        }
        // Whatever comes now is not expected, but it is recorded.
        loop {
            self.auth_packet()?;
        }
    }

    fn auth_packet(&mut self) -> Result<Vec<u8>, Ended> {
        let (id, payload) = self.channel.read_packet()?;
        self.channel.update(|record| {
            record.packet_ids.push(id);
            record.auth_packets.push(payload.clone());
        });
        Ok(payload)
    }

    fn switch(&mut self, plugin: &str, nonce: &[u8]) -> Result<Vec<u8>, Ended> {
        self.nonce = nonce.to_vec();
        self.channel.send(&[wire::auth_switch(plugin, nonce)])?;
        let answer = self.auth_packet()?;
        if plugin == "mysql_clear_password" {
            self.cleartext(&answer);
        }
        Ok(answer)
    }

    fn cleartext(&self, packet: &[u8]) -> Vec<u8> {
        let password = packet.strip_suffix(&[0]).unwrap_or(packet).to_vec();
        self.channel.update(|record| record.cleartext_password = Some(password.clone()));
        password
    }

    /// Whether the password is right.
    fn full_auth(&mut self, expected: Option<&str>, key: Option<&str>) -> Result<bool, Ended> {
        const SEND_PASSWORD: u8 = 4;
        const ASK_FOR_KEY: [u8; 1] = [2];
        self.channel.send(&[wire::auth_more(&[SEND_PASSWORD])])?;
        let mut packet = self.auth_packet()?;
        if packet == ASK_FOR_KEY {
            let Some(key) = key else {
                return Ok(false);
            };
            self.channel.send(&[wire::auth_more(key.as_bytes())])?;
            packet = self.auth_packet()?;
        }
        // The sizes of an RSA block; no test has a password that long.
        if matches!(packet.len(), 128 | 256 | 384 | 512) {
            self.channel.update(|record| record.encrypted_password = Some(packet));
            return Ok(true);
        }
        let password = self.cleartext(&packet);
        Ok(expected.is_none_or(|expected| expected.as_bytes() == password))
    }

    fn fast_ok(&mut self) -> Result<Option<Stop>, Ended> {
        const FAST_OK: u8 = 3;
        self.logged_in(&[wire::auth_more(&[FAST_OK]), wire::ok()])
    }

    fn logged_in(&mut self, last: &[Vec<u8>]) -> Result<Option<Stop>, Ended> {
        self.channel.update(|record| record.logged_in = true);
        self.channel.send(last)?;
        Ok(None)
    }

    fn denied(&mut self) -> Result<Option<Stop>, Ended> {
        let text =
            format!("Access denied for user '{}'@'localhost' (using password: YES)", self.user);
        self.channel.send(&[wire::err(1045, Some("28000"), &text)])?;
        Ok(Some(Stop::Closing))
    }
}

/// The auth response of caching_sha2_password for a nonce; empty for an empty password.
pub fn caching_sha2_scramble(password: &str, nonce: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let once = sha256(password.as_bytes());
    let mask = sha256(&[&sha256(&once), nonce].concat());
    once.iter().zip(mask).map(|(left, right)| left ^ right).collect()
}

/// SHA-256 by the TLS provider, which has it for its cipher suites.
fn sha256(bytes: &[u8]) -> Vec<u8> {
    let provider = provider();
    let suite = provider
        .cipher_suites
        .iter()
        .filter_map(SupportedCipherSuite::tls13)
        .find(|suite| suite.common.suite == CipherSuite::TLS13_AES_128_GCM_SHA256)
        .expect("every provider has this suite");
    suite.common.hash_provider.hash(bytes).as_ref().to_vec()
}
