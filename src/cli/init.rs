//! `init`: a configuration to edit, and an empty database.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use super::{
    Context,
    exit::{Exit, Trouble},
};
use crate::{
    config::{self, Places},
    store::Store,
};

/// Takes nothing of its own.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) async fn run(context: &mut Context<'_>, _: &Arguments) -> Result<Exit, Trouble> {
    let places = Places::new(&context.world.variables);
    let new_configuration = || places.new_configuration();
    let file = context
        .common
        .config
        .clone()
        .unwrap_or_else(new_configuration);
    let database = context.database();
    let was_written = write_configuration(&file)?;
    let existed = database.exists();
    Store::open(&database).await?.close().await;
    let mut output = context.output();
    let (written, there) = ("written", "already there, left as it is");
    let say = |is_new: bool| if is_new { written } else { there };
    output.line(&format!("{}: {}", file.display(), say(was_written)))?;
    output.line(&format!("{}: {}", database.display(), say(!existed)))?;
    if was_written {
        output.line("Next: put your contact, your name and your token into the first, then run")?;
        output.line("  sultrail snapshot")?;
    }
    Ok(Exit::Done)
}

/// Writes the example, unless a file is there.
fn write_configuration(file: &Path) -> Result<bool, Trouble> {
    let cannot = |error: std::io::Error| {
        Trouble::new(
            Exit::Failed,
            format!("cannot write {}: {error}", file.display()),
        )
    };
    if let Some(directory) = file
        .parent()
        .filter(|directory| !directory.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(cannot)?;
    }
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
    {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(cannot(error)),
        Ok(mut new) => {
            new.write_all(config::EXAMPLE.as_bytes()).map_err(cannot)?;
            Ok(true)
        }
    }
}
