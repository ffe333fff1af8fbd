//! Starts real servers through `tests/servers/run` and takes them away again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use mysql_tls::{Connection, ConnectionBuilder, Product, SslMode};
use tempfile::TempDir;

/// How long a server may take to go away once nobody wants it any more.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// What a server has for TLS.
pub(super) enum Tls<'a> {
    None,
    /// PEM files that it reads from these very paths.
    Files {
        ca: &'a Path,
        cert: &'a Path,
        key: &'a Path,
    },
    /// What it makes by itself.
    Auto,
}

/// A real server on loopback. It ends with this value, or with the process: a `static` is never
/// dropped, but `run` sees the end of its stdin, kills the server and removes the directory.
pub(super) struct RealServer {
    pub(super) product: Product,
    pub(super) port: u16,
    pub(super) socket: PathBuf,
    command: Command,
    run: Child,
    stdin: Option<ChildStdin>,
    home: TempDir,
}

/// A directory for a server, with a path short enough for a Unix socket in it.
pub(super) fn new_home() -> TempDir {
    tempfile::Builder::new().prefix("mysql-tls-server-").tempdir().expect("directory of a server")
}

/// A script of `tests/servers`. `tests/drivers` is a package of its own, and has this file too.
pub(super) fn script(name: &str) -> Command {
    let path = Path::new("tests/servers").join(name);
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let script = packages.map(|package| package.join(&path)).find(|script| script.exists());
    Command::new(script.expect("tests/servers is there"))
}

/// The name that the scripts have for a product.
fn script_name(product: Product) -> String {
    product.as_str().to_lowercase()
}

impl RealServer {
    /// `arguments` are the server's own.
    pub(super) fn start(
        product: Product,
        home: TempDir,
        tls: &Tls<'_>,
        arguments: &[&str],
    ) -> Self {
        Self::run(product, home, tls, &[&["--once"], arguments].concat())
    }

    /// As [`RealServer::start`], but it can be stopped and started again, and a process that ends
    /// early leaves its directory behind.
    pub(super) fn start_to_be_stopped(
        product: Product,
        home: TempDir,
        tls: &Tls<'_>,
        arguments: &[&str],
    ) -> Self {
        Self::run(product, home, tls, arguments)
    }

    fn run(product: Product, home: TempDir, tls: &Tls<'_>, arguments: &[&str]) -> Self {
        let mut command = script("run");
        command.arg(script_name(product)).arg(home.path());
        match tls {
            Tls::None => command.arg("--no-tls"),
            Tls::Files { ca, cert, key } => command.arg("--tls").args([ca, cert, key]),
            Tls::Auto => command.arg("--auto-tls"),
        };
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let run = command.spawn().expect("tests/servers/run starts");
        let (port, socket) = (0, PathBuf::new());
        let mut server = RealServer { product, port, socket, command, run, stdin: None, home };
        server.wait_ready();
        server
    }

    /// Stops it; its directory stays.
    pub(super) fn stop(&mut self) {
        drop(self.stdin.take());
        let ended = self.run.wait().expect("tests/servers/run ends");
        assert!(ended.success(), "{} did not stop: {ended}", self.product.as_str());
    }

    /// Starts it after a [`RealServer::stop`], on the same port.
    pub(super) fn start_again(&mut self) {
        self.command.args(["--port", &self.port.to_string()]);
        self.run = self.command.spawn().expect("tests/servers/run starts");
        self.wait_ready();
    }

    fn wait_ready(&mut self) {
        self.stdin = self.run.stdin.take();
        let stdout = BufReader::new(self.run.stdout.take().expect("stdout is a pipe"));
        // `run` ends by itself, and with it these lines, where the server is not ready in time.
        for line in stdout.lines() {
            let line = line.expect("a line of tests/servers/run");
            match line.split_once('=') {
                Some(("port", port)) => self.port = port.parse().expect("a port"),
                Some(("socket", path)) => self.socket = path.into(),
                None if line == "ready" => return,
                _ => {}
            }
        }
        panic!("{} did not start: see above for the end of its log", self.product.as_str());
    }

    pub(super) fn dir(&self) -> &Path {
        self.home.path()
    }

    /// A connection of `root`, which has no password.
    pub(super) fn admin(&self) -> Connection {
        let builder = match self.product {
            // Over TLS where there is any, since the server may insist.
            Product::TiDB => {
                ConnectionBuilder::new("127.0.0.1").port(self.port).ssl_mode(SslMode::Preferred)
            }
            _ => ConnectionBuilder::new("localhost").socket(&self.socket),
        };
        builder.user("root").connect().expect("root logs in")
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let until = Instant::now() + STOP_LIMIT;
        while matches!(self.run.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        // Nothing happens where it ended; where it is killed, the kernel kills its server.
        let _ = self.run.kill();
        let _ = self.run.wait();
    }
}
