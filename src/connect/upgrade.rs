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

/// Sends `ssl_request` and goes through the handshake of `connection`; afterwards the link is
/// encrypted.
pub(crate) fn upgrade(
    link: &mut Link,
    ssl_request: &[u8],
    mut connection: ClientConnection,
    tls: &TlsState,
    deadline: &Deadline,
) -> Result<TlsSession> {
    nothing_waits(link, deadline.server())?;
    let mut first = ssl_request.to_vec();
    while connection.wants_write() {
        connection.write_tls(&mut first).map_err(|error| {
            Error::io(IoErrorKind::Local, "the ClientHello could not be written", error)
        })?;
    }
    let server = deadline.server();
    let broken = |failure, tls: &TlsState| handshake_failure(failure, tls, server);
    link.send(&first).map_err(|failure| broken(failure, tls))?;
    while link.wants_write() {
        link.flush().map_err(|failure| broken(failure, tls))?;
        if link.wants_write() {
            deadline.wait(link.socket(), PollFlags::OUT, Step::Tls)?;
        }
    }
    expect_tls(link.socket(), deadline)?;
    link.start_tls(connection);
    loop {
        if let Err(failure) = link.flush() {
            return Err(broken(last_words(link, failure), tls));
        }
        let Some(connection) = link.tls().filter(|connection| !connection.is_handshaking()) else {
            let interest =
                if link.wants_write() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            deadline.wait(link.socket(), interest, Step::Tls)?;
            match link.receive() {
                Ok(Received::End) => return Err(broken(Failure::Truncated, tls)),
                Ok(_) => continue,
                Err(failure) => {
                    // Our alert, so that the server's log says why.
                    let _ = link.flush();
                    return Err(broken(failure, tls));
                }
            }
        };
        return match tls.finish(connection) {
            Ok(session) => Ok(session),
            Err(error) => {
                link.send_close();
                let _ = link.flush();
                Err(error)
            }
        };
    }
}

/// After a write failed, the alert that says why may still wait to be read.
pub(crate) fn last_words(link: &mut Link, failure: Failure) -> Failure {
    // Bounded: each read takes up to 20 KiB of what the system has buffered.
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
    match peek(link.socket(), 1) {
        Peeked::Bytes(bytes) if !bytes.is_empty() => Err(Error::protocol(
            ProtocolErrorKind::TrailingBytes,
            format!(
                "{server} sent more than its greeting before it was answered; somebody may be \
                     injecting data"
            ),
        )),
        _ => Ok(()),
    }
}

enum Peeked {
    Bytes(Vec<u8>),
    NotYet,
}

/// What waits in the socket, left there. An end or an error of the socket is no bytes: the read
/// that follows reports it.
fn peek(socket: &Socket, limit: usize) -> Peeked {
    let mut buffer = vec![MaybeUninit::<u8>::uninit(); limit];
    match rustix::net::recv(socket, &mut buffer[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok(((bytes, _), _)) => Peeked::Bytes(bytes.to_vec()),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Peeked::NotYet,
        Err(_) => Peeked::Bytes(Vec::new()),
    }
}

/// Makes sure that the answer is a TLS record: a handshake message or an alert.
fn expect_tls(socket: &Socket, deadline: &Deadline) -> Result<()> {
    loop {
        match peek(socket, PLAINTEXT_ANSWER) {
            Peeked::NotYet => deadline.wait(socket, PollFlags::IN, Step::Tls)?,
            Peeked::Bytes(bytes) => match bytes.as_slice() {
                [0x15 | 0x16, 0x03, ..] | [] => return Ok(()),
                // One byte may be the start of a record; a peek cannot wait for the next.
                [0x15 | 0x16] => {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                    deadline.remaining(Step::Tls)?;
                }
                other => return Err(not_tls(other, deadline.server())),
            },
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
