//! The driver's side: the only place that names `mysql`.

mod check;
mod connection;
mod connector;
mod hook;
mod options;
mod status;

pub use connection::Connection;
pub use connector::Connector;
pub(crate) use hook::{DriverHook, InfileHandler};
pub use status::ServerTlsStatus;
