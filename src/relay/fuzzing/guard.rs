//! What a driver says after the login, however it is cut.

use super::super::guard::{Guard, Ruling};
use crate::fuzzing::Input;
use crate::protocol::packet::{HEADER, announced_length, frame};

const COM_CHANGE_USER: u8 = 0x11;
const FULL: usize = 0xff_ff_ff;

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
    assert!(!logs_in(&whole.0), "a change of user passed");
}

/// What passes of a stream that comes in pieces of these sizes, and how often the driver is told that
/// something does not.
fn passed(stream: &[u8], pieces: &[usize]) -> (Vec<u8>, usize) {
    let (mut guard, mut passed, mut refused) = (Guard::new(), Vec::new(), 0);
    let (mut rest, mut sizes) = (stream, pieces.iter().cycle());
    while !rest.is_empty() {
        let size = sizes.next().map_or(1, |size| *size).min(rest.len());
        let (mut waiting, later) = rest.split_at(size);
        rest = later;
        while !waiting.is_empty() {
            let count = match guard.rule(waiting) {
                Ruling::Keep(count) | Ruling::Drop(count) => count,
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
                Ruling::Refuse(count) => {
                    refused += 1;
                    count
                }
            };
            assert!(count > 0, "a ruling that takes nothing is given forever");
            waiting = &waiting[count..];
        }
    }
    (passed, refused)
}

/// The same from the whole stream, packet by packet.
fn expected(stream: &[u8]) -> (Vec<u8>, usize) {
    let (mut passed, mut refused, mut before, mut rest) = (Vec::new(), 0, None, stream);
    while let Some(header) = rest.first_chunk::<HEADER>() {
        let (number, length) = (header[3], announced_length(header));
        let end = (HEADER + length).min(rest.len());
        let payload = &rest[HEADER..end];
        let goes_on = before == Some(number.wrapping_sub(1));
        let is_command = number == 0 && !goes_on;
        if is_command && length > 0 && payload.is_empty() {
            break; // not to be judged yet
        }
        if is_command && payload.first() == Some(&COM_CHANGE_USER) {
            refused += 1;
            before = None;
        } else {
            passed.extend(&rest[..end]);
            let more = if is_command { length == FULL } else { length > 0 };
            before = more.then_some(number);
        }
        rest = &rest[end..];
    }
    (passed, refused)
}

/// Whether a packet is a `COM_CHANGE_USER` by its number and its first byte, and nothing before it can
/// make it a part of something else.
fn logs_in(stream: &[u8]) -> bool {
    let (mut rest, mut may_go_on) = (stream, false);
    while let Some(header) = rest.first_chunk::<HEADER>() {
        let length = announced_length(header);
        let payload = rest.get(HEADER..).unwrap_or_default();
        if header[3] == 0 && length > 0 && payload.first() == Some(&COM_CHANGE_USER) && !may_go_on {
            return true;
        }
        may_go_on = header[3] == u8::MAX && length > 0;
        rest = payload.get(length..).unwrap_or_default();
    }
    false
}
