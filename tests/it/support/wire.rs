//! The MySQL protocol as bytes: packet frames, what a server says, and the client's
//! HandshakeResponse. No sockets.

/// Capability flags, under the names of the protocol's documentation.
pub mod capability {
    pub const LONG_PASSWORD: u32 = 1;
    pub const FOUND_ROWS: u32 = 1 << 1;
    pub const LONG_FLAG: u32 = 1 << 2;
    pub const CONNECT_WITH_DB: u32 = 1 << 3;
    pub const COMPRESS: u32 = 1 << 5;
    pub const LOCAL_FILES: u32 = 1 << 7;
    pub const PROTOCOL_41: u32 = 1 << 9;
    pub const SSL: u32 = 1 << 11;
    pub const TRANSACTIONS: u32 = 1 << 13;
    pub const SECURE_CONNECTION: u32 = 1 << 15;
    pub const MULTI_STATEMENTS: u32 = 1 << 16;
    pub const MULTI_RESULTS: u32 = 1 << 17;
    pub const PS_MULTI_RESULTS: u32 = 1 << 18;
    pub const PLUGIN_AUTH: u32 = 1 << 19;
    pub const CONNECT_ATTRS: u32 = 1 << 20;
    pub const PLUGIN_AUTH_LENENC_CLIENT_DATA: u32 = 1 << 21;
    pub const DEPRECATE_EOF: u32 = 1 << 24;
}

use capability::*;

/// What the scripted server can do. DEPRECATE_EOF is left out: result sets end in EOF packets.
pub const DEFAULT_CAPABILITIES: u32 = LONG_PASSWORD
    | FOUND_ROWS
    | LONG_FLAG
    | CONNECT_WITH_DB
    | LOCAL_FILES
    | PROTOCOL_41
    | TRANSACTIONS
    | SECURE_CONNECTION
    | MULTI_STATEMENTS
    | MULTI_RESULTS
    | PS_MULTI_RESULTS
    | PLUGIN_AUTH
    | CONNECT_ATTRS
    | PLUGIN_AUTH_LENENC_CLIENT_DATA;

const STATUS_AUTOCOMMIT: u16 = 2;
const CHARSET_UTF8MB4: u8 = 45;

/// A frame: 3 bytes of length, the id, the payload. Payloads of 16 MB and more are split.
pub fn frame(id: &mut u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 4);
    let mut rest = payload;
    loop {
        let part = rest.len().min(0xff_ffff);
        out.extend_from_slice(&(part as u32).to_le_bytes()[..3]);
        out.push(*id);
        *id = id.wrapping_add(1);
        out.extend_from_slice(&rest[..part]);
        rest = &rest[part..];
        if part < 0xff_ffff {
            return out;
        }
    }
}

/// Takes one frame off the front of `buffer`: the id and the payload. `None` while incomplete.
pub fn take_frame(buffer: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let head = buffer.first_chunk::<4>()?;
    let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
    let id = head[3];
    if buffer.len() < 4 + length {
        return None;
    }
    let payload = buffer[4..4 + length].to_vec();
    buffer.drain(..4 + length);
    Some((id, payload))
}

/// The server's first packet, protocol version 10.
#[derive(Clone, Debug)]
pub struct Greeting {
    pub version: String,
    pub connection_id: u32,
    /// 20 bytes in every real server: 8, then 12 and a NUL.
    pub nonce: Vec<u8>,
    pub capabilities: u32,
    pub charset: u8,
    pub status: u16,
    pub plugin: String,
}

impl Default for Greeting {
    fn default() -> Self {
        Self {
            version: "8.4.0-scripted".into(),
            connection_id: 42,
            nonce: b"scripted-nonce-20-by".to_vec(),
            capabilities: DEFAULT_CAPABILITIES,
            charset: CHARSET_UTF8MB4,
            status: STATUS_AUTOCOMMIT,
            plugin: "caching_sha2_password".into(),
        }
    }
}

impl Greeting {
    pub fn encode(&self) -> Vec<u8> {
        let (first, rest) = self.nonce.split_at(self.nonce.len().min(8));
        let mut out = vec![10];
        out.extend_from_slice(self.version.as_bytes());
        out.push(0);
        out.extend_from_slice(&self.connection_id.to_le_bytes());
        out.extend_from_slice(first);
        out.push(0);
        out.extend_from_slice(&self.capabilities.to_le_bytes()[..2]);
        out.push(self.charset);
        out.extend_from_slice(&self.status.to_le_bytes());
        out.extend_from_slice(&self.capabilities.to_le_bytes()[2..]);
        out.push(if self.capabilities & PLUGIN_AUTH != 0 { self.nonce.len() as u8 + 1 } else { 0 });
        out.extend_from_slice(&[0; 10]);
        out.extend_from_slice(rest);
        out.push(0);
        if self.capabilities & PLUGIN_AUTH != 0 {
            out.extend_from_slice(self.plugin.as_bytes());
            out.push(0);
        }
        out
    }
}

/// OK: no rows, no insert id, autocommit, no warnings.
pub fn ok() -> Vec<u8> {
    vec![0, 0, 0, 2, 0, 0, 0]
}

/// EOF, the end of columns or rows.
pub fn eof() -> Vec<u8> {
    vec![0xfe, 0, 0, 2, 0]
}

/// ERR; before the handshake real servers leave the SQLSTATE out (`None`).
pub fn err(code: u16, state: Option<&str>, message: &str) -> Vec<u8> {
    let mut out = vec![0xff];
    out.extend_from_slice(&code.to_le_bytes());
    if let Some(state) = state {
        out.push(b'#');
        out.extend_from_slice(state.as_bytes());
    }
    out.extend_from_slice(message.as_bytes());
    out
}

/// AuthSwitchRequest: the plugin's name and its data with the closing NUL.
pub fn auth_switch(plugin: &str, nonce: &[u8]) -> Vec<u8> {
    let mut out = vec![0xfe];
    out.extend_from_slice(plugin.as_bytes());
    out.push(0);
    out.extend_from_slice(nonce);
    out.push(0);
    out
}

/// AuthMoreData.
pub fn auth_more(data: &[u8]) -> Vec<u8> {
    [&[1], data].concat()
}

/// LOCAL INFILE request.
pub fn local_infile(file_name: &str) -> Vec<u8> {
    [&[0xfb], file_name.as_bytes()].concat()
}

/// A text result: every column is a VARCHAR.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
}

impl Rows {
    pub fn new<C: Into<String>>(columns: impl IntoIterator<Item = C>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// One column, one row.
    pub fn one(column: &str, value: impl Into<String>) -> Self {
        Self::new([column]).row([value.into()])
    }

    pub fn row<V: Into<String>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.rows.push(values.into_iter().map(|value| Some(value.into())).collect());
        self
    }

    /// The payloads of the whole result: count, columns, EOF, rows, EOF.
    pub fn packets(&self) -> Vec<Vec<u8>> {
        let mut packets = vec![lenenc_int(self.columns.len() as u64)];
        packets.extend(self.columns.iter().map(|name| column(name)));
        packets.push(eof());
        packets.extend(self.rows.iter().map(|row| {
            row.iter()
                .flat_map(|value| match value {
                    Some(text) => lenenc_bytes(text.as_bytes()),
                    None => vec![0xfb],
                })
                .collect()
        }));
        packets.push(eof());
        packets
    }
}

fn column(name: &str) -> Vec<u8> {
    const TYPE_VAR_STRING: u8 = 0xfd;
    let mut out = Vec::new();
    for text in ["def", "", "", "", name, ""] {
        out.extend(lenenc_bytes(text.as_bytes()));
    }
    out.push(0x0c);
    out.extend_from_slice(&[CHARSET_UTF8MB4, 0]);
    out.extend_from_slice(&0x00ff_ffff_u32.to_le_bytes());
    out.push(TYPE_VAR_STRING);
    out.extend_from_slice(&[0; 5]);
    out
}

fn lenenc_int(value: u64) -> Vec<u8> {
    let bytes = value.to_le_bytes();
    match value {
        0..=250 => vec![bytes[0]],
        251..=0xffff => [&[0xfc], &bytes[..2]].concat(),
        0x1_0000..=0xff_ffff => [&[0xfd], &bytes[..3]].concat(),
        _ => [&[0xfe], &bytes[..]].concat(),
    }
}

fn lenenc_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = lenenc_int(bytes.len() as u64);
    out.extend_from_slice(bytes);
    out
}

/// The client's SSLRequest: the first half of a HandshakeResponse, 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SslRequest {
    pub bytes: Vec<u8>,
    pub capabilities: u32,
    pub max_packet: u32,
    pub charset: u8,
}

impl SslRequest {
    /// `None` for anything else, a HandshakeResponse included.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let capabilities = u32::from_le_bytes(*payload.first_chunk()?);
        (payload.len() == 32 && capabilities & SSL != 0).then(|| Self {
            bytes: payload.to_vec(),
            capabilities,
            max_packet: u32::from_le_bytes([payload[4], payload[5], payload[6], payload[7]]),
            charset: payload[8],
        })
    }
}

/// The client's HandshakeResponse41.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeResponse {
    pub capabilities: u32,
    pub max_packet: u32,
    pub charset: u8,
    pub user: Vec<u8>,
    /// The scramble, or nothing for an empty password.
    pub auth_response: Vec<u8>,
    pub database: Option<String>,
    pub plugin: Option<String>,
    pub attributes: Vec<(String, String)>,
}

impl HandshakeResponse {
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut rest = Reader(payload);
        let capabilities = rest.u32()?;
        let has = |flag| capabilities & flag != 0;
        let max_packet = rest.u32()?;
        let charset = rest.bytes(1)?[0];
        rest.bytes(23)?;
        let user = rest.until_nul()?.to_vec();
        let auth_response = if has(PLUGIN_AUTH_LENENC_CLIENT_DATA) {
            rest.lenenc_bytes()?
        } else if has(SECURE_CONNECTION) {
            let length = rest.bytes(1)?[0];
            rest.bytes(usize::from(length))?
        } else {
            rest.until_nul()?
        }
        .to_vec();
        let database = if has(CONNECT_WITH_DB) { Some(text(rest.until_nul()?)) } else { None };
        let plugin = if has(PLUGIN_AUTH) { Some(text(rest.until_nul()?)) } else { None };
        let mut attributes = Vec::new();
        if has(CONNECT_ATTRS) {
            let mut pairs = Reader(rest.lenenc_bytes()?);
            while !pairs.0.is_empty() {
                attributes.push((text(pairs.lenenc_bytes()?), text(pairs.lenenc_bytes()?)));
            }
        }
        Some(Self {
            capabilities,
            max_packet,
            charset,
            user,
            auth_response,
            database,
            plugin,
            attributes,
        })
    }

    /// The user's name as text.
    pub fn user_name(&self) -> String {
        text(&self.user)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.bytes(4)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// The last field may lack its NUL.
    fn until_nul(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let taken = self.bytes(end)?;
        self.0 = self.0.get(1..).unwrap_or_default();
        Some(taken)
    }

    fn lenenc_bytes(&mut self) -> Option<&'a [u8]> {
        let extra = match self.bytes(1)?[0] {
            short @ 0..=250 => return self.bytes(usize::from(short)),
            0xfc => 2,
            0xfd => 3,
            _ => 8,
        };
        let length =
            self.bytes(extra)?.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        self.bytes(usize::try_from(length).ok()?)
    }
}
