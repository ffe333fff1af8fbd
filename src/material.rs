//! Certificates and keys from files and text; the only place that reads them.

mod file;
mod identity;
mod issuer;
mod roots;
mod server_key;

pub(crate) use file::read_secret;
pub(crate) use identity::{ClientIdentity, read_certificate};
pub(crate) use issuer::may_issue;
pub(crate) use roots::{GivenRoots, RootCerts, public_roots};
pub(crate) use server_key::check_server_key;
