//! What a driver says after the login, packet by packet: on a connection to a server that nobody
//! verified, where a password must not cross, it must not log in anew.
//!
//! `COM_CHANGE_USER` begins a login inside the connection, whose packets nobody judges any more. It ends
//! the connection: the server may have sent the question for the password before the driver asks, and
//! then its answer would follow, however the command was kept back.

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

use crate::protocol::packet::{HEADER, announced_length};

/// The command, the first byte of its packet's payload.
const COM_CHANGE_USER: u8 = 0x11;

/// The driver's side of one connection.
#[derive(Debug)]
pub(super) enum Guard {
    /// Before or in a header, or before the byte that follows it; what came of them.
    Beginning(Vec<u8>),
    /// In a packet that passes, with so much to come.
    Passing(usize),
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
    /// A login begins here: nothing of it passes, nor what follows.
    Refuse,
}

impl Guard {
    pub(super) fn new() -> Self {
        Guard::Beginning(Vec::new())
    }

    /// Rules on what waits, of which there is at least a byte.
    pub(super) fn rule(&mut self, waiting: &[u8]) -> Ruling {
        match self {
            Guard::Passing(left) => Ruling::Pass(waiting.len().min(*left)),
            Guard::Beginning(kept) => {
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
        if let Guard::Passing(left) = self {
            *left = left.saturating_sub(count);
            if *left == 0 {
                *self = Guard::new();
            }
        }
    }

    /// Judges a packet as soon as enough of it is there.
    fn begin(&mut self, count: usize) -> Ruling {
        let Guard::Beginning(kept) = self else { return Ruling::Keep(count) };
        let Some(&number) = kept.get(HEADER - 1) else { return Ruling::Keep(count) };
        let length = announced_length(kept);
        // Every command begins at 0. So may a part of a file for LOAD DATA, whose numbers come round;
        // it is not offered on such a connection, and taken for a command.
        let first = kept.get(HEADER).copied();
        if number == 0 && length > 0 {
            match first {
                None => return Ruling::Keep(count),
                Some(COM_CHANGE_USER) => return Ruling::Refuse,
                Some(_) => {}
            }
        }
        let kept = std::mem::take(kept);
        let left = length.saturating_sub(kept.len().saturating_sub(HEADER));
        if left > 0 {
            *self = Guard::Passing(left);
        }
        Ruling::Release(count, kept)
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::packet::frame;
    use crate::relay::fuzzing::passed;

    fn query(text: &str) -> Vec<u8> {
        frame(&[b"\x03", text.as_bytes()].concat(), 0)
    }

    fn change_user() -> Vec<u8> {
        frame(b"\x11app\0\x14aaaaaaaaaaaaaaaaaaaa\0", 0)
    }

    #[test]
    fn all_passes_up_to_a_change_of_user_however_it_is_cut() {
        let before = [query("SELECT 1"), frame(b"", 0), frame(b"", 1), query("\x11")].concat();
        for login in [change_user(), frame(&[0x11], 0)] {
            let stream = [before.clone(), login, query("x")].concat();
            for piece in 1..=stream.len() {
                assert_eq!(passed(&stream, &[piece]), (before.clone(), true), "{piece}");
            }
        }
        assert_eq!(passed(&before, &[3]), (before.clone(), false));
    }

    #[test]
    fn a_message_of_several_packets_passes() {
        const FULL: usize = 0xff_ff_ff;
        let mut stream = vec![0xff, 0xff, 0xff, 0];
        stream.extend([b"\x03".as_slice(), &vec![b'x'; FULL - 1]].concat());
        stream.extend(frame(b"\x11 in the middle", 1));
        let whole = stream.clone();
        stream.extend(change_user());
        assert_eq!(passed(&stream, &[1 << 20]), (whole, true));
    }
}
