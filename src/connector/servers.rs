//! The servers of a connector: which is tried next, and which has failed of late.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::builder::{ConnectionBuilder, MYSQL_PORT};
use crate::connect::deadline::Deadline;
use crate::connect::{Address, Target, TcpOptions};
#[cfg(feature = "mysql")]
use crate::driver::ServerMemory;
use crate::error::{Attempt, ConnectError, ConnectErrorKind, Error, Result};
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

/// The name of every host for its certificate, the first apart.
pub(super) fn names(builder: &ConnectionBuilder) -> (Host, Vec<Host>) {
    let named = |name: &str| Host { name: name.to_owned(), shown: name.to_owned() };
    let first = match &builder.socket {
        // As in libmysqlclient.
        Some(path) => Host { name: "localhost".to_owned(), shown: path.display().to_string() },
        None => named(&builder.host),
    };
    (first, builder.other_hosts.iter().map(|other| named(&other.host)).collect())
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
        let at = |host: &str, port| Address::Tcp { host: host.to_owned(), port };
        let first = match &builder.socket {
            Some(path) => Address::Unix(path.clone()),
            None => at(&builder.host, builder.port.unwrap_or(MYSQL_PORT)),
        };
        let others = builder.other_hosts.iter().map(|other| at(&other.host, other.port));
        let server = |(index, address): (usize, Address)| Server {
            label: address.label(),
            target: Arc::new(Target { address, bind_address: builder.bind_address, tcp, balance }),
            index,
            #[cfg(feature = "mysql")]
            memory: ServerMemory::default(),
            shunned: Mutex::default(),
        };
        let all: Vec<_> = std::iter::once(first).chain(others).enumerate().map(server).collect();
        let labels: Vec<_> = all.iter().map(|server| server.label.to_string()).collect();
        Servers { balance, label: labels.join(",").into(), all }
    }

    #[cfg(test)]
    pub(crate) fn first(&self) -> &Server {
        &self.all[0]
    }

    /// Attempts one server after another until one is reached. An attempt has two deadlines: by the
    /// first the server has to have answered, by the other all has to be done.
    pub(crate) fn reach<'a, T>(
        &'a self,
        deadline: &Deadline,
        mut attempt: impl FnMut(&'a Server, &Deadline, &Deadline) -> Result<T>,
    ) -> Result<T> {
        let mut left: Vec<&'a Server> = self.all.iter().collect();
        self.balance.order(&mut left);
        let mut failed = Vec::new();
        while let Some(server) = next(&mut left) {
            let whole = deadline.for_server(&server.label);
            let error = match attempt(server, &whole.share(left.len() + 1), &whole) {
                Ok(done) => {
                    server.works();
                    return Ok(done);
                }
                Err(error) => error,
            };
            let is_alone = left.is_empty() && failed.is_empty();
            if is_alone || !error.fails_over() {
                return Err(error);
            }
            server.fails(&error);
            if deadline.is_over() {
                return Err(error);
            }
            failed.push((server, error));
        }
        Err(none_left(failed))
    }

    /// A connection to the server failed after it was reached, where nothing is left but to know that.
    pub(crate) fn failed(&self, index: usize, error: &Error) {
        let server = self.all.get(index).filter(|_| self.all.len() > 1);
        if let Some(server) = server.filter(|_| error.fails_over()) {
            server.fails(error);
        }
    }
}

/// The next to try: the first that has not failed of late, else the first.
fn next<'a>(left: &mut Vec<&'a Server>) -> Option<&'a Server> {
    let place = left.iter().position(|server| server.is_due()).unwrap_or_default();
    (place < left.len()).then(|| left.remove(place))
}

impl Server {
    /// Whether it may be tried before others. One that has failed is, once in a while, by one connect.
    fn is_due(&self) -> bool {
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

    fn works(&self) {
        *self.shunned() = None;
    }

    /// What was to be had of it failed, as it might not have elsewhere.
    fn fails(&self, error: &Error) {
        tracing::warn!(
            "{} is tried after the other hosts for {} s: {error}",
            self.label,
            SHUNNED_FOR.as_secs()
        );
        *self.shunned() = Instant::now().checked_add(SHUNNED_FOR);
    }

    fn shunned(&self) -> MutexGuard<'_, Option<Instant>> {
        self.shunned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn none_left(failed: Vec<(&Server, Error)>) -> Error {
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
    let error = ConnectError::new(ConnectErrorKind::NoHost, message, attempts);
    match last {
        Some(last) => error.because(last).into(),
        None => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{CertificateError, CertificateErrorKind, IoErrorKind, Step};

    fn servers(balance: LoadBalance) -> Servers {
        let builder = ConnectionBuilder::new("a").add_host("b", 1).add_host("::1", 2);
        Servers::of(&builder.load_balance(balance))
    }

    fn deadline(limit: Duration) -> Deadline {
        Deadline::start(limit, "all".into())
    }

    const LIMIT: Duration = Duration::from_secs(60);

    fn broken() -> Error {
        Error::io(IoErrorKind::Broken, "it broke", std::io::Error::other("a cable"))
    }

    /// The servers that are attempted where those that `fails` names fail, and what comes of it.
    fn attempted(servers: &Servers, fails: &[usize]) -> (Vec<usize>, Result<usize>) {
        let mut tried = Vec::new();
        let result = servers.reach(&deadline(LIMIT), |server, _, _| {
            tried.push(server.index);
            if fails.contains(&server.index) { Err(broken()) } else { Ok(server.index) }
        });
        (tried, result)
    }

    #[test]
    fn what_has_failed_is_tried_after_the_others_for_a_while() {
        let servers = servers(LoadBalance::Sequential);
        let tried = |fails: &[usize]| attempted(&servers, fails).0;
        assert_eq!(tried(&[]), [0]);
        assert_eq!(tried(&[0, 1]), [0, 1, 2]);
        assert_eq!(tried(&[]), [2], "the others have failed");
        assert_eq!(tried(&[2]), [2, 0], "which is better than none");
        assert_eq!(tried(&[]), [0], "it works again");
        let past = Instant::now().checked_sub(Duration::from_millis(1));
        *servers.all[1].shunned() = past;
        assert_eq!(tried(&[0]), [0, 1]);
        assert_eq!(tried(&[]), [1]);
        *servers.all[0].shunned() = past;
        assert_eq!(tried(&[0]), [0, 1], "its time has come");
        *servers.all[0].shunned() = past;
        assert!(servers.all[0].is_due());
        assert!(!servers.all[0].is_due(), "one connect tries it");
    }

    #[test]
    fn by_chance_each_comes_first() {
        let servers = servers(LoadBalance::Random);
        let mut firsts = [0; 3];
        for _ in 0..300 {
            firsts[attempted(&servers, &[]).0[0]] += 1;
        }
        assert!(firsts.iter().all(|count| (50..=150).contains(count)), "{firsts:?}");
    }

    #[test]
    fn none_left() {
        let (_, result) = attempted(&servers(LoadBalance::Sequential), &[0, 1, 2]);
        let Err(Error::Connect(error)) = result else { panic!("{result:?}") };
        assert_eq!(error.kind(), ConnectErrorKind::NoHost);
        assert_eq!(
            error.to_string(),
            "no host could be used, tried a:3306 (io.broken), b:1 (io.broken) and [::1]:2 \
             (io.broken); the last: it broke"
        );
        let hosts: Vec<_> = error.attempts().iter().map(Attempt::address).collect();
        assert_eq!(hosts, ["a:3306", "b:1", "[::1]:2"]);
        assert_eq!(error.attempts()[0].reason(), "it broke");
        let cause = std::error::Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "it broke");
    }

    #[test]
    fn a_refusal_by_policy_is_the_end() {
        let servers = servers(LoadBalance::Sequential);
        let refuse =
            || CertificateError::new(CertificateErrorKind::WrongName, "another name").into();
        let mut tried = 0;
        let result: Result<()> = servers.reach(&deadline(LIMIT), |_, _, _| {
            tried += 1;
            Err(refuse())
        });
        assert_eq!((result.unwrap_err().code(), tried), ("certificate.wrong-name", 1));
        assert_eq!(attempted(&servers, &[]).0, [0], "and is not remembered");
        servers.failed(0, &refuse());
        assert_eq!(attempted(&servers, &[]).0, [0]);
        servers.failed(0, &broken());
        assert_eq!(attempted(&servers, &[]).0, [1]);
    }

    #[test]
    fn each_has_its_share_of_the_time() {
        let servers = servers(LoadBalance::Sequential);
        let start = Instant::now();
        let mut shares = Vec::new();
        let result: Result<()> = servers.reach(&deadline(LIMIT), |server, answer_by, whole| {
            assert_eq!(whole.server(), &*server.label);
            shares.push((answer_by.at() - start).as_secs_f64().round());
            Err(answer_by.missed(Step::Greeting))
        });
        assert_eq!(shares, [20.0, 30.0, 60.0]);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("b:1 (timeout.greeting)"), "{error}");
        assert!(error.contains("the last: connecting to [::1]:2 took longer than connect-timeout"));
        let mut first = None;
        let _: Result<()> = servers.reach(&deadline(LIMIT), |_, answer_by, _| {
            first.get_or_insert(answer_by.missed(Step::Dial).to_string());
            Err(broken())
        });
        let first = first.unwrap();
        assert!(first.contains("longer than its share of connect-timeout (19.999s)"), "{first}");
        // Once the time is over, no other is tried.
        let over = servers.reach(&deadline(Duration::ZERO), |_, _, whole| -> Result<()> {
            Err(whole.missed(Step::Authentication))
        });
        assert_eq!(over.unwrap_err().code(), "timeout.authentication");
    }

    #[test]
    fn a_server_alone_keeps_its_error() {
        let servers = Servers::of(&ConnectionBuilder::new("a"));
        let (tried, result) = attempted(&servers, &[0]);
        assert_eq!((tried, result.unwrap_err().code()), (vec![0], "io.broken"));
        servers.failed(0, &broken());
        assert!(servers.all[0].is_due(), "there is no other");
    }
}
