//! What can go wrong with one packet of a server's.

use std::time::Duration;

use super::wire;

/// What comes in the place of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing, ever.
    Silence,
    /// So many of its bytes, and then nothing, ever.
    Stalled(usize),
    /// The end, inside TLS with close_notify.
    End,
    /// So many of its bytes, and then the end without close_notify.
    Cut(usize),
    /// A reset.
    Reset,
    /// Its bytes, each after this pause.
    Drip(Duration),
    /// An ERR packet, and the end.
    Err,
    /// One byte more than the packet, in the same write. The dialogue goes on, as after the next ones.
    Extra,
    /// A payload that is one byte longer.
    Longer,
    /// As many other bytes of payload.
    Garbage,
    /// The same with the length 0xffffff.
    Oversized,
    /// No payload.
    Empty,
    /// The same with an id that is not its turn.
    WrongId,
}

impl Fault {
    /// The bytes in the place of this packet, for those faults that the dialogue goes on after.
    pub(super) fn applied(&self, frame: &[u8]) -> Vec<u8> {
        let (header, payload) = frame.split_at(4);
        let id = header[3];
        let framed = |mut id: u8, payload: &[u8]| wire::frame(&mut id, payload);
        match self {
            Fault::Extra => [frame, &[0]].concat(),
            Fault::Longer => framed(id, &[payload, &[0]].concat()),
            Fault::Garbage => framed(id, &vec![0xa5; payload.len()]),
            Fault::Oversized => [&[0xff, 0xff, 0xff, id], payload].concat(),
            Fault::Empty => framed(id, &[]),
            Fault::WrongId => framed(id.wrapping_add(7), payload),
            _ => frame.to_vec(),
        }
    }
}
