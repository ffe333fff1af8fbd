//! What the integration tests and the examples share: certificates made at run time and a
//! scripted server that speaks the MySQL protocol over TLS and records what its client did.
//!
//! ```ignore
//! let ca = Authority::new("test CA");
//! let tls = ServerTls::new(&ca.server("db.test").issue()).require_client_cert(&ca);
//! let script = ServerScript::new()
//!     .tls(tls)
//!     .auth([AuthStep::full_auth("secret")])
//!     .on_query("SELECT 2", Answer::Rows(Rows::one("2", "2")));
//! let server = ScriptedServer::start(script);
//! // connect to 127.0.0.1, server.port(), and go away again
//! let record = server.wait_record(0, Duration::from_secs(5));
//! assert_eq!(record.clear_text(), b"");
//! assert_eq!(record.ended, Some(Ended::CloseNotify));
//! ```
//!
//! It depends on no code of this crate, so that a mistake there is not repeated here.

// Each user takes a part of this, and a failed expectation is a failed test.
#![allow(
    dead_code,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    unused_imports,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod certs;
mod channel;
mod commands;
mod fault;
mod forge;
mod issued;
mod pem;
mod play;
mod record;
mod refusing;
mod script;
mod server;
mod subject;
mod tls;
pub mod wire;

pub use certs::{Authority, KeyKind, Leaf, RSA_KEY_PKCS1, self_signed, self_signed_ca};
pub use fault::Fault;
pub use forge::{Crl, Pieces, oid};
pub use issued::{Issued, IssuedFiles, TestDir};
pub use pem::{der, pem, rsa_public_key, rsa_public_key_pem};
pub use play::caching_sha2_scramble;
pub use record::{ClientHelloFacts, Ended, Record, TlsFacts};
pub use refusing::RefusingPort;
pub use script::{AfterSslRequest, Answer, AuthStep, ServerScript, Start};
pub use server::ScriptedServer;
pub use subject::{Attribute, BMP, IA5, NUMERIC, PRINTABLE, T61, UNIVERSAL, UTF8, attribute};
pub use tls::{ServerTls, SessionStore, provider, session_store};
pub use wire::{Greeting, HandshakeResponse, Rows, SslRequest, capability};
