//! One connection's relay: between the driver's private socket and the server.

mod door;
mod failure;
mod job;
mod login;
mod private_dir;
mod pump;
mod worker;

pub(crate) use door::DriverAddress;
pub(crate) use job::{Job, Plan};
pub(crate) use private_dir::PrivateDir;
pub(crate) use worker::Workers;
