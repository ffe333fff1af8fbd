//! Who is connected, through which TLS, and what passes through unchanged.

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Conn, OptsBuilder};
use mysql_tls::{EndpointSession, PasswordSent, Transport, UrlStyle, Verification};

use super::*;

#[test]
fn each_driver_has_a_verified_session_of_its_own() {
    let server = ScriptedServer::start(over_tls().auth([AuthStep::full_auth(PASSWORD)]));
    let endpoint = connector(&server).endpoint().unwrap();
    let mut conns: Vec<Conn> = (0..3).map(|_| connect(&endpoint).unwrap()).collect();
    conns.iter_mut().for_each(one);
    let sessions = endpoint.sessions();
    let numbers: Vec<u64> = sessions.iter().map(EndpointSession::number).collect();
    assert_eq!(numbers, [0, 1, 2]);
    for (number, found) in sessions.iter().enumerate() {
        let session = found.session();
        assert_eq!(session.transport(), Transport::Tls);
        let tls = session.tls().unwrap();
        assert_eq!(*tls.verified(), Verification::ChainAndName("localhost".into()));
        assert_eq!(session.password_sent(), PasswordSent::Cleartext);
        assert_eq!(session.claimed().connection_id(), 42 + number as u32);
        assert_eq!(found.peer(), format!("uid {}", rustix::process::geteuid().as_raw()));
        let by_id = endpoint.sessions_by_connection_id(42 + number as u32);
        assert_eq!(by_id.iter().map(EndpointSession::number).collect::<Vec<_>>(), [number as u64]);
    }
    assert!(endpoint.sessions_by_connection_id(41).is_empty());
    conns.remove(1);
    soon("the second is gone", || {
        let left: Vec<u64> = endpoint.sessions().iter().map(EndpointSession::number).collect();
        left == [0, 2]
    });
    drop(conns);
    for number in 0..3 {
        let record = server.wait_record(number, PATIENCE);
        assert_nothing_in_the_clear(&record, number);
        assert!(record.logged_in && record.quit && record.tls.is_some(), "{record:#?}");
        assert_eq!(record.ended, Some(Ended::CloseNotify), "{record:#?}");
        assert_eq!(record.cleartext_password.as_deref(), Some(PASSWORD.as_bytes()));
        assert_eq!(record.sni(), Some("localhost"));
    }
    assert_eq!(server.connections(), 3);
    soon("all are gone", || endpoint.sessions().is_empty());
}

#[test]
fn many_threads_share_an_endpoint() {
    let server = ScriptedServer::start(over_tls().auth([AuthStep::check(USER, PASSWORD)]));
    let builder = builder_for(&server).connect_timeout(Duration::from_secs(60));
    let endpoint = builder.build().unwrap().endpoint().unwrap();
    let numbers = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32_u32)
            .map(|number| {
                let endpoint = &endpoint;
                scope.spawn(move || {
                    let mut conn = connect(endpoint).unwrap();
                    let id = conn.connection_id();
                    // Everybody gets his own answers.
                    let sql = format!("SELECT COUNT(*) /* {number} */");
                    assert_eq!(conn.query_first::<u32, _>(sql).unwrap(), Some(1));
                    let found = endpoint.sessions_by_connection_id(id);
                    assert_eq!(found.len(), 1);
                    found[0].number()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let unique: std::collections::BTreeSet<_> = numbers.iter().collect();
    assert_eq!((unique.len(), server.connections()), (32, 32));
}

#[test]
fn servers_may_give_one_connection_id_to_several() {
    // The second connection's is 41 and one more.
    let scripts = [42, 41, 7].map(|id| over_tls().connection_id(id));
    let server = ScriptedServer::start_with(scripts);
    let endpoint = connector(&server).endpoint().unwrap();
    let _drivers: Vec<Raw> = (0..3).map(|_| Raw::log_in(&endpoint)).collect();
    for (id, numbers) in [(42, vec![0, 1]), (9, vec![2]), (7, vec![])] {
        let found = endpoint.sessions_by_connection_id(id);
        assert_eq!(found.iter().map(EndpointSession::number).collect::<Vec<_>>(), numbers, "{id}");
    }
}

#[test]
fn bytes_are_counted_from_the_login_on() {
    let answer = Answer::Packets(vec![vec![b'x'; 1000]]);
    let server = ScriptedServer::start(over_tls().on_query("SELECT bytes", answer));
    let endpoint = connector(&server).endpoint().unwrap();
    let mut driver = Raw::log_in(&endpoint);
    let bytes = || {
        let sessions = endpoint.sessions();
        (sessions[0].bytes_to_server(), sessions[0].bytes_to_driver())
    };
    assert_eq!(bytes(), (0, 0));
    for round in 1..=3 {
        driver.query("SELECT bytes");
        assert_eq!(driver.expect().len(), 1000);
        assert_eq!(bytes(), (17 * round, 1004 * round));
    }
}

#[test]
fn what_the_driver_says_of_itself_passes_through() {
    let server = ScriptedServer::start(over_tls().auth([AuthStep::check("driver", "its own")]));
    // The account of the connector is not used.
    let endpoint = verified(&server).database("other").build().unwrap().endpoint().unwrap();
    let attributes = [("program".to_owned(), "tests".to_owned())];
    let opts = OptsBuilder::new()
        .socket(Some(text(endpoint.path().unwrap())))
        .user(Some("driver"))
        .pass(Some("its own"))
        .db_name(Some("shop"))
        .connect_attrs(Some(std::collections::HashMap::from(attributes.clone())));
    let mut conn = Conn::new(opts).unwrap();
    conn.query_drop("SET @a = 1").unwrap();
    let session = endpoint.sessions().remove(0);
    assert_eq!(session.session().password_sent(), PasswordSent::Scramble);
    drop(conn);
    let record = server.wait_record(0, PATIENCE);
    let response = record.response.as_ref().unwrap();
    assert_eq!(
        (response.user_name().as_str(), response.database.as_deref()),
        ("driver", Some("shop"))
    );
    assert!(response.attributes.contains(&attributes[0]), "{:?}", response.attributes);
    assert!(record.queries().contains(&"SET @a = 1".to_owned()));
    // MySQL reads the response by the flags of the SSLRequest.
    let request = record.ssl_request.as_ref().unwrap();
    assert_eq!(request.bytes[..], record.inside_tls[4..36]);
    assert_eq!(record.packet_ids, [1, 2]);
}

#[test]
fn the_client_certificate_is_presented_for_every_driver() {
    let client = ca().client("client").issue();
    let tls = ServerTls::new(good()).require_client_cert(ca());
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    let builder =
        builder_for(&server).ssl_cert_pem(client.chain_pem()).ssl_key_pem(client.key_pem());
    let endpoint = builder.build().unwrap().endpoint().unwrap();
    for number in 0..2 {
        let mut conn = connect(&endpoint).unwrap();
        one(&mut conn);
        let sessions = endpoint.sessions();
        let tls = sessions.last().unwrap().session().tls().unwrap();
        assert!(tls.client_certificate().presented().is_some(), "{tls:?}");
        drop(conn);
        let record = server.wait_record(number, PATIENCE);
        assert_eq!(record.client_certificate(), Some(&client.der()));
        soon("it is gone", || endpoint.sessions().is_empty());
    }
}

#[test]
fn over_tcp_and_to_a_servers_socket() {
    let dir = TestDir::new();
    let server = ScriptedServer::start_unix(dir.path().join("server.sock"), [over_tls()]);
    let connector = ConnectionBuilder::new("localhost")
        .socket(server.path())
        .ssl_mode(SslMode::VerifyIdentity)
        .ssl_ca_pem(ca().pem())
        .build()
        .unwrap();
    for address in ["127.0.0.1:0", "127.9.8.7:0"] {
        let endpoint = connector.endpoint_tcp(address.parse().unwrap()).unwrap();
        let listening = endpoint.address().unwrap();
        assert_eq!((listening.ip().to_string(), endpoint.path()), (address[..9].into(), None));
        assert_ne!(listening.port(), 0);
        let number = server.connections();
        let mut conn = connect(&endpoint).unwrap();
        one(&mut conn);
        let session = endpoint.sessions().remove(0);
        assert!(session.peer().starts_with("127."), "{}", session.peer());
        assert_eq!(session.session().transport(), Transport::Tls);
        drop(conn);
        assert_nothing_in_the_clear(&server.wait_record(number, PATIENCE), address);
    }
}

#[test]
fn every_style_of_a_connection_string() {
    let dir = TestDir::new();
    let path = dir.path().join("db%.sock");
    let server = ScriptedServer::start(over_tls());
    let connector = builder_for(&server).user("a@b").database("sh/op").build().unwrap();
    let at_path = connector.endpoint_with(mysql_tls::EndpointOptions::new().path(&path)).unwrap();
    let on_tcp = connector.endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    let (plain, tcp) = (text(&path), on_tcp.address().unwrap());
    let encoded = plain.replace('%', "%25");
    for (style, by_socket, by_tcp) in [
        (
            UrlStyle::Mysql,
            format!("mysql://a%40b@localhost/sh%2Fop?socket={encoded}"),
            format!("mysql://a%40b@{tcp}/sh%2Fop?prefer_socket=false"),
        ),
        (
            UrlStyle::Sqlx,
            format!("mysql://a%40b@localhost/sh%2Fop?socket={encoded}&ssl-mode=DISABLED"),
            format!("mysql://a%40b@{tcp}/sh%2Fop?ssl-mode=DISABLED"),
        ),
        (
            UrlStyle::Diesel,
            format!("mysql://a%40b@localhost/sh%2Fop?unix_socket={encoded}"),
            format!("mysql://a%40b@{tcp}/sh%2Fop"),
        ),
        (UrlStyle::Go, format!("a@b@unix({plain})/sh%2Fop"), format!("a@b@tcp({tcp})/sh%2Fop")),
    ] {
        assert_eq!(at_path.url(style), by_socket);
        assert_eq!(on_tcp.url(style), by_tcp);
        assert_eq!(style.as_str().parse::<UrlStyle>().unwrap(), style);
    }
    let whole = at_path.url_of(UrlStyle::Mysql, Some(USER), Some("p:/@%"), None);
    assert_eq!(whole, format!("mysql://{USER}:p%3A%2F%40%25@localhost/?socket={encoded}"));
    // The driver understands its own.
    for endpoint in [&at_path, &on_tcp] {
        let url = endpoint.url_of(UrlStyle::Mysql, Some(USER), Some(PASSWORD), Some("shop"));
        one(&mut Conn::new(url.as_str()).unwrap());
    }
    for shown in [format!("{at_path:?}"), format!("{on_tcp:?}")] {
        assert!(!shown.contains("a@b") && shown.starts_with("Endpoint {"), "{shown}");
    }
}

#[test]
fn options_for_the_driver_have_the_account_and_no_password() {
    let server = ScriptedServer::start(over_tls());
    let connector =
        builder_for(&server).user("app").password("x").database("shop").build().unwrap();
    let by_socket = connector.endpoint().unwrap();
    let by_tcp = connector.endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    for endpoint in [&by_socket, &by_tcp] {
        let opts = mysql_tls::mysql::Opts::from(endpoint.opts());
        assert_eq!((opts.get_user(), opts.get_db_name()), (Some("app"), Some("shop")));
        assert_eq!((opts.get_pass(), opts.get_prefer_socket()), (None, false));
        assert_eq!(opts.get_socket(), endpoint.path().map(text));
    }
    let opts = mysql_tls::mysql::Opts::from(by_tcp.opts());
    assert_eq!(Some(opts.get_tcp_port()), by_tcp.address().map(|address| address.port()));
}
