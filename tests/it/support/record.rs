//! What the scripted server saw of one connection.

use std::fmt;

use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, CipherSuite, HandshakeKind, NamedGroup, SignatureScheme};

use super::wire::{HandshakeResponse, SslRequest};

/// Everything the server saw of one connection, and how it ended.
#[derive(Clone, Default)]
pub struct Record {
    /// The connection's number on its server, from 0.
    pub number: usize,
    /// Every byte received as it came on the wire until TLS was up; without TLS, or when the
    /// handshake failed, every byte of the connection. The first 8 MiB.
    pub raw: Vec<u8>,
    /// Every byte received inside TLS, decrypted. The first 8 MiB.
    pub inside_tls: Vec<u8>,
    /// The SSLRequest, if one came.
    pub ssl_request: Option<SslRequest>,
    /// Whether the ClientHello arrived in the same read as the SSLRequest.
    pub hello_with_ssl_request: bool,
    /// What the ClientHello offered, if one was understood.
    pub hello: Option<ClientHelloFacts>,
    /// What was negotiated, once the handshake was complete.
    pub tls: Option<TlsFacts>,
    /// Our side's reason for a failed handshake, or the client's alert in words.
    pub tls_error: Option<String>,
    /// The fatal alert that the client sent, during the handshake or later.
    pub alert: Option<AlertDescription>,
    /// The HandshakeResponse, whether inside TLS or not.
    pub response: Option<HandshakeResponse>,
    /// The ids of the client's packets until the login, SSLRequest included.
    pub packet_ids: Vec<u8>,
    /// The packets after the HandshakeResponse until the login.
    pub auth_packets: Vec<Vec<u8>>,
    /// The password that a full authentication brought, without its closing NUL.
    pub cleartext_password: Option<Vec<u8>>,
    /// The RSA-encrypted password that a full authentication brought.
    pub encrypted_password: Option<Vec<u8>>,
    /// Whether the server sent its final OK.
    pub logged_in: bool,
    /// The packets after the login: a command byte and its data.
    pub commands: Vec<Vec<u8>>,
    /// What came in answer to LOCAL INFILE requests, one entry each once complete.
    pub infile: Vec<Vec<u8>>,
    /// Whether COM_QUIT came.
    pub quit: bool,
    /// Whether the server was the first to close, as its script said (or after COM_QUIT).
    pub server_closed: bool,
    /// How the client ended the connection; `None` while it is open.
    pub ended: Option<Ended>,
}

/// The end of a connection, from the server's point of view. The first cause stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client ended its TLS session properly.
    CloseNotify,
    /// The client closed its socket; inside TLS: without close_notify.
    Eof,
    /// The client's socket was reset.
    Reset,
    /// The client sent a fatal alert: [`Record::alert`].
    Alert,
    /// TLS failed on our side: [`Record::tls_error`].
    TlsError,
    /// Nothing came for as long as the server waits.
    TimedOut,
    /// The server reset the connection, as its script said.
    ServerReset,
    /// The server was dropped while the connection was open.
    ServerStopped,
    /// The client broke the protocol.
    Protocol(String),
}

/// What a ClientHello offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHelloFacts {
    pub sni: Option<String>,
    pub alpn: Vec<Vec<u8>>,
    pub cipher_suites: Vec<CipherSuite>,
    pub groups: Vec<NamedGroup>,
    pub signature_schemes: Vec<SignatureScheme>,
}

/// What a complete handshake negotiated.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsFacts {
    /// As MySQL's `Ssl_version`: `TLSv1.3`.
    pub version: String,
    /// The IANA name.
    pub cipher: String,
    /// As MySQL's `Ssl_cipher`.
    pub cipher_openssl: String,
    /// `None` where nothing was exchanged: TLS 1.2 resumption.
    pub group: Option<NamedGroup>,
    pub kind: HandshakeKind,
    pub alpn: Option<Vec<u8>>,
    /// The client's certificate and chain; empty if it sent none. On a resumed connection it is
    /// the one of the first handshake.
    pub client_chain: Vec<CertificateDer<'static>>,
}

impl Record {
    /// Whether `needle` came before TLS was up (or at all, without TLS). Use at least four bytes:
    /// fewer may be found by chance in a ClientHello.
    pub fn saw_before_tls(&self, needle: &[u8]) -> bool {
        contains(&self.raw, needle)
    }

    /// Whether `needle` came inside TLS.
    pub fn saw_inside_tls(&self, needle: &[u8]) -> bool {
        contains(&self.inside_tls, needle)
    }

    /// What came outside TLS: [`Record::raw`] without the SSLRequest packet and the TLS records
    /// after it. Empty for a client that said nothing in the clear.
    pub fn clear_text(&self) -> Vec<u8> {
        let Some(request) = &self.ssl_request else {
            return self.raw.clone();
        };
        let mut rest = self.raw.get(4 + request.bytes.len()..).unwrap_or_default();
        while let [20..=23, 3, _, high, low, after @ ..] = rest {
            rest = after.get(usize::from(*high) << 8 | usize::from(*low)..).unwrap_or_default();
        }
        // The last read before TLS was up may have ended within a record's header.
        if matches!(rest, [20..=23] | [20..=23, 3] | [20..=23, 3, _] | [20..=23, 3, _, _]) {
            rest = &[];
        }
        rest.to_vec()
    }

    /// The texts of the client's COM_QUERY commands.
    pub fn queries(&self) -> Vec<String> {
        let texts = self.commands.iter().filter_map(|command| command.strip_prefix(&[3]));
        texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    /// The server name of the ClientHello.
    pub fn sni(&self) -> Option<&str> {
        self.hello.as_ref()?.sni.as_deref()
    }

    /// The client's own certificate, if it sent one.
    pub fn client_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.tls.as_ref()?.client_chain.first()
    }
}

/// What a failed test needs to show: the facts, and bytes as short text.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = |bytes: &[u8]| {
            let shown = &bytes[..bytes.len().min(200)];
            format!("{} bytes: {}", bytes.len(), shown.escape_ascii())
        };
        f.debug_struct("Record")
            .field("number", &self.number)
            .field("raw", &start(&self.raw))
            .field("inside_tls", &start(&self.inside_tls))
            .field("ssl_request", &self.ssl_request.is_some())
            .field("sni", &self.sni())
            .field("tls", &self.tls.as_ref().map(|tls| (&tls.version, &tls.cipher, tls.kind)))
            .field("tls_error", &self.tls_error)
            .field("alert", &self.alert)
            .field("user", &self.response.as_ref().map(HandshakeResponse::user_name))
            .field("packet_ids", &self.packet_ids)
            .field("auth_packets", &self.auth_packets.len())
            .field("logged_in", &self.logged_in)
            .field("queries", &self.queries())
            .field("quit", &self.quit)
            .field("server_closed", &self.server_closed)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    assert!(!needle.is_empty(), "an empty needle is in every haystack");
    hay.windows(needle.len()).any(|window| window == needle)
}
