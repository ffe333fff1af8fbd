//! From a host name to a server that waits for the login: one step a file.

pub(crate) mod deadline;
pub(crate) mod dial;
pub(crate) mod link;
pub(crate) mod upgrade;

mod decide;
mod greet;
mod probe;
mod resolve;
mod route;
mod spare_thread;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use probe::{Handshake, probe};
pub(crate) use resolve::LookUp;
#[cfg(feature = "mysql")]
pub(crate) use route::Greeted;
pub(crate) use route::{Plan, Route, ServerFacts};

use crate::load_balance::LoadBalance;
use crate::text::peer_text;

/// Where the server is, and how to dial it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: Address,
    pub(crate) bind_address: Option<SocketAddr>,
    pub(crate) tcp: TcpOptions,
    /// In which order the addresses of the host are dialed.
    pub(crate) balance: LoadBalance,
}

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Address {
    /// How errors name the server.
    pub(crate) fn label(&self) -> Arc<str> {
        match self {
            Address::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Address::Tcp { host, port } => format!("{host}:{port}"),
            Address::Unix(path) => peer_text(path.as_os_str().as_encoded_bytes()),
        }
        .into()
    }
}

/// The options of the TCP connection to the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TcpOptions {
    pub(crate) nodelay: bool,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) keepalive_interval: Option<Duration>,
    pub(crate) keepalive_probes: Option<u32>,
    pub(crate) user_timeout: Option<Duration>,
}
