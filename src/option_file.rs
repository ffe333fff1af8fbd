//! Option files as the `mysql` client reads them, under what a builder has set already.
//!
//! Source: MySQL Reference Manual, "Using Option Files", and `mysys/my_default.cc` of MySQL 8.4.

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod files;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod fill;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod lines;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod options;
#[cfg(all(test, any(target_os = "linux", target_vendor = "apple")))]
mod tests;

use std::path::PathBuf;

use crate::builder::ConnectionBuilder;
use crate::error::Result;

/// What the errors name.
const OPTION: &str = "option-file";

impl ConnectionBuilder {
    /// An option file as the `mysql` client reads it, such as `~/.my.cnf`, and the groups of it that
    /// count, such as `client` for `[client]`. It fills what neither the connection string nor a
    /// setter has set. Defaults to none: no file is read that was not named. No groups means
    /// `[client]`; a second call replaces the first. Keys `option-file` and `option-groups`.
    ///
    /// `build()` reads it, or [`read_option_file`](Self::read_option_file) before that. What looks at
    /// the builder meanwhile, such as [`has_password`](Self::has_password) and
    /// [`to_dsn`](Self::to_dsn), sees the file's name and not what is in it.
    ///
    /// What is read and what is not:
    ///
    /// - The lines are those of the MySQL Reference Manual, "Using Option Files": comments, quotes,
    ///   escapes, `-` and `_` alike, `loose-`, `skip-`, `disable-` and `enable-`, `!include` and
    ///   `!includedir` (files `*.cnf` by name; at most 10 deep, absolute paths). A later line wins.
    /// - `host`, `port`, `user`, `password`, `database`, `protocol`, `default-character-set`,
    ///   `compression-algorithms`, `init-command-add`, and every key of a connection string
    ///   ([`dsn_keys`](crate::dsn_keys)). Other options are passed over, abbreviations among them.
    /// - A TLS option that is not one here is an error with the replacement, also after `loose-`:
    ///   passing over it would weaken the connection.
    /// - A file that every user can write to is an error; the client passes over it with a warning.
    ///   A file with a password that others than its owner can read is a warning.
    ///
    /// What belongs together is taken together:
    ///
    /// - The file's host and socket count where the builder has neither; its port where the builder has
    ///   none. Of the file's own, a host other than `localhost` wins over the socket, as in the
    ///   client. With host and socket go `tls-server-name`, the name to verify, and
    ///   `tls-sni-servername`.
    /// - The file's `ssl-ca`, `ssl-capath` and `ssl-roots` count where the builder has none of the
    ///   three, so that a file cannot widen what is trusted. In the same way `ssl-cert`, `ssl-key` and
    ///   `ssl-key-password`; `ssl-crl` and `ssl-crlpath`; `tls-pin` and `tls-peer-fingerprint`;
    ///   `server-public-key-path` and `get-server-public-key`, which do not count at all under a
    ///   `DISABLED` of the builder's own.
    /// - The file's `ssl-mode` counts where the builder has none, and where it is not weaker than what
    ///   the builder's CA, roots or pins ask for.
    ///
    /// ```no_run
    /// use mysql_tls::ConnectionBuilder;
    ///
    /// let connector = ConnectionBuilder::new("db.example.com")
    ///     .option_file("/etc/app/my.cnf", &["client", "app"])
    ///     .build()?;
    /// # Ok::<(), mysql_tls::Error>(())
    /// ```
    #[doc(alias = "my.cnf")]
    #[doc(alias = "defaults_file")]
    #[doc(alias = "read_default_file")]
    pub fn option_file(mut self, path: impl Into<PathBuf>, groups: &[&str]) -> Self {
        self.option_file = Some(path.into());
        self.option_groups = groups.iter().map(|&group| group.to_owned()).collect();
        self
    }

    /// Reads no option file, whatever the connection string names.
    pub fn without_option_file(mut self) -> Self {
        self.option_file = None;
        self.option_groups = Vec::new();
        self
    }

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
    if !filled.names_server() {
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
