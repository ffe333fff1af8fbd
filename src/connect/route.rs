//! The way to a server on the terms of a mode: dialed, greeted, decided.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConnection;
use socket2::Socket;

use super::deadline::Deadline;
use super::decide::{Decision, decide};
use super::resolve::LookUp;
use super::{Address, Target, dial, greet};
use crate::error::Result;
#[cfg(feature = "mysql")]
use crate::error::Step;
use crate::protocol::greeting::Greeting;
use crate::session::{Product, Transport};
use crate::ssl_mode::SslMode;
use crate::tls::TlsState;

/// Where to connect to, and on which terms.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) target: Arc<Target>,
    pub(crate) mode: SslMode,
    pub(crate) tls: Arc<TlsState>,
}

/// A server that was reached and has not been listened to.
#[derive(Debug)]
pub(crate) struct Dialed {
    socket: Socket,
    peer: String,
    over_unix_socket: bool,
    time: Duration,
}

/// A server that has greeted and waits for an answer.
#[derive(Debug)]
pub(crate) struct Greeted {
    /// Non-blocking.
    pub(crate) socket: Socket,
    pub(crate) facts: ServerFacts,
    pub(crate) plan: Plan,
    /// With key shares that were made while the greeting was waited for.
    pub(crate) prepared: Option<ClientConnection>,
}

/// What is known of a server after its greeting.
#[derive(Debug)]
pub(crate) struct ServerFacts {
    pub(crate) greeting: Greeting,
    /// The address that answered.
    pub(crate) peer: String,
    pub(crate) over_unix_socket: bool,
    pub(crate) dial_time: Duration,
    pub(crate) greeting_time: Duration,
}

impl ServerFacts {
    /// The product, as the server says.
    pub(crate) fn product(&self) -> Product {
        Product::of_version(self.greeting.version())
    }
}

/// What the decision came to.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    Tls(Arc<TlsState>),
    Plaintext(Transport),
}

impl Dialed {
    /// Reads the greeting.
    pub(super) fn listen(self, deadline: &Deadline) -> Result<(Socket, ServerFacts)> {
        let start = Instant::now();
        let greeting = greet::read(&self.socket, deadline)?;
        let facts = ServerFacts {
            greeting,
            peer: self.peer,
            over_unix_socket: self.over_unix_socket,
            dial_time: self.time,
            greeting_time: start.elapsed(),
        };
        Ok((self.socket, facts))
    }
}

impl Plan {
    pub(crate) fn transport(&self) -> Transport {
        match self {
            Plan::Tls(_) => Transport::Tls,
            Plan::Plaintext(transport) => *transport,
        }
    }
}

impl Route {
    /// What the decision will come to, where the greeting cannot change it.
    #[cfg(feature = "mysql")]
    pub(crate) fn foregone(&self) -> Option<Transport> {
        super::decide::foregone(self.mode, self.is_unix_socket()).map(Decision::transport)
    }

    /// What a worker may still be at when the time is over: only a look-up does not look at the clock.
    #[cfg(feature = "mysql")]
    pub(crate) fn slowest_step(&self) -> Step {
        match &self.target.address {
            Address::Tcp { host, .. } if host.parse::<std::net::IpAddr>().is_err() => Step::Resolve,
            Address::Tcp { .. } | Address::Unix(_) => Step::Dial,
        }
    }

    pub(crate) fn dial(&self, look_up: LookUp, deadline: &Deadline) -> Result<Dialed> {
        let start = Instant::now();
        let (socket, peer) = dial::dial(&self.target, look_up, deadline)?;
        let over_unix_socket = self.is_unix_socket();
        Ok(Dialed { socket, peer, over_unix_socket, time: start.elapsed() })
    }

    /// Reads the greeting and decides. Nothing has been sent after it.
    pub(crate) fn greet(&self, dialed: Dialed, deadline: &Deadline) -> Result<Greeted> {
        let start = Instant::now();
        // The server needs its time too. What fails here fails again once it is known to be needed.
        let prepared = self.tls.prepared().ok().flatten();
        let (socket, mut facts) = dialed.listen(deadline)?;
        facts.greeting_time = start.elapsed();
        let plan = self.plan(&facts, deadline)?;
        let prepared = prepared
            .filter(|(product, _)| matches!(plan, Plan::Tls(_)) && *product == facts.product())
            .map(|(_, connection)| connection);
        Ok(Greeted { socket, facts, plan, prepared })
    }

    /// Decides after the greeting.
    pub(super) fn plan(&self, facts: &ServerFacts, deadline: &Deadline) -> Result<Plan> {
        let decision = decide(self.mode, facts.greeting.offers_tls(), self.is_unix_socket())
            .map_err(|refusal| refusal.into_error(deadline.server()))?;
        Ok(match decision {
            Decision::Tls => Plan::Tls(Arc::clone(&self.tls)),
            Decision::Plaintext(transport) => Plan::Plaintext(transport),
        })
    }

    fn is_unix_socket(&self) -> bool {
        matches!(self.target.address, Address::Unix(_))
    }
}
