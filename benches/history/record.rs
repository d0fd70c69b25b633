//! Records a day as a run does, in the same order and with the same calls; only the answers are there already.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use sultrail::{
    compare,
    model::{
        AttachedAccount, CentralUserId, Enumeration, GlobalAccount, Kind, Property, Request,
        RunStatus, Scope, Snapshot, Trigger, Value,
    },
    store::{Account, Observed, Store, User},
};

use super::world::{Wiki, World};

const CENTRAL: &str = "https://meta.wikimedia.org/w/api.php";
const ALICE: &str = "Alice Example";
/// The first run begins at 2025-01-01T03:17:00Z.
const FIRST: i64 = 1_735_701_420;
/// The figures of requests are kept so long by default.
const KEEP_REQUESTS: TimeDelta = TimeDelta::days(90);

/// When the run of a day begins.
pub(crate) fn begins(day: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(FIRST + day * 86_400, 0).unwrap_or_default()
}

/// Keeps the history in a file.
pub(crate) struct Recorder {
    pub(crate) file: PathBuf,
    store: Option<Store>,
    day: i64,
}

impl Recorder {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self {
            file,
            store: None,
            day: 0,
        }
    }

    pub(crate) async fn open(&mut self) -> Result<()> {
        if self.store.is_none() {
            self.store = Some(Store::open(&self.file).await?);
        }
        Ok(())
    }

    pub(crate) fn store(&self) -> Result<&Store> {
        self.store.as_ref().context("it is closed")
    }

    /// The size of the file, with everything in it.
    pub(crate) async fn close(&mut self) -> Result<u64> {
        if let Some(store) = self.store.take() {
            store.close().await;
        }
        Ok(fs::metadata(&self.file)?.len())
    }

    pub(crate) async fn record(&mut self, world: &World) -> Result<()> {
        let (day, begun) = (self.day, begins(self.day));
        self.day += 1;
        let store = self.store()?;
        let user = store.user_or_new(CENTRAL, ALICE).await?;
        let scope = (Scope::Full, Trigger::Schedule);
        let run = store.begin_run(user.id, scope.0, scope.1, begun).await?;
        let accounts = self.list(&user, world, begun).await?;
        let mut wikis = world.wikis.iter();
        let size = u32::try_from(world.wikis.len())?;
        store.set_run_size(run, size).await?;
        for (at, account) in accounts.iter().enumerate() {
            let global;
            let snapshot = if account.wiki.is_global() {
                global = global_snapshot();
                &global
            } else {
                let wiki: &Wiki = wikis.next().context("a wiki")?;
                assert_eq!(wiki.id, account.wiki.as_str());
                &wiki.snapshot
            };
            let request = request(begun, day, at, account);
            let observed = Observed {
                run,
                account: account.id,
                at: request.sent_at + TimeDelta::milliseconds(request.duration_ms.cast_signed()),
                requests: &[request],
                answer: None,
            };
            look(store, account, observed, snapshot).await?;
        }
        let ended = begun + TimeDelta::seconds(6 * 60);
        store
            .finish_run(run, RunStatus::Finished, None, ended)
            .await?;
        store.forget_requests(ended - KEEP_REQUESTS).await?;
        store.optimize().await?;
        Ok(())
    }

    /// The accounts in the order of the world, the global one first.
    async fn list(&self, user: &User, world: &World, now: DateTime<Utc>) -> Result<Vec<Account>> {
        let attached = world.wikis.iter().map(|wiki| {
            Ok(AttachedAccount {
                wiki: wiki.id.parse()?,
                url: format!("https://{}.example.org", wiki.id.replace('_', "-")),
                attached_at: Some(begins(-3_650)),
                attached_by: Some("login".to_owned()),
                edit_count: 0,
                groups: [].into(),
                block: None,
            })
        });
        let enumeration = Enumeration {
            account: GlobalAccount {
                id: CentralUserId(4_711),
                name: ALICE.to_owned(),
                home_wiki: None,
                registered_at: Some(begins(-3_650)),
                locked: false,
                hidden: false,
                edit_count: None,
                groups: None,
            },
            attached: attached.collect::<Result<_>>()?,
            unattached: Vec::new(),
        };
        let api = |account: &AttachedAccount| format!("{}/w/api.php", account.url);
        let store = self.store()?;
        let accounts = store
            .record_enumeration(user, &enumeration, api, CENTRAL, now, false)
            .await?;
        Ok(accounts)
    }
}

/// What became of one account: `Collector::record` does the same with an answer that has just come.
async fn look(
    store: &Store,
    account: &Account,
    observed: Observed<'_>,
    snapshot: &Snapshot,
) -> Result<()> {
    let fingerprint = snapshot.fingerprint();
    if account.fingerprint == Some(fingerprint) {
        store.record_unchanged(&[observed]).await?;
        return Ok(());
    }
    let Some(before) = store.latest_snapshot(account.id).await? else {
        store
            .record_baseline(observed, fingerprint, snapshot)
            .await?;
        return Ok(());
    };
    let difference = compare::difference(&before, snapshot, observed.at);
    store
        .record_snapshot(observed, fingerprint, snapshot, &difference)
        .await?;
    Ok(())
}

fn global_snapshot() -> Snapshot {
    let mut snapshot = Snapshot::default();
    let name = Property::new(Kind::Identity, "name");
    snapshot.insert(name, Value::from_json_text("\"Alice Example\""));
    snapshot
}

/// One a third of a second, with figures as uneven as real ones. The answers of a wiki are about equally long.
fn request(begun: DateTime<Utc>, day: i64, at: usize, account: &Account) -> Request {
    let dice = super::mix(day.cast_unsigned(), at as u64);
    let after = TimeDelta::milliseconds(i64::try_from(at).unwrap_or(0) * 330);
    Request {
        sent_at: begun + after,
        host: format!("{}.example.org", account.wiki.as_str().replace('_', "-")),
        purpose: "userinfo",
        status: Some(200),
        duration_ms: 80 + dice % 320,
        bytes: 9_000 + super::mix(0, at as u64) % 11_000,
        attempt: 1,
        waited_ms: dice / 11 % 250,
    }
}
