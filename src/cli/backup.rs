//! `backup`: a copy that is consistent, checked, and taken while others write.

use std::path::PathBuf;

use super::{
    Context,
    exit::{Exit, Trouble},
};
use crate::{report::visible, store::Store};

/// Where to.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The new file; one that is there already is left as it is
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Behind the help.
pub(super) const HELP: &str = "\
The copy is taken while the daemon runs, and keeps nobody waiting. It has mode 0600, is checked before \
it gets its name, and is a database like any other: `sultrail --database FILE runs`. It holds all that \
the database holds, so keep it as private. Copying the file by other means while somebody writes may \
give a damaged copy.

To restore: end the daemon, remove the database and the files beside it that end in -wal and -shm, \
copy the backup to its place, start the daemon.";

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = Store::open_to_copy(&context.database()).await?;
    let copied = store.back_up(&arguments.file).await;
    store.close().await;
    let copied = copied?;
    let newest = match copied.newest {
        Some(newest) => format!("{} runs, the newest of {newest}", copied.runs),
        None => "no run yet".to_owned(),
    };
    let file = arguments.file.display().to_string();
    let size = copied.bytes.div_ceil(1000);
    context.say(&format!("{}: {size} kB, {newest}; checked", visible(&file)))?;
    Ok(Exit::Done)
}
