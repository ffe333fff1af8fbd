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
    /// One more host, with its port: a server that takes the same reads **and writes**, such as another
    /// TiDB server of the cluster; nobody asks whether it is read-only. Defaults to none besides that of
    /// [`new`](Self::new). In a connection string they stand one after another,
    /// `tidb://app@tidb-0,tidb-1,[::1]:4001/shop`.
    ///
    /// A connect tries the hosts in the order of [`load_balance`](Self::load_balance), within the one
    /// connect timeout, of which each has its share to greet and to go through the TLS handshake. A host
    /// is passed over that has no address, refuses, does not answer in time, breaks off before the login
    /// is over, or answers that it has too many connections, is shutting down or has blocked this
    /// client. The next connects try it after the others, for 30 seconds. Once it is logged in, what
    /// fails is an error, such as a connection that breaks over an init statement.
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
        let any = self.socket.is_none() && self.names_server();
        let all = self.hosts_as_given().filter(move |_| any);
        all.map(|(host, port)| (host, port.unwrap_or(MYSQL_PORT)))
    }

    /// Every host with the port that it was given, the first also where it is empty.
    pub(crate) fn hosts_as_given(&self) -> impl Iterator<Item = (&str, Option<u16>)> {
        let others = self.other_hosts.iter().map(|other| (other.host.as_str(), Some(other.port)));
        std::iter::once((self.host.as_str(), self.port)).chain(others)
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
        if self.other_hosts.is_empty() {
            return vec![self.clone()];
        }
        let alone = |(host, port): (&str, Option<u16>)| {
            let mut builder = self.clone();
            host.clone_into(&mut builder.host);
            // An option file's port is not for one of several.
            builder.port = port.or(Some(MYSQL_PORT));
            builder.other_hosts.clear();
            builder
        };
        self.hosts_as_given().map(alone).collect()
    }

    /// Whether there is a host or a socket, whatever an option file says.
    pub(crate) fn names_server(&self) -> bool {
        !self.host.is_empty() || !self.other_hosts.is_empty() || self.socket.is_some()
    }
}
