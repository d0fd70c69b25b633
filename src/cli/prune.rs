//! `prune`: removes what the configuration says is kept for a while only.

use chrono::TimeDelta;

use super::{
    Context,
    exit::{Exit, Trouble},
};
use crate::{
    model::utc_text,
    store::{Store, StoreError},
};

/// Takes nothing of its own.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

/// Behind the help.
pub(super) const HELP: &str = "\
Removes the requests that are older than requests_days of section [retention] says, which each run does \
too, and gives free space back to the system where it is more than a tenth of the file. The history is \
never pruned; `sultrail forget` erases a user.";

pub(super) async fn run(context: &mut Context<'_>, _: &Arguments) -> Result<Exit, Trouble> {
    let settings = context.settings()?;
    let path = context.database();
    if !path.exists() {
        return Err(StoreError::Missing(path).into());
    }
    let days = settings.retention.requests_days;
    let before = context.world.clock.now() - TimeDelta::days(days.into());
    let store = Store::open(&path).await?;
    let lock = store.lock_runs()?;
    let size_before = store.size()?;
    let pruned = async {
        let pruned = store.forget_requests(before).await?;
        store.return_space(&lock).await?;
        store.optimize().await?;
        Ok::<_, StoreError>((pruned, store.size()?))
    };
    let pruned = pruned.await;
    store.close().await;
    drop(lock);
    let (pruned, size) = pruned?;
    context.say(&format!(
        "removed {} requests sent before {} (requests_days = {days}); the file has {} kB, it had {} kB",
        pruned.requests,
        utc_text(before),
        size.div_ceil(1000),
        size_before.div_ceil(1000),
    ))?;
    Ok(Exit::Done)
}
