//! The login through the relay: greeting, HandshakeResponse, TLS, authentication.

use std::time::Instant;

use rustix::event::{PollFd, PollFlags};
use rustls::ClientConnection;
use zeroize::Zeroizing;

use super::failure::{closed, refused, server_failure};
use super::job::Job;
use crate::connect::Plan;
use crate::connect::deadline::{tells_driver_gone, wait_until};
use crate::connect::link::{Link, Received};
use crate::connect::upgrade::{Upgrade, last_words, nothing_waits};
use crate::error::{AuthErrorKind, Error, IoErrorKind, ProtocolErrorKind, ServerReply, Step};
use crate::material::check_server_key;
use crate::protocol::login::{DriverSays, Login, Verdict};
use crate::protocol::packet::{
    AUTH_PACKET_LIMIT, HEADER, RESPONSE_LIMIT, Sender, Sequence, clear_flags, frame, set_flag,
    split, ssl_request,
};
use crate::protocol::response::Response;
use crate::protocol::{capability, err};
use crate::session::{Claimed, Session, Timings, TlsSession};

/// Why a login ended without a connection.
pub(super) enum Ended {
    Failed(Error),
    /// The driver closed its socket, or said goodbye.
    DriverGone,
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        if tells_driver_gone(&error) { Ended::DriverGone } else { Ended::Failed(error) }
    }
}

/// Brings the driver from the greeting to the final OK. On failure the driver has been told, as far
/// as it could be. `prepared` is for a plan with TLS, and made if it is not there.
pub(super) fn log_in(
    driver: &mut Link,
    server: &mut Link,
    prepared: Option<ClientConnection>,
    job: &Job,
) -> Result<(), Ended> {
    let mut sides = Sides {
        driver,
        server,
        to_driver: Sequence::default(),
        to_server: Sequence::default(),
        job,
    };
    let result = sides.run(prepared);
    if let Err(Ended::Failed(error)) = &result {
        sides.tell_driver(error);
    }
    result
}

struct Sides<'a> {
    driver: &'a mut Link,
    server: &'a mut Link,
    to_driver: Sequence,
    to_server: Sequence,
    job: &'a Job,
}

impl Sides<'_> {
    fn run(&mut self, prepared: Option<ClientConnection>) -> Result<(), Ended> {
        // The driver works on its answer while the key shares are made.
        let greeting = self.job.server.greeting.without(self.job.hidden_capabilities());
        self.send_to_driver(&greeting)?;
        self.to_server.next(); // the greeting's
        let start = Instant::now();
        let mut upgrade = match &self.job.plan {
            Plan::Tls(tls) => {
                let connection = match prepared {
                    Some(connection) => connection,
                    None => tls.connection(self.job.server.product())?,
                };
                Some(Upgrade::new(connection, tls))
            }
            Plan::Plaintext(_) => None,
        };
        let deadline = &self.job.answer_by;
        let foresight = self.job.foresight.as_ref();
        let foreseen = foresight.and_then(|foresight| Some((foresight, foresight.request()?)));
        if let (Some(upgrade), Some((_, request))) = (&mut upgrade, foreseen) {
            upgrade.begin(self.server, &frame(&request, self.to_server.next()), deadline)?;
        }
        let mut response = self.response()?;
        // Hidden in the greeting, but some drivers claim it all the same.
        let claimed = clear_flags(&mut response, self.job.hidden_capabilities());
        if claimed & capability::COMPRESSION != 0 {
            return Err(Ended::Failed(Error::protocol(
                ProtocolErrorKind::Driver,
                "the driver compresses although it was not offered; configure it without \
                 compression, or verify the server (cleartext-password=verified)",
            )));
        }
        let parsed = Response::parse(&response).ok_or_else(|| unreadable("HandshakeResponse"))?;
        let nonce = self.job.server.greeting.nonce();
        let mut login = Login::new(self.job.wire(), self.job.permissions, nonce, &parsed)?;

        let mut tls_session = None;
        match upgrade {
            Some(mut upgrade) => {
                let request =
                    ssl_request(&response).ok_or_else(|| unreadable("HandshakeResponse"))?;
                match foreseen {
                    Some((_, sent)) if sent == request => {}
                    Some((foresight, _)) => return Err(foresight.failed().into()),
                    None => {
                        let packet = frame(&request, self.to_server.next());
                        upgrade.begin(self.server, &packet, deadline)?;
                    }
                }
                let session = upgrade.complete(self.server, deadline)?;
                if let Some(foresight) = foresight {
                    foresight.learn(request);
                }
                tls_session = Some((session, start.elapsed()));
                set_flag(&mut response, capability::SSL);
            }
            None => nothing_waits(self.server, deadline.server())?,
        }
        self.send_to_server(&response)?;
        let authentication = Instant::now();
        self.authenticate(&mut login, authentication, tls_session)
    }

    fn authenticate(
        &mut self,
        login: &mut Login,
        start: Instant,
        mut tls_session: Option<(TlsSession, std::time::Duration)>,
    ) -> Result<(), Ended> {
        // Who has to speak next, and is to blame if the time runs out.
        let mut turn = Side::Server;
        loop {
            while let Some(payload) = self.server_packet()? {
                let asks_nothing = login.asks_nothing(&payload);
                turn = if asks_nothing { Side::Server } else { Side::Driver };
                match login.server_packet(&payload)? {
                    Verdict::Continue => {}
                    Verdict::CheckKey => check_key(payload.get(1..).unwrap_or_default())?,
                    Verdict::Refused(reply) => {
                        return Err(refused(reply, self.job).into());
                    }
                    Verdict::LoggedIn => {
                        let tls = tls_session.take();
                        self.job.handover.logged_in(self.session(login, tls, start));
                        // Not flushed to the end: the pump goes on with what is left.
                        let packet = frame(&payload, self.to_driver.next());
                        let _ = self.driver.send(&packet);
                        return Ok(());
                    }
                }
                if asks_nothing {
                    // It goes to the driver with what follows.
                    let packet = frame(&payload, self.to_driver.next());
                    self.driver.send(&packet).map_err(|_| Ended::DriverGone)?;
                } else {
                    self.send_to_driver(&payload)?;
                }
            }
            while let Some(payload) = self.driver_packet(AUTH_PACKET_LIMIT)? {
                turn = Side::Server;
                match login.driver_packet(&payload)? {
                    DriverSays::Pass => self.send_to_server(&payload)?,
                    DriverSays::AsksForKey => {
                        let key = self.job.own_key()?.public_pem()?;
                        let mut shown = vec![0x01];
                        shown.extend(key.as_bytes());
                        self.send_to_driver(&shown)?;
                        turn = Side::Driver;
                    }
                    DriverSays::Encrypted => {
                        let password = self.job.own_key()?.decrypt(&payload, login)?;
                        self.send_to_server(&password)?;
                    }
                }
            }
            self.wait_for_either(turn)?;
        }
    }

    fn session(
        &self,
        login: &Login,
        tls: Option<(TlsSession, std::time::Duration)>,
        authentication: Instant,
    ) -> Session {
        let greeted = &self.job.server;
        let (tls, tls_time) = tls.map_or((None, None), |(tls, time)| (Some(tls), Some(time)));
        Session {
            transport: self.job.transport(),
            tls,
            claimed: Claimed::new(greeted.greeting.version(), greeted.greeting.connection_id()),
            password_sent: login.password_sent(),
            timings: Timings {
                dial: greeted.dial_time,
                greeting: greeted.greeting_time,
                tls: tls_time,
                authentication: authentication.elapsed(),
                setup: std::time::Duration::ZERO,
            },
            address: greeted.peer.clone(),
        }
    }

    /// The driver's HandshakeResponse.
    fn response(&mut self) -> Result<Zeroizing<Vec<u8>>, Ended> {
        let response = loop {
            match self.driver_packet(RESPONSE_LIMIT)? {
                Some(response) => break response,
                None => match self.wait(Side::Driver) {
                    // Ours is never silent for long.
                    Err(Ended::Failed(Error::Timeout(_))) if self.job.permissions.any_driver => {
                        return Err(self.silent("answer the greeting of"));
                    }
                    waited => waited?,
                },
            }
        };
        if Response::is_ssl_request(&response) {
            return Err(Ended::Failed(Error::protocol(
                ProtocolErrorKind::DriverTls,
                "the driver asked for TLS itself; configure it without TLS, which is made here",
            )));
        }
        Ok(response)
    }

    /// The time ran out, and not for the server's sake.
    fn silent(&self, expected: &str) -> Ended {
        Ended::Failed(Error::protocol(
            ProtocolErrorKind::Driver,
            format!(
                "the driver did not {expected} {} within connect-timeout",
                self.job.deadline.server()
            ),
        ))
    }

    fn server_packet(&mut self) -> Result<Option<Vec<u8>>, Ended> {
        let received = self.server.received();
        let packet = split(received, AUTH_PACKET_LIMIT, &mut self.to_server, Sender::Server)?;
        let packet = packet.map(|(payload, length)| (payload.to_vec(), length));
        Ok(packet.map(|(payload, length)| {
            self.server.consume(length);
            payload
        }))
    }

    /// It may hold the password, so it is wiped.
    fn driver_packet(&mut self, limit: usize) -> Result<Option<Zeroizing<Vec<u8>>>, Ended> {
        let received = self.driver.received();
        // A packet with id 0 is a command: the driver gave up and says goodbye.
        if received.get(HEADER - 1) == Some(&0) {
            return Err(Ended::DriverGone);
        }
        let packet = split(received, limit, &mut self.to_driver, Sender::Driver)?;
        let packet = packet.map(|(payload, length)| (Zeroizing::new(payload.to_vec()), length));
        Ok(packet.map(|(payload, length)| {
            self.driver.consume(length);
            payload
        }))
    }

    fn send_to_driver(&mut self, payload: &[u8]) -> Result<(), Ended> {
        let packet = frame(payload, self.to_driver.next());
        let sent = self.driver.send(&packet).and_then(|()| self.driver.flush());
        sent.map_err(|_| Ended::DriverGone)?;
        while self.driver.wants_write() {
            self.job.deadline.wait(self.driver.socket(), PollFlags::OUT, Step::Authentication)?;
            self.driver.flush().map_err(|_| Ended::DriverGone)?;
        }
        Ok(())
    }

    fn send_to_server(&mut self, payload: &[u8]) -> Result<(), Ended> {
        let packet = Zeroizing::new(frame(payload, self.to_server.next()));
        let mut sent = self.server.send(&packet).and_then(|()| self.server.flush());
        while sent.is_ok() && self.server.wants_write() {
            self.job.deadline.wait(self.server.socket(), PollFlags::OUT, Step::Authentication)?;
            sent = self.server.flush();
        }
        sent.map_err(|failure| {
            let failure = last_words(self.server, failure);
            Ended::Failed(server_failure(failure, self.job))
        })
    }

    fn wait(&mut self, side: Side) -> Result<(), Ended> {
        let deadline = &self.job.deadline;
        let link = self.link(side);
        if !link.has_ended() {
            deadline.wait(link.socket(), PollFlags::IN, Step::Authentication)?;
        }
        self.receive(side)
    }

    fn link(&mut self, side: Side) -> &mut Link {
        match side {
            Side::Driver => self.driver,
            Side::Server => self.server,
        }
    }

    fn receive(&mut self, side: Side) -> Result<(), Ended> {
        match (side, self.link(side).receive()) {
            (_, Ok(Received::Some | Received::Nothing)) => Ok(()),
            (Side::Driver, _) => Err(Ended::DriverGone),
            (Side::Server, Ok(Received::End)) => Err(closed(self.job).into()),
            (Side::Server, Err(failure)) => {
                let _ = self.server.flush(); // our alert
                Err(server_failure(failure, self.job).into())
            }
        }
    }

    fn wait_for_either(&mut self, turn: Side) -> Result<(), Ended> {
        if self.server.has_ended() {
            return self.receive(Side::Server);
        }
        let mut sockets = [
            PollFd::new(self.server.socket(), PollFlags::IN),
            PollFd::new(self.driver.socket(), PollFlags::IN),
        ];
        let ready = wait_until(&mut sockets, Some(self.job.deadline.at()))
            .map_err(|error| Error::io(IoErrorKind::Local, "waiting for a socket failed", error))?;
        if !ready && turn == Side::Driver && self.job.permissions.any_driver {
            return Err(self.silent("go on with the login to"));
        }
        if !ready {
            return Err(self.job.deadline.missed(Step::Authentication).into());
        }
        let [server, driver] = sockets.map(|socket| !socket.revents().is_empty());
        // The server first: what it said last explains why the driver gives up.
        if server {
            self.receive(Side::Server)?;
        }
        if driver {
            self.receive(Side::Driver)?;
        }
        Ok(())
    }

    /// Gives the driver our sentence as an ERR packet; an error of the server under its own number.
    fn tell_driver(&mut self, error: &Error) {
        let code = err::number_for(error, true);
        let state = error.server_reply().and_then(ServerReply::state);
        let packet = frame(&err::build(code, state, &error.to_string()), self.to_driver.next());
        let _ = self.driver.send(&packet).and_then(|()| self.driver.flush());
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Driver,
    Server,
}

fn unreadable(what: &str) -> Ended {
    Ended::Failed(Error::protocol(
        ProtocolErrorKind::Driver,
        format!("the driver sent a {what} that cannot be read"),
    ))
}

fn check_key(key: &[u8]) -> Result<(), Error> {
    check_server_key(key).map_err(|why| {
        Error::auth(
            AuthErrorKind::ServerKey,
            format!("the server sent an RSA key that cannot be used: {why}"),
        )
    })
}

#[cfg(test)]
#[cfg(feature = "mysql")]
pub(super) mod tests;
