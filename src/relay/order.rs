//! What a worker is asked for.

use std::sync::Arc;
use std::time::Duration;

use super::foresight::{Foresight, Memory};
use super::job::Job;
use crate::connect::deadline::Deadline;
use crate::connect::{Plan, Route, ServerFacts};
use crate::handover::Handover;
use crate::protocol::login::Permissions;

/// A connection to be made and carried.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) route: Route,
    pub(crate) permissions: Permissions,
    /// Whether the driver may see that the server takes LOCAL INFILE.
    pub(crate) local_infile: bool,
    /// Whether the driver may be called before the server has greeted: it waits without a limit of
    /// its own.
    pub(crate) driver_waits: bool,
    /// What the driver's answers were.
    pub(crate) memory: Arc<Memory>,
    /// The driver's `max_allowed_packet`, where it is not its options'.
    pub(crate) packet_size: Option<usize>,
    /// When the server has to have greeted, and to be done with the TLS handshake.
    pub(crate) answer_by: Deadline,
    pub(crate) deadline: Deadline,
    /// How long to look for bytes before sleeping.
    pub(crate) busy_poll: Duration,
    pub(crate) handover: Handover,
}

impl Order {
    pub(super) fn into_job(self, server: ServerFacts, plan: Plan) -> Job {
        Job {
            foresight: Some(Foresight::new(&self.memory, &server.greeting, self.packet_size)),
            server,
            plan,
            permissions: self.permissions,
            local_infile: self.local_infile,
            answer_by: self.answer_by,
            deadline: self.deadline,
            busy_poll: self.busy_poll,
            handover: self.handover,
            own_key: None,
            traffic: Arc::default(),
        }
    }
}
