//! A page a user, written by the daemon after each run.
//!
//! Nothing that goes wrong here makes a run fail: it is logged, and the page of before stays. The files are
//! named after row numbers, never after what a wiki said, and private to the service.

use std::{
    fs::{DirBuilder, File},
    io::{self, ErrorKind, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;

use super::{
    Context, collector,
    exit::Trouble,
    freshness::{self, Standing},
    page::{self, Wanted},
    report::{Period, Report},
    whole_file::WholeFile,
};
use crate::{
    config::{self, Settings},
    model::Moment,
    report::page::{self as pages, Entry, Page},
    store::Store,
};

/// What changed in this time is told.
const PERIOD: TimeDelta = TimeDelta::days(30);

/// Writes the page of a user, as far as pages are wanted.
pub(super) async fn publish(context: &Context<'_>, settings: &Settings, user: &str) {
    let directory = &settings.daemon.report_directory;
    if directory.as_os_str().is_empty() {
        return;
    }
    // As with the file of a credential, a relative path counts from the configuration.
    let base = settings.file.as_deref().and_then(Path::parent);
    let directory = base.map_or_else(|| directory.clone(), |base| base.join(directory));
    match write_pages(context, settings, &directory, user).await {
        Ok(Some(file)) => tracing::debug!(user, "page written: {}", file.display()),
        Ok(None) => {}
        Err(trouble) => {
            let place = directory.display();
            tracing::warn!(user, "no page was written into {place}: {}", trouble.text());
        }
    }
}

async fn write_pages(
    context: &Context<'_>,
    settings: &Settings,
    directory: &Path,
    user: &str,
) -> Result<Option<PathBuf>, Trouble> {
    let store = Store::open_to_read(&context.database()).await?;
    let mut written = None;
    let mut entries = Vec::new();
    let central = collector::central_url(settings)?;
    for configured in &settings.users {
        let Some(known) = store.user(&central, &configured.name).await? else {
            continue;
        };
        let wanted = wanted(context, settings, configured);
        let file = format!("{}.html", known.id);
        if configured.name == user {
            let period = Period::since(&store, &known, Moment::Ago(PERIOD), wanted.now).await?;
            let report = Report::of(&store, known.clone(), period, wanted.now, false).await?;
            let page = page::page(&store, &wanted, &report).await?;
            written = Some(write_page(directory, &file, &page)?);
        }
        let name = known.name.clone();
        let standing = Standing::of(&store, known, wanted.scopes, wanted.now).await?;
        entries.push(Entry {
            user: name,
            file,
            is_late: standing.is_late,
            last_good_at: standing.good.map(|good| good.started_at),
        });
    }
    store.close().await;
    if entries.len() > 1 {
        let now = context.world.clock.now();
        replace(directory, "index.html", |out| {
            pages::write_index(out, &entries, now, settings.time_zone)
        })?;
    }
    Ok(written)
}

fn wanted(context: &Context<'_>, settings: &Settings, user: &config::User) -> Wanted {
    Wanted {
        scopes: freshness::good_scopes(Some(user)),
        zone: settings.time_zone,
        now: context.world.clock.now(),
        // Whoever can read the directory need not be whoever may see the address.
        reveal: false,
    }
}

fn write_page(directory: &Path, file: &str, page: &Page) -> io::Result<PathBuf> {
    replace(directory, file, |out| pages::write(out, page))
}

/// Gives a file new content: whoever looks finds the old page or the new one, each whole.
fn replace(
    directory: &Path,
    file: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<PathBuf> {
    make(directory)?;
    let path = directory.join(file);
    let mut out = WholeFile::create(directory.join(format!(".{file}.new")), 0o600)?;
    write(&mut out)?;
    out.keep(&path)?;
    File::open(directory)?.sync_all()?;
    Ok(path)
}

/// Makes the directory, but not the one that it is in: that may be a disk that is not there.
fn make(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
