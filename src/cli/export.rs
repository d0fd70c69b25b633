//! `export`: everything known about a user, in files that other programs read.

use std::path::PathBuf;

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    warc,
};
use crate::{
    archive::{self, Contents, Options},
    model::{Moment, RunNumber},
    store::{Store, User},
};

/// What, as of when, and where to.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A directory that is not there yet, or is empty
    #[arg(value_name = "DIR", required_unless_present = "warc")]
    directory: Option<PathBuf>,
    /// Instead, write the answers that were kept into this file, as web archives read them
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["directory", "at", "history", "format", "reveal"]
    )]
    warc: Option<PathBuf>,
    /// As it was at this point in time: a run, a date, an instant, an age (7d) [default: now]
    #[arg(long, value_name = "T", conflicts_with = "history")]
    at: Option<Moment>,
    /// With every value there has been and every change, so that it can be imported
    #[arg(long)]
    history: bool,
    /// The files: a folder about everything, the editor objects of Wikimedia Enterprise, or Parquet files
    #[arg(long, value_name = "FORMAT", default_value = "folder")]
    format: ExportFormat,
    /// Write e-mail addresses in full, and with --history the key of the hashes
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    user: UserArgument,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ExportFormat {
    /// JSON Lines, CSV, schemas and a page
    Folder,
    /// JSON Lines of editor objects
    Enterprise,
    /// The views of docs/database.md, a Parquet file each, with all their past; only where sultrail was built with it
    Parquet,
}

impl Arguments {
    fn contents(&self) -> Result<Contents, Trouble> {
        match (self.format, self.history) {
            (ExportFormat::Folder, true) => Ok(Contents::History),
            (ExportFormat::Folder, false) => Ok(Contents::State),
            (ExportFormat::Enterprise, false) => Ok(Contents::Enterprise),
            (ExportFormat::Enterprise, true) => {
                let text = "editor objects have no history; take --at, or another format";
                Err(Trouble::new(Exit::Usage, text))
            }
            (ExportFormat::Parquet, _) if self.at.is_some() => {
                let text = "the Parquet files tell of all times; leave out --at";
                Err(Trouble::new(Exit::Usage, text))
            }
            (ExportFormat::Parquet, _) => Ok(Contents::Parquet),
        }
    }
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let options = Options {
        contents: arguments.contents()?,
        reveal: arguments.reveal,
    };
    let store = context.history().await?;
    let user = only_user(&store, &arguments.user).await?;
    let Some(directory) = &arguments.directory else {
        let file = arguments.warc.clone().unwrap_or_default();
        return warc::run(context, &store, Some(user.id), &file).await;
    };
    let run = run_of(context, &store, &user, arguments.at).await?;
    let reading = store.read(user.id, run).await?;
    let manifest = archive::export(reading, directory, options).await?;
    let line = format!(
        "{}: {} files about {}, as of {} (run {})",
        directory.display(),
        manifest.files.len() + 1,
        manifest.user.name,
        manifest.as_of.at,
        manifest.as_of.run,
    );
    context.output().line(&crate::report::visible(&line))?;
    Ok(Exit::Done)
}

/// An export is one user's: it may be given away.
async fn only_user(store: &Store, argument: &UserArgument) -> Result<User, Trouble> {
    argument.choose(store).await?.ok_or_else(|| {
        let text = "an export is about one user; name one with --user (`sultrail runs` shows whom \
                    the database knows)";
        Trouble::new(Exit::Failed, text)
    })
}

/// The run asked for, or the newest one, whatever became of it.
async fn run_of(
    context: &Context<'_>,
    store: &Store,
    user: &User,
    at: Option<Moment>,
) -> Result<RunNumber, Trouble> {
    let now = context.world.clock.now();
    let Some(at) = at else {
        if let Some(run) = store.last_run(user.id).await? {
            return Ok(RunNumber(run.run));
        }
        return Ok(store.run_at(Some(user.id), Moment::LATEST, now).await?);
    };
    Ok(store.run_at(Some(user.id), at, now).await?)
}
