//! A driver that does what it is told, packet by packet.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use mysql_tls::Endpoint;

use crate::kit::*;
use crate::support::*;

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

pub(super) struct Raw {
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
    next_id: u8,
}

/// What a driver learns from a greeting.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) connection_id: u32,
    pub(super) nonce: Vec<u8>,
    pub(super) capabilities: u32,
    pub(super) plugin: String,
}

/// What drivers claim, more or less.
pub(super) const CLAIMED: u32 = capability::PROTOCOL_41
    | capability::SECURE_CONNECTION
    | capability::PLUGIN_AUTH
    | capability::TRANSACTIONS;

impl Raw {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        match (endpoint.path(), endpoint.address()) {
            (Some(path), _) => Self::on_socket(path).unwrap(),
            (None, Some(address)) => {
                let stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                Self::with(stream)
            }
            (None, None) => panic!("an endpoint without a place"),
        }
    }

    pub(super) fn on_socket(path: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self::with(stream))
    }

    /// Gives up writing after this time.
    pub(super) fn impatient(endpoint: &Endpoint, limit: Duration) -> Self {
        let stream = UnixStream::connect(endpoint.path().unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(limit)).unwrap();
        Self::with(stream)
    }

    fn with(stream: impl Stream + 'static) -> Self {
        Raw { stream: Box::new(stream), inbox: Vec::new(), next_id: 0 }
    }

    /// The next packet's payload; `None` at the end.
    pub(super) fn read(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some((id, payload)) = wire::take_frame(&mut self.inbox) {
                assert_eq!(id, self.next_id, "the id of {}", payload.escape_ascii());
                self.next_id = id.wrapping_add(1);
                return Some(payload);
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(count) => self.inbox.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
    }

    /// What one read gives.
    pub(super) fn bytes(&mut self) -> Vec<u8> {
        let mut chunk = [0; 4096];
        let count = self.stream.read(&mut chunk).unwrap();
        assert_ne!(count, 0, "the end");
        chunk[..count].to_vec()
    }

    #[track_caller]
    pub(super) fn expect(&mut self) -> Vec<u8> {
        self.read().expect("a packet, and not the end")
    }

    pub(super) fn send(&mut self, payload: &[u8]) {
        let packet = wire::frame(&mut self.next_id, payload);
        self.send_bytes(&packet);
    }

    pub(super) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Whether all of it was taken.
    pub(super) fn try_send_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    #[track_caller]
    pub(super) fn greeting(&mut self) -> Shown {
        let payload = self.expect();
        assert_eq!(payload[0], 10, "a greeting: {}", payload.escape_ascii());
        let end = 1 + payload[1..].iter().position(|byte| *byte == 0).unwrap();
        let rest = &payload[end + 1..];
        let number = |at: usize| u32::from(rest[at]) | u32::from(rest[at + 1]) << 8;
        let plugin = rest[44..].strip_suffix(&[0]).unwrap();
        Shown {
            connection_id: number(0) | number(2) << 16,
            nonce: [&rest[4..12], &rest[31..43]].concat(),
            capabilities: number(13) | number(18) << 16,
            plugin: String::from_utf8(plugin.to_vec()).unwrap(),
        }
    }

    /// Answers the greeting.
    #[track_caller]
    pub(super) fn respond(&mut self, plugin: &str, auth_data: &[u8]) -> Shown {
        let greeting = self.greeting();
        self.send(&response(CLAIMED, plugin, auth_data));
        greeting
    }

    /// Logs in where the server is content with anything.
    #[track_caller]
    pub(super) fn log_in(endpoint: &Endpoint) -> Self {
        let mut driver = Self::new(endpoint);
        driver.respond("caching_sha2_password", &[7; 32]);
        let packet = driver.expect();
        assert_eq!(packet[0], 0, "OK: {}", packet.escape_ascii());
        driver
    }

    /// Number and text of an ERR packet, after which the connection ends.
    #[track_caller]
    pub(super) fn err_and_end(&mut self) -> (u16, String) {
        let mut received = Vec::new();
        if let Err(error) = self.stream.read_to_end(&mut received) {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
        }
        // Its id follows that of what was sent, which may have been any.
        let received = [std::mem::take(&mut self.inbox), received].concat();
        let (_, packet) = wire::take_frame(&mut received.clone()).expect("a packet");
        assert_eq!(packet[0], 0xff, "ERR: {}", packet.escape_ascii());
        assert_eq!(received.len(), 4 + packet.len(), "the end after an ERR");
        let text = packet[3..].strip_prefix(b"#HY000").unwrap_or(&packet[3..]);
        (u16::from_le_bytes([packet[1], packet[2]]), String::from_utf8(text.to_vec()).unwrap())
    }

    /// Sends a statement.
    pub(super) fn query(&mut self, sql: &str) {
        self.next_id = 0;
        self.send(&[&[3], sql.as_bytes()].concat());
    }
}

/// A HandshakeResponse of the account.
pub(super) fn response(capabilities: u32, plugin: &str, auth_data: &[u8]) -> Vec<u8> {
    let mut payload = capabilities.to_le_bytes().to_vec();
    payload.extend([0, 0, 0, 1, 45]);
    payload.extend([0; 23]);
    payload.extend(USER.as_bytes());
    payload.push(0);
    if capabilities & capability::PLUGIN_AUTH_LENENC_CLIENT_DATA != 0 {
        payload.push(0xfc);
        payload.extend((auth_data.len() as u16).to_le_bytes());
    } else {
        payload.push(u8::try_from(auth_data.len()).unwrap());
    }
    payload.extend(auth_data);
    payload.extend(plugin.as_bytes());
    payload.push(0);
    payload
}
