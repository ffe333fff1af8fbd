//! From a host name to a server that waits for the login: one step a file.

pub(crate) mod deadline;
pub(crate) mod dial;
pub(crate) mod link;
pub(crate) mod upgrade;

mod decide;
mod greet;
mod resolve;
mod spare_thread;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::Socket;

use deadline::Deadline;
pub(crate) use decide::{Decision, decide};

use crate::error::Result;
use crate::protocol::greeting::Greeting;

/// Where the server is, and how to dial it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: Address,
    pub(crate) bind_address: Option<SocketAddr>,
    pub(crate) tcp: TcpOptions,
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
            Address::Unix(path) => path.display().to_string(),
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

/// A server that has greeted and waits for an answer.
#[derive(Debug)]
pub(crate) struct Greeted {
    /// Non-blocking.
    pub(crate) socket: Socket,
    pub(crate) facts: ServerFacts,
}

/// What is known of a server after its greeting.
#[derive(Debug)]
pub(crate) struct ServerFacts {
    pub(crate) greeting: Greeting,
    /// The address that answered.
    pub(crate) peer: String,
    pub(crate) dial_time: Duration,
    pub(crate) greeting_time: Duration,
}

/// Dials and reads the greeting. Nothing has been sent after it.
pub(crate) fn greeted(target: &Target, deadline: &Deadline) -> Result<Greeted> {
    let start = Instant::now();
    let (socket, peer) = dial::dial(target, deadline)?;
    let dialed = Instant::now();
    let greeting = greet::read(&socket, deadline)?;
    let facts =
        ServerFacts { greeting, peer, dial_time: dialed - start, greeting_time: dialed.elapsed() };
    Ok(Greeted { socket, facts })
}
