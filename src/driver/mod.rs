//! The driver's side: the only place that names `mysql`.

mod connection;
mod hook;
mod status;

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod check;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod check_tls;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod connector;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod options;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod packet_size;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod warnings;

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
#[path = "unsupported.rs"]
mod connector;

pub use connection::Connection;
pub use connector::Connector;
pub(crate) use hook::{DriverHook, InfileHandler};
pub use status::ServerTlsStatus;
