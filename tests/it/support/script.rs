//! What the scripted server does, as plain data.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustls::ServerConfig;

use super::fault::Fault;
use super::tls::ServerTls;
use super::wire::{self, Greeting, Rows, capability};

/// What the server does as soon as a client is there.
#[derive(Clone, Debug)]
pub enum Start {
    /// Sends the greeting.
    Greeting,
    /// Sends the greeting and these bytes in one write.
    GreetingAnd(Vec<u8>),
    /// Sends the greeting one byte at a time, with this pause before each.
    Drip(Duration),
    /// Sends these bytes in place of the greeting, header included, and waits for the client to go.
    Raw(Vec<u8>),
    /// Sends an ERR packet in place of the greeting and closes.
    Err { code: u16, state: Option<&'static str>, message: String },
    /// Accepts and says nothing.
    Silence,
    /// Accepts and closes.
    Close,
}

/// What the server does when an SSLRequest came.
#[derive(Clone, Debug)]
pub enum AfterSslRequest {
    /// The TLS handshake, if the script has TLS; otherwise it closes.
    Handshake,
    /// Sends these bytes in the clear and closes.
    Reply(Vec<u8>),
    /// Sends these bytes in the clear and says nothing more.
    Stall(Vec<u8>),
    /// Says nothing.
    Silence,
    /// Closes: the client sees an end of file.
    Close,
    /// Resets the connection, the ClientHello unread.
    Reset,
}

impl AfterSslRequest {
    /// An ERR packet in the clear, as from a server that advertises a TLS it does not have.
    pub fn err(code: u16, state: Option<&str>, message: &str) -> Self {
        Self::Reply(wire::frame(&mut 2, &wire::err(code, state, message)))
    }

    /// A fatal TLS alert: 40 handshake_failure, 70 protocol_version, ...
    pub fn alert(description: u8) -> Self {
        const ALERT: u8 = 21;
        const FATAL: u8 = 2;
        Self::Reply(vec![ALERT, 3, 2, 0, 2, FATAL, description])
    }

    /// What a server that speaks at most TLS 1.1 answers.
    pub fn tls11_only() -> Self {
        Self::alert(70)
    }
}

/// One step of the server's after the HandshakeResponse. A list that ends without a step that
/// logs in or closes leaves the client waiting.
#[derive(Clone, Debug)]
pub enum AuthStep {
    /// OK: logged in.
    Ok,
    /// ERR and close.
    Err { code: u16, state: Option<&'static str>, message: String },
    /// `01 03` and OK: logged in by caching_sha2_password's fast way.
    FastOk,
    /// `01 04`, then the password: in cleartext, or encrypted after `02` asked for the key.
    /// OK if `password` is `None`, equal, or came encrypted; ERR 1045 otherwise.
    FullAuth { password: Option<String>, public_key_pem: Option<String> },
    /// AuthSwitchRequest, then one packet is read.
    Switch { plugin: String, nonce: Vec<u8> },
    /// Checks user and caching_sha2_password scramble (moving other plugins to that one):
    /// `01 03` and OK, or ERR 1045 and close.
    Check { user: String, password: String },
    /// A packet with this payload, as it should be framed.
    Raw(Vec<u8>),
    /// The same payload so many times, for clients that must give up.
    Flood(Vec<u8>, usize),
    /// Bytes with a header of their own.
    RawWire(Vec<u8>),
    /// Reads and records one packet of the client.
    Read,
    /// Closes.
    Close,
    /// Waits for the client to go.
    Silence,
}

impl AuthStep {
    /// ERR 1045 as servers word it.
    pub fn denied(user: &str) -> Self {
        Self::err(
            1045,
            Some("28000"),
            &format!("Access denied for user '{user}'@'localhost' (using password: YES)"),
        )
    }

    pub fn err(code: u16, state: Option<&'static str>, message: &str) -> Self {
        Self::Err { code, state, message: message.into() }
    }

    /// A full authentication with exactly this password.
    pub fn full_auth(password: &str) -> Self {
        Self::FullAuth { password: Some(password.into()), public_key_pem: None }
    }

    /// A full authentication for clients on plaintext, with any text in place of the key.
    pub fn full_auth_with_key(public_key_pem: &str) -> Self {
        Self::FullAuth { password: None, public_key_pem: Some(public_key_pem.into()) }
    }

    pub fn switch(plugin: &str, nonce: &[u8]) -> Self {
        Self::Switch { plugin: plugin.into(), nonce: nonce.to_vec() }
    }

    pub fn check(user: &str, password: &str) -> Self {
        Self::Check { user: user.into(), password: password.into() }
    }
}

/// What the server answers to a query.
#[derive(Clone, Debug)]
pub enum Answer {
    Ok,
    Err {
        code: u16,
        state: Option<&'static str>,
        message: String,
    },
    Rows(Rows),
    /// Packets with these payloads.
    Packets(Vec<Vec<u8>>),
    /// Bytes with headers of their own.
    Wire(Vec<u8>),
    /// Asks for a file, reads what comes until the empty packet, says OK.
    LocalInfile(String),
    /// Half of the result's bytes, then the TCP connection ends, without close_notify.
    Cut(Rows),
    /// Closes without an answer.
    Close,
    /// Waits for the client to go.
    Silence,
    /// The answer, so much later.
    Late(Duration, Box<Answer>),
    /// The answer, as soon as this is true.
    Once(Arc<AtomicBool>, Box<Answer>),
}

impl Answer {
    pub fn err(code: u16, state: Option<&'static str>, message: &str) -> Self {
        Self::Err { code, state, message: message.into() }
    }
}

type Responder = Arc<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

/// What the server does with one connection. By default: no TLS, every login is welcome, queries
/// that drivers ask by themselves have answers, everything else is OK.
#[derive(Clone)]
#[must_use]
pub struct ServerScript {
    pub(super) start: Start,
    pub(super) greeting: Greeting,
    pub(super) ssl_advertised: Option<bool>,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) after_ssl_request: AfterSslRequest,
    pub(super) secure_transport_required: bool,
    pub(super) auth: Vec<AuthStep>,
    pub(super) deaf_after_login: bool,
    pub(super) responders: Vec<Responder>,
    pub(super) by_command: Vec<(u8, Answer)>,
    pub(super) fault: Option<(usize, Fault)>,
    pub(super) close_notify: bool,
    pub(super) io_timeout: Duration,
}

impl Default for ServerScript {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerScript {
    pub fn new() -> Self {
        Self {
            start: Start::Greeting,
            greeting: Greeting::default(),
            ssl_advertised: None,
            tls: None,
            after_ssl_request: AfterSslRequest::Handshake,
            secure_transport_required: false,
            auth: vec![AuthStep::Ok],
            deaf_after_login: false,
            responders: Vec::new(),
            by_command: Vec::new(),
            fault: None,
            close_notify: true,
            io_timeout: Duration::from_secs(10),
        }
    }

    /// Offers TLS. Clones of the script share its sessions.
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls.config());
        self
    }

    /// The version text of the greeting.
    pub fn version(mut self, text: &str) -> Self {
        self.greeting.version = text.into();
        self
    }

    /// The connection id of the first connection; the next ones count on.
    pub fn connection_id(mut self, id: u32) -> Self {
        self.greeting.connection_id = id;
        self
    }

    /// The authentication plugin of the greeting.
    pub fn plugin(mut self, name: &str) -> Self {
        self.greeting.plugin = name.into();
        self
    }

    /// The nonce of the greeting, 20 bytes in real servers.
    pub fn nonce(mut self, bytes: &[u8]) -> Self {
        self.greeting.nonce = bytes.to_vec();
        self
    }

    /// Sets flags of [`capability`].
    pub fn with_capabilities(mut self, flags: u32) -> Self {
        self.greeting.capabilities |= flags;
        self
    }

    /// Clears flags of [`capability`]; for CLIENT_SSL see [`ServerScript::without_ssl`].
    pub fn without_capabilities(mut self, flags: u32) -> Self {
        self.greeting.capabilities &= !flags;
        self
    }

    /// Anything else of the greeting.
    pub fn greeting(mut self, change: impl FnOnce(&mut Greeting)) -> Self {
        change(&mut self.greeting);
        self
    }

    /// Clears CLIENT_SSL although there may be TLS: what an attacker who strips it does.
    pub fn without_ssl(mut self) -> Self {
        self.ssl_advertised = Some(false);
        self
    }

    /// Sets CLIENT_SSL although there may be no TLS.
    pub fn advertise_ssl_without_tls(mut self) -> Self {
        self.ssl_advertised = Some(true);
        self
    }

    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Also sets CLIENT_SSL, so that clients send an SSLRequest.
    pub fn after_ssl_request(mut self, then: AfterSslRequest) -> Self {
        self.after_ssl_request = then;
        self.ssl_advertised = Some(true);
        self
    }

    /// Refuses logins on plaintext with ERR 3159.
    pub fn require_secure_transport(mut self) -> Self {
        self.secure_transport_required = true;
        self
    }

    /// The steps after the HandshakeResponse; `[AuthStep::Ok]` by default.
    pub fn auth(mut self, steps: impl IntoIterator<Item = AuthStep>) -> Self {
        self.auth = steps.into_iter().collect();
        self
    }

    /// Reads nothing after the login.
    pub fn deaf_after_login(mut self) -> Self {
        self.deaf_after_login = true;
        self
    }

    /// Answers exactly this query (letter case and a closing `;` do not matter).
    pub fn on_query(self, sql: &str, answer: Answer) -> Self {
        let wanted = sql.to_owned();
        self.respond(move |sql| sql.eq_ignore_ascii_case(&wanted).then(|| answer.clone()))
    }

    /// Answers every query that begins like this (letter case does not matter).
    pub fn on_prefix(self, prefix: &str, answer: Answer) -> Self {
        let wanted = prefix.to_owned();
        self.respond(move |sql| {
            let start = sql.get(..wanted.len())?;
            start.eq_ignore_ascii_case(&wanted).then(|| answer.clone())
        })
    }

    /// Answers what `respond` has an answer for. The first setter called is asked first, the
    /// answers that are there by default last.
    pub fn respond(
        mut self,
        respond: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        self.responders.push(Arc::new(respond));
        self
    }

    /// Answers every command that begins with this byte, whatever it is: `0x11` COM_CHANGE_USER, ...
    pub fn on_command(mut self, command: u8, answer: Answer) -> Self {
        self.by_command.push((command, answer));
        self
    }

    /// Has this go wrong with the packet of this number, the greeting being 0; of those that come
    /// from [`Start::Greeting`], and from steps and answers that frame them properly.
    pub fn fault(mut self, packet: usize, fault: Fault) -> Self {
        self.fault = Some((packet, fault));
        self
    }

    /// Closes without close_notify.
    pub fn no_close_notify(mut self) -> Self {
        self.close_notify = false;
        self
    }

    /// How long the server waits for the client at any one time. Defaults to 10 s.
    pub fn io_timeout(mut self, timeout: Duration) -> Self {
        self.io_timeout = timeout;
        self
    }

    /// The greeting of connection `number`.
    pub(super) fn greeting_for(&self, number: usize) -> Vec<u8> {
        let mut greeting = self.greeting.clone();
        greeting.connection_id = greeting.connection_id.wrapping_add(number as u32);
        match self.ssl_advertised {
            Some(true) => greeting.capabilities |= capability::SSL,
            Some(false) => greeting.capabilities &= !capability::SSL,
            None if self.tls.is_some() => greeting.capabilities |= capability::SSL,
            None => {}
        }
        wire::frame(&mut 0, &greeting.encode())
    }
}
