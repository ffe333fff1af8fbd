//! `mysql-tls man`: manual pages.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use crate::codes;
use crate::failure::Failure;
use crate::output;

const HELP: &str = "The files are mysql-tls.1, and for each subcommand mysql-tls-SUBCOMMAND.1. Older \
                    ones are overwritten. They have no date, so that packages can be built again to \
                    the same bytes.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct ManArgs {
    /// The directory for the files, such as /usr/share/man/man1 [default: print the program's own
    /// page]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// A manual page and the name of its file.
struct Page {
    name: String,
    text: Vec<u8>,
}

pub(crate) fn run(args: &ManArgs) -> Result<(), Failure> {
    // Without `help`, which has a page for every subcommand once more.
    let mut program = crate::Cli::command().disable_help_subcommand(true);
    program.build();
    let subcommands: Vec<Command> = program.get_subcommands().cloned().collect();
    let Some(dir) = &args.dir else {
        let page = Page::of(program)?;
        return output::print(String::from_utf8_lossy(&page.text).trim_end());
    };
    for command in std::iter::once(program).chain(subcommands) {
        Page::of(command)?.write(dir)?;
    }
    Ok(())
}

impl Page {
    fn of(command: Command) -> Result<Self, Failure> {
        let source = concat!("mysql-tls ", env!("CARGO_PKG_VERSION"));
        // An empty date would be left out, and what follows would take its place.
        let man = Man::new(command).date(" ").source(source).manual("User Commands");
        let mut text = Vec::new();
        man.render(&mut text)
            .map_err(|error| Failure::error(codes::OUTPUT, format!("no manual page: {error}")))?;
        Ok(Page { name: man.get_filename(), text })
    }

    fn write(&self, dir: &Path) -> Result<(), Failure> {
        let path = dir.join(&self.name);
        std::fs::write(&path, &self.text).map_err(|error| {
            Failure::error(
                codes::FILES,
                format!(
                    "{} cannot be written ({error}); give a directory that is there and that this \
                     user can write to",
                    path.display()
                ),
            )
        })
    }
}
