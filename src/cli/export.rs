//! `export`: what is known, in files that other programs read.

use std::path::PathBuf;

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    warc,
};

/// What, and where to.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write the answers that were kept into this file, as web archives read them
    #[arg(long, value_name = "FILE")]
    warc: PathBuf,
    #[command(flatten)]
    user: UserArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.choose(&store).await?.map(|user| user.id);
    warc::run(context, &store, user, &arguments.warc).await
}
