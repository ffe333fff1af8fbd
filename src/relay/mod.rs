//! One connection's relay: between the driver's private socket and the server.

mod carry;
#[cfg(feature = "mysql")]
mod door;
#[cfg(all(feature = "mysql", target_os = "linux"))]
mod event_loop;
#[cfg(all(feature = "mysql", not(target_os = "linux")))]
#[path = "no_event_loop.rs"]
mod event_loop;
mod failure;
mod foresight;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod guard;
mod job;
mod login;
#[cfg(feature = "mysql")]
mod order;
mod own_key;
mod private_dir;
mod pump;
mod traffic;
#[cfg(feature = "mysql")]
mod worker;

pub(crate) use carry::LoggedIn;
#[cfg(feature = "mysql")]
pub(crate) use door::DriverAddress;
#[cfg(feature = "mysql")]
pub(crate) use foresight::{Memory, tells_surprise};
pub(crate) use job::Job;
#[cfg(feature = "mysql")]
pub(crate) use order::Order;
pub(crate) use own_key::OwnKey;
pub(crate) use private_dir::{PrivateDir, Reach, only_ours_and_roots};
pub(crate) use traffic::Traffic;
#[cfg(feature = "mysql")]
pub(crate) use worker::Workers;
