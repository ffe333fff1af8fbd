//! Faults at every stage of a connection, over TLS, over plaintext and through an endpoint: one code
//! each (of a driver behind an endpoint, the number of its error), within the deadline, without a panic of
//! this crate's and without a byte of the login outside TLS. Afterwards the process has the threads,
//! descriptors and files that it had before.
//!
//! Name resolution needs a resolver, and is in `deadlines`.

mod handshake;
mod run;
mod stages;
mod tap;

use std::path::Path;
use std::time::Duration;

use crate::process::{census, child, finish, settles};
use crate::support::*;

/// Of the server's packets: the greeting, those of the login, those of a result, one that comes while the
/// connection is idle, and one while it is closed. After the login: what the query came to, and why the
/// connection ended, or `open`.
const PACKETS: &str = "\
packet: fault               | TLS                        | plaintext                  | endpoint
greeting: a byte a second   | timeout.greeting           | timeout.greeting           | 2003
AuthSwitch: a byte a second | timeout.authentication     | timeout.authentication     | 2013
01 03: a byte a second      | timeout.authentication     | timeout.authentication     | 2013
OK: a byte a second         | timeout.authentication     | timeout.authentication     | 2013
01 04: a byte a second      | timeout.authentication     | -                          | 2013
greeting: silence           | timeout.greeting           | timeout.greeting           | 2003
greeting: reset             | io.broken                  | io.broken                  | 2003
greeting: end               | io.closed                  | io.closed                  | 2003
greeting: cut               | io.closed                  | io.closed                  | 2003
greeting: ERR               | server.refused             | server.refused             | 1815
greeting: a byte after it   | protocol.trailing-bytes    | protocol.trailing-bytes    | 2013
greeting: a byte more       | 1, open                    | 1, open                    | 1
greeting: garbage           | protocol.version           | protocol.version           | 2003
greeting: 0xffffff          | protocol.packet-too-large  | protocol.packet-too-large  | 2003
greeting: empty             | protocol.greeting          | protocol.greeting          | 2003
greeting: another id        | protocol.sequence-id       | protocol.sequence-id       | 2003
AuthSwitch: silence         | timeout.authentication     | timeout.authentication     | 2013
AuthSwitch: reset           | io.broken                  | io.broken                  | 2013
AuthSwitch: end             | io.closed                  | io.closed                  | 2013
AuthSwitch: cut             | io.closed                  | io.closed                  | 2013
AuthSwitch: ERR             | auth.refused               | auth.refused               | 1815
AuthSwitch: a byte after it | protocol.sequence-id       | protocol.sequence-id       | 2013
AuthSwitch: a byte more     | 1, open                    | 1, open                    | 1
AuthSwitch: garbage         | protocol.unexpected-packet | protocol.unexpected-packet | 2013
AuthSwitch: 0xffffff        | protocol.packet-too-large  | protocol.packet-too-large  | 2013
AuthSwitch: empty           | protocol.unexpected-packet | protocol.unexpected-packet | 2013
AuthSwitch: another id      | protocol.sequence-id       | protocol.sequence-id       | 2013
01 03: silence              | timeout.authentication     | timeout.authentication     | 2013
01 03: reset                | io.broken                  | io.broken                  | 2013
01 03: end                  | io.closed                  | io.closed                  | 2013
01 03: cut                  | io.closed                  | io.closed                  | 2013
01 03: ERR                  | auth.refused               | auth.refused               | 1815
01 03: a byte after it      | protocol.sequence-id       | protocol.sequence-id       | 2013
01 03: a byte more          | protocol.unexpected-packet | protocol.unexpected-packet | 2013
01 03: garbage              | protocol.unexpected-packet | protocol.unexpected-packet | 2013
01 03: 0xffffff             | protocol.packet-too-large  | protocol.packet-too-large  | 2013
01 03: empty                | protocol.unexpected-packet | protocol.unexpected-packet | 2013
01 03: another id           | protocol.sequence-id       | protocol.sequence-id       | 2013
OK: silence                 | timeout.authentication     | timeout.authentication     | 2013
OK: reset                   | io.broken                  | io.broken                  | 2013
OK: end                     | io.closed                  | io.closed                  | 2013
OK: cut                     | io.closed                  | io.closed                  | 2013
OK: ERR                     | auth.refused               | auth.refused               | 1815
OK: a byte after it         | error, open                | error, open                | error
OK: a byte more             | 1, open                    | 1, open                    | 1
OK: garbage                 | protocol.unexpected-packet | protocol.unexpected-packet | 2013
OK: 0xffffff                | protocol.packet-too-large  | protocol.packet-too-large  | 2013
OK: empty                   | protocol.unexpected-packet | protocol.unexpected-packet | 2013
OK: another id              | protocol.sequence-id       | protocol.sequence-id       | 2013
01 04: silence              | timeout.authentication     | -                          | 2013
01 04: reset                | io.broken                  | -                          | 2013
01 04: end                  | io.closed                  | -                          | 2013
01 04: cut                  | io.closed                  | -                          | 2013
01 04: ERR                  | auth.refused               | -                          | 1815
01 04: a byte after it      | protocol.sequence-id       | -                          | 2013
01 04: a byte more          | protocol.unexpected-packet | -                          | 2013
01 04: garbage              | protocol.unexpected-packet | -                          | 2013
01 04: 0xffffff             | protocol.packet-too-large  | -                          | 2013
01 04: empty                | protocol.unexpected-packet | -                          | 2013
01 04: another id           | protocol.sequence-id       | -                          | 2013
columns: silence            | error, open                | error, open                | error
columns: reset              | error, io.broken           | error, io.broken           | error
columns: end                | error, closed              | error, closed              | error
columns: cut                | error, truncated           | error, closed              | error
columns: ERR                | error, closed              | error, closed              | error
columns: a byte after it    | error, open                | error, open                | error
columns: a byte more        | 1, open                    | 1, open                    | 1
columns: garbage            | error, open                | error, open                | error
columns: 0xffffff           | error, open                | error, open                | error
columns: empty              | panic, open                | panic, open                | panic
columns: another id         | error, open                | error, open                | error
column: silence             | error, open                | error, open                | error
column: reset               | error, io.broken           | error, io.broken           | error
column: end                 | error, closed              | error, closed              | error
column: cut                 | error, truncated           | error, closed              | error
column: ERR                 | error, closed              | error, closed              | error
column: a byte after it     | error, open                | error, open                | error
column: a byte more         | 1, open                    | 1, open                    | 1
column: garbage             | error, open                | error, open                | error
column: 0xffffff            | error, open                | error, open                | error
column: empty               | error, open                | error, open                | error
column: another id          | error, open                | error, open                | error
EOF: silence                | error, open                | error, open                | error
EOF: reset                  | error, io.broken           | error, io.broken           | error
EOF: end                    | error, closed              | error, closed              | error
EOF: cut                    | error, truncated           | error, closed              | error
EOF: ERR                    | error, closed              | error, closed              | error
EOF: a byte after it        | error, open                | error, open                | error
EOF: a byte more            | 1, open                    | 1, open                    | 1
EOF: garbage                | 1, open                    | 1, open                    | 1
EOF: 0xffffff               | error, open                | error, open                | error
EOF: empty                  | 1, open                    | 1, open                    | 1
EOF: another id             | error, open                | error, open                | error
row: silence                | error, open                | error, open                | error
row: reset                  | error, io.broken           | error, io.broken           | error
row: end                    | error, closed              | error, closed              | error
row: cut                    | error, truncated           | error, closed              | error
row: ERR                    | error, closed              | error, closed              | error
row: a byte after it        | 1, open                    | 1, open                    | 1
row: a byte more            | 1, open                    | 1, open                    | 1
row: garbage                | error, open                | error, open                | error
row: 0xffffff               | error, open                | error, open                | error
row: empty                  | panic, open                | panic, open                | panic
row: another id             | error, open                | error, open                | error
last EOF: silence           | 1, open                    | 1, open                    | 1
last EOF: reset             | 1, io.broken               | 1, io.broken               | 1
last EOF: end               | 1, closed                  | 1, closed                  | 1
last EOF: cut               | 1, truncated               | 1, closed                  | 1
last EOF: ERR               | 1, closed                  | 1, closed                  | 1
last EOF: a byte after it   | 1, open                    | 1, open                    | 1
last EOF: a byte more       | 1, open                    | 1, open                    | 1
last EOF: garbage           | 1, open                    | 1, open                    | 1
last EOF: 0xffffff          | 1, open                    | 1, open                    | 1
last EOF: empty             | panic, open                | panic, open                | panic
last EOF: another id        | 1, open                    | 1, open                    | 1
idle: silence               | 1, open                    | 1, open                    | 1
idle: reset                 | 1, io.broken               | 1, io.broken               | 1
idle: end                   | 1, closed                  | 1, closed                  | 1
idle: cut                   | 1, truncated               | 1, closed                  | 1
idle: ERR                   | 1, closed                  | 1, closed                  | 1
idle: a byte after it       | 1, open                    | 1, open                    | 1
idle: a byte more           | 1, open                    | 1, open                    | 1
idle: garbage               | 1, open                    | 1, open                    | 1
idle: 0xffffff              | 1, open                    | 1, open                    | 1
idle: empty                 | 1, open                    | 1, open                    | 1
idle: another id            | 1, open                    | 1, open                    | 1
closing: silence            | 1, open                    | 1, open                    | 1
closing: reset              | 1, open                    | 1, open                    | 1
closing: end                | 1, open                    | 1, open                    | 1
closing: cut                | 1, open                    | 1, open                    | 1
closing: ERR                | 1, open                    | 1, open                    | 1
closing: a byte after it    | 1, open                    | 1, open                    | 1
closing: a byte more        | 1, open                    | 1, open                    | 1
closing: garbage            | 1, open                    | 1, open                    | 1
closing: 0xffffff           | 1, open                    | 1, open                    | 1
closing: empty              | 1, open                    | 1, open                    | 1
closing: another id         | 1, open                    | 1, open                    | 1
";
/// Of the way to TLS and of TLS itself, by every byte of what the server sends: its greeting, the records
/// of the handshake, session tickets, and what comes inside TLS.
const TLS: &str = "\
fault                                          | TLS 1.3                               | TLS 1.2                               | endpoint
dial: silence                                  | timeout.dial                          | timeout.dial                          | 2003
greeting: silence                              | timeout.greeting                      | timeout.greeting                      | 2003
greeting: a byte a second                      | timeout.greeting                      | timeout.greeting                      | 2003
handshake: silence                             | timeout.tls                           | timeout.tls                           | 2013
handshake: a byte a second                     | timeout.tls                           | timeout.tls                           | 2013
ticket: silence                                | timeout.authentication                | -                                     | 2013
login: silence                                 | timeout.authentication                | timeout.authentication                | 2013
login: a byte a second                         | timeout.authentication                | timeout.authentication                | 2013
result: silence                                | error, open                           | error, open                           | error
the offer of TLS removed                       | tls.not-offered                       | tls.not-offered                       | 2026
a packet after the greeting                    | protocol.trailing-bytes               | protocol.trailing-bytes               | 2013
ServerHello: silence                           | timeout.tls                           | timeout.tls                           | 2013
ServerHello: the beginning of a record         | timeout.tls                           | timeout.tls                           | 2013
ServerHello: the end                           | handshake.closed                      | handshake.closed                      | 2026
ServerHello: a reset                           | handshake.closed                      | handshake.closed                      | 2026
ServerHello: ERR                               | handshake.tls-absent                  | handshake.tls-absent                  | 2026
ServerHello: OK                                | handshake.not-tls                     | handshake.not-tls                     | 2026
ServerHello: an empty packet                   | handshake.not-tls                     | handshake.not-tls                     | 2026
ServerHello: garbage                           | handshake.not-tls                     | handshake.not-tls                     | 2026
ServerHello: a record of garbage               | handshake.not-tls                     | handshake.not-tls                     | 2026
ServerHello: a record of 0xffff                | handshake.not-tls                     | handshake.not-tls                     | 2026
ServerHello: a record of nothing               | handshake.not-tls                     | handshake.not-tls                     | 2026
ServerHello: application data                  | handshake.not-tls                     | handshake.not-tls                     | 2026
ServerHello: a ServerHello of TLS 1.1          | handshake.no-common-version           | handshake.no-common-version           | 2026
ServerHello: an unknown cipher suite           | handshake.no-common-version           | handshake.failed                      | 2026
ServerHello: a suite that was not offered      | handshake.no-common-version           | handshake.failed                      | 2026
alert 0 close_notify                           | handshake.alert                       | handshake.alert                       | 2026
alert 10 unexpected_message                    | handshake.alert                       | handshake.alert                       | 2026
alert 20 bad_record_mac                        | handshake.alert                       | handshake.alert                       | 2026
alert 21 decryption_failed                     | handshake.alert                       | handshake.alert                       | 2026
alert 22 record_overflow                       | handshake.alert                       | handshake.alert                       | 2026
alert 30 decompression_failure                 | handshake.alert                       | handshake.alert                       | 2026
alert 40 handshake_failure                     | handshake.no-common-cipher            | handshake.no-common-cipher            | 2026
alert 41 no_certificate                        | handshake.alert                       | handshake.alert                       | 2026
alert 42 bad_certificate                       | handshake.alert                       | handshake.alert                       | 2026
alert 43 unsupported_certificate               | handshake.alert                       | handshake.alert                       | 2026
alert 44 certificate_revoked                   | handshake.alert                       | handshake.alert                       | 2026
alert 45 certificate_expired                   | handshake.alert                       | handshake.alert                       | 2026
alert 46 certificate_unknown                   | handshake.alert                       | handshake.alert                       | 2026
alert 47 illegal_parameter                     | handshake.alert                       | handshake.alert                       | 2026
alert 48 unknown_ca                            | handshake.alert                       | handshake.alert                       | 2026
alert 49 access_denied                         | handshake.alert                       | handshake.alert                       | 2026
alert 50 decode_error                          | handshake.alert                       | handshake.alert                       | 2026
alert 51 decrypt_error                         | handshake.alert                       | handshake.alert                       | 2026
alert 60 export_restriction                    | handshake.alert                       | handshake.alert                       | 2026
alert 70 protocol_version                      | handshake.no-common-version           | handshake.no-common-version           | 2026
alert 71 insufficient_security                 | handshake.no-common-cipher            | handshake.no-common-cipher            | 2026
alert 80 internal_error                        | handshake.alert                       | handshake.alert                       | 2026
alert 86 inappropriate_fallback                | handshake.alert                       | handshake.alert                       | 2026
alert 90 user_canceled                         | handshake.alert                       | handshake.alert                       | 2026
alert 100 no_renegotiation                     | handshake.alert                       | handshake.alert                       | 2026
alert 109 missing_extension                    | handshake.alert                       | handshake.alert                       | 2026
alert 110 unsupported_extension                | handshake.alert                       | handshake.alert                       | 2026
alert 111 certificate_unobtainable             | handshake.alert                       | handshake.alert                       | 2026
alert 112 unrecognized_name                    | handshake.alert                       | handshake.alert                       | 2026
alert 113 bad_certificate_status_response      | handshake.alert                       | handshake.alert                       | 2026
alert 115 unknown_psk_identity                 | handshake.alert                       | handshake.alert                       | 2026
alert 116 certificate_required                 | handshake.client-certificate-required | handshake.client-certificate-required | 2026
alert 120 no_application_protocol              | handshake.alert                       | handshake.alert                       | 2026
alert 121 ech_required                         | handshake.alert                       | handshake.alert                       | 2026
alert 255 unknown                              | handshake.alert                       | handshake.alert                       | 2026
certificate of another CA                      | certificate.unknown-issuer            | certificate.unknown-issuer            | 2026
certificate of a CA that calls itself the same | certificate.invalid                   | certificate.invalid                   | 2026
certificate self-signed                        | certificate.unknown-issuer            | certificate.unknown-issuer            | 2026
certificate for another name                   | certificate.wrong-name                | certificate.wrong-name                | 2026
certificate expired                            | certificate.expired                   | certificate.expired                   | 2026
certificate not yet valid                      | certificate.not-yet-valid             | certificate.not-yet-valid             | 2026
certificate for clients                        | certificate.wrong-purpose             | certificate.wrong-purpose             | 2026
certificate without its key                    | handshake.bad-signature               | handshake.bad-signature               | 2026
certificate without its intermediate           | certificate.unknown-issuer            | certificate.unknown-issuer            | 2026
client certificate: none                       | handshake.client-certificate-required | handshake.client-certificate-required | 2026
client certificate: of another CA              | handshake.client-certificate-refused  | handshake.client-certificate-refused  | 2026
dial: refused                                  | connect.unreachable                   | connect.unreachable                   | 2003
greeting: cut                                  | io.closed                             | io.closed                             | 2003
greeting: a bit changed                        | as the greeting says                  | as the greeting says                  | as the greeting says
greeting: plaintext before it                  | protocol.sequence-id                  | protocol.sequence-id                  | 2003
handshake: cut                                 | handshake.closed                      | handshake.closed                      | 2026
handshake: a bit changed                       | handshake, certificate or timeout.tls | handshake, certificate or timeout.tls | 2026
handshake: plaintext before it                 | handshake.not-tls                     | handshake.not-tls                     | 2026
ticket: cut                                    | io.closed                             | -                                     | 2013
ticket: a bit changed                          | io.broken                             | -                                     | 2013
ticket: plaintext before it                    | io.broken                             | -                                     | 2013
login: cut                                     | io.closed                             | io.closed                             | 2013
login: a bit changed                           | io.broken                             | io.broken                             | 2013
login: plaintext before it                     | io.broken                             | io.broken                             | 2013
result: cut                                    | error, truncated                      | error, truncated                      | error
result: a bit changed                          | error, io.broken                      | error, io.broken                      | error
result: plaintext before it                    | error, io.broken                      | error, io.broken                      | error
";

/// What the child does: plays everything, and counts what is left.
pub(crate) fn role(fact: &dyn Fn(&str) -> String) {
    let dir = Path::new(&fact("DIR")).to_owned();
    // It takes a fifth of that.
    run::end_after(Duration::from_secs(180));
    // What a process makes once and keeps.
    stages::warm_up(&dir);
    std::thread::sleep(Duration::from_secs(1));
    let before = census(&dir);
    run::watch_panics();
    let of_packets = run::run(stages::jobs(&dir));
    let of_tls = {
        let servers = handshake::servers();
        run::run(handshake::jobs(&dir, &servers))
    };
    let tables = [
        ("PACKETS", PACKETS, of_packets.table("packet: fault", &stages::COLUMNS)),
        ("TLS", TLS, of_tls.table("fault", &handshake::COLUMNS)),
    ];
    for (name, written, played) in tables {
        if written.trim() != played.trim() {
            println!("differs: {name} is written as\n{written}\nand is\n{played}");
        }
    }
    for divided in [of_packets.divided(), of_tls.divided()] {
        println!("{divided}");
    }
    for panic in run::panics_of_ours() {
        println!("differs: a panic of {panic}");
    }
    let _ = std::panic::take_hook();
    settles(&dir, before, Duration::from_secs(10), "after the faults");
}

#[test]
fn every_fault_has_its_error_and_leaves_nothing() {
    let dir = TestDir::new();
    let told = finish(child("faults", &[("DIR", dir.path().to_str().unwrap().to_owned())]));
    assert!(!told.contains("differs:"), "{told}");
}
