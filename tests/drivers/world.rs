//! A server of each product, accounts that ask for a client certificate, and endpoints that have it.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, Connector, Endpoint, Product, SslMode, Verification};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};

use crate::harness::{RealServer, Tls, new_home};

/// The password of every account: what a connection string may stumble over.
pub(crate) const PASSWORD: &str = "Kühe: 100% @ m&hr/?";

/// A server with a certificate for `localhost`.
pub(crate) struct World {
    server: RealServer,
    files: Files,
    /// Held while an account is made: TiDB may forget one for a moment if another is made meanwhile.
    making: Mutex<()>,
}

struct Files {
    ca: PathBuf,
    server: (PathBuf, PathBuf),
    /// The only client certificate that its CA has issued.
    client: (PathBuf, PathBuf),
}

/// The server that all tests of a product share.
pub(crate) fn shared(product: Product) -> &'static World {
    static MARIADB: LazyLock<World> = LazyLock::new(|| World::start(Product::MariaDB));
    static MYSQL: LazyLock<World> = LazyLock::new(|| World::start(Product::MySQL));
    static TIDB: LazyLock<World> = LazyLock::new(|| World::start(Product::TiDB));
    match product {
        Product::MariaDB => &MARIADB,
        Product::TiDB => &TIDB,
        _ => &MYSQL,
    }
}

impl World {
    fn start(product: Product) -> Self {
        let home = new_home();
        let files = Files::make(home.path());
        let tls = Tls::Files { ca: &files.ca, cert: &files.server.0, key: &files.server.1 };
        World {
            server: RealServer::start(product, home, &tls, &[]),
            files,
            making: Mutex::default(),
        }
    }

    /// Makes a database and an account of this name, `REQUIRE X509`, and a connector for both.
    pub(crate) fn connector(&self, name: &str) -> Connector {
        self.make_account(name);
        let (cert, key) = &self.files.client;
        self.builder(name).ssl_cert(cert).ssl_key(key).build().expect("a connector")
    }

    /// The same as a connection string with the password.
    pub(crate) fn dsn(&self, name: &str) -> String {
        self.make_account(name);
        let (cert, key) = &self.files.client;
        let builder = self.builder(name).ssl_cert(cert).ssl_key(key).password(PASSWORD);
        builder.to_dsn().expect("a connection string")
    }

    /// A connector without the client certificate, for the same account.
    pub(crate) fn without_certificate(&self, name: &str) -> Connector {
        self.builder(name).build().expect("a connector")
    }

    fn builder(&self, name: &str) -> ConnectionBuilder {
        ConnectionBuilder::new("localhost")
            .port(self.server.port)
            .user(name)
            .database(name)
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca(&self.files.ca)
    }

    fn make_account(&self, name: &str) {
        let identified = match self.server.product {
            Product::MariaDB => {
                format!("VIA mysql_native_password USING PASSWORD('{PASSWORD}')")
            }
            // The server asks for the password itself: TiDB at every login, MySQL at the first.
            _ => format!("WITH caching_sha2_password BY '{PASSWORD}'"),
        };
        let _alone = self.making.lock().expect("no test has failed there");
        let mut admin = self.server.admin();
        for statement in [
            format!("CREATE DATABASE {name}"),
            format!("CREATE USER '{name}'@'%' IDENTIFIED {identified} REQUIRE X509"),
            format!("GRANT ALL ON {name}.* TO '{name}'@'%'"),
        ] {
            admin.query_drop(statement).expect("root may do everything");
        }
    }
}

/// The connection with this id came through the endpoint, which has verified the server, and the
/// server agrees about the cipher.
pub(crate) fn assert_verified(endpoint: &Endpoint, connection_id: u64, cipher: &str) {
    let id = u32::try_from(connection_id).expect("a connection id of 32 bits");
    let sessions = endpoint.sessions_by_connection_id(id);
    assert_eq!(sessions.len(), 1, "connection {id} is none of the endpoint's");
    let tls = sessions[0].session().tls().expect("TLS");
    assert_eq!(*tls.verified(), Verification::ChainAndName("localhost".into()));
    assert_eq!(tls.cipher_openssl(), cipher);
}

impl Files {
    fn make(dir: &Path) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = params("Library CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = write(dir, "ca.pem", &params.self_signed(&key).expect("a certificate").pem());
        let issuer = Issuer::new(params, key);
        let issue = |name: &str, usage| issue(dir, &issuer, name, usage);
        Files {
            ca,
            server: issue("localhost", ExtendedKeyUsagePurpose::ServerAuth),
            client: issue("librarian", ExtendedKeyUsagePurpose::ClientAuth),
        }
    }
}

fn issue(
    dir: &Path,
    issuer: &Issuer<'_, KeyPair>,
    name: &str,
    usage: ExtendedKeyUsagePurpose,
) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().expect("a key");
    let mut params = params(name);
    params.subject_alt_names =
        CertificateParams::new([name.to_owned()]).expect("a name").subject_alt_names;
    params.extended_key_usages = vec![usage];
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    (
        write(dir, &format!("{name}.pem"), &certificate.pem()),
        write(dir, &format!("{name}-key.pem"), &key.serialize_pem()),
    )
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn write(dir: &Path, name: &str, content: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, content).expect("file of the test");
    path
}
