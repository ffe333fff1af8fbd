//! Keys that this crate will have: known, without effect yet, therefore refused.

use super::encoding::normal;

/// Their names; aliases of other drivers stand beside them.
pub(super) static LATER: &[&str] = &["cleartext-password"];

/// Whether this is such a key.
pub(super) fn is_later(normal_name: &str) -> bool {
    LATER.iter().any(|name| normal(name) == normal_name)
}
