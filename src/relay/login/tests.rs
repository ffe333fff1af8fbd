use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::connect::ServerFacts;
use crate::handover::Handover;
use crate::protocol::greeting::Greeting;
use crate::relay::foresight::Foresight;
use crate::relay::order::Order;
use crate::relay::{Memory, tells_surprise};
use crate::{ConnectionBuilder, SslMode};

const SSL_REQUEST: usize = HEADER + 32;

fn greeting() -> Greeting {
    let mut payload = b"\x0a8.4.0\0\x07\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xdf\x15".to_vec();
    payload.extend([0; 10]);
    payload.extend(b"ijklmnopqrst\0caching_sha2_password\0");
    Greeting::parse(&payload, "db").unwrap()
}

fn response(charset: u8) -> Vec<u8> {
    let capabilities = capability::PROTOCOL_41 | capability::SECURE_CONNECTION;
    let mut payload = capabilities.to_le_bytes().to_vec();
    payload.extend([0, 0, 0, 1, charset]);
    payload.extend([0; 23]);
    payload.extend(b"somebody\0\0");
    payload
}

/// The job of a driver that comes with TLS to a server that is not there.
pub(in crate::relay) fn job(memory: &Arc<Memory>) -> Job {
    let connector = ConnectionBuilder::new("db")
        .ssl_mode(SslMode::Required)
        .connect_timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let tls = connector.shared.tls.current();
    let order = Order {
        route: connector.route(connector.shared.servers.first(), &tls).unwrap(),
        permissions: connector.shared.permissions,
        local_infile: false,
        driver_waits: true,
        memory: Arc::clone(memory),
        packet_size: None,
        answer_by: connector.deadline(),
        deadline: connector.deadline(),
        busy_poll: Duration::ZERO,
        handover: Handover::default(),
    };
    let facts = ServerFacts {
        greeting: greeting(),
        peer: "db".to_owned(),
        over_unix_socket: false,
        dial_time: Duration::ZERO,
        greeting_time: Duration::ZERO,
    };
    order.into_job(facts, Plan::Tls(Arc::clone(tls.of(0).unwrap())))
}

/// A plaintext link, and its other end.
pub(in crate::relay) fn link() -> (UnixStream, Link) {
    let (other, ours) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (other, Link::plain(socket2::Socket::from(ours)))
}

/// A driver that answers with this charset, and a server that never answers: what the server gets
/// until the login fails, and how it does.
fn login(memory: &Arc<Memory>, charset: u8) -> (Vec<u8>, Error) {
    let job = job(memory);
    let ((mut driver, mut ours), (mut server, mut theirs)) = (link(), link());
    driver.write_all(&frame(&response(charset), 1)).unwrap();
    let Err(Ended::Failed(error)) = log_in(&mut ours, &mut theirs, None, &job) else {
        panic!("it should have failed");
    };
    drop((ours, theirs));
    let mut got = Vec::new();
    server.read_to_end(&mut got).unwrap();
    (got, error)
}

#[test]
fn what_the_driver_answered_last_is_asked_for_and_nothing_else_follows_a_wrong_guess() {
    let memory = Arc::default();
    let (got, error) = login(&memory, 45);
    assert_eq!(error.code(), "timeout.tls");
    let request: [u8; 32] = got[HEADER..SSL_REQUEST].try_into().unwrap();
    assert_eq!(request[8], 45);
    // As if the server had taken it.
    Foresight::new(&memory, &greeting(), None).learn(request);

    let (_, error) = login(&memory, 45);
    assert_eq!(error.code(), "timeout.tls", "the guess was right");
    let (got, error) = login(&memory, 33);
    assert!(tells_surprise(&error), "{error}");
    assert_eq!(got[HEADER..SSL_REQUEST], request);
    assert_eq!(got[SSL_REQUEST], 0x16, "a ClientHello");
    let hello = usize::from(u16::from_be_bytes([got[SSL_REQUEST + 3], got[SSL_REQUEST + 4]]));
    assert_eq!(got.len(), SSL_REQUEST + 5 + hello, "and nothing after it");

    let (got, error) = login(&memory, 33);
    assert_eq!(error.code(), "timeout.tls", "nothing is guessed any more");
    assert_eq!(got[HEADER + 8], 33);
}
