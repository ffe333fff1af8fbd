//! `Connection`: a `mysql::Conn` with its session.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use mysql::prelude::{AsStatement, Queryable};
use mysql::{Binary, Conn, Params, QueryResult, Statement, Text};

use crate::handover::{CloseReason, Handover};
use crate::session::Session;

/// How long a drop waits for COM_QUIT and close_notify to reach the server.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A logged-in connection: a [`mysql::Conn`] and the [`Session`] it runs in.
///
/// It implements [`Queryable`] and dereferences to [`mysql::Conn`]. Some generic code needs the
/// driver's own type: give it `&mut *connection` (for example `"SELECT 1".run(&mut *connection)`,
/// or `refinery`).
pub struct Connection {
    // Dropped in this order: the driver says goodbye, then its passing is waited for.
    conn: Conn,
    closing: Closing,
    session: Box<Session>,
}

/// Waits on drop until the relay has carried the goodbye.
struct Closing {
    handover: Handover,
    wait: bool,
}

impl Drop for Closing {
    fn drop(&mut self) {
        if self.wait {
            self.handover.abandon();
            self.handover.wait_until_finished(CLOSE_LIMIT);
        }
    }
}

impl Connection {
    pub(super) fn new(conn: Conn, session: Session, handover: Handover) -> Self {
        Connection { conn, closing: Closing { handover, wait: true }, session: Box::new(session) }
    }

    /// What was negotiated and what was verified.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Why the connection ended, once it has: the first cause, where the driver's error often tells
    /// only what followed from it.
    #[must_use]
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.closing.handover.close_reason()
    }

    /// The driver's connection and the session. The relay lives as long as the connection.
    #[must_use]
    pub fn into_parts(mut self) -> (Conn, Session) {
        self.closing.wait = false;
        (self.conn, *self.session)
    }

    /// The driver's connection. The relay lives as long as it does.
    #[must_use]
    pub fn into_inner(self) -> Conn {
        self.into_parts().0
    }
}

impl Deref for Connection {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl AsRef<Conn> for Connection {
    fn as_ref(&self) -> &Conn {
        &self.conn
    }
}

impl AsMut<Conn> for Connection {
    fn as_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl From<Connection> for Conn {
    fn from(connection: Connection) -> Conn {
        connection.into_inner()
    }
}

impl Queryable for Connection {
    fn query_iter<Q: AsRef<str>>(
        &mut self,
        query: Q,
    ) -> mysql::Result<QueryResult<'_, '_, '_, Text>> {
        self.conn.query_iter(query)
    }

    fn prep<Q: AsRef<str>>(&mut self, query: Q) -> mysql::Result<Statement> {
        self.conn.prep(query)
    }

    fn close(&mut self, statement: Statement) -> mysql::Result<()> {
        Queryable::close(&mut self.conn, statement)
    }

    fn exec_iter<S: AsStatement, P: Into<Params>>(
        &mut self,
        statement: S,
        parameters: P,
    ) -> mysql::Result<QueryResult<'_, '_, '_, Binary>> {
        self.conn.exec_iter(statement, parameters)
    }

    fn exec_batch<S, P, I>(&mut self, statement: S, parameters: I) -> mysql::Result<()>
    where
        Self: Sized,
        S: AsStatement,
        P: Into<Params>,
        I: IntoIterator<Item = P>,
    {
        self.conn.exec_batch(statement, parameters)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the driver's connection: its Debug prints the password.
        f.debug_struct("Connection").field("session", &self.session).finish_non_exhaustive()
    }
}
