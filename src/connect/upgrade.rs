//! From plaintext to TLS: SSLRequest and ClientHello in one write, then the handshake.

use std::mem::MaybeUninit;

use rustix::event::PollFlags;
use rustix::net::RecvFlags;
use rustls::ClientConnection;
use socket2::Socket;

use super::deadline::Deadline;
use super::link::{Failure, Link, Received};
use crate::error::{
    Error, HandshakeError, HandshakeErrorKind, IoErrorKind, ProtocolErrorKind, Result, Step,
};
use crate::protocol::err;
use crate::protocol::packet::{HEADER, announced_length};
use crate::session::TlsSession;
use crate::tls::TlsState;

/// How much of a plaintext answer is looked at.
const PLAINTEXT_ANSWER: usize = 2048;

/// A TLS connection on its way.
pub(crate) struct Upgrade<'a> {
    connection: ClientConnection,
    tls: &'a TlsState,
}

impl<'a> Upgrade<'a> {
    pub(crate) fn new(connection: ClientConnection, tls: &'a TlsState) -> Self {
        Upgrade { connection, tls }
    }

    /// Sends `ssl_request` and the ClientHello.
    pub(crate) fn begin(
        &mut self,
        link: &mut Link,
        ssl_request: &[u8],
        deadline: &Deadline,
    ) -> Result<()> {
        nothing_waits(link, deadline.server())?;
        let mut first = ssl_request.to_vec();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut first).map_err(|error| {
                Error::io(IoErrorKind::Local, "the ClientHello could not be written", error)
            })?;
        }
        let broken = |failure| handshake_failure(failure, self.tls, deadline.server());
        link.send(&first).map_err(broken)?;
        while link.wants_write() {
            link.flush().map_err(broken)?;
            if link.wants_write() {
                deadline.wait(link.socket(), PollFlags::OUT, Step::Tls)?;
            }
        }
        Ok(())
    }

    /// Goes through the handshake; afterwards the link is encrypted. Our last message may still wait
    /// there, to go out with what follows.
    pub(crate) fn complete(self, link: &mut Link, deadline: &Deadline) -> Result<TlsSession> {
        let Upgrade { connection, tls } = self;
        let broken = |failure| handshake_failure(failure, tls, deadline.server());
        expect_tls(link, deadline, broken)?;
        let mut received = link.start_tls(connection);
        loop {
            match received {
                Ok(Received::End) => return Err(broken(Failure::Truncated)),
                Ok(_) => {}
                Err(failure) => {
                    // Our alert, so that the server's log says why.
                    let _ = link.flush();
                    return Err(broken(failure));
                }
            }
            if let Some(connection) = link.tls().filter(|connection| !connection.is_handshaking()) {
                return tls.finish(connection).inspect_err(|_| {
                    link.send_close();
                    let _ = link.flush();
                });
            }
            if let Err(failure) = link.flush() {
                return Err(broken(last_words(link, failure)));
            }
            let interest =
                if link.wants_write() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            deadline.wait(link.socket(), interest, Step::Tls)?;
            received = link.receive();
        }
    }
}

/// After a write failed, the alert that says why may still wait to be read.
pub(crate) fn last_words(link: &mut Link, failure: Failure) -> Failure {
    // Bounded: each read takes some of what the system has buffered.
    for _ in 0..64 {
        match link.receive() {
            Ok(Received::Some) => {}
            Err(told @ Failure::Tls(_)) => return told,
            _ => break,
        }
    }
    failure
}

/// Refuses bytes that arrived before we asked for anything: they would pass for the answer.
pub(crate) fn nothing_waits(link: &Link, server: &str) -> Result<()> {
    if something_waits(link.socket()) {
        return Err(Error::protocol(
            ProtocolErrorKind::TrailingBytes,
            format!(
                "{server} sent more than its greeting before it was answered; unless it was just \
                 stopping, somebody may be injecting data"
            ),
        ));
    }
    Ok(())
}

/// Whether a byte waits in the socket. An end or an error of the socket is none: the read that
/// follows reports it.
fn something_waits(socket: &Socket) -> bool {
    let mut buffer = [MaybeUninit::<u8>::uninit()];
    let peeked = rustix::net::recv(socket, &mut buffer[..], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    peeked.is_ok_and(|((bytes, _), _)| !bytes.is_empty())
}

/// Makes sure that the answer is a TLS record: a handshake message or an alert. It is in the link
/// then, or a part of it.
fn expect_tls(
    link: &mut Link,
    deadline: &Deadline,
    broken: impl Fn(Failure) -> Error,
) -> Result<()> {
    loop {
        match link.received() {
            [0x15 | 0x16, 0x03, ..] => return Ok(()),
            [] | [0x15 | 0x16] => {}
            other => {
                let shown = other.get(..PLAINTEXT_ANSWER).unwrap_or(other);
                return Err(not_tls(shown, deadline.server()));
            }
        }
        deadline.wait(link.socket(), PollFlags::IN, Step::Tls)?;
        if link.receive().map_err(&broken)? == Received::End {
            return Err(broken(Failure::Truncated));
        }
    }
}

fn not_tls(bytes: &[u8], server: &str) -> Error {
    let length = announced_length(bytes);
    let payload = bytes.get(HEADER..).unwrap_or_default();
    let payload = payload.get(..length).unwrap_or(payload);
    if let Some(reply) = err::parse(payload, false) {
        return HandshakeError::new(
            HandshakeErrorKind::TlsAbsent,
            format!(
                "{server} offers TLS and then answered in plaintext: it has lost its certificate \
                 (TiDB: a failed auto-tls rotation or reload; run ALTER INSTANCE RELOAD TLS), or \
                 somebody sits in between; {reply}"
            ),
        )
        .with_reply(reply)
        .into();
    }
    Error::handshake(
        HandshakeErrorKind::NotTls,
        format!("{server} offered TLS and then sent something that is not TLS"),
    )
}

fn handshake_failure(failure: Failure, tls: &TlsState, server: &str) -> Error {
    match failure {
        Failure::Tls(error) => tls.explain(error),
        Failure::Truncated => Error::handshake(
            HandshakeErrorKind::Closed,
            format!(
                "{server} closed the connection during the TLS handshake without saying why; its \
                 log may"
            ),
        ),
        Failure::Io(error) => HandshakeError::new(
            HandshakeErrorKind::Closed,
            format!("the connection to {server} broke during the TLS handshake"),
        )
        .because(error)
        .into(),
    }
}
