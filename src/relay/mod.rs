//! One connection's relay: between the driver's private socket and the server.

mod handover;

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod door;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod login;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod private_dir;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod pump;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod worker;

pub use handover::CloseReason;
pub(crate) use handover::Handover;

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(crate) use door::DriverAddress;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(crate) use private_dir::PrivateDir;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(crate) use worker::{Job, Workers};
