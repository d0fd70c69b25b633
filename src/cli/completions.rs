//! `completions` and `man`: generated from the definitions of the commands.

use std::path::PathBuf;

use super::{
    Context, command,
    exit::{Exit, Trouble},
};

/// Which shell.
#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    shell: clap_complete::Shell,
}

/// Where to.
#[derive(Debug, clap::Args)]
pub(super) struct ManArguments {
    /// The directory; created if there is none
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(super) fn completions(
    context: &mut Context<'_>,
    arguments: &CompletionsArguments,
) -> Result<Exit, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "sultrail", &mut script);
    context.world.stdout.write_all(&script)?;
    Ok(Exit::Done)
}

pub(super) fn man(arguments: &ManArguments) -> Result<Exit, Trouble> {
    std::fs::create_dir_all(&arguments.directory)?;
    clap_mangen::generate_to(command(), &arguments.directory)?;
    Ok(Exit::Done)
}
