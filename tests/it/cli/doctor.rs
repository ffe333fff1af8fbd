//! `mysql-tls doctor`: what it finds, and what it gives away meanwhile.

mod findings;
mod hosts;
// Other crypto providers have other groups, and other systems other terminals.
#[cfg(all(feature = "aws-lc-rs", not(feature = "fips"), target_os = "linux"))]
mod picture;
mod shapes;

use serde_json::Value;

use super::*;

/// The last connection is the login; the server may see so many in all.
const CONNECTIONS: usize = 32;

fn examine(dsn: &str) -> (Option<i32>, Value) {
    let outcome = run(&["doctor", "--json"]).variables(&[("MYSQL_TLS_DSN", dsn)]).end();
    let report = serde_json::from_str(&outcome.stdout);
    (outcome.code, report.unwrap_or_else(|error| panic!("{error}: {}", outcome.stderr)))
}

/// The names in a list of what was offered that got this answer.
fn answered<'a>(report: &'a Value, list: &str, answer: &str) -> Vec<&'a str> {
    let all = report[list].as_array().unwrap().iter();
    all.filter(|one| one["answer"] == answer).map(|one| one["name"].as_str().unwrap()).collect()
}

/// What each mode came to: `works`, `unknown` or an error's code.
fn modes(report: &Value) -> Vec<&str> {
    let all = report["modes"].as_array().unwrap().iter();
    all.map(|mode| mode["error"]["code"].as_str().or(mode["verdict"].as_str()).unwrap()).collect()
}

/// Every connection but the last gave nothing away; the last may have logged in.
#[track_caller]
fn nothing_was_given_away(server: &ScriptedServer, secrets: &[&[u8]]) {
    let count = server.connections();
    assert!((1..=CONNECTIONS).contains(&count), "{count} connections");
    for number in 0..count - 1 {
        let record = server.wait_record(number, Duration::from_secs(5));
        assert!(record.response.is_none() && !record.logged_in, "{record:#?}");
        assert!(record.auth_packets.is_empty() && record.commands.is_empty(), "{record:#?}");
        assert!(record.inside_tls.is_empty(), "{record:#?}");
        assert!(record.client_certificate().is_none(), "{record:#?}");
        assert!(record.clear_text().is_empty(), "{record:#?}");
        for secret in secrets {
            assert!(!record.saw_before_tls(secret), "{record:#?}");
        }
    }
}

#[test]
fn nothing_of_the_account_leaves_before_the_login() {
    const USER: &str = "app-user-Qx7";
    let ca = Authority::new("CLI CA");
    let leaf = ca.server("localhost").issue();
    let dir = TestDir::new();
    let ca_file = dir.write("ca.pem", ca.pem());
    let client = ca.client("app").issue();
    let files = client.write_to(&dir, "client");
    let tls = || ServerTls::new(&leaf).require_client_cert(&ca);
    let honest = || ServerScript::new().tls(tls()).auth([AuthStep::full_auth(PASSWORD)]);
    let greedy = AuthStep::switch("mysql_clear_password", b"");
    let rogues = [
        ("honest", honest(), Some(0)),
        ("TLS 1.2", honest().tls(tls().only_tls12()), Some(0)),
        ("no TLS", ServerScript::new(), Some(1)),
        ("asks for the password", honest().auth([greedy, AuthStep::Ok]), Some(1)),
        ("closes", honest().after_ssl_request(AfterSslRequest::Close), Some(1)),
        ("resets", honest().after_ssl_request(AfterSslRequest::Reset), Some(1)),
        ("an alert", honest().after_ssl_request(AfterSslRequest::tls11_only()), Some(1)),
        ("an ERR", honest().after_ssl_request(AfterSslRequest::err(1045, None, "no")), Some(1)),
        ("is silent", honest().after_ssl_request(AfterSslRequest::Silence), Some(1)),
        ("never greets", honest().start(Start::Silence), Some(1)),
        ("says more", honest().start(Start::GreetingAnd(vec![1, 0, 0, 2, 0])), Some(1)),
        ("is no server", honest().start(Start::Raw(b"HTTP/1.1 400 Bad\r\n\r\n".to_vec())), Some(1)),
        (
            "is full",
            honest().start(Start::Err { code: 1040, state: None, message: "full".to_owned() }),
            Some(1),
        ),
    ];
    for (what, script, code) in rogues {
        let server = ScriptedServer::start(script);
        let dsn = format!(
            "mysql://{USER}:{PASSWORD}@localhost:{}/secret-db?ssl-mode=VERIFY_IDENTITY&ssl-ca={}&\
             ssl-cert={}&connect-timeout=250ms",
            server.port(),
            ca_file.display(),
            files.both.display()
        );
        let (ended, report) = examine(&dsn);
        assert_eq!(ended, code, "{what}: {report:#}");
        assert_eq!(report["connections"], server.connections(), "{what}");
        let key = client.key_der();
        let secrets = [USER.as_bytes(), PASSWORD.as_bytes(), b"secret-db", &key.secret_der()[..40]];
        nothing_was_given_away(&server, &secrets);
        assert!(!report.to_string().contains("BEGIN"), "{what}");
        assert_eq!(report["settings"]["mode"], "VERIFY_IDENTITY", "{what}");
    }
}

#[test]
fn one_login_with_the_certificate() {
    let ca = Authority::new("CLI CA");
    let tls = ServerTls::new(&ca.server("localhost").issue()).require_client_cert(&ca);
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    let dir = TestDir::new();
    let ca_file = dir.write("ca.pem", ca.pem());
    let client = ca.client("app").issue().write_to(&dir, "client");
    let dsn = format!(
        "mysql://app@localhost:{}/?ssl-mode=VERIFY_CA&ssl-ca={}",
        server.port(),
        ca_file.display()
    );
    let (code, report) = examine(&format!("{dsn}&ssl-cert={}", client.both.display()));
    assert_eq!(code, Some(0), "{report:#}");
    let last = server.wait_record(server.connections() - 1, Duration::from_secs(5));
    assert!(last.logged_in && last.quit && last.client_certificate().is_some(), "{last:#?}");
    assert_eq!(report["client_certificate"]["requested"], true);
    let told = "asked for, and yours was accepted (CN=app)";
    assert_eq!(report["client_certificate"]["told"], told);
    assert_eq!(report["settings"]["session"]["tls"]["client_certificate"]["presented"], "CN=app");

    let (code, report) = examine(&dsn);
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(report["client_certificate"]["told"], "asked for, and none is given");
    let error = &report["settings"]["error"]["code"];
    assert_eq!(error, "handshake.client-certificate-required");

    let stranger = Authority::new("Other CA").client("app").issue().write_to(&dir, "stranger");
    let (code, report) = examine(&format!("{dsn}&ssl-cert={}", stranger.both.display()));
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(report["client_certificate"]["told"], "asked for, and yours was refused");
}

#[test]
fn a_person_reads_it() {
    let fixture = Fixture::locked();
    let dsn = fixture.dsn(&format!("app:{PASSWORD}"));
    let outcome = run(&["doctor"]).variables(&[("MYSQL_TLS_DSN", &dsn)]).end().succeeded();
    assert!(!outcome.contains('\u{1b}'), "no colour where nobody watches: {outcome}");
    let port = fixture.server.port();
    let ca = fixture.ca_file();
    let used = format!("mysql://app@localhost:{port}/?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}");
    for (name, value) in [
        ("Server", &*format!("TiDB 8.0.11-TiDB-v8.5.6 at 127.0.0.1:{port} (as it says)")),
        ("TLS", "offered"),
        ("TLS versions", "TLSv1.3, TLSv1.2"),
        ("Certificate", "CN=localhost"),
        ("  names", "DNS:localhost"),
        ("  issuer", "CN=CLI CA"),
        ("  key", "ECDSA P-256"),
        ("  signature", "ecdsa-with-SHA256"),
        ("  version", "3"),
        ("Client certificate", "not asked for"),
        ("  DISABLED", "works: PLAINTEXT"),
        ("  REQUIRED", "works: TLS; verified: the chain, not the name"),
        ("* VERIFY_IDENTITY", "works: TLS; verified: the chain, and the name localhost"),
        ("Your settings", "work: logged in under ssl-mode=VERIFY_IDENTITY"),
        (
            "An attacker gets",
            "nothing but availability, and a forged greeting (product, version, connection id)",
        ),
        ("Use this DSN", &format!("{used} (secrets left out)")),
        ("  since", "chain and name are verified; tried up to the login"),
        ("Connections", &fixture.server.connections().to_string()),
    ] {
        let line = format!("{name:<20}{value}");
        assert!(outcome.lines().any(|other| other == line), "{line}\nis not in\n{outcome}");
    }
    let proxy = outcome.lines().find(|line| line.starts_with("Proxy in between")).unwrap();
    assert!(proxy[20..].starts_with("none seen: "), "{proxy}");

    let wrong = fixture.dsn("app:not-the-password");
    let outcome = run(&["doctor"]).variables(&[("MYSQL_TLS_DSN", &wrong)]).end();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""));
    let line = format!("{:<20}FAIL [auth.access-denied]: ", "Your settings");
    assert!(outcome.stdout.lines().any(|other| other.starts_with(&line)), "{}", outcome.stdout);
}

#[test]
fn a_server_without_tls() {
    let server = ScriptedServer::start(ServerScript::new());
    let address = server.address();
    let none = "tls.not-offered";
    for (query, code, danger) in [
        ("", Some(0), "by removing the offer of TLS"),
        ("?ssl-mode=DISABLED", Some(0), "user name, scramble, all queries"),
        ("?ssl-mode=REQUIRED", Some(1), "the password itself"),
    ] {
        let (ended, report) = examine(&format!("mysql://app@{address}/{query}"));
        assert_eq!(ended, code, "{query}: {report:#}");
        assert_eq!(report["offers_tls"], false);
        assert_eq!(modes(&report), ["works", "works", none, "config.ca-required", none]);
        assert!(report["versions"].as_array().unwrap().is_empty(), "{report:#}");
        assert!(report["attacker"].as_str().unwrap().starts_with(danger), "{report:#}");
        let advice = &report["advice"];
        assert_eq!(advice["dsn"], format!("mysql://app@{address}/?ssl-mode=VERIFY_IDENTITY"));
        assert_eq!(advice["tried"], false);
        assert!(advice["why"].as_str().unwrap().contains("offers no TLS"), "{advice}");
    }
    // No TLS, and so nothing of it was tried: the greeting, the modes but VERIFY_CA, the login.
    assert_eq!(server.connections(), 3 * 6);
}

#[test]
fn a_unix_socket_needs_no_tls() {
    let dir = TestDir::new();
    let server = ScriptedServer::start_unix(dir.path().join("s"), [ServerScript::new()]);
    let path = server.path().display().to_string();
    let outcome = run(&["doctor", "--json", "-S", &path, "-u", "app"]).end().succeeded();
    let report: Value = serde_json::from_str(&outcome).unwrap();
    let attacker = "nothing from the network: the Unix socket stays within this machine";
    assert_eq!(report["attacker"], attacker);
    assert_eq!(report["server"]["address"], path);
    assert_eq!(report["advice"]["tried"], true);
    nothing_was_given_away(&server, &[]);
}

/// A server that was logged in to may still be a rogue.
#[test]
fn answers_of_another_shape() {
    let odd = || Answer::Rows(Rows::one("odd", "\u{1b}[2J"));
    let fixture = Fixture::with(|script| {
        let script = script.on_prefix("SHOW SESSION", odd());
        script.on_query("SELECT CONNECTION_ID()", odd()).on_query("SELECT VERSION()", Answer::Ok)
    });
    let dsn = fixture.dsn("app");
    let (code, report) = examine(&dsn);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["proxy"]["suspected"], Value::Null);
    let told = "not known: the server did not tell its view of the connection";
    assert_eq!(report["proxy"]["told"], told);
    let text = run(&["doctor", &dsn]).end().succeeded();
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn settings_that_are_refused_before_a_connection() {
    let fixture = Fixture::open();
    let dsn = format!("mysql://app@localhost:{}/", fixture.server.port());
    let (code, report) = examine(&format!("{dsn}?ssl-ca=/nonexistent.pem"));
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(report["settings"]["error"]["code"], "config.file-missing");
    assert_eq!(modes(&report), ["config.file-missing"; 5]);
    assert!(report["attacker"].as_str().unwrap().starts_with("nothing: "), "{report:#}");
    assert_eq!(answered(&report, "versions", "accepted"), ["TLSv1.3", "TLSv1.2"]);
    // What cannot be read at all is an error as elsewhere.
    run(&["doctor", "mysql://app@localhost/?nonsense=1"]).end().failed("dsn.unknown-key");
}

#[test]
fn a_server_that_is_not_there() {
    let port = RefusingPort::new();
    let (code, report) = examine(&format!("mysql://app@127.0.0.1:{}/", port.number()));
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(report["server"], Value::Null);
    assert_eq!(report["offers_tls"], Value::Null);
    assert_eq!(report["settings"]["error"]["code"], "connect.unreachable");
    assert_eq!(report["proxy"]["suspected"], Value::Null);
}
