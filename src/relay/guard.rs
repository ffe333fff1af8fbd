//! What a driver says after the login, packet by packet: on a connection to a server that nobody
//! verified, where a password must not cross, it must not log in anew.
//!
//! `COM_CHANGE_USER` begins a login inside the connection, whose packets nobody judges any more.

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

use crate::protocol::packet::{HEADER, announced_length};

/// The command, the first byte of its packet's payload.
const COM_CHANGE_USER: u8 = 0x11;

/// A packet of this length goes on in the next.
const FULL: usize = 0xff_ff_ff;

/// The driver's side of one connection.
#[derive(Debug)]
pub(super) struct Guard {
    place: Place,
    /// The number of the packet before, if this one may be a part of the same message.
    goes_on_from: Option<u8>,
}

#[derive(Debug)]
enum Place {
    /// Before or in a header, or before the byte that follows it; what came of them.
    Beginning(Vec<u8>),
    /// In a packet that passes, with so much to come.
    Passing(usize),
    /// In one that does not.
    Refusing(usize),
}

/// What to do with the bytes at the front.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// Take so many away and wait for more.
    Keep(usize),
    /// Send these, which were kept, after taking so many away.
    Release(usize, Vec<u8>),
    /// Pass so many on at the most.
    Pass(usize),
    /// Take so many away: they are a part of a login. The driver is to be told.
    Refuse(usize),
    /// The same, and it has been told.
    Drop(usize),
}

impl Guard {
    pub(super) fn new() -> Self {
        Guard { place: Place::Beginning(Vec::new()), goes_on_from: None }
    }

    /// Rules on what waits, of which there is at least a byte.
    pub(super) fn rule(&mut self, waiting: &[u8]) -> Ruling {
        match &mut self.place {
            Place::Passing(left) => {
                let count = waiting.len().min(*left);
                Ruling::Pass(count)
            }
            Place::Refusing(left) => {
                let count = waiting.len().min(*left);
                *left = left.saturating_sub(count);
                if *left == 0 {
                    self.place = Place::Beginning(Vec::new());
                }
                Ruling::Drop(count)
            }
            Place::Beginning(kept) => {
                // The header first: an empty packet has no byte after it.
                let missing = match HEADER.saturating_sub(kept.len()) {
                    0 => 1,
                    missing => missing,
                };
                let count = waiting.len().min(missing);
                kept.extend(waiting.get(..count).unwrap_or_default());
                self.begin(count)
            }
        }
    }

    /// So many of the bytes that were to pass did.
    pub(super) fn passed(&mut self, count: usize) {
        if let Place::Passing(left) = &mut self.place {
            *left = left.saturating_sub(count);
            if *left == 0 {
                self.place = Place::Beginning(Vec::new());
            }
        }
    }

    /// Judges a packet as soon as enough of it is there.
    fn begin(&mut self, count: usize) -> Ruling {
        let Place::Beginning(kept) = &mut self.place else { return Ruling::Keep(count) };
        let Some(&number) = kept.get(HEADER - 1) else { return Ruling::Keep(count) };
        let length = announced_length(kept);
        let goes_on = self.goes_on_from.is_some_and(|before| before.wrapping_add(1) == number);
        // What is no command is the rest of one, or of a file for LOAD DATA.
        let is_command = number == 0 && !goes_on;
        let first = kept.get(HEADER).copied();
        if is_command && length > 0 && first.is_none() {
            return Ruling::Keep(count);
        }
        let left = length.saturating_sub(kept.len().saturating_sub(HEADER));
        // A file ends with an empty packet; a command is followed by the server's answer, unless it is
        // too long for one packet.
        let more_follows = if number == 0 && is_command { length == FULL } else { length > 0 };
        self.goes_on_from = more_follows.then_some(number);
        if is_command && first == Some(COM_CHANGE_USER) {
            self.goes_on_from = None;
            self.place =
                if left == 0 { Place::Beginning(Vec::new()) } else { Place::Refusing(left) };
            return Ruling::Refuse(count);
        }
        let kept = std::mem::take(kept);
        if left > 0 {
            self.place = Place::Passing(left);
        }
        Ruling::Release(count, kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::packet::frame;

    /// What of a stream passes, and how many logins were refused, if it comes in pieces of this size.
    fn guarded(stream: &[u8], piece: usize) -> (Vec<u8>, usize) {
        let (mut guard, mut passed, mut refused) = (Guard::new(), Vec::new(), 0);
        for piece in stream.chunks(piece) {
            let mut waiting = piece;
            while !waiting.is_empty() {
                let count = match guard.rule(waiting) {
                    Ruling::Keep(count) | Ruling::Drop(count) => count,
                    Ruling::Release(count, kept) => {
                        passed.extend(kept);
                        count
                    }
                    Ruling::Pass(most) => {
                        // Not all of it at once.
                        let count = most.div_ceil(2);
                        passed.extend(&waiting[..count]);
                        guard.passed(count);
                        count
                    }
                    Ruling::Refuse(count) => {
                        refused += 1;
                        count
                    }
                };
                waiting = &waiting[count..];
            }
        }
        (passed, refused)
    }

    fn query(text: &str) -> Vec<u8> {
        frame(&[b"\x03", text.as_bytes()].concat(), 0)
    }

    fn change_user() -> Vec<u8> {
        frame(b"\x11app\0\x14aaaaaaaaaaaaaaaaaaaa\0", 0)
    }

    #[test]
    fn all_passes_but_a_change_of_user_however_it_is_cut() {
        let with_it = [query("SELECT 1"), change_user(), query("SELECT 2"), change_user()].concat();
        let without = [query("SELECT 1"), query("SELECT 2")].concat();
        let bare = [frame(&[0x11], 0), query("x")].concat();
        for piece in 1..=with_it.len() {
            assert_eq!(guarded(&with_it, piece), (without.clone(), 2), "{piece}");
            assert_eq!(guarded(&bare, piece), (query("x"), 1), "{piece}");
        }
    }

    #[test]
    fn what_is_no_command_passes() {
        // A file of more than 256 packets for LOAD DATA, whose numbers come round; then a command.
        let mut stream = query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t");
        for number in 2..600_u32 {
            stream.extend(frame(b"\x11 is how each piece begins", number as u8));
        }
        stream.extend(frame(b"", 600_u32 as u8));
        let whole = stream.clone();
        stream.extend(change_user());
        assert_eq!(guarded(&stream, 7), (whole, 1));
        // One that ends at the last number.
        let mut stream = query("LOAD DATA");
        (2..=254).for_each(|number| stream.extend(frame(b"x", number)));
        stream.extend(frame(b"", 255));
        let whole = stream.clone();
        stream.extend(change_user());
        assert_eq!(guarded(&stream, 1000), (whole, 1));
        // A statement whose text begins so, and empty packets.
        for packet in [query("\x11"), frame(b"", 0), frame(b"", 1), frame(b"\x11", 3)] {
            assert_eq!(guarded(&packet, 2), (packet.clone(), 0));
        }
    }

    #[test]
    fn a_message_of_several_packets_is_one() {
        let mut stream = vec![0xff, 0xff, 0xff, 0];
        stream.extend([b"\x03".as_slice(), &vec![b'x'; FULL - 1]].concat());
        stream.extend(frame(b"\x11 in the middle", 1));
        let whole = stream.clone();
        stream.extend(change_user());
        assert_eq!(guarded(&stream, 1 << 20), (whole, 1));
    }
}
