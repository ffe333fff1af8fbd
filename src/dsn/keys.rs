//! What a key is, and how one is found.

use std::fmt;

use super::encoding::{distance, normal};
use super::table::KEYS;
use super::values::{Reading, Value, Writing};
use crate::builder::ConnectionBuilder;

/// Sets the fields of one key.
pub(super) type Read = fn(&mut ConnectionBuilder, &Value<'_>) -> Reading<()>;

/// Another name of a key, perhaps with another unit.
#[derive(Clone, Copy)]
pub(super) struct Alias {
    pub(super) name: &'static str,
    /// How its value is read, where that differs from the key's own.
    pub(super) read: Option<Read>,
}

/// A key of the connection string, as the table of keys in the documentation shows it.
///
/// Keys match without regard to case, `-` and `_`: `ssl-mode`, `ssl_mode` and `sslMode` are one.
#[derive(Clone, Copy)]
pub struct DsnKey {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [Alias],
    pub(super) default: &'static str,
    pub(super) secret: bool,
    pub(super) help: &'static str,
    pub(super) read: Read,
    pub(super) write: fn(&ConnectionBuilder) -> Writing,
}

impl DsnKey {
    /// The name as this crate writes it, for example `ssl-mode`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Names that other drivers use for it and that are understood too.
    pub fn aliases(&self) -> impl Iterator<Item = &'static str> {
        self.aliases.iter().map(|alias| alias.name)
    }

    /// What holds where the key is left out.
    #[must_use]
    pub fn default_value(&self) -> &'static str {
        self.default
    }

    /// Whether the value may hold a secret; `Display` of the builder then leaves it out.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// What the key does, in one sentence.
    #[must_use]
    pub fn help(&self) -> &'static str {
        self.help
    }
}

impl fmt::Debug for DsnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DsnKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every key that a connection string can have, in the order in which one is written.
#[must_use]
pub fn dsn_keys() -> &'static [DsnKey] {
    &KEYS
}

/// The key of this name, and how its value is read under this name.
pub(super) fn find(normal_name: &str) -> Option<(&'static DsnKey, Read)> {
    KEYS.iter().find_map(|key| {
        if normal(key.name) == normal_name {
            return Some((key, key.read));
        }
        let alias = key.aliases.iter().find(|alias| normal(alias.name) == normal_name)?;
        Some((key, alias.read.unwrap_or(key.read)))
    })
}

/// The key that somebody may have meant.
pub(super) fn similar(normal_name: &str) -> Option<&'static str> {
    let allowed = if normal_name.len() < 6 { 1 } else { 2 };
    let own = KEYS.iter().flat_map(|key| std::iter::once(key.name).chain(key.aliases()));
    own.map(|name| (distance(&normal(name), normal_name), name))
        .filter(|(changes, _)| *changes <= allowed)
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, name)| name)
}
