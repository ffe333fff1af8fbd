//! A server with certificates and accounts; the one of each product that most tests share.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, Product, SslMode};
use tempfile::TempDir;

use super::harness::{RealServer, Tls, new_home};
use crate::support::{Authority, Issued};

/// The password of every account.
pub(super) const PASSWORD: &str = "correct-horse-battery";

/// The URI in the certificate `right`.
pub(super) const RIGHT_URI: &str = "spiffe://example.org/right";

/// The database that every account may use.
pub(super) const DATABASE: &str = "shop";

/// A certificate with its key, as files.
pub(super) struct Pair {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

/// What the server and its clients show one another, in the server's directory.
pub(super) struct Pki {
    pub(super) authority: Authority,
    /// The CA of the server, and of the clients that it accepts.
    pub(super) ca: PathBuf,
    /// A CA that issued nothing here.
    pub(super) wrong_ca: PathBuf,
    /// For the DNS name `localhost`, and no address.
    pub(super) server: Pair,
    /// The client certificate that the accounts ask for.
    pub(super) right: Pair,
    /// Another one of the same CA.
    pub(super) sibling: Pair,
    /// One of a CA below that CA.
    pub(super) below: Pair,
    /// One of a CA that the server does not know.
    pub(super) foreign: Pair,
}

impl Pki {
    fn make(dir: &Path) -> Self {
        let authority = Authority::new("Shop CA");
        let other = Authority::new("Other CA");
        let below = authority.intermediate("Shop Branch CA");
        let client = |ca: &Authority, name: &str| ca.client(name).organization("Shop");
        let write = |stem: &str, issued: &Issued| write_pair(dir, stem, issued);
        let server = authority.server("localhost").serial(0x1001).issue();
        Pki {
            ca: write_file(dir, "ca.pem", &authority.pem()),
            wrong_ca: write_file(dir, "wrong-ca.pem", &other.pem()),
            server: write("server", &server),
            right: write("right", &client(&authority, "right").uri(RIGHT_URI).issue()),
            sibling: write("sibling", &client(&authority, "sibling").issue()),
            below: write("below", &client(&below, "below").issue()),
            foreign: write("foreign", &client(&other, "right").uri(RIGHT_URI).issue()),
            authority,
        }
    }
}

/// Writes `STEM.pem` and `STEM-key.pem`, over what is there.
pub(super) fn write_pair(dir: &Path, stem: &str, issued: &Issued) -> Pair {
    Pair {
        cert: write_file(dir, &format!("{stem}.pem"), &issued.chain_pem()),
        key: write_file(dir, &format!("{stem}-key.pem"), &issued.key_pem()),
    }
}

/// Writes a file of a server's directory, over what is there.
pub(super) fn write_file(dir: &Path, name: &str, content: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, content).expect("file of the test");
    path
}

pub(super) struct World {
    pub(super) server: RealServer,
    pub(super) pki: Pki,
}

/// Which certificate a server of its own gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Certificate {
    /// None: no TLS.
    None,
    /// That of [`Pki::server`].
    Issued,
    /// The one that the server makes.
    Auto,
}

/// The server of this product that most tests share: certificates of [`Pki`], nothing special.
pub(super) fn shared(product: Product) -> &'static World {
    static MARIADB: LazyLock<World> =
        LazyLock::new(|| World::start(Product::MariaDB, Certificate::Issued));
    static MYSQL: LazyLock<World> =
        LazyLock::new(|| World::start(Product::MySQL, Certificate::Issued));
    static TIDB: LazyLock<World> =
        LazyLock::new(|| World::start(Product::TiDB, Certificate::Issued));
    match product {
        Product::MariaDB => &MARIADB,
        Product::TiDB => &TIDB,
        _ => &MYSQL,
    }
}

impl World {
    pub(super) fn start(product: Product, certificate: Certificate) -> Self {
        Self::start_with(product, certificate, &[])
    }

    /// With arguments for the server.
    pub(super) fn start_with(
        product: Product,
        certificate: Certificate,
        arguments: &[&str],
    ) -> Self {
        Self::make(certificate, |home, tls| RealServer::start(product, home, tls, arguments))
    }

    /// One whose server can be stopped and started again.
    pub(super) fn start_to_be_stopped(product: Product) -> Self {
        Self::make(Certificate::Issued, |home, tls| {
            RealServer::start_to_be_stopped(product, home, tls, &[])
        })
    }

    fn make(certificate: Certificate, start: impl FnOnce(TempDir, &Tls<'_>) -> RealServer) -> Self {
        let home = new_home();
        let pki = Pki::make(home.path());
        let tls = match certificate {
            Certificate::None => Tls::None,
            Certificate::Auto => Tls::Auto,
            Certificate::Issued => {
                Tls::Files { ca: &pki.ca, cert: &pki.server.cert, key: &pki.server.key }
            }
        };
        let world = World { server: start(home, &tls), pki };
        world.make_accounts();
        world
    }

    pub(super) fn product(&self) -> Product {
        self.server.product
    }

    /// Makes the server read its certificate files again.
    pub(super) fn reload_tls(&self) {
        let statement = match self.product() {
            Product::MariaDB => "FLUSH SSL",
            _ => "ALTER INSTANCE RELOAD TLS",
        };
        self.server.admin().query_drop(statement).unwrap();
    }

    /// A connection of `app` to `host`, which is to mean this server, over TCP.
    pub(super) fn to(&self, host: &str) -> ConnectionBuilder {
        ConnectionBuilder::new(host)
            .port(self.server.port)
            .user("app")
            .password(PASSWORD)
            .database(DATABASE)
    }

    /// A verified connection of `app`.
    pub(super) fn verified(&self) -> ConnectionBuilder {
        self.to("localhost").ssl_mode(SslMode::VerifyIdentity).ssl_ca(&self.pki.ca)
    }

    /// A plaintext connection of `app`.
    pub(super) fn plaintext(&self) -> ConnectionBuilder {
        self.to("127.0.0.1").ssl_mode(SslMode::Disabled)
    }

    /// `app` is an account that can log in on plaintext too; most others exist on some products
    /// only.
    fn make_accounts(&self) {
        let mut admin = self.server.admin();
        admin.query_drop(format!("CREATE DATABASE IF NOT EXISTS {DATABASE}")).unwrap();
        let mut make = |name: &str, plugin: &str, require: &str| {
            admin.query_drop(create_user(self.product(), name, plugin, require)).unwrap();
            admin.query_drop(format!("GRANT ALL ON {DATABASE}.* TO '{name}'@'%'")).unwrap();
        };
        let plugin = match self.product() {
            Product::MySQL => "caching_sha2_password",
            _ => "mysql_native_password",
        };
        make("app", plugin, "NONE");
        make("other", plugin, "NONE");
        make("ssl", plugin, "SSL");
        make("x509", plugin, "X509");
        make("subject", plugin, "SUBJECT '/CN=right/O=Shop'");
        make("sibling", plugin, "SUBJECT '/CN=sibling/O=Shop'");
        make("issuer", plugin, "ISSUER '/CN=Shop CA'");
        match self.product() {
            Product::MariaDB => make("ed25519", "ed25519", "NONE"),
            Product::TiDB => {
                make("san", plugin, &format!("SAN 'URI:{RIGHT_URI}'"));
                make("sha2", "caching_sha2_password", "NONE");
            }
            // The server remembers a password from the first login on: one account for each test.
            _ => {
                const NAMES: &str = "sha2 sha2_unknown sha2_unverified sha2_key sha2_ask sha2_wrong_key \
                     sha2_socket";
                for name in NAMES.split(' ') {
                    make(name, plugin, "NONE");
                }
                // From here on `app` can log in with a scramble.
                ConnectionBuilder::new("localhost")
                    .socket(&self.server.socket)
                    .user("app")
                    .password(PASSWORD)
                    .connect()
                    .expect("the first login of `app`");
            }
        }
    }
}

/// The statement that makes an account with [`PASSWORD`].
pub(super) fn create_user(product: Product, name: &str, plugin: &str, require: &str) -> String {
    let identified = match product {
        Product::MariaDB => format!("VIA {plugin} USING PASSWORD('{PASSWORD}')"),
        _ => format!("WITH {plugin} BY '{PASSWORD}'"),
    };
    format!("CREATE USER '{name}'@'%' IDENTIFIED {identified} REQUIRE {require}")
}
