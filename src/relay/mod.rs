//! One connection's relay: between the driver's private socket and the server.

mod door;
mod handover;
mod login;
mod private_dir;
mod pump;
mod worker;

pub use handover::CloseReason;
pub(crate) use handover::Handover;
pub(crate) use private_dir::PrivateDir;
pub(crate) use worker::{Job, Workers};

pub(crate) use door::DriverAddress;
