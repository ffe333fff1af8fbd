use std::os::unix::net::UnixStream;

use super::*;
use crate::error::{
    AuthErrorKind, CertificateError, CertificateErrorKind, ConnectErrorKind, IoErrorKind,
    ServerError, ServerErrorKind, ServerReply, Step,
};

fn servers(balance: LoadBalance) -> Servers {
    let builder = ConnectionBuilder::new("a").add_host("b", 1).add_host("::1", 2);
    Servers::of(&builder.load_balance(balance))
}

fn deadline(limit: Duration) -> Deadline {
    Deadline::start(limit, "all".into())
}

const LIMIT: Duration = Duration::from_secs(60);

fn broken() -> Error {
    Error::io(IoErrorKind::Broken, "it broke", std::io::Error::other("a cable"))
}

fn wrong_name() -> Error {
    CertificateError::new(CertificateErrorKind::WrongName, "another name").into()
}

fn err(kind: ServerErrorKind) -> Error {
    ServerError::new(kind, "no", ServerReply::new(1, None, b"", false)).into()
}

/// The servers that are attempted where those that `fails` names fail, and what comes of it.
fn attempted(servers: &Servers, fails: &[usize]) -> (Vec<usize>, Result<usize>) {
    attempted_with(servers, fails, broken)
}

fn attempted_with(
    servers: &Servers,
    fails: &[usize],
    error: impl Fn() -> Error,
) -> (Vec<usize>, Result<usize>) {
    let mut tried = Vec::new();
    let result = servers.reach(&deadline(LIMIT), |server, _, _| {
        tried.push(server.index);
        if fails.contains(&server.index) {
            return Err(error().into());
        }
        server.works();
        Ok(server.index)
    });
    (tried, result)
}

/// As if it had failed long ago.
fn let_time_pass(server: &Server) {
    *server.shunned() = Instant::now().checked_sub(Duration::from_millis(1));
}

#[test]
fn what_has_failed_is_tried_after_the_others_for_a_while() {
    let servers = servers(LoadBalance::Sequential);
    let tried = |fails: &[usize]| attempted(&servers, fails).0;
    assert_eq!(tried(&[]), [0]);
    assert_eq!(tried(&[0, 1]), [0, 1, 2]);
    assert_eq!(tried(&[]), [2], "the others have failed");
    assert_eq!(tried(&[2]), [2, 0], "which is better than none");
    assert_eq!(tried(&[]), [0], "it works again");
    let_time_pass(&servers.all[1]);
    assert_eq!(tried(&[0]), [0, 1]);
    assert_eq!(tried(&[]), [1]);
    let_time_pass(&servers.all[0]);
    assert_eq!(tried(&[0]), [0, 1], "its time has come");
    let_time_pass(&servers.all[0]);
    assert!(servers.all[0].takes_turn());
    assert!(!servers.all[0].takes_turn(), "one connect tries it");
}

#[test]
fn by_chance_each_comes_first_that_has_not_failed() {
    let servers = servers(LoadBalance::Random);
    let firsts = |fails: &[usize]| {
        let mut firsts = [0; 3];
        for _ in 0..300 {
            firsts[attempted(&servers, fails).0[0]] += 1;
        }
        firsts
    };
    let even = |counts: &[usize], expected: usize| {
        // With a standard deviation of less than 9.
        assert!(counts.iter().all(|count| count.abs_diff(expected) < 55), "{counts:?}");
    };
    even(&firsts(&[]), 100);
    servers.avoid(&servers.all[1], &broken());
    let [first, second, third] = firsts(&[]);
    assert_eq!(second, 0);
    even(&[first, third], 150);
}

#[test]
fn none_is_left() {
    let (_, result) = attempted(&servers(LoadBalance::Sequential), &[0, 1, 2]);
    let Err(Error::Connect(error)) = result else { panic!("{result:?}") };
    assert_eq!(error.kind(), ConnectErrorKind::NoHost);
    assert_eq!(
        error.to_string(),
        "no host could be used, tried a:3306 (io.broken), b:1 (io.broken) and [::1]:2 \
         (io.broken); the last: it broke"
    );
    let hosts: Vec<_> = error.attempts().iter().map(Attempt::address).collect();
    assert_eq!(hosts, ["a:3306", "b:1", "[::1]:2"]);
    assert_eq!(error.attempts()[0].reason(), "it broke");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "it broke");
    assert!(Error::from(error).may_pass());

    // It may pass if one of them may.
    let blocked = || err(ServerErrorKind::HostBlocked);
    let all = servers(LoadBalance::Sequential);
    let error = attempted_with(&all, &[0, 1, 2], blocked).1.unwrap_err();
    assert_eq!(error.code(), "connect.no-host");
    assert!(!error.may_pass());
}

#[test]
fn a_refusal_by_policy_is_the_end_and_shows_until_it_is_mended() {
    let servers = servers(LoadBalance::Sequential);
    for _ in 0..2 {
        let (tried, result) = attempted_with(&servers, &[0], wrong_name);
        assert_eq!((tried, result.unwrap_err().code()), (vec![0], "certificate.wrong-name"));
    }
    // Also where it was down before.
    attempted(&servers, &[0]).1.unwrap();
    assert_eq!(attempted(&servers, &[]).0, [1]);
    let_time_pass(&servers.all[0]);
    for _ in 0..2 {
        assert_eq!(attempted_with(&servers, &[0], wrong_name).0, [0]);
    }
    // A fault of this side's says nothing of the server.
    servers.avoid(&servers.all[0], &broken());
    let local = || Error::io(IoErrorKind::Local, "no thread", std::io::Error::other("limit"));
    assert_eq!(attempted_with(&servers, &[1], local).0, [1]);
    assert_eq!(attempted(&servers, &[]).0, [1]);
}

#[test]
fn what_fails_for_good_is_the_end() {
    let servers = servers(LoadBalance::Sequential);
    let mut tried = 0;
    let result: Result<()> = servers.reach(&deadline(LIMIT), |_, _, _| {
        tried += 1;
        Err(Failed::for_good(broken()))
    });
    assert_eq!((tried, result.unwrap_err().code()), (1, "io.broken"));
    assert_eq!(attempted(&servers, &[]).0, [0]);
}

#[test]
fn a_driver_that_went_away_is_no_servers_fault() {
    let servers = servers(LoadBalance::Sequential);
    let (driver, other) = UnixStream::pair().unwrap();
    drop(other);
    let deadline = deadline(LIMIT).while_open(Arc::new(driver.into()));
    let mut tried = 0;
    let result: Result<()> = servers.reach(&deadline, |_, answer_by, _| {
        tried += 1;
        answer_by.check_driver().map_err(Failed::from)
    });
    assert!(tells_driver_gone(&result.unwrap_err()));
    assert_eq!(tried, 1);
    assert_eq!(attempted(&servers, &[]).0, [0], "nothing is remembered");
}

#[test]
fn a_login_that_fails_through_an_endpoint() {
    for (error, next) in [
        (err(ServerErrorKind::TooManyConnections), 1),
        (err(ServerErrorKind::ShuttingDown), 1),
        (broken(), 1),
        (deadline(LIMIT).missed(Step::Tls), 1),
        (Error::auth(AuthErrorKind::AccessDenied, "no"), 0),
        (wrong_name(), 0),
    ] {
        let servers = servers(LoadBalance::Sequential);
        servers.login_failed(servers.get(0).unwrap(), &error);
        assert_eq!(attempted(&servers, &[]).0, [next], "{error}");
    }
}

#[test]
fn each_has_its_share_of_the_time() {
    let servers = servers(LoadBalance::Sequential);
    let start = Instant::now();
    let mut shares = Vec::new();
    let mut errors = Vec::new();
    let result: Result<()> = servers.reach(&deadline(LIMIT), |server, answer_by, whole| {
        assert_eq!(whole.server(), &*server.label);
        shares.push((answer_by.at() - start).as_secs_f64().round());
        errors.push(answer_by.missed(Step::Greeting).to_string());
        Err(answer_by.missed(Step::Greeting).into())
    });
    assert_eq!(shares, [20.0, 30.0, 60.0]);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("b:1 (timeout.greeting)"), "{error}");
    assert!(error.contains("the last: connecting to [::1]:2 took longer than connect-timeout"));
    assert!(errors[0].contains("longer than its share of connect-timeout (19."), "{}", errors[0]);
}

#[test]
fn once_the_time_is_over_no_other_is_tried() {
    let servers = servers(LoadBalance::Sequential);
    let over = servers.reach(&deadline(Duration::ZERO), |_, _, whole| -> Result<(), Failed> {
        Err(whole.missed(Step::Authentication).into())
    });
    assert_eq!(over.unwrap_err().code(), "timeout.authentication");

    // What the ones before did is told all the same.
    let limit = Duration::from_millis(60);
    let all = servers.reach(&deadline(limit), |_, answer_by, _| -> Result<(), Failed> {
        std::thread::sleep(answer_by.at().saturating_duration_since(Instant::now()));
        Err(answer_by.missed(Step::Greeting).into())
    });
    let Err(Error::Connect(error)) = all else { panic!("{all:?}") };
    assert_eq!(error.kind(), ConnectErrorKind::NoHost);
    assert_eq!(error.attempts().len(), 3);
}

#[test]
fn a_server_alone_keeps_its_error() {
    let servers = Servers::of(&ConnectionBuilder::new("a"));
    let (tried, result) = attempted(&servers, &[0]);
    assert_eq!((tried, result.unwrap_err().code()), (vec![0], "io.broken"));
    assert!(servers.all[0].takes_turn(), "there is no other");
}
