//! Pools: the driver's own over an endpoint, and `r2d2` with the feature, against the scripted
//! server.

use std::time::Duration;

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{PoolConstraints, PoolOpts};
use mysql_tls::{ConnectionBuilder, SslMode, Verification};

use crate::kit::*;
use crate::support::*;

const RESET: &[u8] = &[0x1f];
fn is_verified(verified: &Verification) -> bool {
    *verified == Verification::ChainAndName("localhost".into())
}

#[test]
fn the_drivers_pool_opens_as_many_as_it_was_told_and_verifies_each() {
    let server = ScriptedServer::start(over_tls());
    let pool = verified(&server).pool_min(3).pool_max(5).build().unwrap().pool().unwrap();
    let sessions = pool.endpoint().sessions();
    assert_eq!(sessions.len(), 3);
    for session in sessions {
        assert!(is_verified(session.session().tls().unwrap().verified()));
    }
    let taken: Vec<_> = (0..5).map(|_| pool.get_conn().unwrap()).collect();
    assert_eq!(pool.endpoint().sessions().len(), 5);
    assert!(pool.try_get_conn(Duration::from_millis(50)).is_err(), "five is the limit");
    drop(taken);
    assert_eq!(pool.get_conn().unwrap().query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
    assert_eq!(pool.endpoint().sessions().len(), 5);
}

#[test]
fn the_options_of_a_call_win_over_those_of_the_connector() {
    let server = ScriptedServer::start(over_tls());
    let constraints = PoolConstraints::new(1, 2).unwrap();
    let options = PoolOpts::new().with_constraints(constraints);
    let pool = verified(&server).pool_min(7).build().unwrap().pool_with(options).unwrap();
    assert_eq!(pool.endpoint().sessions().len(), 1);
}

#[test]
fn the_numbers_of_a_dsn_are_those_of_the_pool() {
    for (query, min, max) in [
        ("", 10, 100),
        ("pool_min=2&pool_max=4", 2, 4),
        ("pool_max=4", 4, 4),
        ("pool_min=120", 120, 120),
    ] {
        let dsn = format!("mysql://app@localhost/shop?{query}");
        let builder: ConnectionBuilder = dsn.parse().unwrap();
        let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
        let sink = std::sync::Arc::clone(&seen);
        let hooked = builder.driver_options(move |options| {
            let opts = mysql_tls::mysql::Opts::from(options.clone());
            let constraints = opts.get_pool_opts().constraints();
            *sink.lock().unwrap() = Some((constraints.min(), constraints.max()));
            options
        });
        hooked.build().unwrap();
        assert_eq!(*seen.lock().unwrap(), Some((min, max)), "{query}");
    }
    for query in ["pool_max=0", "pool_min=5&pool_max=4"] {
        let dsn = format!("mysql://app@localhost/shop?{query}");
        let error = failure(dsn.parse::<ConnectionBuilder>().unwrap().build(), query);
        assert_eq!(error.code(), "config.value", "{error}");
        assert!(error.to_string().starts_with("pool-max: "), "{error}");
    }
}

#[test]
fn the_drivers_pool_needs_tls_and_names_the_other_pool() {
    let server = ScriptedServer::start(ServerScript::new());
    for mode in [SslMode::Disabled, SslMode::Preferred] {
        let connector = builder("127.0.0.1", &server).ssl_mode(mode).build().unwrap();
        let error = failure(connector.pool(), mode);
        assert_eq!(error.code(), "config.endpoint", "{error}");
        let text = error.to_string();
        assert!(text.contains(mode.as_str()) && text.contains("r2d2"), "{text}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_pool_that_cannot_connect_tells_the_cause() {
    let refusal = AuthStep::denied(USER);
    let refusing = ScriptedServer::start(over_tls().auth([refusal]));
    let error = failure(verified(&refusing).build().unwrap().pool(), "refused");
    assert_eq!(error.code(), "auth.access-denied", "{error}");
    let other = Authority::new("Another CA");
    let connector = verified(&refusing).ssl_ca_pem(other.pem()).build().unwrap();
    let error = failure(connector.pool(), "unknown CA");
    assert_eq!(error.code(), "certificate.unknown-issuer", "{error}");
    let plain = ScriptedServer::start(ServerScript::new());
    let error = failure(verified(&plain).build().unwrap().pool(), "no TLS");
    assert_eq!(error.code(), "tls.not-offered", "{error}");
}

#[test]
fn an_inner_pool_keeps_its_endpoint() {
    let server = ScriptedServer::start(over_tls());
    let pool = verified(&server).pool_min(0).build().unwrap().pool().unwrap().into_inner();
    assert_eq!(pool.get_conn().unwrap().query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
}

#[test]
fn what_goes_back_into_the_drivers_pool_is_reset_unless_told_otherwise() {
    for reset in [true, false] {
        let server = ScriptedServer::start(over_tls());
        let builder = verified(&server).pool_min(1).pool_max(1).reset_connection(reset);
        let pool = builder.build().unwrap().pool().unwrap();
        drop(pool.get_conn().unwrap());
        drop(pool);
        let record = server.wait_record(0, PATIENCE);
        assert_eq!(record.commands.iter().any(|command| command == RESET), reset);
    }
}

#[cfg(feature = "r2d2")]
mod r2d2_pool {
    use super::*;
    use mysql_tls::Transport;
    use std::thread;

    const PING: &[u8] = &[0x0e];

    #[test]
    fn every_mode_and_each_connection_with_its_session() {
        let server = ScriptedServer::start(over_tls());
        for (connector, transport) in [
            (verified(&server), Transport::Tls),
            (plaintext(&server), Transport::Plaintext(mysql_tls::PlaintextReason::Disabled)),
        ] {
            let connector = connector.pool_min(1).pool_max(2).build().unwrap();
            let pool = connector.r2d2_builder().build(connector).unwrap();
            let (mut one, two) = (pool.get().unwrap(), pool.get().unwrap());
            assert_eq!(one.query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
            for connection in [&one, &two] {
                assert_eq!(connection.session().transport(), transport);
            }
            assert!(pool.get_timeout(Duration::from_millis(50)).is_err(), "two is the limit");
        }
    }

    #[test]
    fn pinged_on_the_way_out_and_reset_on_the_way_in() {
        for (health, reset) in [(true, true), (false, true), (true, false), (false, false)] {
            let server = ScriptedServer::start(over_tls());
            let connector = verified(&server).pool_max(1).pool_min(1);
            let connector = connector.check_health(health).reset_connection(reset).build().unwrap();
            let pool = connector.r2d2_builder().build(connector).unwrap();
            for _ in 0..2 {
                drop(pool.get().unwrap());
            }
            drop(pool);
            let record = server.wait_record(0, PATIENCE);
            let count = |command: &[u8]| record.commands.iter().filter(|c| *c == command).count();
            let times = |on: bool| if on { 2 } else { 0 };
            assert_eq!((count(PING), count(RESET)), (times(health), times(reset)));
        }
    }

    #[test]
    fn a_smallest_number_above_the_default_size_is_no_panic() {
        let server = ScriptedServer::start(over_tls());
        let connector = verified(&server).pool_min(12).build().unwrap();
        let pool = connector.r2d2_builder().build(connector).unwrap();
        assert_eq!((pool.max_size(), pool.min_idle()), (12, Some(12)));
    }

    #[test]
    fn a_server_that_restarts_is_reached_again() {
        let server = ScriptedServer::start(over_tls());
        let address = server.address();
        let connector = verified(&server).pool_max(2).pool_min(1).build().unwrap();
        let pool = connector.r2d2_builder().build(connector).unwrap();
        drop(pool.get().unwrap());
        drop(server);
        assert!(pool.get_timeout(Duration::from_millis(200)).is_err());
        let _server = ScriptedServer::start_on(&address.to_string(), [over_tls()]).unwrap();
        let mut connection = pool.get_timeout(PATIENCE).unwrap();
        assert_eq!(connection.query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
    }

    #[test]
    fn new_connections_have_the_new_certificate() {
        let tls = ServerTls::new(good()).require_client_cert(ca());
        let server = ScriptedServer::start(ServerScript::new().tls(tls));
        let files = TestDir::new();
        let old = ca().client("old").issue().write_to(&files, "client");
        let builder = verified(&server).ssl_cert(&old.cert).ssl_key(&old.key);
        let connector = builder.pool_max(3).pool_min(0).build().unwrap();
        let driver_pool = connector.pool().unwrap();
        let pool = connector.r2d2_builder().build(connector.clone()).unwrap();
        let first = pool.get().unwrap();
        let _kept = driver_pool.get_conn().unwrap();
        ca().client("new").issue().write_to(&files, "client");
        connector.reload().unwrap();
        let second = pool.get().unwrap();
        let _also_kept = driver_pool.get_conn().unwrap();
        let presented = |session: &mysql_tls::Session| {
            let certificate = session.tls().unwrap().client_certificate();
            certificate.presented().unwrap().to_string()
        };
        assert_eq!(presented(first.session()), "CN=old");
        assert_eq!(presented(second.session()), "CN=new");
        let sessions = driver_pool.endpoint().sessions();
        let mut names: Vec<_> = sessions.iter().map(|found| presented(found.session())).collect();
        names.sort();
        assert_eq!(names, ["CN=new", "CN=old"]);
    }

    #[test]
    fn many_threads_share_a_few() {
        let server = ScriptedServer::start(over_tls());
        let connector = verified(&server).pool_max(4).pool_min(0).build().unwrap();
        let pool = connector.r2d2_builder().build(connector).unwrap();
        thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let mut connection = pool.get_timeout(PATIENCE).unwrap();
                        let one = connection.query_first::<u32, _>("SELECT 1").unwrap();
                        assert_eq!(one, Some(1));
                    }
                });
            }
        });
        assert!(server.connections() <= 4, "{}", server.connections());
    }
}
