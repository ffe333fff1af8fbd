//! The peers, a file for each.

mod blocking;
pub(crate) mod c_client;
pub(crate) mod mysql;
pub(crate) mod mysql_async;
pub(crate) mod ours;
pub(crate) mod sqlx;
