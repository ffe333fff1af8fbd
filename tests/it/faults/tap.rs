//! Somebody on the way, who does something to one piece of what the server sends: its greeting, or a
//! record of TLS.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What he does to a piece.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Nothing.
    Pass,
    /// So many bytes, and the end.
    Cut(usize),
    /// So many bytes, and nothing more.
    Stall(usize),
    /// Another bit at this place.
    Flip(usize),
    /// These bytes before it.
    Insert(Vec<u8>),
    /// Each byte after this pause.
    Drip(Duration),
}

/// Passes one connection on.
pub(super) struct Tap {
    pub(super) port: u16,
    thread: JoinHandle<Passed>,
}

/// What went through.
pub(super) struct Passed {
    /// The first byte of each piece of the server's, and how long it was.
    pub(super) pieces: Vec<(u8, usize)>,
    pub(super) from_client: Vec<u8>,
}

impl Tap {
    pub(super) fn new(server: u16, piece: usize, act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let upwards = thread::spawn(move || up(from, to));
            let pieces = down(server, client, piece, act);
            Passed { pieces, from_client: upwards.join().unwrap() }
        });
        Tap { port, thread }
    }

    /// Once both sides are gone.
    pub(super) fn passed(self) -> Passed {
        self.thread.join().unwrap()
    }
}

/// Passes on what the client sends, until it sends no more.
fn up(mut from: TcpStream, mut to: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        all.extend_from_slice(&buffer[..count]);
        // The server may be gone; what the client says is of interest all the same.
        let _ = to.write_all(&buffer[..count]);
    }
    let _ = to.shutdown(Shutdown::Both);
    all
}

fn down(mut from: TcpStream, mut to: TcpStream, wanted: usize, act: Act) -> Vec<(u8, usize)> {
    to.set_nodelay(true).unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = read(&mut from, pieces.is_empty()) {
        let number = pieces.len();
        pieces.push((piece[0], piece.len()));
        if number != wanted {
            if to.write_all(&piece).is_err() {
                break;
            }
            continue;
        }
        // Signatures are not all of one length; the last byte is missing in any case.
        let start = |count: usize| &piece[..count.min(piece.len() - 1)];
        // The client may be gone already, which its side tells.
        let _ = match &act {
            Act::Pass => to.write_all(&piece),
            Act::Cut(count) => {
                let _ = to.write_all(start(*count));
                break;
            }
            Act::Stall(count) => {
                let _ = to.write_all(start(*count));
                return pieces;
            }
            Act::Flip(at) => {
                let mut piece = piece.clone();
                let at = (*at).min(piece.len() - 1);
                piece[at] ^= if at.is_multiple_of(2) { 1 } else { 0x80 };
                to.write_all(&piece)
            }
            Act::Insert(bytes) => to.write_all(&[bytes, &piece[..]].concat()),
            Act::Drip(pause) => piece.iter().try_for_each(|byte| {
                thread::sleep(*pause);
                to.write_all(&[*byte])
            }),
        };
    }
    let _ = to.shutdown(Shutdown::Write);
    pieces
}

/// The next piece: at first a packet of MySQL's, then records.
fn read(from: &mut TcpStream, greeting: bool) -> Option<Vec<u8>> {
    let mut piece = vec![0; if greeting { 4 } else { 5 }];
    from.read_exact(&mut piece).ok()?;
    let length = match piece[..] {
        [a, b, c, _] => usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16,
        [_, _, _, high, low] => usize::from(high) << 8 | usize::from(low),
        _ => return None,
    };
    let header = piece.len();
    piece.resize(header + length, 0);
    from.read_exact(&mut piece[header..]).ok()?;
    Some(piece)
}
