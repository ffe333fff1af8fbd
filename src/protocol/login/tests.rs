use super::driver::SCRAMBLE;
use super::*;

const NONCE: &[u8] = b"abcdefghijklmnopqrst\0";

fn response(plugin: &'static [u8], auth_data: &'static [u8]) -> Response<'static> {
    Response { capabilities: 0, auth_data, plugin }
}

fn login(wire: Wire, permissions: Permissions) -> Login {
    Login::new(wire, permissions, &[b'n'; 20], &response(plugin::CACHING_SHA2, &[7; 32])).unwrap()
}

fn switch(name: &[u8], nonce: &[u8]) -> Vec<u8> {
    [&[0xfe], name, &[0], nonce].concat()
}

const ALL: Permissions =
    Permissions { cleartext: true, known_key: true, ask_for_key: true, ..NONE };
const NONE: Permissions = Permissions {
    cleartext: false,
    known_key: false,
    ask_for_key: false,
    any_driver: false,
    verified_only: false,
};
const KEY: Permissions = Permissions { known_key: true, ..NONE };
const ASK: Permissions = Permissions { ask_for_key: true, ..NONE };

#[test]
fn what_the_server_may_ask_for() {
    use Wire::{PlainTcp, Tls, UnixSocket};
    let clear = switch(plugin::CLEAR, b"");
    let old = switch(plugin::OLD, NONCE);
    let full: &[u8] = &[1, 4];
    let cases: &[(Wire, Permissions, &[u8], &str)] = &[
        (PlainTcp, NONE, full, "auth.needs-secure-connection"),
        (PlainTcp, KEY, full, ""),
        (PlainTcp, ASK, full, ""),
        (UnixSocket, NONE, full, ""),
        (Tls, NONE, full, ""),
        (PlainTcp, ALL, &clear, "auth.needs-secure-connection"),
        (UnixSocket, ALL, &clear, "auth.needs-secure-connection"),
        (Tls, NONE, &clear, "auth.cleartext-disabled"),
        (Tls, ALL, &clear, ""),
        (PlainTcp, ALL, &old, "auth.old-password"),
        (Tls, ALL, &old, "auth.old-password"),
        (Tls, ALL, &[0xfe], "auth.old-password"),
        (Tls, ALL, &switch(b"dialog", NONCE), "auth.unsupported-plugin"),
        (Tls, ALL, &switch(plugin::NATIVE, NONCE), ""),
        (Tls, ALL, &switch(plugin::ED25519, &[9; 32]), ""),
    ];
    for (wire, permissions, packet, code) in cases {
        let verdict = login(*wire, *permissions).server_packet(packet);
        match verdict {
            Ok(verdict) => assert_eq!((verdict, *code), (Verdict::Continue, ""), "{packet:?}"),
            Err(error) => assert_eq!(error.code(), *code, "{wire:?} {packet:?}"),
        }
    }
}

#[test]
fn packets_that_would_make_the_driver_panic_never_reach_it() {
    let packets: [&[u8]; 9] = [
        b"",
        &[1],
        &[1, 5],
        &[1, 3, 0],
        &switch(plugin::NATIVE, b""),
        &switch(plugin::CACHING_SHA2, b"\0"),
        &switch(plugin::PARSEC, &[1; 19]),
        &[0xff, 1],
        &[0x07],
    ];
    for packet in packets {
        let error = login(Wire::Tls, ALL).server_packet(packet).unwrap_err();
        assert_eq!(error.code(), "protocol.unexpected-packet", "{packet:?}");
    }
}

#[test]
fn a_second_switch_and_endless_packets_are_refused() {
    let mut twice = login(Wire::Tls, ALL);
    twice.server_packet(&switch(plugin::NATIVE, NONCE)).unwrap();
    let error = twice.server_packet(&switch(plugin::NATIVE, NONCE)).unwrap_err();
    assert_eq!(error.code(), "protocol.unexpected-packet");

    let mut fast = login(Wire::Tls, ALL);
    fast.server_packet(&[1, 3]).unwrap();
    assert_eq!(fast.server_packet(&[1, 3]).unwrap_err().code(), "protocol.unexpected-packet");

    let mut endless = login(Wire::Tls, ALL);
    let error = (0..100).find_map(|_| endless.driver_packet(b"").err()).unwrap();
    assert_eq!(error.code(), "protocol.too-many-packets");
}

#[test]
fn while_the_driver_owes_an_answer_nothing_but_a_refusal_or_the_key_may_come() {
    let out_of_turn: [&[u8]; 4] =
        [&[0, 0, 0, 2, 0, 0, 0], &[1, 3], &switch(plugin::NATIVE, NONCE), b"\0-----BEGIN"];
    for packet in out_of_turn {
        let mut asked = login(Wire::PlainTcp, ASK);
        asked.server_packet(&[1, 4]).unwrap();
        let error = asked.server_packet(packet).unwrap_err();
        assert_eq!(error.code(), "protocol.unexpected-packet", "{packet:?}");

        let mut requested = login(Wire::PlainTcp, ASK);
        requested.server_packet(&[1, 4]).unwrap();
        requested.driver_packet(&[2]).unwrap();
        if packet[0] != 1 {
            let error = requested.server_packet(packet).unwrap_err();
            assert_eq!(error.code(), "protocol.unexpected-packet", "{packet:?}");
        }
        let refusal = requested.server_packet(b"\xff\x15\x04#28000no").unwrap();
        assert!(matches!(refusal, Verdict::Refused(_)));
    }
}

#[test]
fn a_parsec_salt_comes_once_and_its_work_is_bounded() {
    let salt = |factor: u8| [&[b'P', factor], &[7; 18][..]].concat();
    let parsec = || {
        let mut login = login(Wire::Tls, NONE);
        login.server_packet(&switch(plugin::PARSEC, &[9; 32])).unwrap();
        login
    };
    assert_eq!(parsec().server_packet(&salt(10)).unwrap(), Verdict::Continue);
    let escaped = [&[1][..], &salt(0)].concat();
    assert_eq!(parsec().server_packet(&escaped).unwrap(), Verdict::Continue);
    for hostile in [salt(11), salt(20), salt(0)[..19].to_vec(), b"P".to_vec(), vec![1]] {
        let error = parsec().server_packet(&hostile).unwrap_err();
        assert_eq!(error.code(), "protocol.unexpected-packet", "{hostile:?}");
    }
    let mut twice = parsec();
    twice.server_packet(&salt(0)).unwrap();
    assert_eq!(twice.server_packet(&salt(0)).unwrap_err().code(), "protocol.unexpected-packet");

    let nonce_of_31 = [&[9; 31][..], &[0]].concat();
    let error = login(Wire::Tls, NONE).server_packet(&switch(plugin::PARSEC, &nonce_of_31));
    assert_eq!(error.unwrap_err().code(), "protocol.unexpected-packet");
    let mut no_password =
        Login::new(Wire::Tls, NONE, &[b'n'; 20], &response(plugin::CACHING_SHA2, b"")).unwrap();
    let error = no_password.server_packet(&switch(plugin::PARSEC, &[9; 32])).unwrap_err();
    assert_eq!(error.code(), "auth.unsupported-plugin");
}

#[test]
fn how_the_password_crossed_is_told() {
    let empty = Login::new(Wire::Tls, NONE, &[b'n'; 20], &response(plugin::NATIVE, b"")).unwrap();
    assert_eq!(empty.password_sent(), PasswordSent::None);

    let mut tls = login(Wire::Tls, NONE);
    assert_eq!(tls.password_sent(), PasswordSent::Scramble);
    tls.server_packet(&[1, 4]).unwrap();
    tls.driver_packet(b"secret\0").unwrap();
    assert_eq!(tls.password_sent(), PasswordSent::Cleartext);
    assert_eq!(tls.server_packet(&[0, 0, 0, 2, 0, 0, 0]).unwrap(), Verdict::LoggedIn);

    let mut rsa = login(Wire::PlainTcp, KEY);
    rsa.server_packet(&[1, 4]).unwrap();
    rsa.driver_packet(&[3; 256]).unwrap();
    assert_eq!(rsa.password_sent(), PasswordSent::RsaEncrypted);

    let mut asked = login(Wire::PlainTcp, ASK);
    asked.server_packet(&[1, 4]).unwrap();
    asked.driver_packet(&[2]).unwrap();
    assert_eq!(asked.server_packet(b"\x01-----BEGIN").unwrap(), Verdict::CheckKey);
    asked.driver_packet(&[3; 256]).unwrap();
    assert_eq!(asked.password_sent(), PasswordSent::RsaEncrypted);
}

#[test]
fn a_driver_cannot_send_the_password_over_plaintext() {
    for (permissions, packet) in [(KEY, &b"secret\0"[..]), (KEY, &[2]), (ASK, b"secret\0")] {
        let mut login = login(Wire::PlainTcp, permissions);
        login.server_packet(&[1, 4]).unwrap();
        let error = login.driver_packet(packet).unwrap_err();
        assert_eq!(error.code(), "auth.needs-secure-connection", "{packet:?}");
    }
    let response = response(plugin::CLEAR, b"secret\0");
    let error = Login::new(Wire::PlainTcp, ALL, &[b'n'; 20], &response).unwrap_err();
    assert_eq!(error.code(), "auth.needs-secure-connection");
}

/// What the driver was not asked for, and what is no proof.
#[test]
fn on_plaintext_nothing_leaves_but_a_scramble_when_it_is_due() {
    let refused = "auth.needs-secure-connection";
    for (name, answer, code) in [
        (plugin::CACHING_SHA2, &[7; 32][..], ""),
        (plugin::CACHING_SHA2, b"", ""),
        (plugin::CACHING_SHA2, b"secret\0", refused),
        (plugin::NATIVE, &[7; 20], ""),
        (plugin::NATIVE, &[7; 32], refused),
        (plugin::ED25519, &[7; 64], ""),
        (plugin::PARSEC, &[7; 96], ""),
        (plugin::SHA256, b"", ""),
        (plugin::SHA256, b"secret\0", refused),
        (plugin::OLD, &[7; 8], refused),
        (b"dialog", &[7; 20], refused),
    ] {
        let first = Response { capabilities: 0, auth_data: answer, plugin: name };
        let made = Login::new(Wire::PlainTcp, NONE, &[b'n'; 20], &first);
        assert_eq!(made.as_ref().err().map_or("", Error::code), code, "{name:?} {answer:?}");
        // Over TLS the server's rules are its own.
        assert!(Login::new(Wire::Tls, NONE, &[b'n'; 20], &first).is_ok(), "{name:?}");
    }

    // While the key is waited for, and after the password has left.
    for steps in [&[&[2][..]][..], &[&[3; 256]], &[]] {
        let mut login = login(Wire::PlainTcp, ALL);
        login.server_packet(if steps.is_empty() { &[1, 3] } else { &[1, 4] }).unwrap();
        for step in steps {
            login.driver_packet(step).unwrap();
        }
        for answer in [&b"secret\0"[..], &[7; 32]] {
            assert_eq!(login.driver_packet(answer).unwrap_err().code(), refused, "{steps:?}");
        }
    }
    let mut switched = login(Wire::PlainTcp, NONE);
    switched.server_packet(&switch(plugin::NATIVE, NONCE)).unwrap();
    assert_eq!(switched.driver_packet(&[7; 20]).unwrap(), DriverSays::Pass);
    assert_eq!(switched.driver_packet(b"secret\0").unwrap_err().code(), refused);
}

#[test]
fn the_servers_refusal_is_read() {
    let verdict = login(Wire::Tls, NONE).server_packet(b"\xff\x15\x04#28000no").unwrap();
    let Verdict::Refused(reply) = verdict else { panic!("{verdict:?}") };
    assert_eq!((reply.code(), reply.state(), reply.text()), (1045, Some("28000"), "no"));
}

/// What is kept to tell the password from another text is a hash of it, never the password, which may be
/// as long as one.
#[test]
fn only_a_scramble_is_kept() {
    const ANY: Permissions = Permissions { cleartext: true, any_driver: true, ..NONE };
    let password = &[b'p'; SCRAMBLE];
    let mut login = login(Wire::Tls, ANY);
    assert_eq!(login.scramble(), [7; SCRAMBLE]);
    login.server_packet(&[1, 4]).unwrap();
    assert_eq!(login.driver_packet(password).unwrap(), DriverSays::Pass);
    assert_eq!(login.scramble(), [7; SCRAMBLE]);

    for (plugin, kept) in [(plugin::CACHING_SHA2, &password[..]), (plugin::SHA256, &[])] {
        let response = response(plugin::NATIVE, &[7; 20]);
        let mut login = Login::new(Wire::Tls, ANY, &[b'n'; 20], &response).unwrap();
        assert!(login.scramble().is_empty());
        login.server_packet(&switch(plugin, NONCE)).unwrap();
        login.driver_packet(password).unwrap();
        assert_eq!(login.scramble(), kept);
    }
}

/// What a server that nobody verified may ask for under `cleartext-password=verified`.
#[test]
fn an_unverified_server_gets_proofs_alone() {
    let any = Permissions { any_driver: true, verified_only: true, ..ALL };
    let ours = Permissions { any_driver: false, ..any };
    let refused = "auth.unverified-server";
    let mut mfa = switch(plugin::CLEAR, b"");
    mfa[0] = 0x02;
    for permissions in [ours, any] {
        for (packet, code) in [
            (vec![1, 4], refused),
            (vec![1, 3], ""),
            (switch(plugin::CLEAR, b""), refused),
            (switch(plugin::SHA256, NONCE), refused),
            (switch(b"dialog", NONCE), refused),
            (switch(b"authentication_ldap_sasl_client", NONCE), refused),
            (switch(b"", NONCE), refused),
            (switch(plugin::OLD, NONCE), "auth.old-password"),
            (switch(plugin::NATIVE, NONCE), ""),
            (switch(plugin::CACHING_SHA2, NONCE), ""),
            (switch(plugin::ED25519, &[9; 32]), ""),
            (switch(plugin::PARSEC, &[9; 32]), ""),
            (mfa.clone(), if permissions.any_driver { refused } else { "auth.unsupported-plugin" }),
        ] {
            let verdict = login(Wire::UnverifiedTls, permissions).server_packet(&packet);
            let got = verdict.as_ref().err().map_or("", Error::code);
            assert_eq!(got, code, "{permissions:?} {packet:?}");
        }
        // Nor after a switch.
        let mut switched = login(Wire::UnverifiedTls, permissions);
        switched.server_packet(&switch(plugin::CACHING_SHA2, NONCE)).unwrap();
        switched.driver_packet(&[7; 32]).unwrap();
        let error = switched.server_packet(&[1, 4]).unwrap_err();
        assert_eq!(error.code(), refused);
        // What is no proof of the plugin is the password, for all that is known.
        for (name, answer) in [
            (plugin::NATIVE, &[7; 32][..]),
            (plugin::CACHING_SHA2, b"secret\0"),
            (plugin::NATIVE, b"s"),
        ] {
            let first = Response { capabilities: 0, auth_data: answer, plugin: name };
            let made = Login::new(Wire::UnverifiedTls, permissions, &[b'n'; 20], &first);
            assert_eq!(made.unwrap_err().code(), refused, "{name:?} {answer:?}");
        }
        // The first answer does not leave either.
        for name in [plugin::CLEAR, plugin::SHA256, plugin::OLD, b"dialog"] {
            let first = response(name, b"secret\0");
            let made = Login::new(Wire::UnverifiedTls, permissions, &[b'n'; 20], &first);
            assert_eq!(made.unwrap_err().code(), refused, "{name:?}");
        }
    }
}
