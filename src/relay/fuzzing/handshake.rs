//! The login through the relay, up to the TLS handshake, with a driver and a server over socket pairs.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use socket2::Socket;

use super::super::job::Job;
use super::super::login::log_in;
use super::super::order::Order;
use super::super::own_key::OwnKey;
use crate::connect::deadline::wait_until;
use crate::connect::link::Link;
use crate::connect::{Plan, ServerFacts};
use crate::fuzzing::Input;
use crate::handover::Handover;
use crate::protocol::capability;
use crate::protocol::greeting::Greeting;
use crate::protocol::login::Permissions;
use crate::protocol::packet::{HEADER, Sender, Sequence, announced_length, frame, split};
use crate::session::{PlaintextReason, Transport};
use crate::{ConnectionBuilder, Connector, SslMode};

/// How long a login may take.
const LIMIT: Duration = Duration::from_millis(400);

/// How long a peer waits for what its last words come to.
const PATIENCE: Duration = Duration::from_millis(2);

const STEPS: usize = 12;

static CONNECTOR: LazyLock<Connector> = LazyLock::new(|| {
    let builder = ConnectionBuilder::new("db").ssl_mode(SslMode::Required);
    builder.connect_timeout(LIMIT).build().unwrap()
});

static OWN_KEY: LazyLock<Arc<OwnKey>> = LazyLock::new(Arc::default);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Driver,
    Server,
}

/// The kind of connection, and what driver and server say in turn: whole packets, or bytes.
pub(crate) fn handshake(data: &[u8]) {
    let mut input = Input::new(data);
    let (Some(kind), Some(allowed)) = (input.byte(), input.byte()) else { return };
    let (mut steps, mut id) = (Vec::new(), 1_u8);
    while let (Some(step), Some(bytes)) = (input.byte(), input.piece()) {
        let side = if step & 1 == 0 { Side::Driver } else { Side::Server };
        let framed = frame(bytes, id);
        id = id.wrapping_add(1);
        steps.push((side, if step & 2 == 0 { framed } else { bytes.to_vec() }));
        if steps.len() == STEPS {
            break;
        }
    }
    let job = job(kind, allowed);
    let start = Instant::now();
    let said = run(&job, &steps);
    assert!(start.elapsed() < LIMIT * 10, "the deadline was passed: {:?}", start.elapsed());
    check_driver(&job, &said);
    match job.plan {
        Plan::Tls(_) => check_tls(&said),
        Plan::Plaintext(_) => check_plaintext(&job, &said),
    }
}

/// What the relay said, and whether somebody was logged in.
struct Said {
    to_driver: Vec<u8>,
    to_server: Vec<u8>,
    logged_in: bool,
}

fn job(kind: u8, allowed: u8) -> Job {
    let is_tls = kind & 2 != 0;
    let tls = CONNECTOR.shared.tls.current();
    let order = Order {
        route: CONNECTOR.route(CONNECTOR.shared.servers.get(0).unwrap(), &tls).unwrap(),
        permissions: Permissions {
            cleartext: allowed & 1 != 0,
            known_key: allowed & 2 != 0,
            ask_for_key: allowed & 4 != 0,
            any_driver: is_tls && allowed & 8 != 0,
            verified_only: allowed & 16 != 0,
        },
        local_infile: allowed & 32 != 0,
        driver_waits: true,
        memory: Arc::default(),
        packet_size: None,
        answer_by: CONNECTOR.deadline(),
        deadline: CONNECTOR.deadline(),
        busy_poll: Duration::ZERO,
        handover: Handover::default(),
    };
    let plan = match kind % 4 {
        0 => Plan::Plaintext(Transport::Plaintext(PlaintextReason::Disabled)),
        1 => Plan::Plaintext(Transport::UnixSocket),
        _ => Plan::Tls(Arc::clone(tls.of(0).unwrap())),
    };
    let facts = ServerFacts {
        greeting: greeting(),
        peer: "db".to_owned(),
        over_unix_socket: kind % 4 == 1,
        dial_time: Duration::ZERO,
        greeting_time: Duration::ZERO,
    };
    let mut job = order.into_job(facts, plan);
    job.own_key = job.permissions.any_driver.then(|| Arc::clone(&OWN_KEY));
    job
}

fn greeting() -> Greeting {
    let mut payload = b"\x0a8.4.0\0\x07\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xdf\x15".to_vec();
    payload.extend([0; 10]);
    payload.extend(b"ijklmnopqrst\0caching_sha2_password\0");
    Greeting::parse(&payload, "db").unwrap()
}

fn run(job: &Job, steps: &[(Side, Vec<u8>)]) -> Said {
    let (driver, mut ours) = pair();
    let (server, mut theirs) = pair();
    std::thread::scope(|scope| {
        let peers = scope.spawn(move || play(driver, server, steps));
        let logged_in = log_in(&mut ours, &mut theirs, None, job).is_ok();
        let _ = (ours.flush(), theirs.flush());
        drop((ours, theirs));
        let (to_driver, to_server) = peers.join().unwrap();
        Said { to_driver, to_server, logged_in }
    })
}

fn pair() -> (UnixStream, Link) {
    let (other, ours) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (other, Link::plain(Socket::from(ours)))
}

/// Says each thing once what was said before has come to something, and hears all.
fn play(driver: UnixStream, server: UnixStream, steps: &[(Side, Vec<u8>)]) -> (Vec<u8>, Vec<u8>) {
    let (mut to_driver, mut to_server) = (Vec::new(), Vec::new());
    driver.set_nonblocking(true).unwrap();
    server.set_nonblocking(true).unwrap();
    for (side, bytes) in steps {
        let mut stream = if *side == Side::Driver { &driver } else { &server };
        if stream.write_all(bytes).is_err() {
            break;
        }
        let mut sockets =
            [PollFd::new(&driver, PollFlags::IN), PollFd::new(&server, PollFlags::IN)];
        let _ = wait_until(&mut sockets, Some(Instant::now() + PATIENCE));
        // It ends with "would block".
        let _ = (&driver).read_to_end(&mut to_driver);
        let _ = (&server).read_to_end(&mut to_server);
    }
    let _ = (driver.shutdown(Shutdown::Write), server.shutdown(Shutdown::Write));
    driver.set_nonblocking(false).unwrap();
    server.set_nonblocking(false).unwrap();
    let _ = (&driver).read_to_end(&mut to_driver);
    let _ = (&server).read_to_end(&mut to_server);
    (to_driver, to_server)
}

/// The driver gets whole packets, the first of them the greeting without TLS.
fn check_driver(job: &Job, said: &Said) {
    let (mut rest, mut sequence) = (&said.to_driver[..], Sequence::default());
    let greeting = split(rest, usize::MAX, &mut sequence, Sender::Server).unwrap();
    // A driver that is gone gets nothing.
    let Some((greeting, length)) = greeting else { return assert!(rest.is_empty()) };
    let greeting = Greeting::parse(greeting, "db").unwrap();
    assert!(!greeting.offers_tls());
    rest = &rest[length..];
    let last = packets(rest).last().copied();
    match last {
        Some(packet) if said.logged_in => assert_eq!(packet.first(), Some(&0)),
        _ => assert!(!said.logged_in, "{:?}", job.transport()),
    }
}

fn check_tls(said: &Said) {
    assert!(!said.logged_in, "nobody has the server's key");
    const REQUEST: usize = HEADER + 32;
    if said.to_server.is_empty() {
        return;
    }
    let (request, mut records) = said.to_server.split_at(REQUEST);
    assert_eq!(request[..HEADER], [32, 0, 0, 1]);
    assert_ne!(flags(&request[HEADER..]) & capability::SSL, 0);
    // A ClientHello, and then alerts: nothing of the driver's.
    while let [kind, 3, _, high, low, rest @ ..] = records {
        assert!(matches!(kind, 0x14..=0x16), "a record of kind {kind}");
        records = &rest[usize::from(u16::from_be_bytes([*high, *low]))..];
    }
    assert!(records.is_empty());
}

/// The server gets whole packets, the first of them with no flag that was hidden.
fn check_plaintext(job: &Job, said: &Said) {
    let packets = packets(&said.to_server);
    let Some(response) = packets.first() else { return };
    assert_eq!(said.to_server[HEADER - 1], 1);
    assert_eq!(flags(response) & job.hidden_capabilities(), 0);
    if said.logged_in || job.transport() == Transport::UnixSocket {
        return;
    }
    let may_encrypt = job.permissions.known_key || job.permissions.ask_for_key;
    for packet in &packets[1..] {
        let scramble = matches!(packet.len(), 0 | 20 | 32 | 64 | 96) || *packet == [0];
        let asks = *packet == [2] && job.permissions.ask_for_key;
        assert!(scramble || asks || (packet.len() >= 256 && may_encrypt), "{packet:?}");
    }
}

fn flags(packet: &[u8]) -> u32 {
    u32::from_le_bytes(*packet.first_chunk().unwrap())
}

/// The payloads of a stream that must end with a packet.
fn packets(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut packets = Vec::new();
    while let Some((header, rest)) = stream.split_first_chunk::<HEADER>() {
        let (payload, rest) = rest.split_at(announced_length(header));
        packets.push(payload);
        stream = rest;
    }
    assert!(stream.is_empty(), "a packet that is cut off");
    packets
}
