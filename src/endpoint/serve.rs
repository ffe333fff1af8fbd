//! One connection of an endpoint.

use std::sync::{Arc, Weak};
use std::time::Instant;

use socket2::Socket;

use super::registry::Active;
use super::state::State;
use crate::connect::link::Link;
use crate::error::{Error, ServerReply};
use crate::handover::{CloseReason, Handover};
use crate::protocol::err::{self, CANNOT_CONNECT, TLS_FAILED, TOO_MANY};
use crate::protocol::login::Permissions;
use crate::protocol::packet::frame;
use crate::relay::{Job, LoggedIn, Traffic};

/// Dials, logs the driver in, and carries what follows.
pub(super) fn serve(endpoint: &Weak<State>, driver: Socket, peer: &str) {
    let start = Instant::now();
    let Some(state) = endpoint.upgrade() else { return };
    let connector = &state.connector;
    let tls = connector.shared.tls.current();
    let Ok(handle) = driver.try_clone().map(Arc::new) else { return };
    let deadline = connector.deadline().while_open(Arc::clone(&handle));
    let handover = Handover::default();
    let traffic = Arc::<Traffic>::default();
    // Before the dialing, so that it can be ended too.
    let registered = state.registry.add(Active {
        peer: peer.to_owned(),
        driver: handle,
        handover: handover.clone(),
        traffic: Arc::clone(&traffic),
    });
    let (greeted, plan) = match connector.dial(&tls, &deadline) {
        Ok(dialed) => dialed,
        Err(error) => {
            tracing::warn!(peer, "an endpoint's connection failed: {error}");
            state.failures.add(&error);
            return turn_away(driver, &error);
        }
    };
    let job = Job {
        server: greeted.facts,
        plan,
        permissions: Permissions { any_driver: true, ..connector.shared.permissions },
        local_infile: state.local_infile,
        deadline,
        handover: handover.clone(),
        own_key: Some(Arc::clone(&state.own_key)),
        traffic: Arc::clone(&traffic),
    };
    let logged_in = LoggedIn::bring(driver, greeted.socket, &job);
    if let Some(logged_in) = logged_in {
        // The deadline is that of connecting; what the driver asks afterwards is its own affair.
        let _ = handover.establish();
        if let Some(session) = handover.session() {
            connector.warn(&session);
        }
        drop(state);
        logged_in.carry(&job);
    }
    drop(registered);
    let reason = handover.close_reason();
    if let (Some(CloseReason::Failed(error)), Some(state)) = (&reason, endpoint.upgrade()) {
        state.failures.add(error);
        if matches!(error, Error::Handshake(_)) {
            // The client certificate may have expired and been renewed since; the next driver gets
            // it.
            let _ = state.connector.shared.tls.renewed(&tls);
        }
    }
    report(&handover, &traffic, peer, start, reason.as_ref());
}

/// One event a connection, once it is over.
fn report(
    handover: &Handover,
    traffic: &Traffic,
    peer: &str,
    start: Instant,
    reason: Option<&CloseReason>,
) {
    let session = handover.session();
    let tls = session.as_ref().and_then(|session| session.tls());
    let (to_server, to_driver) = traffic.bytes();
    let reason = reason.map_or_else(|| "unknown".to_owned(), ToString::to_string);
    tracing::info!(
        peer,
        server = session.as_ref().map_or("-", |session| session.address()),
        version = tls.map_or("-", |tls| tls.version()),
        cipher = tls.map_or("-", |tls| tls.cipher_openssl()),
        verified = tls.map_or_else(|| "-".to_owned(), |tls| tls.verified().to_string()),
        to_server,
        to_driver,
        milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        "an endpoint's connection ended: {reason}"
    );
}

/// Tells the driver in place of a greeting why there is none.
fn turn_away(driver: Socket, error: &Error) {
    let code = match error {
        Error::Server(_) => error.server_reply().map_or(CANNOT_CONNECT, ServerReply::code),
        Error::Connect(_) | Error::Timeout(_) | Error::Io(_) | Error::Protocol(_) => CANNOT_CONNECT,
        _ => TLS_FAILED,
    };
    tell(driver, code, &error.to_string());
}

/// Tells the driver that there are enough.
pub(super) fn too_many(driver: Socket, limit: usize) {
    tell(
        driver,
        TOO_MANY,
        &format!(
            "this endpoint carries {limit} connections already; close some, or raise its limit"
        ),
    );
}

fn tell(driver: Socket, code: u16, text: &str) {
    // One small packet into an empty socket: it is taken whole, or nobody is there.
    let mut driver = Link::plain(driver);
    let packet = frame(&err::in_place_of_greeting(code, text), 0);
    let _ = driver.send(&packet).and_then(|()| driver.flush());
}
