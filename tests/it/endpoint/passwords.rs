//! Passwords through drivers that take their socket for insecure: the endpoint's own RSA key.

use super::*;

#[cfg(feature = "aws-lc-rs")]
mod with_a_key {
    use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
    use mysql_tls::PasswordSent;

    use super::*;
    use crate::support::Greeting;

    const SWITCH_NONCE: &[u8; 20] = b"another-nonce-20-by.";

    fn greeting_nonce() -> Vec<u8> {
        Greeting::default().nonce
    }

    /// Encrypts as drivers do: password and NUL mixed with the nonce.
    fn encrypted(pem: &[u8], plain: &[u8], nonce: &[u8]) -> Vec<u8> {
        let pem = std::str::from_utf8(pem).unwrap();
        let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = data_encoding::BASE64.decode(base64.as_bytes()).unwrap();
        let key =
            OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&der).unwrap()).unwrap();
        assert_eq!(key.key_size_bits(), 2048);
        let mixed: Vec<u8> =
            plain.iter().zip(nonce.iter().cycle()).map(|(byte, nonce)| byte ^ nonce).collect();
        let mut ciphertext = vec![0; key.ciphertext_size()];
        key.encrypt(&OAEP_SHA1_MGF1SHA1, &mixed, &mut ciphertext, None).unwrap();
        ciphertext
    }

    /// Asks for the key after this packet of the server.
    #[track_caller]
    fn ask(driver: &mut Raw, after: &[u8], question: u8) -> Vec<u8> {
        assert_eq!(driver.expect(), after);
        driver.send(&[question]);
        let shown = driver.expect();
        assert_eq!(shown[0], 1, "{}", shown.escape_ascii());
        shown[1..].to_vec()
    }

    /// A TiDB, which greets with another plugin and then switches.
    fn switching() -> ServerScript {
        let switch = AuthStep::switch("caching_sha2_password", SWITCH_NONCE);
        over_tls().plugin("mysql_native_password").auth([switch, AuthStep::full_auth(PASSWORD)])
    }

    #[test]
    fn passwords_of_every_length_over_tcp() {
        let mut passwords: Vec<String> = [1, 19, 20, 21, 64, 200].map(|n| "p".repeat(n)).into();
        passwords.push("pässwörd-東京".to_owned());
        for password in passwords {
            let script = over_tls().auth([AuthStep::full_auth(&password)]);
            let server = ScriptedServer::start_with([script.clone(), script, {
                let switch = AuthStep::switch("caching_sha2_password", SWITCH_NONCE);
                let steps = [switch, AuthStep::full_auth(&password)];
                over_tls().plugin("mysql_native_password").auth(steps)
            }]);
            let connector = connector(&server);
            let tcp = connector.endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
            let socket = connector.endpoint().unwrap();
            for (number, endpoint) in [&tcp, &socket, &tcp].into_iter().enumerate() {
                let mut conn = mysql_tls::mysql::Conn::new(opts(endpoint, &password)).unwrap();
                one(&mut conn);
                let session = endpoint.sessions().remove(0);
                assert_eq!(session.session().password_sent(), PasswordSent::Cleartext);
                drop(conn);
                let record = server.wait_record(number, PATIENCE);
                assert_eq!(record.cleartext_password.as_deref(), Some(password.as_bytes()));
                assert_eq!(record.encrypted_password, None);
                // Never a question for a key: the last packet is the password.
                let whole = [password.as_bytes(), &[0]].concat();
                assert_eq!(record.auth_packets.last(), Some(&whole), "{password}");
                assert_eq!(record.auth_packets.len(), record.packet_ids.len() - 2);
                assert!(record.auth_packets.iter().all(|packet| packet != &[2]), "{password}");
                assert_nothing_in_the_clear(&record, &password);
                soon("it is gone", || endpoint.sessions().is_empty());
            }
        }
    }

    #[test]
    fn a_driver_on_the_socket_that_asks_all_the_same() {
        // Mixed with the newest nonce, as it should be, or with the greeting's, as sqlx does.
        for (script, nonce) in [
            (over_tls().auth([AuthStep::full_auth(PASSWORD)]), greeting_nonce()),
            (switching(), SWITCH_NONCE.to_vec()),
            (switching(), greeting_nonce()),
        ] {
            let server = ScriptedServer::start(script.clone());
            let endpoint = connector(&server).endpoint().unwrap();
            let mut driver = Raw::new(&endpoint);
            let greeting = driver.respond("caching_sha2_password", &[7; 32]);
            assert_eq!(greeting.nonce, greeting_nonce());
            if greeting.plugin == "mysql_native_password" {
                let switch = wire::auth_switch("caching_sha2_password", SWITCH_NONCE);
                assert_eq!(driver.expect(), switch);
                driver.send(&[8; 32]);
            }
            let pem = ask(&mut driver, &[1, 4], 2);
            let plain = [PASSWORD.as_bytes(), &[0]].concat();
            driver.send(&encrypted(&pem, &plain, &nonce));
            assert_eq!(driver.expect()[0], 0, "logged in");
            driver.query("SELECT 1");
            assert_eq!(driver.expect(), [1], "one column");
            drop(driver);
            let record = server.wait_record(0, PATIENCE);
            assert_eq!(record.auth_packets.last(), Some(&plain));
            assert!(!record.saw_inside_tls(b"PUBLIC KEY"));
            // The driver is two ids further than the server.
            let switched = greeting.plugin == "mysql_native_password";
            let ids: &[u8] = if switched { &[1, 2, 4, 6] } else { &[1, 2, 4] };
            assert_eq!(record.packet_ids, ids);
        }
    }

    #[test]
    fn the_key_is_the_endpoints_for_its_life_and_nobody_elses() {
        let server = ScriptedServer::start(over_tls().auth([AuthStep::full_auth(PASSWORD)]));
        let connector = connector(&server);
        let endpoints = [connector.endpoint().unwrap(), connector.endpoint().unwrap()];
        let keys: Vec<Vec<u8>> = [0, 0, 1]
            .map(|which| {
                let mut driver = Raw::new(&endpoints[which]);
                driver.respond("caching_sha2_password", &[7; 32]);
                ask(&mut driver, &[1, 4], 2)
            })
            .into();
        assert_eq!(keys[0], keys[1]);
        assert_ne!(keys[0], keys[2]);
    }

    /// A pool may come all at once, before there is a key.
    #[test]
    fn drivers_that_come_together_get_one_key() {
        let server = ScriptedServer::start(over_tls().auth([AuthStep::full_auth(PASSWORD)]));
        let endpoint = &connector(&server).endpoint().unwrap();
        let keys: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let drivers = [(); 16].map(|()| {
                scope.spawn(|| {
                    let mut driver = Raw::new(endpoint);
                    driver.respond("caching_sha2_password", &[7; 32]);
                    ask(&mut driver, &[1, 4], 2)
                })
            });
            drivers.map(|driver| driver.join().unwrap()).into()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn what_cannot_be_read_gets_one_fixed_error() {
        let server = ScriptedServer::start(over_tls().auth([AuthStep::full_auth(PASSWORD)]));
        let endpoint = connector(&server).endpoint().unwrap();
        let right = [PASSWORD.as_bytes(), &[0]].concat();
        type Answer = Box<dyn Fn(&[u8]) -> Vec<u8>>;
        let cases: Vec<(&str, Answer)> = vec![
            ("zeros", Box::new(|_| vec![0; 256])),
            ("all bits", Box::new(|_| vec![0xff; 256])),
            ("short", Box::new(|_| vec![1; 17])),
            ("nothing", Box::new(|_| Vec::new())),
            ("long", Box::new(|_| vec![1; 512])),
            (
                "the password itself",
                Box::new({
                    let right = right.clone();
                    move |_| right.clone()
                }),
            ),
            (
                "another nonce",
                Box::new({
                    let right = right.clone();
                    move |pem| encrypted(pem, &right, &[b'x'; 20])
                }),
            ),
            ("no NUL", Box::new(|pem| encrypted(pem, b"secret", &greeting_nonce()))),
            ("two NULs", Box::new(|pem| encrypted(pem, b"sec\0ret\0", &greeting_nonce()))),
            ("asked once more", Box::new(|_| vec![2])),
        ];
        let mut sentences = std::collections::BTreeSet::new();
        for (number, (what, answer)) in cases.into_iter().enumerate() {
            let mut driver = Raw::new(&endpoint);
            driver.respond("caching_sha2_password", &[7; 32]);
            let pem = ask(&mut driver, &[1, 4], 2);
            driver.send(&answer(&pem));
            sentences.insert(driver.err_and_end());
            let record = server.wait_record(number, PATIENCE);
            assert!(record.auth_packets.is_empty() && !record.logged_in, "{what}: {record:#?}");
        }
        let only = sentences.pop_first().unwrap();
        assert!(sentences.is_empty(), "{only:?} and {sentences:?}");
        assert_eq!(only.0, 2026);
        assert!(only.1.contains("cannot be read"), "{}", only.1);
    }

    #[test]
    fn a_key_is_given_only_after_the_servers_question() {
        let second = AuthStep::Raw(vec![1, 4]);
        let nonce = SWITCH_NONCE;
        let native = || AuthStep::switch("mysql_native_password", nonce);
        let sha256 = || AuthStep::switch("sha256_password", nonce);
        let caching = || AuthStep::switch("caching_sha2_password", nonce);
        // The plugin of the response, what the server does, the answers to its packets, and what the
        // server gets: the last of them as it is.
        type Case<'a> = (&'a str, Vec<AuthStep>, Vec<&'a [u8]>);
        let cases: Vec<Case<'_>> = vec![
            ("nothing was asked", vec![AuthStep::Read], vec![&[2]]),
            ("a switch alone", vec![caching(), AuthStep::Read], vec![&[2]]),
            ("another plugin", vec![native(), AuthStep::Read], vec![&[2]]),
            ("01 is sha256's", vec![caching(), AuthStep::Read], vec![&[1]]),
            ("02 is caching_sha2's", vec![sha256(), AuthStep::Read], vec![&[2]]),
            ("sha256 once more", vec![sha256(), AuthStep::Read], vec![b"x\0", &[1]]),
            ("two bytes", vec![second.clone()], vec![&[2, 0]]),
            ("01 after 01 04", vec![second], vec![&[1]]),
        ];
        for (what, steps, answers) in cases {
            let asked = !matches!(steps[0], AuthStep::Read);
            let server = ScriptedServer::start(over_tls().auth(steps));
            let endpoint = connector(&server).endpoint().unwrap();
            let mut driver = Raw::new(&endpoint);
            driver.respond("caching_sha2_password", &[7; 32]);
            if asked {
                driver.expect();
            }
            for answer in &answers {
                driver.send(answer);
                // Each is a packet with the id after the last.
            }
            let count = answers.len();
            let record =
                server.wait_until(0, PATIENCE, |record| record.auth_packets.len() == count);
            assert_eq!(record.auth_packets, answers, "{what}");
            drop(driver);
            server.wait_record(0, PATIENCE);
        }
    }

    #[test]
    fn a_ciphertext_that_nobody_asked_for() {
        let pinned = |len: usize| (0..len).map(|at| at as u8 | 1).collect::<Vec<u8>>();
        let ends_with_nul = [pinned(100), vec![0], pinned(154), vec![0]].concat();
        let sha256 = AuthStep::switch("sha256_password", SWITCH_NONCE);
        for (steps, answer) in [
            (vec![AuthStep::full_auth(PASSWORD)], pinned(256)),
            (vec![AuthStep::full_auth(PASSWORD)], pinned(512)),
            (vec![AuthStep::full_auth(PASSWORD)], pinned(128)),
            (vec![AuthStep::full_auth(PASSWORD)], ends_with_nul),
            (vec![sha256, AuthStep::Ok], pinned(256)),
        ] {
            let server = ScriptedServer::start(over_tls().auth(steps));
            let endpoint = connector(&server).endpoint().unwrap();
            let mut driver = Raw::new(&endpoint);
            driver.respond("caching_sha2_password", &[7; 32]);
            driver.expect();
            driver.send(&answer);
            let (code, sentence) = driver.err_and_end();
            assert_eq!(code, 2026, "{sentence}");
            assert!(sentence.contains("remove the pinned server key"), "{sentence}");
            assert!(server.wait_record(0, PATIENCE).auth_packets.is_empty());
        }
        // A long password is none.
        let password = "p".repeat(300);
        let server = ScriptedServer::start(over_tls().auth([AuthStep::full_auth(&password)]));
        let endpoint = connector(&server).endpoint().unwrap();
        let mut driver = Raw::new(&endpoint);
        driver.respond("caching_sha2_password", &[7; 32]);
        assert_eq!(driver.expect(), [1, 4]);
        driver.send(&[password.as_bytes(), &[0]].concat());
        assert_eq!(driver.expect()[0], 0);
    }

    #[test]
    fn sha256_password_asks_with_01() {
        let steps = [AuthStep::switch("sha256_password", SWITCH_NONCE), AuthStep::Ok];
        let server = ScriptedServer::start(over_tls().auth(steps));
        let endpoint = connector(&server).endpoint().unwrap();
        let mut driver = Raw::new(&endpoint);
        driver.respond("caching_sha2_password", &[7; 32]);
        let pem = ask(&mut driver, &wire::auth_switch("sha256_password", SWITCH_NONCE), 1);
        let plain = [PASSWORD.as_bytes(), &[0]].concat();
        driver.send(&encrypted(&pem, &plain, SWITCH_NONCE));
        assert_eq!(driver.expect()[0], 0);
        let session = endpoint.sessions().remove(0);
        assert_eq!(session.session().password_sent(), PasswordSent::Cleartext);
        drop(driver);
        let record = server.wait_record(0, PATIENCE);
        assert_eq!(record.auth_packets, [plain]);
    }

    #[test]
    fn sha256_password_in_the_first_packet() {
        let flags = driver::CLAIMED | capability::PLUGIN_AUTH_LENENC_CLIENT_DATA;
        let cases: [(&[u8], Option<&str>); 4] = [
            (&[1], Some("asks for the server's RSA key with its first packet")),
            (&[9; 256], Some("remove the pinned server key")),
            (b"secret\0", None),
            (b"", None),
        ];
        for (answer, fragment) in cases {
            let server = ScriptedServer::start(over_tls().plugin("sha256_password"));
            let endpoint = connector(&server).endpoint().unwrap();
            let mut driver = Raw::new(&endpoint);
            driver.greeting();
            driver.send(&driver::response(flags, "sha256_password", answer));
            match fragment {
                Some(fragment) => {
                    let (code, sentence) = driver.err_and_end();
                    assert_eq!(code, 2026, "{sentence}");
                    assert!(sentence.contains(fragment), "{sentence}");
                    assert_no_login(&server.wait_record(0, PATIENCE), fragment);
                }
                None => assert_eq!(driver.expect()[0], 0),
            }
        }
    }

    #[test]
    fn a_wrong_password_is_refused_by_the_server() {
        let server = ScriptedServer::start(over_tls().auth([AuthStep::full_auth(PASSWORD)]));
        let endpoint = connector(&server).endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let refused = mysql_tls::mysql::Conn::new(opts(&endpoint, "wrong"));
        let (code, state, sentence) = shown(refused, "a wrong password");
        assert_eq!((code, state.as_str()), (1045, "28000"), "{sentence}");
        assert!(!sentence.contains("wrong"), "{sentence}");
        let record = server.wait_record(0, PATIENCE);
        assert_eq!(record.cleartext_password.as_deref(), Some(&b"wrong"[..]));
    }

    /// A key of the server's own is not shown to a driver that did not ask the server.
    #[test]
    fn a_server_that_shows_a_key_by_itself() {
        let key = AuthStep::Raw(wire::auth_more(b"-----BEGIN PUBLIC KEY-----\n"));
        for steps in [vec![key.clone()], vec![AuthStep::Raw(vec![1, 4]), key.clone()]] {
            let server = ScriptedServer::start(over_tls().auth(steps));
            let endpoint = connector(&server).endpoint().unwrap();
            let mut driver = Raw::new(&endpoint);
            driver.respond("caching_sha2_password", &[7; 32]);
            let mut last = driver.expect();
            if last == [1, 4] {
                last = driver.expect();
            }
            assert_eq!(last[0], 0xff, "{}", last.escape_ascii());
            assert!(!last.windows(10).any(|window| window == b"PUBLIC KEY"));
            assert_eq!(driver.read(), None);
        }
    }
}

#[test]
fn without_rsa_the_remedy_is_named() {
    if cfg!(feature = "aws-lc-rs") {
        return;
    }
    let server = ScriptedServer::start(over_tls().auth([AuthStep::full_auth(PASSWORD)]));
    let connector = connector(&server);
    // On the socket drivers need no key.
    one(&mut connect(&connector.endpoint().unwrap()).unwrap());
    let endpoint = connector.endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    let (code, state, sentence) = shown(connect(&endpoint), "ring");
    assert_eq!((code, state.as_str()), (2026, "HY000"), "{sentence}");
    for fragment in ["`aws-lc-rs`", "`ring`", "Unix socket"] {
        assert!(sentence.contains(fragment), "{sentence}");
    }
    let record = server.wait_record(1, PATIENCE);
    assert!(record.auth_packets.is_empty() && !record.logged_in, "{record:#?}");
}
