//! One connection of an endpoint.

use std::sync::{Arc, Weak};
use std::time::Instant;

use socket2::Socket;

use super::registry::Active;
use super::state::State;
use crate::connect::LookUp;
use crate::connect::deadline::tells_driver_gone;
use crate::connect::link::Link;
use crate::error::Error;
use crate::handover::{CloseReason, Handover};
use crate::protocol::err::{self, ACCESS_DENIED, TOO_MANY};
use crate::protocol::login::Permissions;
use crate::protocol::packet::frame;
use crate::relay::{Job, LoggedIn, Traffic};

/// Dials, logs the driver in, and carries what follows.
pub(super) fn serve(endpoint: &Weak<State>, driver: Socket, peer: &str) {
    let start = Instant::now();
    let Some(state) = endpoint.upgrade() else { return };
    let connector = &state.connector;
    let tls = connector.shared.tls.current();
    let driver = Arc::new(driver);
    let deadline = connector.deadline().while_open(Arc::clone(&driver));
    let handover = Handover::default();
    let traffic = Arc::<Traffic>::default();
    // Before the dialing, so that it can be ended too.
    let registered = state.registry.add(Active {
        peer: peer.to_owned(),
        driver: Arc::clone(&driver),
        handover: handover.clone(),
        traffic: Arc::clone(&traffic),
    });
    let reached = connector.shared.servers.reach(&deadline, |server, answer_by, whole| {
        let route = connector.route(server, &tls)?;
        let dialed = route.dial(LookUp::Aside, answer_by)?;
        Ok((server, route.greet(dialed, answer_by)?, whole.clone()))
    });
    let (server, greeted, deadline) = match reached {
        Ok(reached) => reached,
        Err(error) if tells_driver_gone(&error) => {
            let server = &connector.shared.servers.label;
            return tracing::info!(peer, "a driver went away before {server} was reached");
        }
        Err(error) => {
            tracing::warn!(peer, "an endpoint's connection failed: {error}");
            state.failures.add(&error);
            return turn_away(driver, &error);
        }
    };
    let (server_index, address) = (server.index, greeted.facts.peer.clone());
    let job = Job {
        server: greeted.facts,
        plan: greeted.plan,
        permissions: Permissions { any_driver: state.any_driver, ..connector.shared.permissions },
        local_infile: state.local_infile,
        // The driver's own time is in it.
        answer_by: deadline.clone(),
        deadline,
        busy_poll: connector.shared.busy_poll,
        handover: handover.clone(),
        own_key: Some(Arc::clone(&state.own_key)),
        traffic: Arc::clone(&traffic),
        foresight: None,
    };
    let logged_in = LoggedIn::bring(driver, greeted.socket, greeted.prepared, &job);
    let is_logged_in = logged_in.is_some();
    if let Some(logged_in) = logged_in {
        server.works();
        // The deadline is that of connecting; what the driver asks afterwards is its own affair.
        let _ = handover.establish();
        if let Some(session) = handover.session() {
            connector.warn(&session, server);
        }
        drop(state);
        logged_in.carry(job);
    }
    drop(registered);
    let reason = handover.close_reason();
    if let (Some(CloseReason::Failed(error)), Some(state)) = (&reason, endpoint.upgrade()) {
        state.failures.add(error);
        let servers = &state.connector.shared.servers;
        if let Some(server) = servers.get(server_index).filter(|_| !is_logged_in) {
            servers.login_failed(server, error);
        }
        if tls.any().identity_may_have_expired(error) {
            // It may have been renewed meanwhile; the next driver gets it.
            let _ = state.connector.shared.tls.renewed(&tls);
        }
    }
    report(&handover, &traffic, peer, &address, start, reason.as_ref());
}

/// One event a connection, once it is over.
fn report(
    handover: &Handover,
    traffic: &Traffic,
    peer: &str,
    server: &str,
    start: Instant,
    reason: Option<&CloseReason>,
) {
    let session = handover.session();
    let tls = session.as_ref().and_then(|session| session.tls());
    let (to_server, to_driver) = traffic.bytes();
    let failed = matches!(reason, Some(CloseReason::Failed(_) | CloseReason::Truncated));
    let reason = reason.map_or_else(|| "unknown".to_owned(), ToString::to_string);
    // The level of an event is fixed where it is written.
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                peer,
                server,
                version = tls.map_or("-", |tls| tls.version()),
                cipher = tls.map_or("-", |tls| tls.cipher_openssl()),
                verified = tls.map_or_else(|| "-".to_owned(), |tls| tls.verified().to_string()),
                to_server,
                to_driver,
                milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
                "an endpoint's connection ended: {reason}"
            )
        };
    }
    if failed { event!(warn) } else { event!(info) }
}

/// Tells the driver in place of a greeting why there is none.
fn turn_away(driver: Arc<Socket>, error: &Error) {
    tell(driver, err::number_for(error, false), &error.to_string());
}

/// Tells the driver that this process has no descriptor or thread left for it.
pub(super) fn no_room(driver: Socket, peer: &str, error: &std::io::Error) {
    tracing::debug!(peer, "an endpoint cannot carry a connection: {error}");
    tell(driver, TOO_MANY, &format!("this endpoint cannot carry a connection more: {error}"));
}

/// Tells a process of another user that it may not come in.
pub(super) fn turn_stranger_away(driver: Socket, uid: u32) {
    let text = format!("this endpoint is not for uid {uid}: it is for the users it was told of");
    tell(driver, ACCESS_DENIED, &text);
}

/// Tells the driver that there are enough.
pub(super) fn too_many(driver: Socket, limit: usize) {
    tell(
        driver,
        TOO_MANY,
        &format!(
            "this endpoint carries as many connections as it may ({limit}); close some, or raise \
             max_connections (--max-connections)"
        ),
    );
}

fn tell(driver: impl Into<Arc<Socket>>, code: u16, text: &str) {
    // One small packet into an empty socket: it is taken whole, or nobody is there.
    let mut driver = Link::plain(driver);
    let packet = frame(&err::in_place_of_greeting(code, text), 0);
    let _ = driver.send(&packet).and_then(|()| driver.flush());
}
