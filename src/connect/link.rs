//! One side of a relay: a non-blocking socket, TLS on it or not, and what waits to pass.

use std::io::{self, BufRead as _, IoSlice, Write};
use std::sync::Arc;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use rustls::{ClientConnection, Error as TlsError};
use socket2::Socket;
use zeroize::Zeroize;

/// How much is read from a socket at once: a TLS record of 16 KiB with its frame, and a bit.
const READ_SIZE: usize = 20 * 1024;

/// The same where more is waiting.
const BULK_SIZE: usize = 128 * 1024;

/// How much plaintext is given to TLS at once, which makes four records of it. What is queued is
/// written before more is taken.
const CHUNK: usize = 64 * 1024;

/// A side of a relay.
pub(crate) struct Link {
    /// Shared with whoever may have to end it from outside.
    socket: Arc<Socket>,
    tls: Option<Box<ClientConnection>>,
    /// What was received, in plaintext, and not yet consumed.
    received: Buffer,
    /// What waits to be written to the socket, where there is no TLS.
    outgoing: Buffer,
    /// What is read from the socket before TLS decrypts it.
    scratch: Vec<u8>,
    /// How much to read at once.
    read_size: usize,
    /// The peer said close_notify; it may have done so in one piece with its last bytes.
    ended: bool,
}

/// Bytes with a front that moves.
#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    from: usize,
}

impl Buffer {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.from..).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.from += count;
        if self.from >= self.bytes.len() {
            self.bytes.clear();
            self.from = 0;
        }
    }

    /// Drops what was consumed, so that the buffer does not grow with its history.
    fn compact(&mut self) {
        if self.from > 0 {
            self.bytes.drain(..self.from);
            self.from = 0;
        }
    }
}

/// What reading from a link came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Something arrived; perhaps nothing that TLS passes on.
    Some,
    /// Nothing now.
    Nothing,
    /// The peer will send no more, and said so where TLS has a way to.
    End,
}

/// How a link failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The end came without close_notify: something may be missing.
    Truncated,
    /// The peer broke TLS, or sent an alert.
    Tls(TlsError),
    /// The network failed.
    Io(io::Error),
}

impl Link {
    pub(crate) fn plain(socket: impl Into<Arc<Socket>>) -> Self {
        Link {
            socket: socket.into(),
            tls: None,
            received: Buffer::default(),
            outgoing: Buffer::default(),
            scratch: Vec::new(),
            read_size: READ_SIZE,
            ended: false,
        }
    }

    /// From here on everything is encrypted, what was received and not consumed included.
    pub(crate) fn start_tls(
        &mut self,
        mut connection: ClientConnection,
    ) -> Result<Received, Failure> {
        // The relay takes no more from one side before the other has been written, so the limit is
        // ours; that of the TLS library is below a large HandshakeResponse.
        connection.set_buffer_limit(None);
        self.received.compact();
        self.scratch = std::mem::take(&mut self.received.bytes);
        self.ended = decrypt(
            self.tls.insert(Box::new(connection)),
            &mut self.scratch,
            &mut self.received.bytes,
        )?;
        Ok(Received::Some)
    }

    pub(crate) fn tls(&self) -> Option<&ClientConnection> {
        self.tls.as_deref()
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// What was received and not consumed.
    pub(crate) fn received(&self) -> &[u8] {
        self.received.rest()
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.received.consume(count);
    }

    /// Whether the peer said close_notify: what was received is all there is, and waiting for the
    /// socket is in vain.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads once and decrypts what came. The last bytes are told before the end, even where both
    /// came at once.
    pub(crate) fn receive(&mut self) -> Result<Received, Failure> {
        self.received.compact();
        match &mut self.tls {
            None => read_into(&self.socket, &mut self.received.bytes, &mut self.read_size),
            Some(_) if self.ended => Ok(Received::End),
            Some(tls) => {
                let read = read_into(&self.socket, &mut self.scratch, &mut self.read_size)?;
                if read == Received::End {
                    return Err(Failure::Truncated);
                }
                let before = self.received.bytes.len();
                self.ended = decrypt(tls, &mut self.scratch, &mut self.received.bytes)?;
                let nothing_came = self.received.bytes.len() == before;
                Ok(if self.ended && nothing_came { Received::End } else { read })
            }
        }
    }

    /// Queues bytes; [`flush`](Self::flush) writes them.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.tls {
            None => {
                self.outgoing.compact();
                self.outgoing.bytes.extend_from_slice(bytes);
                Ok(())
            }
            Some(tls) => tls.writer().write_all(bytes).map_err(Failure::Io),
        }
    }

    /// Moves what the other side received, at most so many bytes of it, into this one's queue, as much
    /// as it takes at once; how many they were.
    pub(crate) fn send_from(&mut self, other: &mut Link, most: usize) -> Result<usize, Failure> {
        let waiting = other.received();
        let waiting = waiting.get(..most).unwrap_or(waiting);
        let chunk = waiting.get(..CHUNK).unwrap_or(waiting);
        let count = chunk.len();
        match &mut self.tls {
            // Straight from one buffer to the socket; only what it does not take is queued.
            None if self.outgoing.rest().is_empty() => {
                let written = write_some(&self.socket, waiting)?;
                other.consume(written);
                Ok(written)
            }
            _ => {
                self.send(chunk)?;
                other.consume(count);
                Ok(count)
            }
        }
    }

    /// Overwrites what has passed: a password may have been in it.
    pub(crate) fn wipe(&mut self) {
        for buffer in [&mut self.received, &mut self.outgoing] {
            if buffer.rest().is_empty() {
                buffer.bytes.zeroize();
                buffer.from = 0;
            }
        }
    }

    /// Gives back what was needed for bulk that is over. Not for the login, whose buffers are wiped.
    pub(crate) fn trim(&mut self) {
        if self.read_size > READ_SIZE {
            return;
        }
        let (received, outgoing) = (&mut self.received.bytes, &mut self.outgoing.bytes);
        for buffer in [received, outgoing, &mut self.scratch] {
            if buffer.is_empty() && buffer.capacity() > BULK_SIZE / 2 {
                *buffer = Vec::new();
            }
        }
    }

    /// Whether there is something to write to the socket.
    pub(crate) fn wants_write(&self) -> bool {
        match &self.tls {
            None => !self.outgoing.rest().is_empty(),
            Some(tls) => tls.wants_write(),
        }
    }

    /// Writes what it can without waiting.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        while self.wants_write() {
            let written = match &mut self.tls {
                None => {
                    let count = write_some(&self.socket, self.outgoing.rest())?;
                    self.outgoing.consume(count);
                    count
                }
                Some(tls) => match tls.write_tls(&mut Quiet(&self.socket)) {
                    Ok(count) => count,
                    Err(error) if would_block(&error) => 0,
                    Err(error) => return Err(Failure::Io(error)),
                },
            };
            if written == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Says goodbye: close_notify where there is TLS. To be flushed.
    pub(crate) fn send_close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
    }
}

/// Appends what one read gives, and says how much to read the next time: more where more was waiting.
fn read_into(socket: &Socket, buffer: &mut Vec<u8>, size: &mut usize) -> Result<Received, Failure> {
    buffer.reserve(*size);
    let read = loop {
        match rustix::net::recv(socket, spare_capacity(buffer), RecvFlags::empty()) {
            Err(Errno::INTR) => {}
            other => break other,
        }
    };
    match read {
        Ok((0, _)) => Ok(Received::End),
        Ok((count, _)) => {
            *size = if count >= *size { BULK_SIZE } else { READ_SIZE };
            Ok(Received::Some)
        }
        Err(Errno::WOULDBLOCK) => Ok(Received::Nothing),
        Err(error) => Err(Failure::Io(error.into())),
    }
}

/// Feeds all of `encrypted` to TLS; what comes out is appended to `plain`. `true` once the peer
/// said close_notify.
fn decrypt(
    tls: &mut ClientConnection,
    encrypted: &mut Vec<u8>,
    plain: &mut Vec<u8>,
) -> Result<bool, Failure> {
    let mut rest = encrypted.as_slice();
    let mut ended = false;
    while !rest.is_empty() && !ended {
        let before = rest.len();
        tls.read_tls(&mut rest).map_err(Failure::Io)?;
        let processed = tls.process_new_packets();
        // What came before an alert counts: it may be the server's ERR packet.
        drain(tls, plain);
        ended = processed.map_err(Failure::Tls)?.peer_has_closed();
        if rest.len() == before {
            break;
        }
    }
    let left = rest.len();
    encrypted.drain(..encrypted.len() - left);
    Ok(ended)
}

/// Appends the plaintext that TLS holds.
fn drain(tls: &mut ClientConnection, plain: &mut Vec<u8>) {
    let mut reader = tls.reader();
    // It ends with WouldBlock, which says only that there is no more.
    while let Ok(chunk) = reader.fill_buf() {
        let count = chunk.len();
        if count == 0 {
            break;
        }
        plain.extend_from_slice(chunk);
        reader.consume(count);
    }
}

fn write_some(socket: &Socket, bytes: &[u8]) -> Result<usize, Failure> {
    loop {
        match Quiet(socket).write(bytes) {
            Ok(count) => return Ok(count),
            Err(error) if would_block(&error) => return Ok(0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::Io(error)),
        }
    }
}

/// Writes without SIGPIPE: the program we are part of may not ignore it.
struct Quiet<'a>(&'a Socket);

#[cfg(target_vendor = "apple")] // there the socket itself is told
const QUIET: SendFlags = SendFlags::empty();
#[cfg(not(target_vendor = "apple"))]
const QUIET: SendFlags = SendFlags::NOSIGNAL;

impl Write for Quiet<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(self.0, bytes, QUIET)?)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut control = SendAncillaryBuffer::default();
        Ok(rustix::net::sendmsg(self.0, slices, &mut control, QUIET)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
