//! The C libraries. `c/client.c`, compiled against each, runs as a child that obeys lines.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Result;
use crate::peer::Peer;
use crate::settings::Settings;
use crate::workload::Workload;

struct Client {
    child: Child,
    /// `None` once the child has been told to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

pub(crate) fn mariadb(settings: &Settings) -> Result<Box<dyn Peer>> {
    start(settings, settings.mariadb_c.as_deref())
}

pub(crate) fn mysql(settings: &Settings) -> Result<Box<dyn Peer>> {
    start(settings, settings.mysql_c.as_deref())
}

fn start(settings: &Settings, program: Option<&Path>) -> Result<Box<dyn Peer>> {
    let program = program.ok_or("the path of its program is missing")?;
    let mut child = Command::new(program)
        .args([&settings.host, &settings.port.to_string(), &settings.password, &settings.user])
        .arg(&settings.ca)
        .arg(&settings.certificate_user)
        .args([&settings.certificate, &settings.key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let input = child.stdin.take();
    let output = child.stdout.take().ok_or("the child has no stdout")?;
    Ok(Box::new(Client { child, input, output: BufReader::new(output) }))
}

impl Client {
    fn ask(&mut self, command: &str, count: usize) -> Result<String> {
        let input = self.input.as_mut().ok_or("the child has ended")?;
        writeln!(input, "{command} {count}")?;
        let mut answer = String::new();
        if self.output.read_line(&mut answer)? == 0 {
            return Err(format!("the C client ended at {command}").into());
        }
        Ok(answer.trim_end().to_owned())
    }
}

impl Peer for Client {
    fn run(&mut self, workload: Workload, count: usize) -> Result<Option<Vec<Duration>>> {
        let answer = self.ask(workload.name(), count)?;
        if answer == "cannot" {
            return Ok(None);
        }
        let times = answer.split(' ').map(|time| Ok(Duration::from_nanos(time.parse()?)));
        times.collect::<Result<_>>().map(Some)
    }

    fn cpu(&mut self) -> Result<Duration> {
        Ok(Duration::from_nanos(self.ask("cpu", 0)?.parse()?))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}
