//! As far as a server can be looked at without a login: its greeting and its TLS handshake.

use socket2::Socket;

use super::deadline::Deadline;
use super::link::Link;
use super::resolve::LookUp;
use super::route::{Plan, Route, ServerFacts};
use super::upgrade::Upgrade;
use crate::error::{Error, Result};
use crate::protocol::packet::{bare_ssl_request, frame};
use crate::session::{PeerCertificate, TlsSession};
use crate::tls::TlsState;

/// How far a probe came after the greeting.
#[derive(Debug)]
pub(crate) enum Handshake {
    /// The mode leaves the connection in plaintext.
    Plaintext,
    Done(Box<TlsSession>),
    /// The certificates are those that came before the failure; `requested` is whether a client
    /// certificate had been asked for by then.
    Failed {
        error: Error,
        peer: Vec<PeerCertificate>,
        requested: bool,
    },
}

/// Dials, reads the greeting, goes through the TLS handshake where the mode has one, and closes.
pub(crate) fn probe(route: &Route, deadline: &Deadline) -> Result<(ServerFacts, Handshake)> {
    let (socket, facts) = route.dial(LookUp::Aside, deadline)?.listen(deadline)?;
    let handshake = match route.plan(&facts, deadline) {
        Ok(Plan::Plaintext(_)) => Handshake::Plaintext,
        Ok(Plan::Tls(tls)) => match shake_hands(socket, &facts, &tls, deadline) {
            Ok(session) => Handshake::Done(Box::new(session)),
            Err(error) => {
                let (peer, requested) = tls.seen_before_failure();
                Handshake::Failed { error, peer, requested }
            }
        },
        Err(error) => Handshake::Failed { error, peer: Vec::new(), requested: false },
    };
    Ok((facts, handshake))
}

fn shake_hands(
    socket: Socket,
    facts: &ServerFacts,
    tls: &TlsState,
    deadline: &Deadline,
) -> Result<TlsSession> {
    let mut upgrade = Upgrade::new(tls.connection(facts.product())?, tls);
    let mut link = Link::plain(socket);
    upgrade.begin(&mut link, &frame(&bare_ssl_request(), 1), deadline)?;
    let session = upgrade.complete(&mut link, deadline)?;
    // Our end of the handshake and a goodbye, so that the server need not guess what became of us.
    link.send_close();
    let _ = link.flush();
    Ok(session)
}
