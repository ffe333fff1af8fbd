//! The program in a container: as in the chapter "Kubernetes", and as process 1.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::*;

const CHAPTER: &str = include_str!("../../drivers/chapters/kubernetes.md");

/// `runAsUser` of the chapter.
const USER: &str = "10001";

/// Makes a Pod's file system below $1, in a mount namespace of its own, and runs `$4...` in it as the
/// user: a root that nobody writes to, a secret in /certs (from the directory $2, its files readable
/// by the group), and an emptyDir at /run/db. The program is $3.
const POD: &str = r#"
set -euo pipefail
root=$1 secret=$2 program=$3 user=$4
shift 4
mount -t tmpfs pod "$root"
cd "$root"
for part in bin lib lib64 usr etc; do
    [[ -e /$part ]] || continue
    mkdir "$part"
    mount --rbind "/$part" "$part"
done
mkdir -p proc dev tmp run/db certs app
mount --rbind /proc proc
mount -t tmpfs dev dev
touch dev/null dev/urandom
mount --bind /dev/null dev/null
mount --bind /dev/urandom dev/urandom
mkdir dev/shm
mount -t tmpfs -o mode=1777 shm dev/shm
mount -o remount,ro dev
mount -t tmpfs certs certs
cp "$secret"/* certs
chgrp "$user" certs/*
chmod 0440 certs/*
mount -o remount,ro certs
cp "$program" app/mysql-tls
mount -t tmpfs -o "mode=2777,gid=$user" db run/db
mount -o remount,ro "$root"
exec chroot --userspec="$user:$user" --groups="$user" "$root" "$@"
"#;

/// Whether this machine lets us make such a file system; told by name if not.
fn can_have_pods(test: &str) -> bool {
    let tried =
        Command::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "x", "/mnt"]).output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        println!("skipped: {test} (no mount namespaces here)");
    }
    can
}

/// The words of the chapter's command of this subcommand.
fn command_of(subcommand: &str) -> Vec<String> {
    let start = format!("command: [mysql-tls, {subcommand}, ");
    let rest = CHAPTER.split_once(start.as_str()).unwrap().1.split_once(']').unwrap().0;
    rest.split(", ").map(str::to_owned).collect()
}

/// The chapter's DSN of this beginning, for the fixture's server.
fn dsn_of(fixture: &Fixture, start: &str) -> String {
    let dsn = CHAPTER.split('"').find(|text| text.starts_with(start)).unwrap();
    dsn.replace("tidb.example.com", &format!("localhost:{}", fixture.server.port()))
}

/// A server that asks for a client certificate, and a secret with the one that it wants.
fn fixture() -> (Fixture, TestDir) {
    let ca = Authority::new("Cluster CA");
    let leaf = ca.server("localhost").issue();
    let tls = ServerTls::new(&leaf).require_client_cert(&ca);
    let fixture = Fixture::with(|script| script.tls(tls).auth([AuthStep::check("app", PASSWORD)]));
    let secret = TestDir::new();
    let client = ca.client("shop").issue();
    secret.write("ca.crt", ca.pem());
    secret.write("tls.crt", client.cert_pem());
    secret.write("tls.key", client.key_pem());
    (fixture, secret)
}

/// `mysql-tls WORDS` in a Pod.
fn in_pod(
    secret: &TestDir,
    root: &Path,
    words: &[String],
    variables: &BTreeMap<&str, &str>,
) -> Run {
    let mut command = Command::new("unshare");
    command.args(["--mount", "bash", "-c", POD, "pod"]).arg(root).arg(secret.path());
    command.args([env!("CARGO_BIN_EXE_mysql-tls"), USER, "/app/mysql-tls"]).args(words);
    let mut run = Run::of(command);
    run.0.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs(variables);
    run
}

#[test]
fn the_job_of_the_kubernetes_chapter() {
    if !can_have_pods("the_job_of_the_kubernetes_chapter") {
        return;
    }
    let (fixture, secret) = fixture();
    let root = TestDir::new();
    let words = command_of("exec");
    let options = words.strip_suffix(&["./migrate".to_owned(), "up".to_owned()]).unwrap();
    // In the tool's place, one that tells where it is.
    let script = "id -u; touch /x 2>/dev/null || echo read-only; test -S \"$MYSQL_UNIX_PORT\" && \
                  echo \"$DATABASE_URL\"";
    let tool = ["/bin/sh", "-c", script].map(str::to_owned);
    let words = [&["exec".to_owned()], options, &tool].concat();
    let dsn = dsn_of(&fixture, "tidb://app@");
    let variables = BTreeMap::from([("MYSQL_TLS_DSN", dsn.as_str()), ("MYSQL_PWD", PASSWORD)]);
    let outcome = in_pod(&secret, root.path(), &words, &variables).0.output().unwrap();
    let (stdout, stderr) = (String::from_utf8(outcome.stdout).unwrap(), outcome.stderr);
    assert!(outcome.status.success(), "{stdout}{}", String::from_utf8_lossy(&stderr));
    assert_eq!(String::from_utf8_lossy(&stderr), "", "not even a warning of the key's mode");
    let start = format!("{USER}\nread-only\napp:{PASSWORD}@unix(/dev/shm/mysql-tls-");
    assert!(stdout.starts_with(&start) && stdout.ends_with("/w-endpoint)/shop\n"), "{stdout}");
    let record = fixture.server.wait_record(0, Duration::from_secs(5));
    assert_eq!(record.response.unwrap().user_name(), "app");
}

#[test]
fn the_sidecar_of_the_kubernetes_chapter() {
    if !can_have_pods("the_sidecar_of_the_kubernetes_chapter") {
        return;
    }
    let (fixture, secret) = fixture();
    let root = TestDir::new();
    let words = [&["shim".to_owned()], command_of("shim").as_slice()].concat();
    let dsn = dsn_of(&fixture, "tidb://tidb.example.com");
    let variables = BTreeMap::from([("MYSQL_TLS_DSN", dsn.as_str())]);
    let mut running = in_pod(&secret, root.path(), &words, &variables).start();
    assert_eq!(running.line(), "ready: listening on /run/db/db.sock");
    // Its socket, seen from here; we are root, who is not the Pod's user.
    let socket = format!("/proc/{}/root/run/db/db.sock", running.child.id());
    let mut packet = Vec::new();
    UnixStream::connect(socket).unwrap().read_to_end(&mut packet).unwrap();
    let told = String::from_utf8_lossy(&packet);
    assert!(told.contains("this endpoint is not for uid 0"), "{told}");
    let outcome = running.end_by(Signal::TERM);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(fixture.server.connections(), 0);
}

/// What others leave behind comes to process 1, which has to wait for it.
#[test]
fn as_process_1_it_leaves_no_zombies() {
    let namespace = ["--pid", "--fork", "--mount-proc"];
    let tried = Command::new("unshare").args(namespace).arg("true").output();
    if !tried.is_ok_and(|output| output.status.success()) {
        println!("skipped: as_process_1_it_leaves_no_zombies (no PID namespaces here)");
        return;
    }
    let fixture = Fixture::open();
    let mut command = Command::new("unshare");
    command.args(namespace).args([env!("CARGO_BIN_EXE_mysql-tls"), "exec", &fixture.bare_dsn()]);
    // Each inner shell ends before its child, which then belongs to process 1.
    let script = "for i in 1 2 3; do sh -c 'sleep 0.1 &'; done; sleep 0.6; \
                  grep -l '^State:.Z' /proc/[0-9]*/status; echo $$ ends; exit 7";
    command.args(["--", "/bin/sh", "-c", script]);
    let mut run = Run::of(command);
    run.0.env("PATH", "/usr/bin:/bin");
    let outcome = run.end();
    assert_eq!(outcome.code, Some(7), "{}", outcome.stderr);
    assert_eq!(outcome.stdout.lines().count(), 1, "{}", outcome.stdout);
}
