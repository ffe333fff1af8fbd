//! The driver's HandshakeResponse41.

use super::bytes::Bytes;
use super::{capability, plugin};

/// What the rules need to know of a HandshakeResponse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response<'a> {
    pub(crate) capabilities: u32,
    pub(crate) auth_data: &'a [u8],
    pub(crate) plugin: &'a [u8],
}

impl<'a> Response<'a> {
    pub(crate) fn parse(payload: &'a [u8]) -> Option<Self> {
        let mut bytes = Bytes::new(payload);
        let capabilities = bytes.u32()?;
        if capabilities & capability::PROTOCOL_41 == 0 {
            return None;
        }
        bytes.take(4 + 1 + 23)?; // packet size, charset, filler
        bytes.until_nul()?; // the user name
        let auth_data = if capabilities & capability::PLUGIN_AUTH_LENENC != 0 {
            let length = bytes.length()?;
            bytes.take(length)?
        } else if capabilities & capability::SECURE_CONNECTION != 0 {
            let length = usize::from(bytes.u8()?);
            bytes.take(length)?
        } else {
            bytes.until_nul_or_end()
        };
        if capabilities & capability::CONNECT_WITH_DB != 0 {
            bytes.until_nul_or_end();
        }
        let plugin = if capabilities & capability::PLUGIN_AUTH != 0 {
            bytes.until_nul_or_end()
        } else {
            plugin::NATIVE
        };
        Some(Response { capabilities, auth_data, plugin })
    }

    /// Whether this is an SSLRequest: the driver was told to use TLS itself.
    pub(crate) fn is_ssl_request(payload: &[u8]) -> bool {
        payload.len() == 32
            && payload
                .first_chunk()
                .is_some_and(|flags| u32::from_le_bytes(*flags) & capability::SSL != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(capabilities: u32, tail: &[u8]) -> Vec<u8> {
        let mut payload = capabilities.to_le_bytes().to_vec();
        payload.extend([0, 0, 0, 1, 45]);
        payload.extend([0; 23]);
        payload.extend(tail);
        payload
    }

    #[test]
    fn each_form_of_the_auth_data_is_read() {
        use capability::SECURE_CONNECTION;
        use capability::{CONNECT_WITH_DB, PLUGIN_AUTH, PLUGIN_AUTH_LENENC, PROTOCOL_41};
        let all = PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;
        type Case<'a> = (u32, &'a [u8], &'a [u8], &'a [u8]);
        let cases: [Case<'_>; 5] = [
            (all, b"app\0\x03abcplug\0", b"abc", b"plug"),
            (all | CONNECT_WITH_DB, b"app\0\x03abcshop\0plug\0", b"abc", b"plug"),
            (all | PLUGIN_AUTH_LENENC, b"app\0\xfc\x03\0abcplug\0", b"abc", b"plug"),
            (PROTOCOL_41 | SECURE_CONNECTION, b"app\0\0", b"", plugin::NATIVE),
            (PROTOCOL_41, b"app\0old\0", b"old", plugin::NATIVE),
        ];
        for (capabilities, tail, auth_data, name) in cases {
            let payload = response(capabilities, tail);
            let read = Response::parse(&payload).unwrap();
            assert_eq!((read.auth_data, read.plugin), (auth_data, name), "{tail:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        let whole =
            response(capability::PROTOCOL_41 | capability::SECURE_CONNECTION, b"app\0\x03abc");
        for cut in 0..whole.len() {
            assert_eq!(Response::parse(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(Response::parse(&response(0, b"app\0\0")), None);
    }

    #[test]
    fn ssl_requests_are_recognised() {
        let request = response(capability::PROTOCOL_41 | capability::SSL, b"");
        assert!(Response::is_ssl_request(&request));
        assert!(!Response::is_ssl_request(&response(capability::PROTOCOL_41, b"")));
    }
}
