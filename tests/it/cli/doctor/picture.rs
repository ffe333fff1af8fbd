//! The README's picture of doctor, `fixtures/doctor.svg`: what it prints on a terminal.
//!
//! With the variable `MYSQL_TLS_WRITE_PICTURE` set, the test writes the file anew.

use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::*;

const COLUMNS: u16 = 108;

/// In pixels: the width of a character, the height of a line, what is left free around them.
const CHARACTER: f64 = 7.8;
const LINE: usize = 19;
const MARGIN: usize = 18;

const BACKGROUND: &str = "#161b22";
const BORDER: &str = "#444c56";
const TEXT: &str = "#e6edf3";
const GREEN: &str = "#56d364";
const YELLOW: &str = "#e3b341";
const RED: &str = "#ff7b72";

/// What a run prints on a terminal; it must succeed, and have nothing to say besides.
fn on_a_terminal(mut run: Run) -> String {
    // Neither end for the programs that other tests start meanwhile: the terminal would not end.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize { ws_row: 50, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&ours, size).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    let child = run.0.stdout(terminal).spawn().unwrap();
    // The terminal ends for us once the program alone has it, and ends.
    drop(run);
    let mut printed = Vec::new();
    // On Linux the end is an error.
    let _ = File::from(ours).read_to_end(&mut printed);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(printed).unwrap().replace("\r\n", "\n");
    Outcome::of(output.status.code(), text.into_bytes(), output.stderr).succeeded()
}

/// A piece of text of one colour, without two spaces in a row, and the column where it begins.
struct Piece<'a> {
    column: usize,
    colour: &'static str,
    text: &'a str,
}

fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut column = 0;
    let mut coloured = |colour, text| {
        for part in str::split(text, "  ") {
            let (start, text) = (part.len() - part.trim_start().len(), part.trim());
            if !text.is_empty() {
                pieces.push(Piece { column: column + start, colour, text });
            }
            column += part.chars().count() + 2;
        }
        // There is one gap less than there are parts.
        column -= 2;
    };
    let mut sequences = line.split("\u{1b}[");
    coloured(TEXT, sequences.next().unwrap_or_default());
    for sequence in sequences {
        let (code, text) = sequence.split_once('m').unwrap();
        let colour = match code {
            "0" => TEXT,
            "31" => RED,
            "32" => GREEN,
            "33" => YELLOW,
            _ => panic!("no colour of doctor's: {code}"),
        };
        coloured(colour, text);
    }
    pieces
}

/// The command and what it printed, as SVG. Each piece has its place and its width, whatever the
/// font.
fn picture(command: &str, printed: &str) -> String {
    let lines: Vec<_> = std::iter::once(command).chain(printed.lines()).map(pieces).collect();
    let width = (f64::from(COLUMNS) * CHARACTER).ceil() as usize + 2 * MARGIN;
    let height = lines.len() * LINE + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>mysql-tls doctor</title>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{BACKGROUND}\" \
         stroke=\"{BORDER}\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', \
         'Liberation Mono', monospace\" font-size=\"13\">\n",
        width - 1,
        height - 1,
    );
    for (number, pieces) in lines.iter().enumerate() {
        let y = MARGIN + number * LINE + 14;
        for Piece { column, colour, text } in pieces {
            let characters = text.chars().count();
            assert!(column + characters <= usize::from(COLUMNS), "too long: {text}");
            let x = MARGIN as f64 + *column as f64 * CHARACTER;
            let length = characters as f64 * CHARACTER;
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y}\" fill=\"{colour}\" textLength=\"{length:.1}\" \
                 lengthAdjust=\"spacingAndGlyphs\">{text}</text>"
            );
        }
    }
    svg + "</g>\n</svg>\n"
}

/// With what differs from run to run replaced by something as long.
fn settled(text: &str, port: u16) -> String {
    const DATES: &str = "2026-11-27T18:39:45Z to 2027-11-27T18:39:45Z";
    let mut settled = String::new();
    for line in text.replace(&format!(":{port}"), ":24000").lines() {
        match line.strip_prefix("  valid             ") {
            Some(dates) => {
                let _ = writeln!(settled, "  valid             {DATES}{}", &dates[DATES.len()..]);
            }
            None => settled = settled + line + "\n",
        }
    }
    settled
}

/// A TiDB behind a tunnel: its certificate has another name. The DSN verifies the chain alone.
struct Tunnel {
    server: ScriptedServer,
    dir: TestDir,
    dsn: String,
}

impl Tunnel {
    fn new() -> Self {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        let ca = Authority::new("Example TiDB CA");
        let leaf = ca.server("tidb.example.com").common_name("tidb");
        let leaf = leaf.not_after(SystemTime::now() + YEAR).issue();
        let client = ca.client("app").issue();
        let dir = TestDir::new();
        dir.write("ca.pem", ca.pem());
        dir.write_secret("app.pem", client.chain_pem() + &client.key_pem());
        let tls = ServerTls::new(&leaf).require_client_cert(&ca);
        let script = ServerScript::new().tls(tls).version("8.0.11-TiDB-v8.5.6");
        let server = ScriptedServer::start(script);
        let (port, query) = (server.port(), "ssl-mode=VERIFY_CA&ssl-ca=ca.pem&ssl-cert=app.pem");
        let dsn = format!("tidb://app@localhost:{port}/?{query}");
        Tunnel { server, dir, dsn }
    }

    fn examined(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let mut run = run(&[&["doctor", &self.dsn], arguments].concat()).variables(variables);
        run.0.current_dir(self.dir.path());
        on_a_terminal(run)
    }
}

#[test]
fn the_picture_in_the_readme_is_what_doctor_prints() {
    let tunnel = Tunnel::new();
    let port = tunnel.server.port();
    assert!(port >= 10_000, "as long as the one that takes its place");
    let printed = tunnel.examined(&[], &[]);
    let command = format!("$ mysql-tls doctor '{}'", tunnel.dsn);
    let picture = picture(settled(&command, port).trim_end(), &settled(&printed, port));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/doctor.svg");
    if std::env::var_os("MYSQL_TLS_WRITE_PICTURE").is_some() {
        std::fs::write(file, &picture).unwrap();
    }
    let known = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        known == picture,
        "fixtures/doctor.svg shows something else; MYSQL_TLS_WRITE_PICTURE=1 writes it anew\n{printed}"
    );
}

#[test]
fn a_terminal_without_colour_and_json_on_a_terminal() {
    let tunnel = Tunnel::new();
    let text = tunnel.examined(&[], &[("NO_COLOR", "1")]);
    assert!(!text.contains('\u{1b}'), "{text}");
    // Folded all the same.
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(usize::from(COLUMNS)), "{text}");
    assert!(text.lines().any(|line| line.starts_with(&" ".repeat(20))), "{text}");
    assert!(tunnel.examined(&[], &[("NO_COLOR", "")]).contains("\u{1b}[32m"));
    let report: Value = serde_json::from_str(&tunnel.examined(&["--json"], &[])).unwrap();
    assert_eq!(report["settings"]["work"], true);
}
