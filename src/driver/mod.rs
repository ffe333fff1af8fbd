//! The driver's side: the only place that names `mysql`.

mod connection;
mod hook;
mod status;

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod connect;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod endpoint;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod options;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod packet_size;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod pool;
#[cfg(all(feature = "r2d2", any(target_os = "linux", target_vendor = "apple")))]
mod r2d2_manager;

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(crate) use connect::{DriverState, ServerMemory};
pub use connection::Connection;
pub(crate) use hook::{DriverHook, InfileHandler};
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub use pool::Pool;
pub use status::ServerTlsStatus;
