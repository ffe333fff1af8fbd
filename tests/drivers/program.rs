//! A program that connects by itself, ends with what the server says of its connection, and stays
//! until its stdin ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mysql_tls::Endpoint;

use crate::world::assert_verified;

/// How long a line may take: a program whose last one does not come would stay for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs it with this input. The last lines that it prints are to be the connection's id and the row
/// of `Ssl_cipher`, separated by a tabulator; returns those before.
pub(crate) fn run(command: &mut Command, input: &str, endpoint: &Endpoint) -> Vec<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    stdin.flush().unwrap();
    let mut lines: Vec<String> = Vec::new();
    let mut verified = false;
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (sender, printed) = mpsc::channel();
    thread::spawn(move || stdout.lines().try_for_each(|line| sender.send(line.unwrap())));
    while let Ok(line) = printed.recv_timeout(PATIENCE) {
        lines.push(line);
        let Some((_, cipher)) = lines.last().unwrap().split_once("Ssl_cipher\t") else { continue };
        let id = lines[lines.len() - 2].parse().unwrap();
        assert_verified(endpoint, id, cipher);
        verified = true;
        break;
    }
    drop(stdin);
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(child.wait().unwrap().success() && verified, "{lines:?}\n{errors}");
    lines.truncate(lines.len() - 2);
    lines
}
