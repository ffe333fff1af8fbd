//! A certificate as a person reads it: the same lines for a session, for a file and for doctor, which
//! takes them from `Display`.

use std::fmt;
use std::time::SystemTime;

use super::Facts;
use super::details::Details;
use crate::text::{list, rfc3339};

/// Writes a line of a table whose names have twenty columns.
pub(crate) fn line(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    value: impl fmt::Display,
) -> fmt::Result {
    writeln!(f, "{name:<20}{value}")
}

impl Facts {
    /// Whose it is, who issued it, and how long it is valid.
    pub(crate) fn write_short(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "Certificate", &self.subject)?;
        line(f, "  names", list(&self.subject_alt_names))?;
        line(f, "  issuer", &self.issuer)?;
        line(
            f,
            "  valid",
            format_args!(
                "{} to {} ({})",
                rfc3339(self.not_before),
                rfc3339(self.not_after),
                self.time_left(SystemTime::now())
            ),
        )
    }

    /// All that it says, without a newline at its end.
    pub(crate) fn write_whole(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What cannot be read says nothing.
        let Some(details) = self.details() else {
            return write!(f, "{:<20}{}", "Certificate", self.subject);
        };
        self.write_short(f)?;
        line(f, "  key", &details.key)?;
        line(f, "  signature", &details.signature_algorithm)?;
        line(f, "  version", details.version)?;
        line(f, "  CA", ca(&details))?;
        line(f, "  key usage", listed(details.key_usages.as_deref(), "any, it has no keyUsage"))?;
        let purposes = listed(details.purposes.as_deref(), "any, it has no extendedKeyUsage");
        line(f, "  purposes", purposes)?;
        write!(f, "{:<20}{}", "  serial", self.serial)
    }
}

fn ca(details: &Details) -> String {
    match (details.is_ca, details.path_limit) {
        (false, _) => "no".to_owned(),
        (true, None) => "yes".to_owned(),
        (true, Some(0)) => "yes, with no CA below it".to_owned(),
        (true, Some(limit)) => format!("yes, with at most {limit} below one another under it"),
    }
}

fn listed<S: AsRef<str>>(words: Option<&[S]>, without: &str) -> String {
    words.map_or_else(|| without.to_owned(), list)
}
