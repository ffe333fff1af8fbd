//! Several hosts: each has a line, one is examined, and nobody else sees a login.

use super::*;

const USER: &str = "app";

/// The hosts' answers, the code of each error, and which of them was examined.
fn hosts(report: &Value) -> Vec<(&str, Option<&str>, bool)> {
    let all = report["hosts"].as_array().unwrap().iter();
    all.map(|host| {
        let answer = host["answer"].as_str().unwrap();
        (answer, host["error"]["code"].as_str(), host["examined"].as_bool().unwrap())
    })
    .collect()
}

struct Cluster {
    ca: String,
    dir: TestDir,
    authority: Authority,
}

impl Cluster {
    fn new() -> Self {
        let authority = Authority::new("CLI CA");
        let dir = TestDir::new();
        let ca = dir.write("ca.pem", authority.pem()).to_str().unwrap().to_owned();
        Cluster { ca, dir, authority }
    }

    fn server(&self, name: &str) -> ScriptedServer {
        let tls = ServerTls::new(&self.authority.server(name).issue());
        ScriptedServer::start(ServerScript::new().tls(tls).auth([AuthStep::full_auth(PASSWORD)]))
    }

    fn dsn(&self, ports: &[u16]) -> String {
        let hosts: Vec<String> = ports.iter().map(|port| format!("localhost:{port}")).collect();
        let (hosts, ca) = (hosts.join(","), &self.ca);
        format!("mysql://{USER}:{PASSWORD}@{hosts}/?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}")
    }
}

#[test]
fn each_is_looked_at_and_the_first_that_works_examined() {
    let cluster = Cluster::new();
    let nobody = RefusingPort::new();
    let (second, third) = (cluster.server("localhost"), cluster.server("localhost"));
    let dsn = cluster.dsn(&[nobody.number(), second.port(), third.port()]);
    let (code, report) = examine(&dsn);
    assert_eq!(code, Some(0), "{report:#}");
    let expected = [
        ("passed-over", Some("connect.unreachable"), false),
        ("works", None, true),
        ("works", None, false),
    ];
    assert_eq!(hosts(&report), expected, "{report:#}");
    assert_eq!(report["hosts"][1]["host"], format!("localhost:{}", second.port()));
    let address = report["server"]["address"].as_str().unwrap();
    assert!(address.ends_with(&format!(":{}", second.port())), "{address}");
    // The DSN to use keeps all of them.
    let advised = report["advice"]["dsn"].as_str().unwrap();
    assert_eq!(advised, dsn.replace(&format!(":{PASSWORD}"), ""));

    assert_eq!(third.connections(), 1);
    assert!(third.wait_record(0, Duration::from_secs(5)).response.is_none());
    nothing_was_given_away(&second, &[USER.as_bytes(), PASSWORD.as_bytes()]);
    assert!(second.records().last().unwrap().logged_in);
    let made = report["connections"].as_u64().unwrap();
    assert_eq!(made as usize, second.connections() + 2, "the one that refused among them");

    let outcome = run(&["doctor"]).variables(&[("MYSQL_TLS_DSN", &dsn)]).end().succeeded();
    let about = format!("3; all but their own lines is about localhost:{}", second.port());
    let third = format!("  localhost:{}", third.port());
    for line in [
        format!("{:<20}{about}", "Hosts"),
        format!("{third:<20}up to the login it does what the settings ask"),
    ] {
        assert!(outcome.lines().any(|other| other == line), "{line}\nis not in\n{outcome}");
    }
    let first = format!(
        "{:<20}passed over, the next has a try: ",
        format!("  localhost:{}", nobody.number())
    );
    assert!(outcome.contains(&first), "{outcome}");
}

#[test]
fn one_that_refuses_is_a_failure_although_another_works() {
    let cluster = Cluster::new();
    let (bad, good) = (cluster.server("other.example.com"), cluster.server("localhost"));
    for ports in [[bad.port(), good.port()], [good.port(), bad.port()]] {
        let (code, report) = examine(&cluster.dsn(&ports));
        assert_eq!(code, Some(1), "{report:#}");
        let examined = ("works", None, true);
        let refused = ("refused", Some("certificate.wrong-name"), false);
        let expected =
            if ports[0] == good.port() { [examined, refused] } else { [refused, examined] };
        assert_eq!(hosts(&report), expected);
        assert_eq!(report["settings"]["error"]["code"], "certificate.wrong-name");
    }
}

#[test]
fn a_host_alone_has_no_list_and_many_are_bounded() {
    let cluster = Cluster::new();
    let server = cluster.server("localhost");
    let (code, report) = examine(&cluster.dsn(&[server.port()]));
    assert_eq!((code, report.get("hosts")), (Some(0), None));

    let before = server.connections();
    let (code, report) = examine(&cluster.dsn(&[server.port(); 12]));
    assert_eq!(code, Some(0), "{report:#}");
    let answers: Vec<_> = hosts(&report).into_iter().map(|(answer, ..)| answer).collect();
    assert_eq!(answers, [["works"; 8].as_slice(), &["not-tried"; 4]].concat());
    assert!(server.connections() - before <= CONNECTIONS);
    drop(cluster.dir);
}
