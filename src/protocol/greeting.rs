//! The server's greeting (HandshakeV10).

use super::bytes::Bytes;
use super::capability;
use crate::error::{Error, ProtocolErrorKind};

/// A greeting that has been checked: the driver can read it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    payload: Vec<u8>,
    version: Vec<u8>,
    connection_id: u32,
    nonce: Vec<u8>,
    capabilities: u32,
    /// Where the lower half of the capability flags stands in the payload.
    flags_at: usize,
    /// Where the name of the authentication plugin begins in the payload.
    plugin_at: usize,
}

impl Greeting {
    /// Reads a greeting of protocol 10; `host` is for the errors.
    pub(crate) fn parse(payload: &[u8], host: &str) -> Result<Self, Error> {
        match payload.first() {
            Some(10) => {}
            Some(other) => {
                return Err(Error::protocol(
                    ProtocolErrorKind::Version,
                    format!(
                        "{host} speaks protocol version {other}, not 10; check that host and port \
                         are those of a MySQL server"
                    ),
                ));
            }
            None => return Err(malformed(host)),
        }
        let greeting = Self::read(payload).ok_or_else(|| malformed(host))?;
        let needed = capability::PROTOCOL_41 | capability::SECURE_CONNECTION;
        if greeting.capabilities & needed != needed {
            return Err(Error::protocol(
                ProtocolErrorKind::Version,
                format!("{host} speaks the protocol of MySQL 4.0, which is not supported"),
            ));
        }
        Ok(greeting)
    }

    fn read(payload: &[u8]) -> Option<Self> {
        let mut bytes = Bytes::new(payload);
        bytes.u8()?;
        // The driver takes other digits than ASCII's for a version and panics on them.
        let version = bytes.until_nul().filter(|version| version.is_ascii())?.to_vec();
        let connection_id = bytes.u32()?;
        let mut nonce = bytes.take(8)?.to_vec();
        bytes.take(1)?; // a filler
        let flags_at = payload.len().saturating_sub(bytes.rest().len());
        let lower = bytes.u16()?;
        bytes.take(3)?; // charset and status
        let upper = bytes.u16()?;
        // The driver computes with it as a signed number.
        let nonce_length = bytes.u8().filter(|length| *length < 128).map(usize::from)?;
        bytes.take(10)?;
        // 12 bytes and a NUL at least; a missing NUL is tolerated, as every client does.
        let nonce_rest = nonce_length.saturating_sub(8).max(13);
        let rest = match bytes.take(nonce_rest) {
            Some(rest) => rest,
            None => bytes.take(12)?,
        };
        nonce.extend(rest.strip_suffix(&[0]).unwrap_or(rest));
        Some(Greeting {
            payload: payload.to_vec(),
            version,
            connection_id,
            nonce,
            capabilities: u32::from(lower) | u32::from(upper) << 16,
            flags_at,
            plugin_at: payload.len().saturating_sub(bytes.rest().len()),
        })
    }

    pub(crate) fn offers_tls(&self) -> bool {
        self.capabilities & capability::SSL != 0
    }

    /// The version text, as bytes of a peer.
    pub(crate) fn version(&self) -> &[u8] {
        &self.version
    }

    pub(crate) fn connection_id(&self) -> u32 {
        self.connection_id
    }

    /// What the driver's scramble depends on.
    pub(crate) fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// What is the same in every greeting of this server as it is now: all but connection id and nonce.
    #[cfg(feature = "mysql")]
    pub(crate) fn kind(&self) -> Vec<u8> {
        let mut payload = self.payload.clone();
        let id_at = self.version.len().saturating_add(2);
        let nonce_rest_at = self.flags_at.saturating_add(18);
        for own in [id_at..id_at.saturating_add(12), nonce_rest_at..self.plugin_at] {
            payload.get_mut(own).unwrap_or_default().fill(0);
        }
        payload
    }

    /// The payload for the driver, with these capability flags cleared.
    ///
    /// It came before TLS, so anybody may have written it, and drivers show its texts to people: what
    /// could draw on a terminal is exchanged for `?`.
    pub(crate) fn without(&self, cleared: u32) -> Vec<u8> {
        let mut payload = self.payload.clone();
        let version_end = self.version.len().saturating_add(1);
        for text in [1..version_end, self.plugin_at..payload.len()] {
            for byte in payload.get_mut(text).unwrap_or_default() {
                if !matches!(*byte, 0 | b' '..=b'~') {
                    *byte = b'?';
                }
            }
        }
        let [a, b, c, d] = (self.capabilities & !cleared).to_le_bytes();
        // Between the halves stand charset and status.
        if let Some([lower_a, lower_b, _, _, _, upper_a, upper_b, ..]) =
            payload.get_mut(self.flags_at..)
        {
            (*lower_a, *lower_b, *upper_a, *upper_b) = (a, b, c, d);
        }
        payload
    }
}

fn malformed(host: &str) -> Error {
    Error::protocol(
        ProtocolErrorKind::Greeting,
        format!(
            "{host} sent a greeting that cannot be read; check that host and port are those of a \
             MySQL server"
        ),
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A greeting as MySQL 8.4 sends it, with these capability flags.
    pub(crate) fn greeting(version: &str, capabilities: u32) -> Vec<u8> {
        let [a, b, c, d] = capabilities.to_le_bytes();
        let mut payload = vec![10];
        payload.extend(version.as_bytes());
        payload.push(0);
        payload.extend(77u32.to_le_bytes());
        payload.extend(b"abcdefgh\0");
        payload.extend([a, b, 255, 2, 0, c, d, 21]);
        payload.extend([0; 10]);
        payload.extend(b"ijklmnopqrst\0caching_sha2_password\0");
        payload
    }

    #[test]
    fn facts_are_read_and_flags_are_cleared() {
        let payload = greeting("8.4.0", 0xdfff_ffff);
        let read = Greeting::parse(&payload, "db").unwrap();
        assert_eq!(read.version(), b"8.4.0");
        assert_eq!(read.connection_id(), 77);
        assert!(read.offers_tls());
        let shown = Greeting::parse(&read.without(capability::SSL), "db").unwrap();
        assert!(!shown.offers_tls());
        assert_eq!(shown.capabilities, 0xdfff_ffff & !capability::SSL);
        assert_eq!(read.without(0), payload);
    }

    #[test]
    fn every_truncation_is_an_error() {
        let payload = greeting("8.4.0", 0xdfff_ffff);
        let plugin = payload.len() - b"\0caching_sha2_password\0".len();
        for cut in 0..plugin {
            let error = Greeting::parse(&payload[..cut], "db").unwrap_err();
            assert_eq!(error.code(), "protocol.greeting", "{cut}");
        }
        for cut in plugin..payload.len() {
            Greeting::parse(&payload[..cut], "db").unwrap();
        }
    }

    #[test]
    fn what_the_driver_panics_on_is_refused() {
        let error = Greeting::parse(&greeting("\u{663}.\u{663}.\u{663}", 0xdfff_ffff), "db");
        assert_eq!(error.unwrap_err().code(), "protocol.greeting");
        let mut payload = greeting("8.4.0", 0xdfff_ffff);
        let length = payload.iter().position(|&byte| byte == 21).unwrap();
        payload[length] = 130;
        let error = Greeting::parse(&payload, "db").unwrap_err();
        assert_eq!(error.code(), "protocol.greeting");
    }

    #[test]
    fn other_protocols_are_named() {
        for payload in [&b"\x09old"[..], b"SSH-2.0-x", b"\x15\x03\x01\x00\x02"] {
            let error = Greeting::parse(payload, "db").unwrap_err();
            assert_eq!(error.code(), "protocol.version");
        }
        let error = Greeting::parse(&greeting("4.0", 0), "db").unwrap_err();
        assert_eq!(error.code(), "protocol.version");
    }
}
