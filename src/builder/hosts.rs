//! The servers that a builder names.

use std::path::Path;

use super::{ConnectionBuilder, MYSQL_PORT};
use crate::load_balance::LoadBalance;

/// A host besides the first, with its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtherHost {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl ConnectionBuilder {
    /// One more host, with its port: a server that holds the same data, such as another TiDB server of
    /// the cluster. Defaults to none besides that of [`new`](Self::new). In a connection string they
    /// stand one after another, `tidb://app@tidb-0,tidb-1,[::1]:4001/shop`.
    ///
    /// A connect tries the hosts in the order of [`load_balance`](Self::load_balance), within the one
    /// connect timeout, of which each has its share to answer. A host is passed over that has no
    /// address, refuses, does not answer in time, breaks off before the login is over, or answers that
    /// it has too many connections, is shutting down or has blocked this client. The next connects try
    /// it after the others, for 30 seconds.
    ///
    /// Each host's own name is verified, unless `tls-server-name` gives one for all. **What the
    /// ssl-mode refuses is an error at once**, as is a refused login: a host with a wrong certificate
    /// is no reason to look for a nicer one.
    ///
    /// ```no_run
    /// use mysql_tls::{ConnectionBuilder, LoadBalance, SslMode};
    ///
    /// let connector = ConnectionBuilder::new("tidb-0.example.com")
    ///     .port(4000)
    ///     .add_host("tidb-1.example.com", 4000)
    ///     .add_host("tidb-2.example.com", 4000)
    ///     .load_balance(LoadBalance::Random)
    ///     .ssl_mode(SslMode::VerifyIdentity)
    ///     .build()?;
    /// # Ok::<(), mysql_tls::Error>(())
    /// ```
    #[doc(alias = "failover")]
    #[doc(alias = "multi_host")]
    pub fn add_host(mut self, host: impl Into<String>, port: u16) -> Self {
        let host = ConnectionBuilder::new(host).host;
        self.other_hosts.push(OtherHost { host, port });
        self
    }

    /// In which order the hosts, and the addresses of a host, are tried. Defaults to
    /// [`Sequential`](LoadBalance::Sequential), as they stand there. Key `load-balance`.
    #[doc(alias = "load_balance_hosts")]
    pub fn load_balance(mut self, balance: LoadBalance) -> Self {
        self.load_balance = Some(balance);
        self
    }

    /// The hosts with their ports, in the order in which they were given: none where there is a
    /// [`socket`](Self::socket), or where the [option file](Self::option_file) is to name one.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, u16)> {
        let first = (self.host.as_str(), self.port.unwrap_or(MYSQL_PORT));
        let others = self.other_hosts.iter().map(|other| (other.host.as_str(), other.port));
        let any = self.socket.is_none() && self.names_server();
        std::iter::once(first).chain(others).filter(move |_| any)
    }

    /// The path of the server's [Unix socket](Self::socket).
    #[must_use]
    pub fn socket_path(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// The same for each of the hosts alone, to look at one after another; this one alone where there
    /// is no more than one.
    #[must_use]
    pub fn each_host(&self) -> Vec<ConnectionBuilder> {
        let alone = |host: &str, port| {
            let mut builder = self.clone();
            host.clone_into(&mut builder.host);
            builder.port = port;
            builder.other_hosts.clear();
            builder
        };
        let others = self.other_hosts.iter().map(|other| alone(&other.host, Some(other.port)));
        std::iter::once(alone(&self.host, self.port)).chain(others).collect()
    }

    /// Whether there is a host or a socket, whatever an option file says.
    pub(crate) fn names_server(&self) -> bool {
        !self.host.is_empty() || !self.other_hosts.is_empty() || self.socket.is_some()
    }
}
