//! The table of keys: the only place that ties a name to a field.

mod driver;
mod network;
mod tls;

use std::sync::LazyLock;

use super::keys::{Alias, DsnKey, Read};

/// A name with the same kind of value.
const fn also(name: &'static str) -> Alias {
    Alias { name, read: None }
}

/// A name whose value is read in another way.
const fn in_its_way(name: &'static str, read: Read) -> Alias {
    Alias { name, read: Some(read) }
}

pub(super) static KEYS: LazyLock<Vec<DsnKey>> =
    LazyLock::new(|| [tls::KEYS, network::KEYS, driver::KEYS].concat());
