//! Drivers that break the protocol, ask for TLS, say nothing, or go away.

use mysql_tls::CleartextPassword;

use super::driver::{CLAIMED, response};
use super::*;

#[test]
fn a_first_packet_that_makes_no_sense() {
    let frame = |id: u8, payload: &[u8]| wire::frame(&mut { id }, payload);
    let good = response(CLAIMED, "caching_sha2_password", &[7; 32]);
    let mut ssl_request = good[..32].to_vec();
    ssl_request[1] |= 0x08;
    let old = response(CLAIMED & !capability::PROTOCOL_41, "caching_sha2_password", &[7; 32]);
    type Case<'a> = (&'a str, Vec<u8>, Option<(u16, &'a str)>);
    let cases: Vec<Case<'_>> = vec![
        (
            "an SSLRequest",
            frame(1, &ssl_request),
            Some((2026, "configure it without TLS, which is made here")),
        ),
        (
            "an SSLRequest and a ClientHello",
            [frame(1, &ssl_request), vec![0x16, 3, 1, 0, 200]].concat(),
            Some((2026, "configure it without TLS, which is made here")),
        ),
        ("nothing in it", frame(1, b""), Some((2013, "HandshakeResponse that cannot be read"))),
        ("31 bytes", frame(1, &good[..31]), Some((2013, "HandshakeResponse that cannot be read"))),
        ("cut", frame(1, &good[..60]), Some((2013, "HandshakeResponse that cannot be read"))),
        ("of MySQL 4.0", frame(1, &old), Some((2013, "HandshakeResponse that cannot be read"))),
        ("a wrong id", frame(5, &good), Some((2013, "sent packet 5"))),
        ("too large", vec![1, 0, 0x20, 1], Some((2013, "packet of 2097153 bytes"))),
        ("the largest", vec![0xff, 0xff, 0xff, 1], Some((2013, "packet of 16777215 bytes"))),
        ("HTTP", b"GET / HTTP/1.1\r\n\r\n".to_vec(), Some((2013, "announced a packet of"))),
        // With the id of a command: the driver has given up.
        ("a goodbye", frame(0, &[1]), None),
    ];
    let server = ScriptedServer::start(over_tls());
    let endpoint = connector(&server).endpoint().unwrap();
    for (number, (what, bytes, expected)) in cases.into_iter().enumerate() {
        let mut driver = Raw::new(&endpoint);
        driver.greeting();
        driver.send_bytes(&bytes);
        match expected {
            Some((code, fragment)) => {
                // An answer to whatever id it was.
                let (shown, sentence) = driver.err_and_end();
                assert_eq!(shown, code, "{what}: {sentence}");
                assert!(sentence.contains(fragment), "{what}: {sentence}");
            }
            None => assert_eq!(driver.read(), None, "{what}"),
        }
        let record = server.wait_record(number, PATIENCE);
        assert_eq!(record.raw.escape_ascii().to_string(), "", "{what}");
    }
    one(&mut connect(&endpoint).unwrap());
    assert!(endpoint.shutdown(PATIENCE));
}

#[test]
fn packets_of_the_login_that_make_no_sense() {
    // The server waits for an answer to its switch.
    let nonce = b"a-nonce-of-20-bytes!";
    let steps = [AuthStep::switch("mysql_native_password", nonce), AuthStep::Ok];
    let server = ScriptedServer::start(over_tls().auth(steps));
    let endpoint = connector(&server).endpoint().unwrap();
    for (number, (what, bytes, fragment)) in [
        ("a wrong id", vec![1, 0, 0, 7, 0], "sent packet 7"),
        ("too large", vec![1, 0, 1, 3], "packet of 65537 bytes"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut driver = Raw::new(&endpoint);
        driver.respond("caching_sha2_password", &[7; 32]);
        assert_eq!(driver.expect(), wire::auth_switch("mysql_native_password", nonce));
        driver.send_bytes(&bytes);
        let (code, sentence) = driver.err_and_end();
        assert_eq!(code, 2013, "{what}: {sentence}");
        assert!(sentence.contains(fragment), "{what}: {sentence}");
        let record = server.wait_record(number, PATIENCE);
        assert!(record.auth_packets.is_empty(), "{what}");
        assert_eq!(record.ended, Some(Ended::Eof), "{what}");
    }
}

#[test]
fn a_response_in_pieces_and_one_that_is_large() {
    let server = ScriptedServer::start(over_tls());
    let endpoint = connector(&server).endpoint().unwrap();
    let mut driver = Raw::new(&endpoint);
    driver.greeting();
    let packet = wire::frame(&mut 1, &response(CLAIMED, "caching_sha2_password", &[7; 32]));
    for byte in packet {
        driver.send_bytes(&[byte]);
    }
    // The id was given by hand.
    let mut ok = Vec::new();
    while ok.len() < 11 {
        ok.extend(driver.bytes());
    }
    assert_eq!(ok, wire::frame(&mut 2, &wire::ok()));
    let mut driver = Raw::new(&endpoint);
    driver.greeting();
    let flags = CLAIMED | capability::CONNECT_ATTRS;
    let mut payload = response(flags, "caching_sha2_password", &[7; 32]);
    payload.extend([0xfd, 0x04, 0, 0x10, 0xfd, 0, 0, 0x10]);
    payload.extend(vec![b'k'; 0x10_0000]);
    driver.send(&payload);
    // The scripted server cannot read it, but it got it whole.
    let record =
        server.wait_until(1, PATIENCE, |record| record.ended.is_some() || record.logged_in);
    assert_eq!(record.inside_tls.len(), 4 + payload.len());
}

#[test]
fn a_driver_that_says_nothing_is_told_when_the_time_is_over() {
    let server = ScriptedServer::start(over_tls());
    let limit = Duration::from_millis(300);
    let endpoint = builder_for(&server).connect_timeout(limit).build().unwrap().endpoint().unwrap();
    let start = Instant::now();
    let mut drivers: Vec<Raw> = (0..2).map(|_| Raw::new(&endpoint)).collect();
    drivers[0].greeting();
    drivers[1].greeting();
    // A packet that never becomes whole.
    drivers[1].send_bytes(&[32, 0, 0, 1, 0]);
    for mut driver in drivers {
        let (code, sentence) = driver.err_and_end();
        assert_eq!(code, 2013);
        assert!(sentence.contains("the driver did not answer the greeting"), "{sentence}");
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    for number in 0..2 {
        assert_eq!(server.wait_record(number, PATIENCE).raw.len(), 0);
    }
}

#[test]
fn after_the_login_there_is_no_deadline() {
    let server = ScriptedServer::start(over_tls());
    let limit = Duration::from_millis(500);
    let endpoint = builder_for(&server).connect_timeout(limit).build().unwrap().endpoint().unwrap();
    let mut conn = connect(&endpoint).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    one(&mut conn);
}

#[test]
fn a_driver_may_go_away_at_any_moment() {
    type Go = fn(&Endpoint);
    let silent = || ServerScript::new().start(Start::Silence);
    let in_handshake = || over_tls().after_ssl_request(AfterSslRequest::Silence);
    let in_login = || over_tls().auth([AuthStep::Silence]);
    let cases: [(&str, ServerScript, Go); 8] = [
        ("at once", over_tls(), |endpoint| drop(Raw::new(endpoint))),
        ("before the greeting", silent(), |endpoint| {
            let driver = Raw::new(endpoint);
            std::thread::sleep(Duration::from_millis(50));
            drop(driver);
        }),
        ("after the greeting", over_tls(), |endpoint| {
            Raw::new(endpoint).greeting();
        }),
        ("in the middle of its response", over_tls(), |endpoint| {
            let mut driver = Raw::new(endpoint);
            driver.greeting();
            driver.send_bytes(&[32, 0, 0, 1, 0]);
        }),
        ("after its response", over_tls(), |endpoint| {
            Raw::new(endpoint).respond("caching_sha2_password", &[7; 32]);
        }),
        ("during the TLS handshake", in_handshake(), |endpoint| {
            let mut driver = Raw::new(endpoint);
            driver.respond("caching_sha2_password", &[7; 32]);
            std::thread::sleep(Duration::from_millis(50));
        }),
        ("during the login", in_login(), |endpoint| {
            let mut driver = Raw::new(endpoint);
            driver.respond("caching_sha2_password", &[7; 32]);
            std::thread::sleep(Duration::from_millis(50));
        }),
        ("logged in", over_tls(), |endpoint| drop(Raw::log_in(endpoint))),
    ];
    for (what, script, go) in cases {
        let server = ScriptedServer::start(script);
        let connector = builder_for(&server).connect_timeout(Duration::from_secs(60));
        let endpoint = connector.build().unwrap().endpoint().unwrap();
        go(&endpoint);
        let start = Instant::now();
        server.wait_record(0, PATIENCE);
        // Its thread has ended, without being told to.
        assert!(endpoint.shutdown(PATIENCE), "{what}");
        assert!(start.elapsed() < Duration::from_secs(5), "{what}: {:?}", start.elapsed());
    }
}

/// What is compressed cannot be looked at, which `cleartext-password=verified` needs where nobody has
/// verified the server.
#[test]
fn compression_that_was_not_offered_is_refused_where_commands_are_looked_at() {
    const CLAIMS: [u32; 2] = [1 << 5, 1 << 26];
    for claim in CLAIMS {
        for (to, is_refused) in
            [(CleartextPassword::Tls, false), (CleartextPassword::Verified, true)]
        {
            let script = over_tls().with_capabilities(claim);
            let server = ScriptedServer::start(script);
            let builder = ConnectionBuilder::new("localhost").port(server.port());
            let builder = builder.ssl_mode(SslMode::Required).cleartext_password(to);
            let endpoint = builder.build().unwrap().endpoint().unwrap();
            let mut driver = Raw::new(&endpoint);
            let offered = driver.greeting().capabilities & claim;
            assert_eq!(offered == 0, is_refused, "{claim:#x} {to}");
            driver.send(&response(CLAIMED | claim, "caching_sha2_password", &[7; 32]));
            if is_refused {
                let (code, sentence) = driver.err_and_end();
                assert_eq!(code, 2013, "{sentence}");
                assert!(sentence.contains("compresses although it was not offered"), "{sentence}");
                assert_no_login(&server.wait_record(0, PATIENCE), claim);
            } else {
                assert_eq!(driver.expect()[0], 0, "OK");
            }
        }
    }
}
