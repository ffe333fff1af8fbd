//! One connection as the script sees it: packets in, packets out, with or without TLS, every
//! received byte recorded.

use std::io::{self, ErrorKind, Read, Write};
use std::mem::take;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::SupportedKxGroup;
use rustls::server::{Acceptor, ServerConnection};
use rustls::{ProtocolVersion, ServerConfig};

use super::fault::Fault;
use super::record::{ClientHelloFacts, Ended, Record, TlsFacts};
use super::server::{Shared, Socket};
use super::tls::{iana_name, openssl_name};
use super::wire;

const MOST_RECORDED: usize = 8 << 20;

pub(super) struct Channel {
    wire: Wire,
    tls: Option<ServerConnection>,
    /// Bytes received, TLS taken off, that no packet has used yet.
    inbox: Vec<u8>,
    next_id: u8,
    /// How many packets were sent, and what goes wrong with which.
    sent: usize,
    fault: Option<(usize, Fault)>,
}

/// The socket, and the record that follows what is read from it.
struct Wire {
    socket: Socket,
    shared: Arc<Shared>,
    number: usize,
    /// Bytes read past the SSLRequest; they belong to the TLS handshake.
    pending: Vec<u8>,
    /// Reads one byte at a time, so that nothing is read ahead.
    byte_by_byte: bool,
    tls_up: bool,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.pending.is_empty() {
            let count = self.pending.as_slice().read(buffer)?;
            self.pending.drain(..count);
            return Ok(count);
        }
        let most = if self.byte_by_byte { 1 } else { buffer.len() };
        let count = self.socket.read(&mut buffer[..most])?;
        if !self.tls_up {
            let bytes = &buffer[..count];
            self.shared.update(self.number, |record| keep(&mut record.raw, bytes));
        }
        Ok(count)
    }
}

impl Wire {
    fn why(&self, error: &io::Error) -> Ended {
        if self.shared.stopped() {
            return Ended::ServerStopped;
        }
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
                Ended::Reset
            }
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Ended::TimedOut,
            _ => Ended::Protocol(error.to_string()),
        }
    }

    fn end_of_file(&self) -> Ended {
        if self.shared.stopped() { Ended::ServerStopped } else { Ended::Eof }
    }
}

fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    let room = MOST_RECORDED.saturating_sub(kept.len());
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

impl Channel {
    pub(super) fn new(
        socket: Socket,
        shared: Arc<Shared>,
        number: usize,
        fault: Option<(usize, Fault)>,
    ) -> Self {
        let wire = Wire {
            socket,
            shared,
            number,
            pending: Vec::new(),
            byte_by_byte: false,
            tls_up: false,
        };
        Self { wire, tls: None, inbox: Vec::new(), next_id: 0, sent: 0, fault }
    }

    pub(super) fn number(&self) -> usize {
        self.wire.number
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether bytes are waiting that no packet has used.
    pub(super) fn has_read_ahead(&self) -> bool {
        !self.inbox.is_empty()
    }

    pub(super) fn read_byte_by_byte(&mut self) {
        self.wire.byte_by_byte = true;
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Record)) {
        self.wire.shared.update(self.wire.number, change);
    }

    /// Sleeps; an error if the server stops meanwhile.
    pub(super) fn sleep(&self, pause: Duration) -> Result<(), Ended> {
        if self.wire.shared.sleep(pause) { Ok(()) } else { Err(Ended::ServerStopped) }
    }

    /// The next packet's id and payload. The next one written carries the id after it.
    pub(super) fn read_packet(&mut self) -> Result<(u8, Vec<u8>), Ended> {
        const MOST_IN_A_FRAME: usize = 0xff_ffff;
        let mut payload = Vec::new();
        loop {
            let (id, part) = loop {
                match wire::take_frame(&mut self.inbox) {
                    Some(frame) => break frame,
                    None => self.receive()?,
                }
            };
            self.next_id = id.wrapping_add(1);
            payload.extend_from_slice(&part);
            if part.len() < MOST_IN_A_FRAME {
                return Ok((id, payload));
            }
        }
    }

    /// Waits for more bytes in the inbox.
    fn receive(&mut self) -> Result<(), Ended> {
        let mut chunk = [0; 16 << 10];
        let Some(tls) = &mut self.tls else {
            let count = self.wire.read(&mut chunk).map_err(|error| self.wire.why(&error))?;
            self.inbox.extend_from_slice(&chunk[..count]);
            return if count == 0 { Err(self.wire.end_of_file()) } else { Ok(()) };
        };
        loop {
            match tls.reader().read(&mut chunk) {
                Ok(0) => return Err(Ended::CloseNotify),
                Ok(count) => {
                    self.inbox.extend_from_slice(&chunk[..count]);
                    self.update(|record| keep(&mut record.inside_tls, &chunk[..count]));
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(self.wire.end_of_file()),
            }
            pump(tls, &mut self.wire)?;
        }
    }

    /// Writes bytes as they are.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        match &mut self.tls {
            None => self.wire.socket.write_all(bytes).map_err(|error| self.wire.why(&error)),
            Some(tls) => {
                for chunk in bytes.chunks(16 << 10) {
                    tls.writer().write_all(chunk).map_err(|error| self.wire.why(&error))?;
                    flush(tls, &mut self.wire)?;
                }
                Ok(())
            }
        }
    }

    /// Frames payloads, their ids counting on from the client's last packet.
    pub(super) fn framed(&mut self, payloads: &[Vec<u8>]) -> Vec<u8> {
        payloads.iter().flat_map(|payload| wire::frame(&mut self.next_id, payload)).collect()
    }

    /// Frames payloads and writes them at once, but for one that something goes wrong with.
    pub(super) fn send(&mut self, payloads: &[Vec<u8>]) -> Result<(), Ended> {
        let mut bytes = Vec::new();
        for payload in payloads {
            let frame = wire::frame(&mut self.next_id, payload);
            match self.due() {
                None => bytes.extend(frame),
                Some(fault) => {
                    self.write(&bytes)?;
                    bytes.clear();
                    self.fail(&fault, &frame)?;
                }
            }
        }
        self.write(&bytes)
    }

    /// Writes a packet, unless something goes wrong with it.
    pub(super) fn send_frame(&mut self, frame: &[u8]) -> Result<(), Ended> {
        match self.due() {
            None => self.write(frame),
            Some(fault) => self.fail(&fault, frame),
        }
    }

    /// What goes wrong with the next packet.
    fn due(&mut self) -> Option<Fault> {
        let number = self.sent;
        self.sent += 1;
        let (faulty, fault) = self.fault.as_ref()?;
        (*faulty == number).then(|| fault.clone())
    }

    fn fail(&mut self, fault: &Fault, frame: &[u8]) -> Result<(), Ended> {
        let start = |count: usize| &frame[..count.min(frame.len())];
        match fault {
            Fault::Silence => Err(self.drain()),
            Fault::Stalled(count) => {
                self.write(start(*count))?;
                Err(self.drain())
            }
            Fault::End => Err(self.finish(true)),
            Fault::Cut(count) => {
                self.write(start(*count))?;
                Err(self.finish(false))
            }
            Fault::Reset => {
                self.update(|record| record.server_closed = true);
                // If it cannot be reset the client sees an end of file, and the test fails.
                let _ = self.wire.socket.reset_at_the_end();
                self.wire.shared.forget_socket(self.wire.number);
                Err(Ended::ServerReset)
            }
            Fault::Drip(pause) => frame.iter().try_for_each(|byte| {
                self.sleep(*pause)?;
                self.write(&[*byte])
            }),
            Fault::Err => {
                let err = wire::err(1815, Some("HY000"), "Internal error: of the test");
                let mut id = frame[3];
                self.write(&wire::frame(&mut id, &err))?;
                Err(self.finish(true))
            }
            Fault::Extra
            | Fault::Longer
            | Fault::Garbage
            | Fault::Oversized
            | Fault::Empty
            | Fault::WrongId => self.write(&fault.applied(frame)),
        }
    }

    /// The TLS handshake, with what was read ahead as its beginning.
    pub(super) fn accept_tls(&mut self, config: &Arc<ServerConfig>) -> Result<(), Ended> {
        self.wire.pending = take(&mut self.inbox);
        let mut tls = self.hello(config)?;
        tls.set_buffer_limit(None);
        while tls.is_handshaking() {
            if tls.wants_write() {
                flush(&mut tls, &mut self.wire)?;
            } else if pump(&mut tls, &mut self.wire)? == 0 {
                return Err(self.wire.end_of_file());
            }
        }
        self.wire.tls_up = true;
        flush(&mut tls, &mut self.wire)?;
        let facts = tls_facts(&tls);
        self.update(|record| record.tls = Some(facts));
        self.tls = Some(tls);
        Ok(())
    }

    /// Reads the ClientHello and records what it offers.
    fn hello(&mut self, config: &Arc<ServerConfig>) -> Result<ServerConnection, Ended> {
        let mut acceptor = Acceptor::default();
        let failed = loop {
            let count = acceptor.read_tls(&mut self.wire).map_err(|error| self.wire.why(&error))?;
            let accepted = match acceptor.accept() {
                Ok(Some(accepted)) => accepted,
                Ok(None) if count == 0 => return Err(self.wire.end_of_file()),
                Ok(None) => continue,
                Err(failed) => break failed,
            };
            let hello = accepted.client_hello();
            let facts = ClientHelloFacts {
                sni: hello.server_name().map(Into::into),
                alpn: hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect(),
                cipher_suites: hello.cipher_suites().to_vec(),
                groups: hello.named_groups().unwrap_or_default().to_vec(),
                signature_schemes: hello.signature_schemes().to_vec(),
            };
            self.update(|record| record.hello = Some(facts));
            match accepted.into_connection(Arc::clone(config)) {
                Ok(tls) => return Ok(tls),
                Err(failed) => break failed,
            }
        };
        let (error, mut alert) = failed;
        // The client may be gone; the failure is told all the same.
        let _ = alert.write_all(&mut self.wire.socket);
        Err(tls_failure(&error, &self.wire))
    }

    /// Ends our side, then reads what the client still sends until it ends its own.
    pub(super) fn finish(&mut self, close_notify: bool) -> Ended {
        self.update(|record| record.server_closed = true);
        if let (Some(tls), true) = (&mut self.tls, close_notify) {
            tls.send_close_notify();
            // The client may be gone already, which the reading below tells.
            let _ = flush(tls, &mut self.wire);
        }
        let _ = self.wire.socket.shutdown(Shutdown::Write);
        self.drain()
    }

    /// Reads and records until the client ends the connection.
    pub(super) fn drain(&mut self) -> Ended {
        loop {
            self.inbox.clear();
            if let Err(ended) = self.receive() {
                return ended;
            }
        }
    }

    /// After TLS failed: reads the rest as plain bytes, so that an alert of ours is not lost to a
    /// reset and a client that goes on in the clear is caught.
    pub(super) fn drain_raw(&mut self) {
        self.tls = None;
        self.wire.tls_up = false;
        let _ = self.wire.socket.shutdown(Shutdown::Write);
        self.drain();
    }

    /// Holds the connection without reading until the server stops.
    pub(super) fn ignore(&self) -> Ended {
        while self.wire.shared.sleep(Duration::from_secs(60)) {}
        Ended::ServerStopped
    }

    /// Ends the connection with bytes unread, which resets it.
    pub(super) fn reset(&mut self) -> Ended {
        // If nothing comes there is nothing to reset with, and the client sees an end of file.
        let _ = self.wire.socket.wait_unread();
        self.wire.shared.forget_socket(self.wire.number);
        Ended::ServerReset
    }
}

/// Reads once from the wire into TLS; the number of bytes read.
fn pump(tls: &mut ServerConnection, wire: &mut Wire) -> Result<usize, Ended> {
    let count = tls.read_tls(wire).map_err(|error| wire.why(&error))?;
    let state = tls.process_new_packets();
    // A failure leaves an alert to be sent; the client may be gone.
    let flushed = flush(tls, wire);
    match state {
        Err(error) => Err(tls_failure(&error, wire)),
        Ok(_) => flushed.map(|()| count),
    }
}

fn flush(tls: &mut ServerConnection, wire: &mut Wire) -> Result<(), Ended> {
    while tls.wants_write() {
        tls.write_tls(&mut wire.socket).map_err(|error| wire.why(&error))?;
    }
    Ok(())
}

fn tls_failure(error: &rustls::Error, wire: &Wire) -> Ended {
    let alert = match error {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    };
    wire.shared.update(wire.number, |record| {
        record.tls_error = Some(error.to_string());
        record.alert = alert;
    });
    if alert.is_some() { Ended::Alert } else { Ended::TlsError }
}

fn tls_facts(tls: &ServerConnection) -> TlsFacts {
    let suite = tls.negotiated_cipher_suite().expect("a suite after the handshake").suite();
    let version = match tls.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".into(),
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".into(),
        other => format!("{other:?}"),
    };
    TlsFacts {
        version,
        cipher: iana_name(suite),
        cipher_openssl: openssl_name(suite),
        group: tls.negotiated_key_exchange_group().map(SupportedKxGroup::name),
        kind: tls.handshake_kind().expect("a kind after the handshake"),
        alpn: tls.alpn_protocol().map(<[u8]>::to_vec),
        client_chain: tls
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .map(|certificate| certificate.clone().into_owned())
            .collect(),
    }
}
