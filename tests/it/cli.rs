//! The command line program against the scripted server.

// A failed expectation is a failed test.
#![allow(clippy::panic, clippy::unwrap_used)]

mod cert;
mod certs;
mod containers;
mod doctor;
mod exec;
mod exec_runs;
mod explain;
mod flags;
mod generated;
mod option_files;
mod shim;
mod sources;
mod status;
mod usage;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::*;

/// The password of every account here; no output may show it.
const PASSWORD: &str = "hunter2-Zk9";

/// One run of the program.
pub(crate) struct Run(Command);

/// How a run ended.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// `mysql-tls ARGUMENTS`, with an empty environment and nothing on stdin.
///
/// Whoever runs the tests may have signals ignored, as `nohup` does, and the program respects that.
pub(crate) fn run(arguments: &[&str]) -> Run {
    let mut command = Command::new("/usr/bin/env");
    command.args(["--default-signal", env!("CARGO_BIN_EXE_mysql-tls")]).args(arguments);
    Run::of(command)
}

impl Run {
    fn of(mut command: Command) -> Self {
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Run(command)
    }

    fn variables(mut self, variables: &[(&str, &str)]) -> Self {
        self.0.envs(variables.iter().copied());
        self
    }

    /// Runs it to its end; what it prints never holds the password.
    pub(crate) fn end(self) -> Outcome {
        self.end_with_input("")
    }

    fn end_with_input(mut self, input: &str) -> Outcome {
        if !input.is_empty() {
            self.0.stdin(Stdio::piped());
        }
        let mut child = self.0.spawn().unwrap();
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        Outcome::of(output.status.code(), output.stdout, output.stderr)
    }

    /// Starts it, to be watched and ended by a signal.
    pub(crate) fn start(mut self) -> Running {
        let mut child = self.0.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running { child, stdout }
    }
}

/// A run that goes on.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    /// The next line of stdout, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; stdout is what no line took.
    fn end(mut self) -> Outcome {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        self.stdout.read_to_end(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
        Outcome::of(self.child.wait().unwrap().code(), stdout, stderr)
    }

    pub(crate) fn end_by(self, signal: Signal) -> Outcome {
        self.send(signal);
        self.end()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing is left of it where a test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Outcome {
    fn of(code: Option<i32>, stdout: Vec<u8>, stderr: Vec<u8>) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let outcome = Outcome { code, stdout: text(stdout), stderr: text(stderr) };
        assert!(!outcome.stdout.contains(PASSWORD), "{}", outcome.stdout);
        assert!(!outcome.stderr.contains(PASSWORD), "{}", outcome.stderr);
        outcome
    }

    /// It succeeded and had nothing to say on stderr.
    pub(crate) fn succeeded(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        self.stdout
    }

    /// It succeeded with exactly this on stderr.
    fn warned(self, warning: &str) -> String {
        let line = format!("warning: {warning}\n");
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), line.as_str()));
        self.stdout
    }

    /// Wrong usage, and a first line that begins like this.
    fn misused(self, sentence: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{}", self.stderr);
        let complaint = self.stderr.lines().find(|line| line.starts_with("error: "));
        let start = format!("error: {sentence}");
        assert!(complaint.is_some_and(|line| line.starts_with(&start)), "{}", self.stderr);
    }

    /// Without the first line of stderr, that it waits for the server.
    fn after_waiting(mut self, patience: &str) -> Self {
        let (first, rest) = self.stderr.split_once('\n').unwrap_or_default();
        let start = format!("waiting for the server, up to {patience}: ");
        assert!(first.starts_with(&start), "{}", self.stderr);
        self.stderr = rest.to_owned();
        self
    }

    /// It ended with exit status 1 and nothing but `error[CODE]: SENTENCE`; returns the sentence.
    pub(crate) fn failed(self, code: &str) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{}", self.stderr);
        let sentence = self.stderr.strip_prefix(&format!("error[{code}]: "));
        let sentence = sentence.unwrap_or_else(|| panic!("not {code}: {}", self.stderr));
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
        sentence.trim_end().to_owned()
    }
}

/// A server with TLS whose CA is in a file.
struct Fixture {
    server: ScriptedServer,
    ca: Authority,
    dir: TestDir,
}

impl Fixture {
    /// Every login is welcome.
    fn open() -> Self {
        Self::with(|script| script)
    }

    /// Only `app` with the password is welcome.
    fn locked() -> Self {
        Self::with(|script| script.auth([AuthStep::check("app", PASSWORD)]))
    }

    fn with(change: impl FnOnce(ServerScript) -> ServerScript) -> Self {
        let ca = Authority::new("CLI CA");
        let leaf = ca.server("localhost").serial(0x1f2e).issue();
        let script = ServerScript::new().tls(ServerTls::new(&leaf)).version("8.0.11-TiDB-v8.5.6");
        let dir = TestDir::new();
        dir.write("ca.pem", ca.pem());
        Fixture { server: ScriptedServer::start(change(script)), ca, dir }
    }

    fn file(&self, name: &str, content: &str) -> String {
        self.dir.write(name, content).display().to_string()
    }

    fn ca_file(&self) -> String {
        self.dir.path().join("ca.pem").display().to_string()
    }

    /// A DSN that verifies the server, with `user` as the part before the `@`.
    fn dsn(&self, user: &str) -> String {
        let (port, ca) = (self.server.port(), self.ca_file());
        format!("tidb://{user}@localhost:{port}/?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}")
    }

    /// The same without a user.
    fn bare_dsn(&self) -> String {
        self.dsn("").replacen('@', "", 1)
    }

    /// The user of the last connection.
    fn last_user(&self) -> String {
        let last = self.server.connections() - 1;
        let record = self.server.wait_record(last, Duration::from_secs(5));
        record.response.unwrap().user_name()
    }
}
