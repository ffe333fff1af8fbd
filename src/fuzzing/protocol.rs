//! Single packets: greetings, ERR packets, HandshakeResponses, frames.

use super::Input;
use crate::protocol::greeting::Greeting;
use crate::protocol::packet::{
    AUTH_PACKET_LIMIT, HEADER, Sender, Sequence, frame, split, ssl_request,
};
use crate::protocol::response::Response;
use crate::protocol::{capability, err};
use crate::text::is_plain;

/// One packet; the first byte says which.
pub fn protocol(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(kind) = input.byte() else { return };
    match kind % 4 {
        0 => greeting(input.rest()),
        1 => err_packet(input.rest()),
        2 => response(input.rest()),
        _ => frames(input.rest()),
    }
}

fn greeting(payload: &[u8]) {
    let read = match Greeting::parse(payload, "db") {
        Ok(read) => read,
        Err(error) => {
            assert!(error.code().starts_with("protocol."), "{error}");
            return;
        }
    };
    // What the driver computes with.
    assert!(read.version().is_ascii() && read.nonce().len() >= 19, "{read:?}");
    let cleared = capability::SSL | capability::LOCAL_FILES;
    let shown = read.without(cleared);
    assert_eq!(shown.len(), payload.len());
    let again = Greeting::parse(&shown, "db").expect("what is shown to the driver can be read");
    assert!(!again.offers_tls());
    assert_eq!(
        (again.nonce(), again.connection_id(), again.version().len()),
        (read.nonce(), read.connection_id(), read.version().len())
    );
    assert!(again.version().iter().all(|byte| matches!(byte, b' '..=b'~')), "{again:?}");
    assert_eq!(again.without(cleared), shown, "nothing is left to clear");
    #[cfg(feature = "mysql")]
    assert_eq!(read.kind().len(), payload.len());
}

fn err_packet(payload: &[u8]) {
    for authenticated in [false, true] {
        let Some(reply) = err::parse(payload, authenticated) else {
            assert!(payload.first() != Some(&0xff) || payload.len() < 3, "{payload:?}");
            continue;
        };
        assert_eq!(reply.is_authenticated(), authenticated);
        // With room for the escape that no longer fits.
        assert!(reply.text().len() <= 520, "{}", reply.text());
        assert!(reply.to_string().chars().chain(reply.text().chars()).all(is_plain), "{reply}");
        let again = err::parse(&err::build(reply.code(), reply.state(), reply.text()), true);
        let again = again.expect("what we write can be read");
        assert_eq!(again.code(), reply.code());
    }
}

fn response(payload: &[u8]) {
    let Some(read) = Response::parse(payload) else { return };
    assert!(read.auth_data.len() + read.plugin.len().min(payload.len()) <= payload.len() + 21);
    let request = ssl_request(payload).expect("it has at least these bytes");
    assert!(Response::is_ssl_request(&request));
    assert_eq!(request[4..], payload[4..32]);
}

/// However a stream is cut, the same packets come out of it.
fn frames(stream: &[u8]) {
    let whole = packets(stream, stream.len().max(1));
    for piece in [1, 3, 7] {
        assert_eq!(packets(stream, piece), whole, "{piece}");
    }
    if let (packets, None) = &whole {
        let again: Vec<u8> =
            packets.iter().zip(0_u8..).flat_map(|(payload, id)| frame(payload, id)).collect();
        assert!(stream.starts_with(&again) || packets.len() > 256);
    }
}

/// The payloads, and the code of what ended the stream.
fn packets(stream: &[u8], piece: usize) -> (Vec<Vec<u8>>, Option<&'static str>) {
    let (mut waiting, mut packets, mut sequence) = (Vec::new(), Vec::new(), Sequence::default());
    for piece in stream.chunks(piece) {
        waiting.extend_from_slice(piece);
        loop {
            match split(&waiting, AUTH_PACKET_LIMIT, &mut sequence, Sender::Server) {
                Ok(None) => break,
                Ok(Some((payload, length))) => {
                    assert_eq!(length, payload.len() + HEADER);
                    packets.push(payload.to_vec());
                    waiting.drain(..length);
                }
                Err(error) => return (packets, Some(error.code())),
            }
        }
    }
    (packets, None)
}
