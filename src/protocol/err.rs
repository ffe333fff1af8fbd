//! ERR packets.

use super::bytes::Bytes;
use crate::error::{Error, ProtocolErrorKind, ServerReply};

/// Reads an ERR packet, with or without a SQLSTATE: before the login some servers leave it out.
pub(crate) fn parse(payload: &[u8], authenticated: bool) -> Option<ServerReply> {
    let mut bytes = Bytes::new(payload);
    if bytes.u8()? != 0xff {
        return None;
    }
    let code = bytes.u16()?;
    let state = match bytes.rest() {
        [b'#', a, b, c, d, e, ..] => {
            bytes.take(6);
            Some([*a, *b, *c, *d, *e])
        }
        _ => None,
    };
    Some(ServerReply::new(code, state, bytes.rest(), authenticated))
}

/// "Too many connections", a number of the server's.
pub(crate) const TOO_MANY: u16 = 1040;

/// "Access denied", a number of the server's.
pub(crate) const ACCESS_DENIED: u16 = 1045;

/// "Can't connect to the server", in the clients' own range.
pub(crate) const CANNOT_CONNECT: u16 = 2003;

/// "Lost connection", in the clients' own range.
pub(crate) const LOST: u16 = 2013;

/// "TLS failed", in the clients' own range.
pub(crate) const TLS_FAILED: u16 = 2026;

/// The number under which a driver is told an error of ours: that of the server's own error, or one of
/// the clients' range. `greeted`: the driver has had its greeting, and so was connected.
pub(crate) fn number_for(error: &Error, greeted: bool) -> u16 {
    // Some numbers of the protocol are none of an error: clients take 0 for success, and 0xffff for
    // a progress report of MariaDB's.
    let of_server = error.server_reply().map(ServerReply::code);
    let of_server = of_server.filter(|code| !matches!(*code, 0 | u16::MAX));
    let unconnected = if greeted { LOST } else { CANNOT_CONNECT };
    match error {
        Error::Auth(_) => of_server.unwrap_or(TLS_FAILED),
        Error::Server(_) => of_server.unwrap_or(unconnected),
        // It is about what the driver was told to do.
        Error::Protocol(error) if error.kind() == ProtocolErrorKind::DriverTls => TLS_FAILED,
        Error::Connect(_) | Error::Timeout(_) | Error::Io(_) | Error::Protocol(_) => unconnected,
        _ => TLS_FAILED,
    }
}

/// Writes an ERR packet of our own, for the driver; its SQLSTATE is that of the server's, if any.
pub(crate) fn build(code: u16, state: Option<&str>, text: &str) -> Vec<u8> {
    let state = state.filter(|state| state.len() == 5).unwrap_or("HY000");
    written(code, format!("#{state}").as_bytes(), text)
}

/// Writes an ERR packet in place of the greeting, where no capability is agreed on and so there is
/// no SQLSTATE.
pub(crate) fn in_place_of_greeting(code: u16, text: &str) -> Vec<u8> {
    written(code, b"", text)
}

fn written(code: u16, state: &[u8], text: &str) -> Vec<u8> {
    let mut payload = vec![0xff];
    payload.extend(code.to_le_bytes());
    payload.extend(state);
    payload.extend(text.as_bytes());
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_sqlstate() {
        let with = parse(b"\xff\x15\x04#28000Access denied", true).unwrap();
        assert_eq!(
            (with.code(), with.state(), with.text(), with.is_authenticated()),
            (1045, Some("28000"), "Access denied", true)
        );
        let without = parse(b"\xff\x57\x0cno TLS\x1b", false).unwrap();
        assert_eq!(
            (without.code(), without.state(), without.text()),
            (3159, None, "no TLS\\u{1b}")
        );
    }

    #[test]
    fn what_is_no_err_packet_is_none() {
        for payload in [&b""[..], b"\xff", b"\xff\x15", b"\x00\x15\x04"] {
            assert_eq!(parse(payload, true), None, "{payload:?}");
        }
    }
}
