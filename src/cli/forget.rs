//! `forget`: erases a user, and proves it.

use std::{collections::BTreeSet, fs, io, path::Path};

use super::{
    Context, collector,
    exit::{Exit, Trouble},
};
use crate::{
    model::same_name,
    report::visible,
    store::{Bytes, Holdings, Store, StoreError, User},
};

/// Whom.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The user; to be named even where there is only one
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Only say what would be erased
    #[arg(long)]
    dry_run: bool,
}

/// Behind the help.
pub(super) const HELP: &str = "\
Erases all that the database holds of the user, at once and for good: runs, accounts, history, log \
entries, cookies. It asks nothing; --dry-run says what would go, and `sultrail backup FILE` keeps a copy.

The file is then written anew, and it, its log and its index are searched for every name and e-mail \
address the user had, in every usual spelling. Where another user's history names them, as whoever \
granted a right, it stays and is told. Backups, reports, the system's logs and former blocks of the \
disk are out of reach.

A user who is still in the configuration comes back with the next run.";

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let path = context.database();
    if !path.exists() {
        return Err(StoreError::Missing(path).into());
    }
    if arguments.dry_run {
        let store = Store::open_to_read(&path).await?;
        let users = called(&store, &arguments.user).await?;
        for user in &users {
            let holdings = store.holdings(&[user.id]).await?;
            let line = format!("{}: would erase {}", visible(&user.name), told(&holdings));
            context.output().line(&line)?;
        }
        store.close().await;
        if users.is_empty() {
            return Err(unknown(&arguments.user));
        }
        return Ok(Exit::Done);
    }
    erase(context, &path, &arguments.user).await?;
    warn_if_configured(context, &arguments.user)?;
    Ok(Exit::Done)
}

async fn erase(context: &mut Context<'_>, path: &Path, name: &str) -> Result<(), Trouble> {
    let store = Store::open(path).await?;
    let lock = store.lock_runs()?;
    let users = called(&store, name).await?;
    let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
    let mut names = store.names_of(&ids).await?;
    names.insert(name.to_owned());
    let holdings = store.holdings(&ids).await?;
    if users.is_empty() {
        // An earlier try may have come no further than to delete the rows.
        store.close().await;
        if Bytes::search(path, &names)?.found == 0 {
            return Err(unknown(name));
        }
        let store = Store::open(path).await?;
        store.erase_deleted(&lock).await?;
        store.close().await;
    } else {
        store.forget(&ids, &lock).await?;
        remove_cookies(&store, &names)?;
        store.erase_deleted(&lock).await?;
        store.close().await;
        let whose: Vec<_> = users.iter().map(|user| visible(&user.name)).collect();
        context.say(&format!("{}: erased {}", whose.join(", "), told(&holdings)))?;
    }
    prove(context, path, &names).await
}

/// Says what was searched and what was found; fails if something is left that nothing explains.
async fn prove(
    context: &mut Context<'_>,
    path: &Path,
    names: &BTreeSet<String>,
) -> Result<(), Trouble> {
    let bytes = Bytes::search(path, names)?;
    let files: Vec<String> = bytes.files.iter().map(|file| shown(file)).collect();
    let searched = format!(
        "searched {} for {} spellings of {} names and addresses",
        files.join(", "),
        bytes.spellings,
        names.len()
    );
    if bytes.too_short > 0 {
        let text =
            "a name of less than four bytes stands in any file by chance: it was not searched";
        context.say(text)?;
    }
    if bytes.found == 0 {
        return context.say(&format!("{searched}: none is left"));
    }
    let store = Store::open_to_read(path).await?;
    let rows = store.rows_with(names).await?;
    store.close().await;
    if rows.is_empty() {
        let text = format!(
            "{searched}: {} are left, and no row explains them; keep the file private and tell us",
            bytes.found
        );
        return Err(Trouble::new(Exit::Failed, text));
    }
    context.say(&format!(
        "{searched}: {} are left, in rows of others:",
        bytes.found
    ))?;
    for trace in rows {
        let (user, place, rows) = (visible(&trace.user), trace.place, trace.rows);
        context.say(&format!("  {place}: {rows} rows of {user}"))?;
    }
    Ok(())
}

async fn called(store: &Store, name: &str) -> Result<Vec<User>, Trouble> {
    Ok(store.users_called(name).await?)
}

fn unknown(name: &str) -> Trouble {
    let text = format!(
        "the database knows no user {name:?}, and the name is not in its files; `sultrail runs` shows \
         whom it knows"
    );
    Trouble::new(Exit::Failed, text)
}

fn told(holdings: &Holdings) -> String {
    let Holdings {
        accounts,
        runs,
        changes,
        log_events,
    } = holdings;
    format!("{accounts} accounts, {runs} runs, {changes} changes, {log_events} log entries")
}

/// Cookies tell who they are of, and would log the user in.
fn remove_cookies(store: &Store, names: &BTreeSet<String>) -> Result<(), Trouble> {
    for name in names {
        for file in collector::cookie_files(store, name) {
            remove(&file).map_err(|error| StoreError::Io {
                path: file,
                source: error,
            })?;
        }
    }
    Ok(())
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn shown(file: &Path) -> String {
    visible(&file.display().to_string()).into_owned()
}

/// Whoever is in the configuration comes back.
fn warn_if_configured(context: &mut Context<'_>, name: &str) -> Result<(), Trouble> {
    // Erasing does not need a configuration, not even a right one.
    let Ok(settings) = context.settings() else {
        return Ok(());
    };
    let is_configured = settings
        .users
        .iter()
        .any(|user| same_name(&user.name, name));
    match settings.file.filter(|_| is_configured) {
        Some(file) => context.say(&format!(
            "warning: {} is still in {}: the next run collects them again; remove the [[user]] section",
            visible(name),
            shown(&file)
        )),
        None => Ok(()),
    }
}
