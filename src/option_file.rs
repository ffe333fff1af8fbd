//! Option files as the `mysql` client reads them, under what a builder has set already.
//!
//! Source: MySQL Reference Manual, "Using Option Files", and `mysys/my_default.cc` of MySQL 8.4.

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod files;
mod fill;
mod lines;
mod options;
#[cfg(all(test, any(target_os = "linux", target_vendor = "apple")))]
mod tests;

use crate::builder::ConnectionBuilder;
use crate::error::Result;

/// What the errors name.
const OPTION: &str = "option-file";

impl ConnectionBuilder {
    /// Reads the [option file](Self::option_file) now and not in `build()`: the builder then has what
    /// is in it, and no option file. Without one nothing changes.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config): the file or one that it includes is missing, cannot be
    /// read, can be written by every user, has a line that cannot be read, a TLS option that is not
    /// one here, or a value that does not fit; or there is no host, neither in it nor in the builder.
    /// It names the file and the line, and shows no value.
    pub fn read_option_file(mut self) -> Result<Self> {
        let Some(path) = self.option_file.take() else { return Ok(self) };
        let mut groups = std::mem::take(&mut self.option_groups);
        if groups.is_empty() {
            groups.push("client".to_owned());
        }
        read(self, &path, &groups)
    }
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn read(
    builder: ConnectionBuilder,
    path: &std::path::Path,
    groups: &[String],
) -> Result<ConnectionBuilder> {
    use crate::error::{ConfigErrorKind, Error};
    use crate::pem_source::shown_path;

    let found = files::read(path, groups)?;
    let filled = fill::fill(builder, options::applied(&found)?);
    if filled.host.is_empty() && filled.socket.is_none() {
        return Err(Error::config(
            ConfigErrorKind::OptionFile,
            OPTION,
            format!(
                "{OPTION}: {} names no host or socket in [{}], and nothing else does: write `host=`; \
                 localhost is not assumed",
                shown_path(path),
                groups.join("] or [")
            ),
        ));
    }
    Ok(filled)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn read(
    builder: ConnectionBuilder,
    _path: &std::path::Path,
    _groups: &[String],
) -> Result<ConnectionBuilder> {
    builder.build().map(|_| ConnectionBuilder::new(""))
}
