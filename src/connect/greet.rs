//! Reading the greeting, and an ERR in its place.

use std::io::{self, Read};

use rustix::event::PollFlags;
use socket2::Socket;

use super::deadline::Deadline;
use crate::error::{
    Error, IoError, IoErrorKind, ProtocolErrorKind, Result, ServerError, ServerErrorKind, Step,
};
use crate::protocol::err;
use crate::protocol::greeting::Greeting;
use crate::protocol::packet::{
    AUTH_PACKET_LIMIT, HEADER, Sender, Sequence, announced_length, split,
};

/// Reads exactly the greeting; what follows it stays in the socket.
pub(super) fn read(socket: &Socket, deadline: &Deadline) -> Result<Greeting> {
    let mut packet = vec![0; HEADER];
    fill(socket, &mut packet, 0, deadline)?;
    let length = announced_length(&packet);
    // Judged from the header alone, before anything is allocated for it.
    if length > AUTH_PACKET_LIMIT {
        return Err(Error::protocol(
            ProtocolErrorKind::PacketTooLarge,
            format!(
                "{} sent something that is no greeting of a MySQL server; check host and port",
                deadline.server()
            ),
        ));
    }
    // Nor is it waited for where the header has a wrong number.
    split(&packet, AUTH_PACKET_LIMIT, &mut Sequence::default(), Sender::Server)?;
    packet.resize(HEADER.saturating_add(length), 0);
    fill(socket, &mut packet, HEADER, deadline)?;
    let payload = match split(&packet, AUTH_PACKET_LIMIT, &mut Sequence::default(), Sender::Server)?
    {
        Some((payload, _)) => payload,
        None => &[],
    };
    let server = deadline.server();
    if let Some(reply) = err::parse(payload, false) {
        let kind = ServerErrorKind::of_number(reply.code()).unwrap_or(ServerErrorKind::Refused);
        return Err(ServerError::refused(server, kind, reply).into());
    }
    Greeting::parse(payload, server)
}

fn fill(socket: &Socket, buffer: &mut [u8], from: usize, deadline: &Deadline) -> Result<()> {
    let mut socket = socket;
    let mut rest = buffer.get_mut(from..).unwrap_or_default();
    while !rest.is_empty() {
        match socket.read(rest) {
            Ok(0) => return Err(closed(deadline.server(), None)),
            Ok(count) => rest = rest.get_mut(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                deadline.wait(socket, PollFlags::IN, Step::Greeting)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(closed(deadline.server(), Some(error))),
        }
    }
    Ok(())
}

fn closed(server: &str, error: Option<io::Error>) -> Error {
    match error {
        None => IoError::new(
            IoErrorKind::Closed,
            format!(
                "{server} closed the connection before its greeting; check that this is a MySQL \
                 server, and whether a proxy in front of it lets this client through"
            ),
        )
        .into(),
        Some(error) => Error::io(
            IoErrorKind::Broken,
            format!("the connection to {server} broke before the server's greeting"),
            error,
        ),
    }
}
