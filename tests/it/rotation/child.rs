//! What has to be seen from outside of a process, or changes all of one: done in a process of its
//! own.

use std::process::Command;

use super::*;

const ROLE: &str = "MYSQL_TLS_ROTATION_ROLE";

/// The environment of a child that plays a role: this program again.
fn playing(mut command: Command, role: &str, server: &ScriptedServer, dir: &Path) -> Command {
    command
        .args(["--exact", "rotation::child::role", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env("PORT", server.port().to_string())
        .env("DIR", dir)
        .current_dir(dir);
    command
}

/// Not a test by itself: what a child does.
#[test]
fn role() {
    let fact = |name: &str| std::env::var(name).unwrap();
    let Ok(role) = std::env::var(ROLE) else { return };
    let dir = PathBuf::from(fact("DIR"));
    let to = account("localhost")
        .port(fact("PORT").parse().unwrap())
        .ssl_mode(SslMode::VerifyIdentity)
        .runtime_dir(&dir);
    match role.as_str() {
        "looks" => looks(&to, &dir),
        "goes-elsewhere" => goes_elsewhere(&to, &dir),
        other => panic!("no role {other}"),
    }
}

#[track_caller]
fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    text
}

const FILES: [&str; 6] = ["ca.pem", "cert.pem", "key.pem", "crl.pem", "cas/a.pem", "crls/a.pem"];

/// Two looks that find nothing changed, and one that finds one file changed.
fn looks(to: &ConnectionBuilder, dir: &Path) {
    let connector = to
        .clone()
        .ssl_ca(dir.join("ca.pem"))
        .ssl_capath(dir.join("cas"))
        .ssl_cert(dir.join("cert.pem"))
        .ssl_key(dir.join("key.pem"))
        .ssl_crl(dir.join("crl.pem"))
        .ssl_crlpath(dir.join("crls"))
        .build()
        .unwrap();
    for reloads in [0, 0, 1] {
        if reloads == 1 {
            link_over(&dir.join("ca.pem"), "cas/a.pem");
        }
        until_the_next_look();
        for _ in 0..3 {
            connector.connect().unwrap();
        }
        assert_eq!(connector.reload_state().reloads(), reloads);
        // In the trace this is where a look ends.
        fs::metadata(dir.join("looked")).unwrap_err();
    }
}

/// How often each of the files was opened, and looked at, until each end of a look.
fn accesses(trace: &str, dir: &Path) -> Vec<[(usize, usize); 6]> {
    let marks = FILES.map(|name| format!("\"{}\"", dir.join(name).display()));
    let end = format!("\"{}\"", dir.join("looked").display());
    let mut looks = vec![[(0, 0); 6]];
    for line in trace.lines() {
        if line.contains(&end) {
            looks.push([(0, 0); 6]);
        }
        for (mark, counts) in marks.iter().zip(looks.last_mut().unwrap()) {
            if line.contains(mark) && line.contains("open") {
                counts.0 += 1;
            } else if line.contains(mark) && line.contains("stat") {
                counts.1 += 1;
            }
        }
    }
    looks
}

#[test]
fn nothing_is_opened_unless_something_changed() {
    const NAME: &str = "rotation::child::nothing_is_opened_unless_something_changed";
    let home = TestDir::new();
    let trace = home.path().join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-s", "4096", "-e", "trace=%file", "-o"]).arg(&trace);
    let works = |mut command: Command| {
        command.arg("true").output().is_ok_and(|output| output.status.success())
    };
    let mut probe = Command::new("strace");
    probe.args(["-f", "-o"]).arg(&trace);
    if !works(probe) {
        println!("skipped: {NAME} (no strace here, or it may not trace)");
        return;
    }
    let list = revocation_list(ca(), "Right CA", &[], 1);
    let complete = Complete::new(&client(), &list);
    let server = ScriptedServer::start(asks_for_a_certificate());
    strace.arg(std::env::current_exe().unwrap());
    output(playing(strace, "looks", &server, complete.dir.path()));
    let looks = accesses(&fs::read_to_string(trace).unwrap(), complete.dir.path());
    assert_eq!(looks.len(), 4);
    for (name, index) in FILES.iter().zip(0..) {
        let opened = [0, 1, 2].map(|look: usize| looks[look][index].0);
        // In `build()`, and once one of them has changed.
        assert_eq!(opened, [1, 0, 1], "{name}");
        assert!(looks[1][index].1 > 0, "{name} is looked at");
    }
}

/// A working directory with files of the same names is another one's.
fn goes_elsewhere(to: &ConnectionBuilder, dir: &Path) {
    let connector = to.clone().ssl_ca("ca.pem").ssl_crlpath("crls").build().unwrap();
    std::env::set_current_dir(dir.join("elsewhere")).unwrap();
    until_the_next_look();
    connector.connect().unwrap();
    connector.reload().unwrap();
    connector.connect().unwrap();
    println!("reloads: {}", connector.reload_state().reloads());
    std::env::set_current_dir("/").unwrap();
    connector.reload().unwrap();
    connector.connect().unwrap();
    fs::remove_file(dir.join("ca.pem")).unwrap();
    println!("after: {}", connector.reload().unwrap_err());
}

#[test]
fn a_relative_path_goes_on_meaning_the_directory_of_build() {
    let dir = TestDir::new();
    let list = revocation_list(ca(), "Right CA", &[], 1);
    for folder in ["crls", "elsewhere", "elsewhere/crls"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    dir.write("ca.pem", ca().pem());
    dir.write("crls/a.pem", &list);
    let attacker = Authority::new("Right CA");
    dir.write("elsewhere/ca.pem", attacker.pem());
    dir.write("elsewhere/crls/a.pem", revocation_list(&attacker, "Right CA", &[], 2));
    let server = ScriptedServer::start(over_tls());
    let command = Command::new(std::env::current_exe().unwrap());
    let told = output(playing(command, "goes-elsewhere", &server, dir.path()));
    assert!(told.contains("reloads: 1\n"), "{told}");
    let missing = format!("after: ssl-ca: there is no file {}/ca.pem", dir.path().display());
    assert!(told.contains(&missing), "{told}");
}
