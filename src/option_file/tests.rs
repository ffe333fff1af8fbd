//! Files as people have them, what is refused, and which of file, connection string and setter wins.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod precedence;
mod refusals;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::builder::ConnectionBuilder;
use crate::error::Error;
use crate::ssl_mode::SslMode;

/// A directory of option files that only their owner can read.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().unwrap())
    }

    /// Writes a file; `DIR` in its text is the directory.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        let dir = self.0.path().display().to_string();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text.replace("DIR", &dir)).unwrap();
        set_mode(&path, 0o600);
        path
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The builder with what the text of a file adds to it.
fn under(builder: ConnectionBuilder, text: &str) -> Result<ConnectionBuilder, Error> {
    let files = Files::new();
    let path = files.write("my.cnf", text);
    builder.option_file(path, &["client"]).read_option_file()
}

/// The same for lines of `[client]`, over a builder with the host `h`.
#[track_caller]
fn client(lines: &str) -> ConnectionBuilder {
    under(h(), &format!("[client]\n{lines}\n")).unwrap_or_else(|error| panic!("{lines}: {error}"))
}

fn h() -> ConnectionBuilder {
    ConnectionBuilder::new("h")
}

#[test]
fn options_of_the_client() {
    let secs = std::time::Duration::from_secs;
    for (lines, expected) in [
        (
            "user=app\npassword='a#b'\ndatabase=shop",
            h().user("app").password("a#b").database("shop"),
        ),
        ("user=\ndatabase=\npassword=", h().password("")),
        ("password", h()),
        ("password1=a", h().password("a")),
        ("port=4000", h().port(4000)),
        ("port=4000\nport=0", h()),
        ("PORT=4000", h().port(4000)),
        ("connect-timeout=1000", h().connect_timeout(secs(1000))),
        ("connect_timeout=5s", h().connect_timeout(secs(5))),
        ("ssl_mode=required", h().ssl_mode(SslMode::Required)),
        ("ssl-mode=REQUIRED\nssl_mode=VERIFY_CA", h().ssl_mode(SslMode::VerifyCa)),
        ("loose-ssl-ca=a.pem", h().ssl_ca("a.pem")),
        ("loose_ssl_ca = a.pem # the CA", h().ssl_ca("a.pem")),
        ("ssl-cert=\"a b.pem\"\nssl-key=k.pem", h().ssl_cert("a b.pem").ssl_key("k.pem")),
        ("ssl-ca=\"-----BEGIN X\\n\"", h().ssl_ca_pem("-----BEGIN X\n")),
        ("default-character-set=utf8mb4", h().charset("utf8mb4")),
        ("default-character-set=auto", h()),
        ("charset=latin1\ndefault_character_set=utf8mb4", h().charset("utf8mb4")),
        ("compress", h().compression(6)),
        ("compress=1", h().compression(6)),
        ("compression=1", h().compression(1)),
        ("compression-algorithms=zlib,uncompressed", h().compression(6)),
        ("compress\ncompression-algorithms=zstd,uncompressed", client_off()),
        ("skip-compress", client_off()),
        ("compress=0", client_off()),
        ("local-infile", h().local_infile(true)),
        ("enable-local-infile", h().local_infile(true)),
        ("disable_local_infile", h().local_infile(false)),
        ("loose-skip-local-infile", h().local_infile(false)),
        ("enable-cleartext-plugin", h().enable_cleartext_plugin(true)),
        ("skip-enable-cleartext-plugin", h().enable_cleartext_plugin(false)),
        ("get-server-public-key", h().get_server_public_key(true)),
        ("server-public-key-path=/k.pem", h().server_public_key_path("/k.pem")),
        ("max_allowed_packet=16M", h().max_allowed_packet(16 << 20)),
        ("max_allowed_packet=4096", h().max_allowed_packet(4096)),
        ("init-command=\"SET a='50%;'; SELECT 1\"", h().init_statement("SET a='50%;'; SELECT 1")),
        ("init-command=a\ninit-command=b", h().init_statement("b")),
        (
            "init-command=a\ninit-command-add=b\ninit-command-add=c",
            h().init_statement("a").init_statement("b").init_statement("c"),
        ),
        ("tls-pin=sha256//a+=;sha256//b=", h().tls_pin("sha256//a+=").tls_pin("sha256//b=")),
        ("bind-address=127.0.0.1", h().bind_address("127.0.0.1:0".parse().unwrap())),
        ("password=a\npassword-file=/f", h().password_file("/f")),
        ("password-file=/f\npassword=a", h().password("a")),
        // What the client's other programs have, or a shell of another time.
        (
            "prompt=\\u> \nno-auto-rehash\nloose-what\nquick\ndns-srv-name=x\nhostname=x\npass=x",
            h(),
        ),
        ("secure-auth\nskip-name-resolve\nplugin-dir=/x\nlogin-path=x", h()),
    ] {
        assert_eq!(client(lines), expected, "{lines}");
    }
}

/// `h()` whose compression is off and was asked to be.
fn client_off() -> ConnectionBuilder {
    "mysql://h?compress=false".parse().unwrap()
}

#[test]
fn the_address_is_chosen_as_the_client_does() {
    let new = ConnectionBuilder::new;
    let local = || new("").socket("/s");
    for (lines, expected) in [
        ("host=db", new("db")),
        ("host=[::1]", new("::1")),
        ("host=db\nsocket=/s", new("db")),
        ("socket=/s", local()),
        ("host=localhost\nsocket=/s", local()),
        ("host=localhost", new("localhost")),
        ("host=localhost\nsocket=/s\nprotocol=tcp", new("localhost")),
        ("host=db\nsocket=/s\nprotocol=SOCKET", local()),
        ("protocol=SOCKET\nhost=db\nsocket=/s", local()),
        ("host=db\ntls-server-name=n", new("db").tls_server_name("n")),
        ("socket=/s\nbind-address=::1", local()),
    ] {
        let lines = format!("[client]\n{lines}\n");
        let read = under(new(""), &lines).unwrap();
        // An address to bind to is the builder's to have with a socket, where it is refused.
        assert_eq!(read, expected, "{lines}");
    }
    for (builder, lines, expected) in [
        // Debian's file has the socket; a host that was named stays one.
        (h(), "socket=/s", h()),
        (h(), "host=db\nport=4000\ntls-server-name=n", h().port(4000)),
        // Each of several hosts has its own port.
        (h().add_host("i", 1), "host=db\nport=4000", h().add_host("i", 1)),
        (new("localhost"), "socket=/s\nhost=db", new("localhost")),
        (local(), "host=db\nsocket=/t\nbind-address=::1", local()),
    ] {
        assert_eq!(under(builder, &format!("[client]\n{lines}\n")).unwrap(), expected, "{lines}");
    }
}

#[test]
fn groups_and_includes() {
    let files = Files::new();
    files.write("one.cnf", "[client]\nuser=one\n[other]\nuser=other\n");
    files.write("dir/b.cnf", "[client]\ndatabase=b\ncharset=b\n");
    files.write("dir/a.cnf", "[client]\ndatabase=a\n");
    files.write("dir/c.txt", "[client]\ndatabase=c\n");
    files.write("dir/d.cnf~", "no option file");
    files.write("dir/sub/e.cnf", "[client]\ndatabase=e\n");
    let path = files.write(
        "my.cnf",
        "# first\n[client]\nuser=zero\nport=1\n!include DIR/one.cnf\nport=2\n[mysqld]\nssl-fp=x\n\
         port=3\n!includedir DIR/dir\n[client_x]\nport=4\n[client]\ntime-zone=UTC\n",
    );
    let read = |groups: &[&str]| h().option_file(&path, groups).read_option_file().unwrap();
    let client = h().user("one").port(2).database("b").charset("b").time_zone("UTC");
    assert_eq!(read(&["client"]), client);
    assert_eq!(read(&[]), client);
    assert_eq!(read(&["client", "client_x"]), client.clone().port(4));
    assert_eq!(read(&["client", "other"]), client.clone().user("other"));
    assert_eq!(read(&["nothing"]), h());
    assert_eq!(read(&["Client"]), h());
    let dsn =
        format!("mysql://h?option-file={}&read_default_group=client;client_x", path.display());
    let builder: ConnectionBuilder = dsn.parse().unwrap();
    assert_eq!(builder.read_option_file().unwrap(), client.port(4));
}

#[test]
fn a_builder_without_a_file_stays_as_it_is() {
    assert_eq!(h().read_option_file().unwrap(), h());
    let error = "mysql://h?option-groups=client".parse::<ConnectionBuilder>().unwrap().build();
    assert_eq!(error.unwrap_err().code(), "config.conflict");
}

#[test]
fn build_reads_it() {
    let files = Files::new();
    let path =
        files.write("my.cnf", "[client]\nhost=db\nuser=app\npassword=secret\nssl-mode=REQUIRED\n");
    let builder = ConnectionBuilder::new("").option_file(&path, &[]);
    assert!(!builder.has_password());
    assert!(builder.clone().read_option_file().unwrap().has_password());
    let connector = builder.build().unwrap();
    assert_eq!(connector.ssl_mode(), SslMode::Required);
    assert_eq!(connector.user(), Some("app"));
    assert_eq!(connector.password().unwrap().unwrap().expose(), "secret");
    let dsn = builder.to_dsn().unwrap();
    assert_eq!(dsn, format!("mysql:///?option-file={}", path.display()));
    assert_eq!(dsn.parse::<ConnectionBuilder>().unwrap(), builder);
    assert_eq!(builder.to_string(), dsn);
}
