//! `report`: what happened, for people: grouped, ranked, explained; and what was read at all.

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    expiring, freshness,
    output::FormatArgument,
    page::{self, Wanted},
};
use crate::{
    findings::{
        digest::{Line, digest},
        expiring::Expiring,
    },
    model::{Moment, RunNumber},
    report::Format,
    store::{BadRunRow, CoverageRow, Store, StoreError, UnreadRow, User},
};
use chrono::{DateTime, TimeDelta, Utc};

mod lines;
mod pages;
mod rows;

pub(super) use lines::digest as digest_of;
pub(super) use pages::{ending_name, ending_state};

pub(super) const HELP: &str = "\
Without --since-last and --since: the last 7 days, or all where there is less.

--since-last remembers what it has told, for each user and format, and only once all of it was
written. A run that is under way, or may still be resumed, comes with the next report; so does a
cause that was found later.";

/// Since when, and how much of it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What no earlier --since-last has told in this format
    #[arg(long, conflicts_with = "since")]
    since_last: bool,
    /// What happened after this point in time [default: 7d]
    #[arg(long, value_name = "T")]
    since: Option<Moment>,
    /// Name all wikis of each change
    #[arg(long)]
    wikis: bool,
    /// Also edit counts and the like
    #[arg(long)]
    counters: bool,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

/// Rights that end within this time are told.
const SOON: TimeDelta = TimeDelta::days(30);

/// Where nothing else is asked for.
const USUAL: Moment = Moment::Ago(TimeDelta::days(7));

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = if arguments.since_last {
        writable(context).await?
    } else {
        context.history().await?
    };
    let user = arguments.user.only(&store).await?;
    let now = context.world.clock.now();
    let format = arguments.format.format.name();
    let period = if arguments.since_last {
        Period::since_last(&store, &user, format).await?
    } else {
        Period::since(&store, &user, arguments.since.unwrap_or(USUAL), now).await?
    };
    let mut report = Report::of(&store, user, period, now, arguments.counters).await?;
    if arguments.since_last {
        report.explained = digest(store.explained_since(report.user.id, format).await?, vec![]);
    }
    let notice = freshness::notice(context, &store, Some(report.user.id)).await?;
    if arguments.format.format == Format::Html {
        let settings = context.settings()?;
        let wanted = Wanted {
            scopes: freshness::scopes_of(&store, &settings, &report.user).await?,
            zone: settings.time_zone,
            now,
            reveal: arguments.format.reveal,
        };
        let page = page::page(&store, &wanted, &report).await?;
        context.output().print_page(&page)?;
    } else if arguments.format.is_for_people() {
        let look = pages::Look {
            time_zone: context.settings()?.time_zone,
            all_wikis: arguments.wikis,
        };
        let mut document = pages::document(&report, look);
        document.notice = notice;
        context
            .output()
            .print_document(&document, &arguments.format)?;
    } else {
        let mut listing = rows::listing(&report);
        listing.notice = notice;
        context.output().print(&listing, &arguments.format)?;
    }
    if arguments.since_last {
        // Whoever did not get all of it has not been told.
        context.world.stdout.flush()?;
        let Period { from, to } = report.period;
        store
            .remember_report(report.user.id, format, from, to)
            .await?;
        store.close().await;
    }
    Ok(Exit::Done)
}

/// The database, where it can be written: nothing is told that could not be remembered.
async fn writable(context: &Context<'_>) -> Result<Store, Trouble> {
    let path = context.database();
    match Store::open_to_read(&path).await {
        Ok(store) => store.close().await,
        Err(
            error @ (StoreError::Missing(_) | StoreError::Foreign(_) | StoreError::Newer { .. }),
        ) => return Err(error.into()),
        // Whatever else is wrong, the next one says it too.
        Err(_) => {}
    }
    let opened = async {
        let store = Store::open(&path).await?;
        store.prove_writable().await?;
        Ok::<Store, StoreError>(store)
    };
    opened.await.map_err(|error| {
        let text = format!(
            "--since-last remembers in the database what it has told, and cannot: {error}. \
             Without it, --since tells the same"
        );
        Trouble::new(Exit::Failed, text)
    })
}

/// The runs after one up to and with another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    pub(super) from: RunNumber,
    pub(super) to: RunNumber,
}

impl Period {
    /// All runs after a point in time; where that is before the first run, all.
    pub(super) async fn since(
        store: &Store,
        user: &User,
        since: Moment,
        now: DateTime<Utc>,
    ) -> Result<Self, Trouble> {
        let from = match store.run_at(Some(user.id), since, now).await {
            Ok(run) => run,
            Err(StoreError::NotFound(_)) if matches!(since, Moment::At(_) | Moment::Ago(_)) => {
                RunNumber(0)
            }
            Err(error) => return Err(error.into()),
        };
        let to = RunNumber(i64::MAX);
        Ok(Self { from, to })
    }

    /// All runs that no report in this format has told of, and to which nothing will be added.
    async fn since_last(store: &Store, user: &User, format: &str) -> Result<Self, Trouble> {
        let from = store.report_mark(user.id, format).await?;
        let from = from.unwrap_or(RunNumber(0));
        let to = store.last_closed_run(user.id).await?.unwrap_or(from);
        // A run that was told once is not taken back.
        let to = to.max(from);
        Ok(Self { from, to })
    }
}

/// Everything a report tells: plain data for tables, pages and programs.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) user: User,
    pub(super) period: Period,
    pub(super) lines: Vec<Line>,
    /// What was told before without its cause.
    pub(super) explained: Vec<Line>,
    pub(super) expiring: Vec<Expiring>,
    pub(super) coverage: CoverageRow,
    pub(super) unread: Vec<UnreadRow>,
    pub(super) bad_runs: Vec<BadRunRow>,
}

impl Report {
    /// What happened to a user in a time.
    pub(super) async fn of(
        store: &Store,
        user: User,
        period: Period,
        now: DateTime<Utc>,
        with_counters: bool,
    ) -> Result<Self, Trouble> {
        let (id, from, to) = (user.id, period.from.0, period.to.0);
        let changes = store.grouped_changes(id, from, to, with_counters).await?;
        let arrivals = store.arrivals(id, from, to).await?;
        Ok(Self {
            lines: digest(changes, arrivals),
            explained: Vec::new(),
            expiring: expiring::find(store, Some(id), now, SOON).await?,
            coverage: store.coverage(id, from, to).await?,
            unread: store.unread_accounts(id, from).await?,
            bad_runs: store.bad_runs(id, from).await?,
            user,
            period,
        })
    }
}
