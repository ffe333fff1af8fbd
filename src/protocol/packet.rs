//! Framing: a length of three bytes, a sequence id, the payload.

use super::capability;
use crate::error::{Error, ProtocolErrorKind};

/// The bytes in front of a payload.
pub(crate) const HEADER: usize = 4;

/// The largest greeting or authentication packet that is taken.
pub(crate) const AUTH_PACKET_LIMIT: usize = 64 * 1024;

/// The largest HandshakeResponse that is taken; TiDB takes up to 1 MiB of connection attributes.
pub(crate) const RESPONSE_LIMIT: usize = 2 * 1024 * 1024;

/// The length that a header announces; its bytes are little-endian.
pub(crate) fn announced_length(packet: &[u8]) -> usize {
    packet.iter().take(3).rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// Who sent a packet; errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Server,
    Driver,
}

impl Sender {
    fn name(self) -> &'static str {
        match self {
            Sender::Server => "the server",
            Sender::Driver => "the driver",
        }
    }
}

/// The sequence ids of one side, counted over both directions (mod 256).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sequence(u8);

impl Sequence {
    pub(crate) fn next(&mut self) -> u8 {
        let id = self.0;
        self.0 = id.wrapping_add(1);
        id
    }
}

/// One packet at the front of `received`, checked against limit and sequence as soon as its header is
/// there; `None` while it is incomplete. The second value is its whole length, header included.
pub(crate) fn split<'a>(
    received: &'a [u8],
    limit: usize,
    sequence: &mut Sequence,
    sender: Sender,
) -> Result<Option<(&'a [u8], usize)>, Error> {
    let Some((&header @ [_, _, _, id], rest)) = received.split_first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let length = announced_length(&header);
    if length > limit {
        let advice = match sender {
            Sender::Server => "; check that host and port are those of a MySQL server",
            Sender::Driver => "",
        };
        return Err(Error::protocol(
            ProtocolErrorKind::PacketTooLarge,
            format!(
                "{} announced a packet of {length} bytes during the login, where at most {limit} \
                 make sense{advice}",
                sender.name()
            ),
        ));
    }
    // Before the payload is there, which may never come: the length means nothing then.
    let expected = sequence.0;
    if id != expected {
        return Err(Error::protocol(
            ProtocolErrorKind::SequenceId,
            format!(
                "{} sent packet {id} during the login where packet {expected} was due; something \
                 between client and server changes the stream",
                sender.name()
            ),
        ));
    }
    let Some(payload) = rest.get(..length) else {
        return Ok(None);
    };
    sequence.next();
    Ok(Some((payload, HEADER.saturating_add(length))))
}

/// A packet as it goes over the wire. Payloads here are far below the 16 MiB that one frame holds.
pub(crate) fn frame(payload: &[u8], id: u8) -> Vec<u8> {
    let [a, b, c, ..] = payload.len().to_le_bytes();
    let mut packet = Vec::with_capacity(HEADER.saturating_add(payload.len()));
    packet.extend_from_slice(&[a, b, c, id]);
    packet.extend_from_slice(payload);
    packet
}

/// The SSLRequest: the first 32 bytes of the driver's HandshakeResponse with CLIENT_SSL added.
///
/// MySQL parses the response by the flags of this packet and insists on the same charset byte;
/// MariaDB keeps its extended flags in the filler. So nothing but the one flag may differ.
pub(crate) fn ssl_request(response: &[u8]) -> Option<[u8; 32]> {
    let mut request: [u8; 32] = *response.first_chunk()?;
    set_flag(&mut request, capability::SSL);
    Some(request)
}

/// An SSLRequest that no HandshakeResponse will follow.
pub(crate) fn bare_ssl_request() -> [u8; 32] {
    const LARGEST_PACKET: u32 = 1 << 24;
    const UTF8MB4: u8 = 45;
    let flags = capability::PROTOCOL_41
        | capability::SSL
        | capability::SECURE_CONNECTION
        | capability::PLUGIN_AUTH;
    let mut request = [0; 32];
    let fields = flags.to_le_bytes().into_iter().chain(LARGEST_PACKET.to_le_bytes());
    for (byte, value) in request.iter_mut().zip(fields.chain([UTF8MB4])) {
        *byte = value;
    }
    request
}

/// Sets a capability flag in a HandshakeResponse or SSLRequest.
pub(crate) fn set_flag(packet: &mut [u8], flag: u32) {
    if let Some(flags) = packet.first_chunk_mut::<4>() {
        *flags = (u32::from_le_bytes(*flags) | flag).to_le_bytes();
    }
}

/// Clears capability flags in a HandshakeResponse, and tells which of them it had.
pub(crate) fn clear_flags(packet: &mut [u8], flags: u32) -> u32 {
    let Some(given) = packet.first_chunk_mut::<4>() else { return 0 };
    let all = u32::from_le_bytes(*given);
    *given = (all & !flags).to_le_bytes();
    all & flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_split_only_when_whole() {
        let packet = frame(b"abc", 0);
        for cut in 0..packet.len() {
            let mut sequence = Sequence::default();
            let split = split(&packet[..cut], 10, &mut sequence, Sender::Server).unwrap();
            assert!(split.is_none(), "{cut}");
            assert_eq!(sequence.next(), 0, "an incomplete packet takes no id");
        }
        let mut sequence = Sequence::default();
        let whole = split(&packet, 10, &mut sequence, Sender::Server).unwrap();
        assert_eq!(whole, Some((&b"abc"[..], 7)));
        assert_eq!(sequence.next(), 1);
    }

    #[test]
    fn wrong_ids_and_lengths_are_refused_at_once() {
        let cases: [(&[u8], &str); 4] = [
            (&[0xff, 0xff, 0xff, 0], "protocol.packet-too-large"),
            (&[11, 0, 0, 0], "protocol.packet-too-large"),
            (&[1, 0, 0, 7, 0], "protocol.sequence-id"),
            (&[10, 0, 0, 7], "protocol.sequence-id"),
        ];
        for (bytes, code) in cases {
            let error = split(bytes, 10, &mut Sequence::default(), Sender::Server).unwrap_err();
            assert_eq!(error.code(), code, "{bytes:?}");
        }
    }

    #[test]
    fn ids_wrap() {
        let mut sequence = Sequence(255);
        assert_eq!((sequence.next(), sequence.next()), (255, 0));
    }

    #[test]
    fn a_bare_ssl_request_is_one_of_a_modern_client() {
        let request = bare_ssl_request();
        let mut expected = [0; 32];
        expected[..9].copy_from_slice(&[0x00, 0x8a, 0x08, 0x00, 0, 0, 0, 1, 45]);
        assert_eq!(request, expected);
        assert!(crate::protocol::response::Response::is_ssl_request(&request));
    }

    #[test]
    fn ssl_request_differs_from_the_response_by_one_flag() {
        let mut response = vec![0x85, 0xa2, 0x0a, 0x00, 0, 0, 0, 1, 45];
        response.extend([7; 40]);
        let request = ssl_request(&response).unwrap();
        assert_eq!(request[1], 0xa2 | 0x08);
        response[1] |= 0x08;
        assert_eq!(request[..], response[..32]);
        assert_eq!(ssl_request(&response[..31]), None);
    }
}
