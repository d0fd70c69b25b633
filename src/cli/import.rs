//! `import`: an export with its history, back into an empty database.

use std::path::PathBuf;

use super::{
    Context,
    exit::{Exit, Trouble},
};
use crate::{archive, report::visible, store::Store};

/// Where from.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What `export --history` wrote
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = Store::open(&context.database()).await?;
    let lock = store.lock_runs()?;
    let manifest = archive::import(&store, &arguments.directory).await?;
    drop(lock);
    let path = store.path().display().to_string();
    store.close().await;
    let line = format!(
        "{path}: {} runs about {}, up to {} (run {})",
        manifest.runs.count, manifest.user.name, manifest.as_of.at, manifest.as_of.run,
    );
    context.output().line(&visible(&line))?;
    Ok(Exit::Done)
}
