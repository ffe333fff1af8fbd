//! The servers of a connector: which is tried next, and which has failed of late.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::builder::{ConnectionBuilder, MYSQL_PORT};
use crate::connect::deadline::{Deadline, tells_driver_gone};
use crate::connect::{Address, Target, TcpOptions};
#[cfg(feature = "mysql")]
use crate::driver::ServerMemory;
use crate::error::{Attempt, ConnectError, Error, Result};
use crate::load_balance::LoadBalance;
use crate::text::list;
use crate::tls::Host;

/// How long a server that has failed is tried after all others.
const SHUNNED_FOR: Duration = Duration::from_secs(30);

/// The servers of a connector; there is at least one.
pub(crate) struct Servers {
    all: Vec<Server>,
    balance: LoadBalance,
    /// How errors and logs name them together.
    pub(crate) label: Arc<str>,
}

/// A server, and what is remembered of it.
pub(crate) struct Server {
    pub(crate) target: Arc<Target>,
    /// How errors name it.
    pub(crate) label: Arc<str>,
    /// Its place among the servers.
    pub(crate) index: usize,
    #[cfg(feature = "mysql")]
    pub(crate) memory: ServerMemory,
    /// Until when it is tried after the others.
    shunned: Mutex<Option<Instant>>,
}

/// The name of every host for its certificate, the first apart. Of several, errors tell the port too.
pub(super) fn names(builder: &ConnectionBuilder) -> (Host, Vec<Host>) {
    if let Some(path) = &builder.socket {
        // As in libmysqlclient.
        let first = Host { name: "localhost".to_owned(), shown: path.display().to_string() };
        return (first, Vec::new());
    }
    let several = !builder.other_hosts.is_empty();
    let mut all = builder.hosts_as_given().map(|(host, port)| Host {
        name: host.to_owned(),
        shown: if several { at(host, port).label().to_string() } else { host.to_owned() },
    });
    let first = all.next().unwrap_or(Host { name: String::new(), shown: String::new() });
    (first, all.collect())
}

fn at(host: &str, port: Option<u16>) -> Address {
    Address::Tcp { host: host.to_owned(), port: port.unwrap_or(MYSQL_PORT) }
}

/// Why an attempt at a server failed.
pub(crate) struct Failed {
    error: Error,
    /// Another server is out of the question.
    for_good: bool,
}

impl Failed {
    pub(crate) fn for_good(error: Error) -> Self {
        Failed { error, for_good: true }
    }

    pub(crate) fn error(&self) -> &Error {
        &self.error
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        // Nobody waits for the connection any more.
        let for_good = tells_driver_gone(&error);
        Failed { error, for_good }
    }
}

impl Servers {
    pub(super) fn of(builder: &ConnectionBuilder) -> Self {
        let balance = builder.load_balance.unwrap_or_default();
        let tcp = TcpOptions {
            nodelay: builder.tcp_nodelay.unwrap_or(true),
            keepalive: builder.tcp_keepalive,
            keepalive_interval: builder.tcp_keepalive_interval,
            keepalive_probes: builder.tcp_keepalive_probes,
            user_timeout: builder.tcp_user_timeout,
        };
        let addresses: Vec<Address> = match &builder.socket {
            Some(path) => vec![Address::Unix(path.clone())],
            None => builder.hosts_as_given().map(|(host, port)| at(host, port)).collect(),
        };
        let server = |(index, address): (usize, Address)| Server {
            label: address.label(),
            target: Arc::new(Target { address, bind_address: builder.bind_address, tcp, balance }),
            index,
            #[cfg(feature = "mysql")]
            memory: ServerMemory::default(),
            shunned: Mutex::default(),
        };
        let all: Vec<_> = addresses.into_iter().enumerate().map(server).collect();
        let labels: Vec<_> = all.iter().map(|server| server.label.to_string()).collect();
        Servers { balance, label: labels.join(",").into(), all }
    }

    #[cfg(test)]
    pub(crate) fn first(&self) -> &Server {
        &self.all[0]
    }

    /// Attempts one server after another until one is reached, which is not yet taken to work. An
    /// attempt has two deadlines: by the first the server has to have answered, by the other all has to
    /// be done.
    pub(crate) fn reach<'a, T>(
        &'a self,
        deadline: &Deadline,
        mut attempt: impl FnMut(&'a Server, &Deadline, &Deadline) -> Result<T, Failed>,
    ) -> Result<T> {
        let mut left: Vec<&'a Server> = self.all.iter().collect();
        self.balance.order(&mut left);
        let mut failed = Vec::new();
        while let Some(server) = next(&mut left) {
            let whole = deadline.for_server(&server.label);
            let Failed { error, for_good } =
                match attempt(server, &whole.share(left.len() + 1), &whole) {
                    Ok(done) => return Ok(done),
                    Err(failed) => failed,
                };
            if for_good || !error.fails_over() {
                if has_answered(&error) {
                    server.works();
                }
                return Err(error);
            }
            self.avoid(server, &error);
            failed.push((server, error));
            if deadline.is_over() {
                break;
            }
        }
        Err(none_left(failed))
    }

    /// A login through this server failed after it was reached: it is tried after the others, if they may
    /// do better.
    pub(crate) fn login_failed(&self, server: &Server, error: &Error) {
        if error.fails_over() {
            self.avoid(server, error);
        } else if has_answered(error) {
            server.works();
        }
    }

    /// The server of this place.
    pub(crate) fn get(&self, index: usize) -> Option<&Server> {
        self.all.get(index)
    }

    /// From now on it is tried after the others, if there are any.
    fn avoid(&self, server: &Server, error: &Error) {
        if self.all.len() < 2 {
            return;
        }
        let until = Instant::now().checked_add(SHUNNED_FOR);
        if std::mem::replace(&mut *server.shunned(), until).is_none() {
            tracing::warn!(
                "{} is tried after the other hosts for {} s: {error}",
                server.label,
                SHUNNED_FOR.as_secs()
            );
        }
    }
}

/// Whether an error is a server's answer: it runs, whatever is wrong with it.
fn has_answered(error: &Error) -> bool {
    matches!(
        error,
        Error::Tls(_)
            | Error::Certificate(_)
            | Error::Handshake(_)
            | Error::Auth(_)
            | Error::Server(_)
            | Error::Protocol(_)
    )
}

/// The next to try: the first that has not failed of late, else the first.
fn next<'a>(left: &mut Vec<&'a Server>) -> Option<&'a Server> {
    let place = left.iter().position(|server| server.takes_turn()).unwrap_or_default();
    (place < left.len()).then(|| left.remove(place))
}

impl Server {
    /// Whether it is tried before others. One that has failed is, once in a while, by the connect that
    /// asks.
    fn takes_turn(&self) -> bool {
        let mut shunned = self.shunned();
        let now = Instant::now();
        match *shunned {
            Some(until) if now < until => false,
            Some(_) => {
                *shunned = now.checked_add(SHUNNED_FOR);
                true
            }
            None => true,
        }
    }

    /// It has let somebody in.
    pub(crate) fn works(&self) {
        *self.shunned() = None;
    }

    fn shunned(&self) -> MutexGuard<'_, Option<Instant>> {
        self.shunned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of one server, or of all together.
fn none_left(mut failed: Vec<(&Server, Error)>) -> Error {
    if failed.len() == 1
        && let Some((_, error)) = failed.pop()
    {
        return error;
    }
    let may_pass = failed.iter().any(|(_, error)| error.may_pass());
    let told: Vec<String> = failed
        .iter()
        .map(|(server, error)| format!("{} ({})", server.label, error.code()))
        .collect();
    let attempts = failed
        .iter()
        .map(|(server, error)| Attempt {
            address: server.label.to_string(),
            reason: error.to_string(),
        })
        .collect();
    let last = failed.into_iter().next_back().map(|(_, error)| error);
    let mut message = format!("no host could be used, tried {}", list(&told));
    if let Some(last) = &last {
        message.push_str(&format!("; the last: {last}"));
    }
    let error = ConnectError::no_host(message, attempts, may_pass);
    match last {
        Some(last) => error.because(last).into(),
        None => error.into(),
    }
}

#[cfg(test)]
mod tests;
