//! `mysql-tls completions`: scripts for shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output;

const HELP: &str = "Packages put it where the shell looks: for bash \
                    /usr/share/bash-completion/completions/mysql-tls, for zsh \
                    /usr/share/zsh/vendor-completions/_mysql-tls (site-functions on some systems), \
                    for fish /usr/share/fish/vendor_completions.d/mysql-tls.fish.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct CompletionsArgs {
    /// The shell that is to read it
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    // In memory, since the generator panics where it cannot write.
    let mut script = Vec::new();
    let mut program = crate::Cli::command();
    clap_complete::generate(args.shell, &mut program, crate::NAME, &mut script);
    let script = String::from_utf8_lossy(&script);
    output::print(script.trim_end().replace(WRONG, RIGHT))
}

/// For bash the generator calls a program with `-` in its name differently where it looks for a
/// subcommand and where it has found one (clap's issue 6421), so that no option is ever completed.
const WRONG: &str = "mysql__subcmd__tls";
const RIGHT: &str = "mysql__tls";
