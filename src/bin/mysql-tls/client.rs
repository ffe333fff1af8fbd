//! Options as the `mysql` client has them, so that a command line for it works here.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use mysql_tls::{ConnectionBuilder, SslMode};

use crate::duration::duration;
use crate::failure::Failure;

/// The options of the `mysql` client. They win over the same settings in the DSN and in an option
/// file.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct ClientOptions {
    /// The server's host, in place of a DSN (the help is --help)
    #[arg(short, long, help_heading = CLIENT)]
    pub(crate) host: Option<String>,

    /// The server's Unix socket, in place of a DSN
    #[arg(short = 'S', long, value_name = "PATH", help_heading = CLIENT, conflicts_with_all = ["host", "port"])]
    pub(crate) socket: Option<PathBuf>,

    /// The server's TCP port
    #[arg(short = 'P', long, help_heading = CLIENT)]
    port: Option<u16>,

    /// TCP, or SOCKET for the server's Unix socket; by default what the host or --socket says
    #[arg(long, value_name = "PROTOCOL", help_heading = CLIENT, ignore_case = true)]
    protocol: Option<Protocol>,

    /// The account's user name
    #[arg(short, long, help_heading = CLIENT)]
    pub(crate) user: Option<String>,

    /// The database to use
    #[arg(short = 'D', long, help_heading = CLIENT)]
    pub(crate) database: Option<String>,

    /// DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY [default: VERIFY_CA with a CA,
    /// VERIFY_IDENTITY with ssl-roots in the DSN, REQUIRED with a pin there, and otherwise PREFERRED,
    /// which does not verify the server and takes plaintext where it offers no TLS]
    #[arg(long, value_name = "MODE", help_heading = CLIENT)]
    ssl_mode: Option<SslMode>,

    /// A file with the CA certificates to trust
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_ca: Option<PathBuf>,

    /// A directory with CA certificates to trust
    #[arg(long, value_name = "DIR", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_capath: Option<PathBuf>,

    /// A file with certificate revocation lists
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_crl: Option<PathBuf>,

    /// A directory with certificate revocation lists
    #[arg(long, value_name = "DIR", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_crlpath: Option<PathBuf>,

    /// A file with the client certificate
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_cert: Option<PathBuf>,

    /// A file with the client certificate's private key
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_key: Option<PathBuf>,

    /// The TLS versions to offer, such as TLSv1.2,TLSv1.3
    #[arg(long, value_name = "LIST", help_heading = CLIENT)]
    tls_version: Option<String>,

    /// The cipher suites of TLS 1.2 to offer, separated by `:`
    #[arg(long, value_name = "LIST", help_heading = CLIENT)]
    ssl_cipher: Option<String>,

    /// The cipher suites of TLS 1.3 to offer, separated by `:`
    #[arg(long, value_name = "LIST", help_heading = CLIENT)]
    tls_ciphersuites: Option<String>,

    /// The server name to send in the handshake (SNI)
    #[arg(long, value_name = "NAME", help_heading = CLIENT)]
    tls_sni_servername: Option<String>,

    /// How long connecting may take, in seconds or with a unit [default: 10s]
    #[arg(long, value_name = "SECONDS", value_parser = duration, help_heading = CLIENT)]
    connect_timeout: Option<Duration>,

    /// The local IP address to connect from
    #[arg(long, value_name = "ADDRESS", help_heading = CLIENT)]
    bind_address: Option<IpAddr>,

    /// Let the server ask for the cleartext password, inside TLS only
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, help_heading = CLIENT)]
    enable_cleartext_plugin: Option<bool>,

    /// Ask the server for its RSA key on a plaintext connection, which an attacker can answer
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, help_heading = CLIENT)]
    get_server_public_key: Option<bool>,

    /// A file with the server's RSA key, for the password on a plaintext connection
    #[arg(long, value_name = "FILE", help_heading = CLIENT)]
    server_public_key_path: Option<PathBuf>,

    /// The connection's character set
    #[arg(long, value_name = "NAME", help_heading = CLIENT)]
    default_character_set: Option<String>,

    /// Compress the connection with zlib
    #[arg(short = 'C', long, help_heading = CLIENT)]
    compress: bool,

    /// The compression to use, of zlib and uncompressed
    #[arg(long, value_name = "LIST", value_parser = algorithms, help_heading = CLIENT, conflicts_with = "compress")]
    compression_algorithms: Option<Compression>,

    /// The largest packet, in bytes or with K, M or G
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = CLIENT)]
    max_allowed_packet: Option<usize>,

    /// A statement to run once connected
    #[arg(long, value_name = "SQL", help_heading = CLIENT)]
    init_command: Option<String>,

    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

/// The heading of their help.
pub(crate) const CLIENT: &str = "Options of the mysql client";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Protocol {
    #[value(name = "TCP")]
    Tcp,
    #[value(name = "SOCKET")]
    Socket,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compression {
    Zlib,
    None,
}

/// The client's level.
const ZLIB_LEVEL: u32 = 6;

impl ClientOptions {
    pub(crate) fn over(&self, builder: ConnectionBuilder) -> ConnectionBuilder {
        let builder = set(builder, &self.socket, ConnectionBuilder::socket);
        let builder = set(builder, &self.port, ConnectionBuilder::port);
        let builder = set(builder, &self.user, ConnectionBuilder::user);
        let builder = set(builder, &self.database, ConnectionBuilder::database);
        let builder = set(builder, &self.ssl_mode, ConnectionBuilder::ssl_mode);
        let builder = set(builder, &self.ssl_ca, ConnectionBuilder::ssl_ca);
        let builder = set(builder, &self.ssl_capath, ConnectionBuilder::ssl_capath);
        let builder = set(builder, &self.ssl_crl, ConnectionBuilder::ssl_crl);
        let builder = set(builder, &self.ssl_crlpath, ConnectionBuilder::ssl_crlpath);
        let builder = set(builder, &self.ssl_cert, ConnectionBuilder::ssl_cert);
        let builder = set(builder, &self.ssl_key, ConnectionBuilder::ssl_key);
        let builder = set(builder, &self.tls_version, ConnectionBuilder::tls_version);
        let builder = set(builder, &self.ssl_cipher, ConnectionBuilder::ssl_cipher);
        let builder = set(builder, &self.tls_ciphersuites, ConnectionBuilder::tls_ciphersuites);
        let builder = set(builder, &self.tls_sni_servername, ConnectionBuilder::tls_sni_servername);
        let builder = set(builder, &self.connect_timeout, ConnectionBuilder::connect_timeout);
        let builder = set(builder, &self.bind_address, |builder, ip| {
            builder.bind_address(SocketAddr::new(ip, 0))
        });
        let builder =
            set(builder, &self.enable_cleartext_plugin, ConnectionBuilder::enable_cleartext_plugin);
        let builder =
            set(builder, &self.get_server_public_key, ConnectionBuilder::get_server_public_key);
        let builder =
            set(builder, &self.server_public_key_path, ConnectionBuilder::server_public_key_path);
        // The client takes `auto` from the terminal.
        let charset = self.default_character_set.clone().filter(|name| name != "auto");
        let builder = set(builder, &charset, ConnectionBuilder::charset);
        let zlib = self.compress || self.compression_algorithms == Some(Compression::Zlib);
        let builder = match (zlib, self.compression_algorithms) {
            (true, _) => builder.compression(ZLIB_LEVEL),
            (false, Some(_)) => builder.without_compression(),
            (false, None) => builder,
        };
        let builder = set(builder, &self.max_allowed_packet, ConnectionBuilder::max_allowed_packet);
        set(builder, &self.init_command, ConnectionBuilder::init_statement)
    }

    /// Whether the server is what --protocol and --port say.
    pub(crate) fn check_server(&self, builder: &ConnectionBuilder) -> Result<(), Failure> {
        if self.port.is_some() && builder.hosts().count() > 1 {
            return Err(Failure::usage(
                "--port is one host's, and several are named: write the port after each, as in \
                 HOST:PORT,HOST:PORT",
            ));
        }
        let has_socket = builder.socket_path().is_some();
        match self.protocol {
            Some(Protocol::Tcp) if has_socket => Err(Failure::usage(
                "--protocol=TCP and a Unix socket exclude each other: leave one out, or name the host \
                 with --host",
            )),
            Some(Protocol::Socket) if !has_socket => Err(Failure::usage(
                "--protocol=SOCKET needs the path of the server's Unix socket: give it by --socket, \
                 in place of the host",
            )),
            _ => Ok(()),
        }
    }

    /// The options that were given, each by its key, under which errors know it.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            ("host", "--host", self.host.is_some()),
            ("port", "--port", self.port.is_some()),
            ("user", "--user", self.user.is_some()),
            ("database", "--database", self.database.is_some()),
            ("ssl-mode", "--ssl-mode", self.ssl_mode.is_some()),
            ("ssl-ca", "--ssl-ca", self.ssl_ca.is_some()),
            ("ssl-capath", "--ssl-capath", self.ssl_capath.is_some()),
            ("ssl-crl", "--ssl-crl", self.ssl_crl.is_some()),
            ("ssl-crlpath", "--ssl-crlpath", self.ssl_crlpath.is_some()),
            ("ssl-cert", "--ssl-cert", self.ssl_cert.is_some()),
            ("ssl-key", "--ssl-key", self.ssl_key.is_some()),
            ("tls-version", "--tls-version", self.tls_version.is_some()),
            ("ssl-cipher", "--ssl-cipher", self.ssl_cipher.is_some()),
            ("tls-ciphersuites", "--tls-ciphersuites", self.tls_ciphersuites.is_some()),
            ("tls-sni-servername", "--tls-sni-servername", self.tls_sni_servername.is_some()),
            ("connect-timeout", "--connect-timeout", self.connect_timeout.is_some()),
            ("bind-address", "--bind-address", self.bind_address.is_some()),
            (
                "enable-cleartext-plugin",
                "--enable-cleartext-plugin",
                self.enable_cleartext_plugin.is_some(),
            ),
            (
                "server-public-key-path",
                "--server-public-key-path",
                self.server_public_key_path.is_some(),
            ),
            ("charset", "--default-character-set", self.default_character_set.is_some()),
            ("max-allowed-packet", "--max-allowed-packet", self.max_allowed_packet.is_some()),
            ("init", "--init-command", self.init_command.is_some()),
        ]
        .into_iter()
        .filter(|(_, _, given)| *given)
        .map(|(key, option, _)| (key, option))
    }
}

/// Sets what was given.
fn set<T: Clone>(
    builder: ConnectionBuilder,
    given: &Option<T>,
    setter: impl FnOnce(ConnectionBuilder, T) -> ConnectionBuilder,
) -> ConnectionBuilder {
    match given {
        Some(value) => setter(builder, value.clone()),
        None => builder,
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => Err("write `true` or `false`, or no value".to_owned()),
    }
}

fn algorithms(text: &str) -> Result<Compression, String> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let has = |algorithm: &str| names.iter().any(|name| name == algorithm);
    if names.iter().any(|name| !matches!(name.as_str(), "zlib" | "zstd" | "uncompressed")) {
        return Err("write a list of `zlib` and `uncompressed`, separated by `,`".to_owned());
    }
    match (has("zlib"), has("uncompressed")) {
        (true, _) => Ok(Compression::Zlib),
        (false, true) => Ok(Compression::None),
        (false, false) => Err("zstd is not supported: write `zlib` or `uncompressed`".to_owned()),
    }
}

fn bytes(text: &str) -> Result<usize, String> {
    let form = || "write a number of bytes, or one with K, M or G, such as 16M".to_owned();
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let size: usize =
        match text.get(digits.len()..).unwrap_or_default().to_ascii_uppercase().as_str() {
            "" => 1,
            "K" => 1 << 10,
            "M" => 1 << 20,
            "G" => 1 << 30,
            _ => return Err(form()),
        };
    let number: usize = digits.parse().map_err(|_| form())?;
    number.checked_mul(size).ok_or_else(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(bytes("4096"), Ok(4096));
        assert_eq!(bytes("16m"), Ok(16 << 20));
        assert_eq!(bytes("1G"), Ok(1 << 30));
        for wrong in ["", "M", "16MB", "-1", "1.5M", "99999999999999999999", "16 M"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn compression() {
        assert!(algorithms("zlib") == Ok(Compression::Zlib));
        assert!(algorithms("zstd, ZLIB") == Ok(Compression::Zlib));
        assert!(algorithms("zstd,uncompressed") == Ok(Compression::None));
        assert!(algorithms("zstd").is_err_and(|why| why.contains("not supported")));
        assert!(algorithms("lz4").is_err());
    }
}
