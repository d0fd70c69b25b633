//! `daemon`: runs by schedule until it is told to stop.

use std::{cell::RefCell, os::unix::ffi::OsStrExt, sync::Arc, thread, time::Duration};

use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Common, Context, World,
    collector::{self, Whose},
    exit::{Exit, Trouble},
    metrics,
    publish::publish,
};
use crate::{
    clock::Clock,
    collect::{Order, Progress, Report, Wanted},
    config::{Settings, User, Variables},
    daemon::{self, Daemon, Due, Ended, Jitter, Job, Kind, Signals, Systemd},
    model::{Scope, Trigger, utc_text},
    schedule::Schedule,
    store::{Store, StoreError},
};

/// Takes nothing of its own.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) async fn run(context: &mut Context<'_>, _: &Arguments) -> Result<Exit, Trouble> {
    let context = &*context;
    let settings = context.settings()?;
    check(context, &settings)?;
    if !context.database().exists() {
        tracing::warn!("there is no database yet: a new history begins");
    }
    let jobs = jobs(context, &settings).await?;
    if jobs.is_empty() {
        let text = "no user has a schedule: add schedule = \"17 3 * * *\" to a [[user]] section";
        return Err(Trouble::new(Exit::Configuration, text));
    }
    let now = context.world.clock.now();
    for Job { user, schedule, .. } in &jobs {
        let tick = schedule.next_after(now).map(utc_text);
        let tick = tick.as_deref().unwrap_or("never");
        tracing::info!(user, "{user}: next tick: {tick}");
    }
    let variable = |name: &str| context.world.variables.get(name).map(String::as_str);
    let systemd = Systemd::connect(variable("NOTIFY_SOCKET"), variable("WATCHDOG_USEC"))?;
    let signals = Signals::listen()?;
    let (stop, hangup) = (CancellationToken::new(), Notify::new());
    let minutes = u64::from(settings.daemon.jitter_minutes);
    let daemon = Daemon {
        clock: context.world.clock.clone(),
        jitter: Jitter::new(Duration::from_secs(minutes * 60), seed(context)),
        catch_up: settings.daemon.catch_up,
        systemd: systemd.clone(),
        stop: stop.clone(),
    };
    let listen = watch::Sender::new(settings.metrics.listen);
    let page = watch::Sender::new(String::new());
    metrics::renew(context, &settings, &page).await;
    // A run under way keeps the settings it began with.
    let settings = RefCell::new(Arc::new(settings));
    let act = async |due: Due| {
        let begun_with = Arc::clone(&settings.borrow());
        let ended = act(context, &begun_with, due, &systemd, &stop).await;
        let now = Arc::clone(&settings.borrow());
        metrics::renew(context, &now, &page).await;
        ended
    };
    let reload = async || {
        let renewed = reload(context).await.map_err(|trouble| trouble.text())?;
        let renewed_settings = Arc::new(renewed.0);
        metrics::renew(context, &renewed_settings, &page).await;
        let address = renewed_settings.metrics.listen;
        listen.send_if_modified(|old| std::mem::replace(old, address) != address);
        *settings.borrow_mut() = renewed_settings;
        Ok(renewed.1)
    };
    let ended = tokio::select! {
        ended = daemon.run(jobs, act, reload, &hangup, daemon::log) => ended,
        never = signals.pass_on(&stop, &hangup) => match never {},
        never = daemon::serve_figures(listen.subscribe(), page.subscribe()) => match never {},
    };
    match ended {
        Some(trouble) => Err(trouble),
        None => Ok(Exit::Done),
    }
}

/// Everything that can be wrong with the configuration is found before the first tick.
fn check(context: &Context<'_>, settings: &Settings) -> Result<(), Trouble> {
    for user in &settings.users {
        let whose = Whose {
            name: Some(&user.name),
            contact: None,
        };
        collector::plan(settings, &whose, &context.world.variables)?;
    }
    Ok(())
}

async fn reload(context: &Context<'_>) -> Result<(Settings, Vec<Job>), Trouble> {
    let settings = context.settings()?;
    check(context, &settings)?;
    refuse_if_gone(context)?;
    let jobs = jobs(context, &settings).await?;
    Ok((settings, jobs))
}

/// What is to be done when, and when it was last done.
async fn jobs(context: &Context<'_>, settings: &Settings) -> Result<Vec<Job>, Trouble> {
    let store = Store::open(&context.database()).await?;
    let mut jobs = Vec::new();
    for user in &settings.users {
        for (kind, text) in [(Kind::Full, &user.schedule), (Kind::Pulse, &user.pulse)] {
            let Some(text) = text else { continue };
            let schedule = schedule(settings, user, text)?;
            let scopes: &[Scope] = match kind {
                Kind::Full => &[Scope::Full],
                Kind::Pulse => &[Scope::Full, Scope::Pulse],
            };
            let central = collector::central_url(settings)?;
            let last_good_at = store.last_good_run(&central, &user.name, scopes).await?;
            jobs.push(Job {
                user: user.name.clone(),
                kind,
                schedule,
                last_good_at,
            });
        }
    }
    store.close().await;
    Ok(jobs)
}

pub(super) fn schedule(settings: &Settings, user: &User, text: &str) -> Result<Schedule, Trouble> {
    Schedule::parse(text, settings.time_zone).map_err(|error| {
        let text = format!("the schedule of user {:?}: {error}", user.name);
        Trouble::new(Exit::Configuration, text)
    })
}

/// Takes one run, and writes the user's page: after a run that failed too, which then says how old it
/// is.
async fn act(
    context: &Context<'_>,
    settings: &Arc<Settings>,
    due: Due,
    systemd: &Systemd,
    stop: &CancellationToken,
) -> Ended<Trouble> {
    let user = due.user.clone();
    let errand = Errand {
        common: context.common.clone(),
        variables: context.world.variables.clone(),
        clock: context.world.clock.clone(),
        settings: Arc::clone(settings),
    };
    let (page, systemd, stop) = (errand.clone(), systemd.clone(), stop.clone());
    let ended = errand.run(async move |context, settings| {
        let report = take_run(context, settings, &due, &systemd, &stop).await?;
        log(&due, &report);
        Ok(())
    });
    let ended = ended.await;
    // Apart: whatever happens to the page happens to no run.
    let whose = user.clone();
    let written = page.run(async move |context, settings| {
        publish(context, settings, &whose).await;
        Ok(())
    });
    if let Err(trouble) = written.await {
        tracing::error!(user, "{user}: no page: {}", trouble.text());
    }
    let Err(trouble) = ended else {
        return Ended::Done;
    };
    tracing::error!(user, "{user}: no run: {}", trouble.text());
    match trouble.exit {
        Exit::Refused | Exit::Configuration if settings.users.len() == 1 => Ended::Stop(trouble),
        Exit::Refused | Exit::Configuration => Ended::Done,
        _ => Ended::TryAgain,
    }
}

/// What goes along into a thread that ends with what it was for. What is freed in the main thread stays
/// with it: after a run, two to five megabytes of an idle daemon (docs/performance.md).
#[derive(Clone)]
struct Errand {
    common: Common,
    variables: Variables,
    clock: Clock,
    settings: Arc<Settings>,
}

impl Errand {
    async fn run<F>(self, work: F) -> Result<(), Trouble>
    where
        F: AsyncFnOnce(&Context<'_>, &Settings) -> Result<(), Trouble> + Send + 'static,
    {
        let failed = |text: String| Trouble::new(Exit::Failed, text);
        let (tell, told) = oneshot::channel();
        let thread = thread::Builder::new().name("run".to_owned());
        let thread = thread.spawn(move || {
            let context = Context {
                common: self.common,
                world: &mut World::unattended(self.variables, self.clock),
                format: None,
                pages: Vec::new(),
            };
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let done = match runtime.enable_all().build() {
                Ok(runtime) => runtime.block_on(work(&context, &self.settings)),
                Err(error) => Err(Trouble::from(error)),
            };
            // If nobody listens any more, the daemon has lost its patience, and the process ends.
            let _ = tell.send(done);
        });
        let thread = thread.map_err(|error| failed(format!("no thread to run in: {error}")))?;
        let done = told.await;
        // It has nothing left to do but to end.
        let _ = thread.join();
        done.unwrap_or_else(|_| Err(failed("it broke off; the log says where".to_owned())))
    }
}

/// The database is open only meanwhile, so nothing stands in anybody's way between runs.
async fn take_run(
    context: &Context<'_>,
    settings: &Settings,
    due: &Due,
    systemd: &Systemd,
    stop: &CancellationToken,
) -> Result<Report, Trouble> {
    let whose = Whose {
        name: Some(&due.user),
        contact: None,
    };
    let plan = collector::plan(settings, &whose, &context.world.variables)?;
    refuse_if_gone(context)?;
    let store = Store::open(&context.database()).await?;
    let lock = store.lock_runs()?;
    let collector = plan.collector(store.clone(), &context.world.clock).await?;
    let wanted = match due.kind {
        Kind::Full => Wanted::All,
        Kind::Pulse => Wanted::LookingDifferent,
    };
    let trigger = Trigger::Schedule;
    let order = Order { wanted, trigger };
    let show = |progress: Progress| {
        systemd.status(&format!(
            "{} of {} wikis read",
            progress.done, progress.accounts
        ));
    };
    let report = collector.take_run(&lock, &order, stop, &show).await;
    store.close().await;
    Ok(report?)
}

/// The database was there when the daemon began. A new one in its place would look as if nothing had
/// ever changed, and stand in the way of the old one: its disk may only not be mounted.
fn refuse_if_gone(context: &Context<'_>) -> Result<(), Trouble> {
    let path = context.database();
    if path.exists() {
        return Ok(());
    }
    Err(StoreError::Gone(path).into())
}

fn log(due: &Due, report: &Report) {
    let tally = report.tally;
    tracing::info!(
        user = due.user,
        run = report.run.0,
        status = report.status.as_str(),
        "{}: run {} {}: {} wikis, {} changed ({} changes), {} not read",
        due.user,
        report.run.0,
        report.status.as_str(),
        tally.accounts,
        tally.changed,
        tally.changes,
        tally.failed,
    );
    for warning in &report.warnings {
        tracing::warn!(
            user = due.user,
            run = report.run.0,
            "{}: {warning}",
            due.user
        );
    }
}

/// The same for this installation at every start: its runs keep their distance from the tick.
fn seed(context: &Context<'_>) -> u64 {
    let database = context.database();
    let host = context.world.variables.get("HOSTNAME");
    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    collector::stable_hash(&[
        database.as_os_str().as_bytes(),
        host.map(String::as_bytes).unwrap_or_default(),
        machine.as_bytes(),
    ])
}
