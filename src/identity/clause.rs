//! A clause of REQUIRE: its quotes, and why there is none.

use crate::error::{ConfigErrorKind, Error};
use crate::session::Product;
use crate::text::is_plain;

/// A clause of a product's REQUIRE.
#[derive(Clone, Copy)]
pub(super) struct Clause {
    pub(super) keyword: &'static str,
    pub(super) product: Product,
}

impl Clause {
    /// The clause with `text` as an SQL literal. Nothing else in it needs an escape: see
    /// [`breaks_out`].
    pub(super) fn quoted(self, text: &str) -> String {
        format!("{} '{}'", self.keyword, text.replace('\\', "\\\\"))
    }

    /// Why this certificate has no such clause, after a colon, and what to do.
    pub(super) fn refusal(self, reason: impl std::fmt::Display) -> Error {
        Error::config(
            ConfigErrorKind::Clause,
            "ssl-cert",
            format!(
                "ssl-cert: this certificate has no {} clause on {}: {reason}; use another clause \
                 or another certificate",
                self.keyword,
                self.product.as_str()
            ),
        )
    }
}

/// What is wrong with a character anywhere in a clause.
pub(super) fn breaks_out(character: char) -> Option<&'static str> {
    match character {
        '\'' | '\\' => Some("could end the quoted text or change it"),
        _ if !is_plain(character) => Some("is a control character or an invisible one"),
        _ => None,
    }
}

/// A character in an error, between quotes.
pub(super) fn shown(character: char) -> String {
    if is_plain(character) {
        format!("\"{character}\"")
    } else {
        format!("U+{:04X}", u32::from(character))
    }
}
