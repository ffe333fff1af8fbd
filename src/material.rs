//! Certificates, keys and revocation lists from files and text; the only place that reads them.

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod certificates;
mod crls;
mod directory;
mod file;
mod form;
mod identity;
mod private_key;
mod purpose;
mod rewrite;
mod roots;
mod server_key;
mod snapshot;

pub(crate) use certificates::read_certificates;
pub(crate) use crls::Crls;
pub(crate) use file::{Opened, open, read_secret};
pub(crate) use identity::{CertifiedIdentity, read_certificate};
pub(crate) use purpose::{
    is_self_signed, may_be_a_client, may_issue, may_serve, may_sign_handshakes, not_for_servers,
    topmost_issuer_key,
};
pub(crate) use rewrite::{CommonNames, Rewritten, Swap, bare_certificate, server_certificate};
pub(crate) use roots::{PublicRoots, RootCerts, bundled_roots};
pub(crate) use server_key::check_server_key;
pub(crate) use snapshot::Snapshot;
