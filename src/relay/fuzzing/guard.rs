//! What a driver says after the login, however it is cut.

use super::super::guard::{Guard, Ruling};
use crate::fuzzing::Input;
use crate::protocol::packet::{HEADER, announced_length, frame};

const COM_CHANGE_USER: u8 = 0x11;

/// A way to cut, and a stream: bytes as they are, or packets with numbers and payloads.
pub(crate) fn guard(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(kind) = input.byte() else { return };
    let stream = if kind & 1 == 0 {
        input.rest().to_vec()
    } else {
        let mut stream = Vec::new();
        let mut number = 0_u8;
        while let Some(step) = input.byte() {
            // A number that goes on from the one before, or a command, or any other.
            number = match step % 4 {
                0 => 0,
                1 | 2 => number.wrapping_add(1),
                _ => step,
            };
            let Some(payload) = input.piece() else { break };
            let payload =
                if step & 4 == 0 { payload.to_vec() } else { [&[0x11], payload].concat() };
            stream.extend(frame(&payload, number));
        }
        stream
    };
    let whole = passed(&stream, &[stream.len().max(1)]);
    for pieces in [vec![1], vec![usize::from(kind >> 1) + 1], vec![3, 1, 5, 2]] {
        assert_eq!(passed(&stream, &pieces), whole, "cut in pieces of {pieces:?}");
    }
    assert_eq!(whole, expected(&stream));
}

/// What passes of a stream that comes in pieces of these sizes, and whether a login ends it.
pub(in crate::relay) fn passed(stream: &[u8], pieces: &[usize]) -> (Vec<u8>, bool) {
    let (mut guard, mut passed) = (Guard::new(), Vec::new());
    let (mut rest, mut sizes) = (stream, pieces.iter().cycle());
    while !rest.is_empty() {
        let size = sizes.next().map_or(1, |size| *size).min(rest.len());
        let (mut waiting, later) = rest.split_at(size);
        rest = later;
        while !waiting.is_empty() {
            let count = match guard.rule(waiting) {
                Ruling::Keep(count) => count,
                Ruling::Release(count, kept) => {
                    passed.extend(kept);
                    count
                }
                Ruling::Pass(most) => {
                    let count = most.div_ceil(2);
                    passed.extend(&waiting[..count]);
                    guard.passed(count);
                    count
                }
                Ruling::Refuse => return (passed, true),
            };
            assert!(count > 0, "a ruling that takes nothing is given forever");
            waiting = &waiting[count..];
        }
    }
    (passed, false)
}

/// The same from the whole stream, packet by packet: up to the first that is a `COM_CHANGE_USER` by its
/// number and its first byte.
fn expected(stream: &[u8]) -> (Vec<u8>, bool) {
    let (mut passed, mut rest) = (Vec::new(), stream);
    while let Some(header) = rest.first_chunk::<HEADER>() {
        let (number, length) = (header[3], announced_length(header));
        let end = (HEADER + length).min(rest.len());
        let first = rest.get(HEADER).filter(|_| length > 0);
        if number == 0 && length > 0 {
            match first {
                None => break, // not to be judged yet
                Some(&COM_CHANGE_USER) => return (passed, true),
                Some(_) => {}
            }
        }
        passed.extend(&rest[..end]);
        rest = &rest[end..];
    }
    (passed, false)
}
