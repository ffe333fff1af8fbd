//! The server, its accounts, and how to reach it.

use std::fs;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, Connector, LoadBalance, Product, SslMode};
use tempfile::TempDir;

use crate::Result;
use crate::certificates::Certificates;
use crate::data::Data;
use crate::harness::{RealServer, Tls, new_home};
use crate::statements::Ledger;

const PASSWORD: &str = "correct horse";

pub(crate) struct World {
    pub(crate) server: RealServer,
    pub(crate) certificates: Certificates,
    pub(crate) data: Data,
    runtime: TempDir,
}

impl World {
    pub(crate) fn start(product: Product) -> Result<Self> {
        let home = new_home();
        let certificates = Certificates::make(home.path())?;
        let tls = Tls::Files {
            ca: &certificates.ca,
            cert: &certificates.server.cert,
            key: &certificates.server.key,
        };
        // A server that takes too long to stop is killed, and keeps what it has committed.
        let durable = ["--innodb-flush-log-at-trx-commit=2"];
        let arguments: &[&str] = if product == Product::TiDB { &[] } else { &durable };
        let server = RealServer::start_to_be_stopped(product, home, &tls, arguments);
        let data = Data::make();
        let mut admin = server.admin();
        let identified = match product {
            Product::MariaDB => format!("BY '{PASSWORD}'"),
            _ => format!("WITH caching_sha2_password BY '{PASSWORD}'"),
        };
        for statement in [
            "CREATE DATABASE soak",
            &format!("CREATE USER 'soak'@'%' IDENTIFIED {identified} REQUIRE X509"),
            "GRANT ALL ON soak.* TO 'soak'@'%'",
        ] {
            admin.query_drop(statement)?;
        }
        data.fill(&mut admin)?;
        drop(admin);
        let runtime = tempfile::Builder::new().prefix("soak-runtime-").tempdir()?;
        Ok(World { server, certificates, data, runtime })
    }

    fn builder(&self, host: &str) -> ConnectionBuilder {
        ConnectionBuilder::new(host)
            .port(self.server.port)
            .user("soak")
            .password(PASSWORD)
            .database("soak")
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca(&self.certificates.ca)
            .ssl_cert(&self.certificates.client.cert)
            .ssl_key(&self.certificates.client.key)
            .runtime_dir(self.runtime.path())
    }

    pub(crate) fn connector(&self) -> Result<Connector> {
        Ok(self.builder("localhost").build()?)
    }

    /// With a list of hosts, each of them this server.
    pub(crate) fn connector_of_hosts(&self) -> Result<Connector> {
        let builder = self.builder("127.0.0.1").add_host("localhost", self.server.port);
        Ok(builder.load_balance(LoadBalance::Random).build()?)
    }

    /// What the transactions have left is what they committed, each once, and nothing else.
    pub(crate) fn check_ledger(&self, expected: &Ledger) -> Result<()> {
        let found: Option<(u64, String, u64)> = self.server.admin().query_first(
            "SELECT COUNT(*), CAST(COALESCE(SUM(id), 0) AS CHAR), \
             COUNT(CASE WHEN entry <> CONCAT('entry ', id) THEN 1 END) FROM soak.ledger",
        )?;
        let (entries, sum) = (expected.entries, expected.sum);
        if found != Some((entries, sum.to_string(), 0)) {
            return Err(format!(
                "the ledger has (entries, sum of their numbers, wrong ones) {found:?}, and should \
                 have ({entries}, {sum}, 0)"
            )
            .into());
        }
        Ok(())
    }

    /// Every private directory went with its connector.
    pub(crate) fn runtime_dir_is_empty(&self) -> Result<()> {
        let left = fs::read_dir(self.runtime.path())?.map(|entry| Ok(entry?.path()));
        let left = left.collect::<Result<Vec<_>>>()?;
        if left.is_empty() { Ok(()) } else { Err(format!("files are left: {left:?}").into()) }
    }
}
