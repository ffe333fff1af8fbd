//! Option files, by the `mysql` client's options for them. None is read that was not named.

use std::path::PathBuf;

use clap::Args;
use mysql_tls::ConnectionBuilder;

use crate::client::CLIENT;
use crate::failure::Failure;

/// The groups that count in an option file.
const GROUPS: [&str; 2] = ["client", "mysql-tls"];

#[derive(Args)]
pub(crate) struct DefaultsArgs {
    /// An option file such as ~/.my.cnf, for what neither the DSN nor an option says; its groups
    /// [client] and [mysql-tls] count [default: none is read]
    #[arg(long, value_name = "FILE", help_heading = CLIENT)]
    defaults_file: Option<PathBuf>,

    /// The same as --defaults-file, since no other file is read anyway
    #[arg(long, value_name = "FILE", help_heading = CLIENT, conflicts_with = "defaults_file")]
    defaults_extra_file: Option<PathBuf>,

    /// Let the option file's groups with this suffix count too, such as [client_SUFFIX] for _SUFFIX
    #[arg(long, value_name = "SUFFIX", help_heading = CLIENT)]
    defaults_group_suffix: Option<String>,

    /// Read no option file, as is the default; not that of the DSN's option-file either
    #[arg(long, help_heading = CLIENT, conflicts_with_all = ["defaults_file", "defaults_extra_file"])]
    no_defaults: bool,
}

impl DefaultsArgs {
    fn file(&self) -> Option<&PathBuf> {
        self.defaults_file.as_ref().or(self.defaults_extra_file.as_ref())
    }

    /// Whether there is a file that may name the server.
    pub(crate) fn is_given(&self) -> bool {
        self.file().is_some()
    }

    /// The option, under which whoever gave it knows the file.
    pub(crate) fn option(&self) -> Option<&'static str> {
        self.file()?;
        let first = self.defaults_file.is_some();
        Some(if first { "--defaults-file" } else { "--defaults-extra-file" })
    }

    /// Names the file to the builder.
    pub(crate) fn under(&self, builder: ConnectionBuilder) -> Result<ConnectionBuilder, Failure> {
        let suffix = self.defaults_group_suffix.as_deref();
        let Some(file) = self.file() else {
            return match suffix {
                Some(_) => Err(Failure::usage(
                    "--defaults-group-suffix has no option file to be for: give one by --defaults-file",
                )),
                None if self.no_defaults => Ok(builder.without_option_file()),
                None => Ok(builder),
            };
        };
        let with_suffix = suffix.map(|suffix| GROUPS.map(|group| format!("{group}{suffix}")));
        let mut groups: Vec<&str> = GROUPS.to_vec();
        groups.extend(with_suffix.iter().flatten().map(String::as_str));
        Ok(builder.option_file(file, &groups))
    }
}
