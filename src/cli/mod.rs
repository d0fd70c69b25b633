//! Commands, a file each. The only room that knows the command line, prints, and decides exit codes.

mod accounts;
mod backfill;
mod backup;
mod check;
mod collector;
mod completions;
mod contributions;
mod daemon;
mod diff;
mod drift;
mod exit;
mod expiring;
mod explain;
mod export;
mod forget;
mod freshness;
mod groups;
mod history;
mod import;
mod init;
mod log;
mod logging;
mod metrics;
mod output;
mod page;
mod pager;
mod plan;
mod prefs;
mod prune;
mod publish;
mod report;
mod runs;
mod snapshot;
mod status;
mod tenure;
mod warc;
mod whole_file;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    clock::Clock,
    config::{Places, Settings, Variables},
    mediawiki::RequestRecord,
    model::Request,
    report::{Format, UserPage},
    store::{Store, User},
};
use exit::{Exit, Trouble};
use logging::{Level, Messages};
use output::Output;

/// What the program finds around it. Nothing else reads the environment, the clock or the terminal.
pub struct World {
    /// The environment.
    pub variables: Variables,
    /// What time it is.
    pub clock: Clock,
    /// Whether data goes to a terminal.
    pub stdout_is_terminal: bool,
    /// Whether messages go to a terminal.
    pub stderr_is_terminal: bool,
    /// Where data goes.
    pub stdout: Box<dyn Write>,
    /// Where messages go.
    pub stderr: Box<dyn Write>,
}

impl World {
    /// With nobody there to talk to.
    fn unattended(variables: Variables, clock: Clock) -> Self {
        Self {
            variables,
            clock,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            stdout: Box::new(io::sink()),
            stderr: Box::new(io::sink()),
        }
    }
}

/// Keeps the history of your accounts on every wiki: groups, preferences, blocks.
#[derive(Debug, Parser)]
#[command(
    name = "sultrail",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed (diff --exit-code: there are changes), 2 wrong usage, \
                  3 some wikis could not be read, 69 the central wiki cannot be reached, 75 another \
                  run, or another program, holds the database, 77 the credential is refused, 78 the configuration is wrong."
)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
struct Common {
    /// The configuration file [default: ~/.config/sultrail/config.toml or /etc/sultrail/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The database [default: ~/.local/share/sultrail/sultrail.db, or under systemd /var/lib/sultrail/sultrail.db]
    #[arg(long, global = true, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Say more about what is done; twice (the daemon: once), each request
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: output::ColorChoice,
    /// Print long answers all at once, even on a terminal
    #[arg(long, global = true)]
    no_pager: bool,
    /// How messages are written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: logging::LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented configuration file and create the database; overwrite nothing
    Init(init::Arguments),
    /// Prove that a run would work: configuration, credentials, clock, database, farm
    Check(check::Arguments),
    /// Say what the next run will ask, and how long it takes
    Plan(plan::Arguments),
    /// Take a snapshot of all accounts now
    Snapshot(snapshot::Arguments),
    /// Take runs by schedule until SIGTERM or SIGINT; SIGHUP reads the configuration anew
    Daemon(daemon::Arguments),
    /// Say whether it still works: last run, next tick, wikis that fail, rights that end soon
    Status(status::Arguments),
    /// List the runs, newest first
    Runs(runs::Arguments),
    /// List the attached accounts
    Accounts(accounts::Arguments),
    /// List group memberships, local and global, with their expiry
    #[command(after_help = groups::HELP)]
    Groups(groups::Arguments),
    /// List preferences
    Prefs(prefs::Arguments),
    /// List every value a property has had, and when
    History(history::Arguments),
    /// Show the changes between two points in time
    #[command(after_help = diff::HELP)]
    Diff(diff::Arguments),
    /// Tell what happened, for people: grouped, ranked, explained
    #[command(after_help = report::HELP)]
    Report(report::Arguments),
    /// List what ends soon: groups, local and global, and blocks
    Expiring(expiring::Arguments),
    /// Show where preferences differ between wikis, and local exceptions
    Drift(drift::Arguments),
    /// Show since when each right has been held without a gap
    Tenure(tenure::Arguments),
    /// Explain one property: value, default, exception, history, causes
    Explain(explain::Arguments),
    /// Read what the logs say of the time before the first snapshot
    Backfill(backfill::Arguments),
    /// List what the logs say, as far as they have been read
    Log(log::Arguments),
    /// Add up edits and logged actions, by wiki and month
    Contributions(contributions::Arguments),
    /// Write everything known about a user into a directory, in files that other programs read
    Export(export::Arguments),
    /// Put an export with its history back into an empty database
    Import(import::Arguments),
    /// Copy the database into a new file, also while the daemon runs
    #[command(after_help = backup::HELP)]
    Backup(backup::Arguments),
    /// Remove what the configuration says is kept for a while only; never the history
    #[command(after_help = prune::HELP)]
    Prune(prune::Arguments),
    /// Erase a user for good, and prove it
    #[command(after_help = forget::HELP)]
    Forget(forget::Arguments),
    /// Print the completions of a shell
    Completions(completions::CompletionsArguments),
    /// Write the manual pages into a directory
    Man(completions::ManArguments),
}

/// Runs a command line and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, mut world: World) -> u8 {
    let (arguments, format) = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(help) => return show_usage(&help, &mut world),
    };
    let is_daemon = matches!(arguments.command, Command::Daemon(_));
    logging::start(&arguments.common, is_daemon, &world);
    let common = arguments.common.clone();
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Trouble::from)
        .and_then(|runtime| runtime.block_on(dispatch(arguments, format, &mut world)));
    let outcome = match (outcome, world.stdout.flush()) {
        (Ok(_), Err(error)) => Err(error.into()),
        (outcome, _) => outcome,
    };
    match outcome {
        Ok(exit) => exit.code(),
        // Whoever reads our output has seen enough.
        Err(trouble) if trouble.is_broken_pipe() => Exit::Done.code(),
        Err(trouble) => {
            let (variables, clock) = (&world.variables, &world.clock);
            let mut messages = Messages::new(&common, variables, clock, &mut *world.stderr);
            // There is nowhere left to complain to if this fails.
            let _ = messages.say(Level::Error, &format!("sultrail: {}", trouble.text()));
            trouble.exit.code()
        }
    }
}

/// The command line, and the format of the answer for commands that have one.
fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<(Arguments, Option<Format>), clap::Error> {
    let matches = Arguments::command().try_get_matches_from(arguments)?;
    let format = matches.subcommand().and_then(|(_, command)| {
        let format = command.try_get_one::<Format>("format");
        format.ok().flatten().copied()
    });
    let arguments = Arguments::from_arg_matches(&matches);
    let arguments = arguments.map_err(|error| error.format(&mut Arguments::command()))?;
    Ok((arguments, format))
}

async fn dispatch(
    arguments: Arguments,
    format: Option<Format>,
    world: &mut World,
) -> Result<Exit, Trouble> {
    let mut context = Context {
        common: arguments.common,
        world,
        format,
        pages: Vec::new(),
    };
    match arguments.command {
        Command::Init(arguments) => init::run(&mut context, &arguments).await,
        Command::Check(arguments) => check::run(&mut context, &arguments).await,
        Command::Plan(arguments) => plan::run(&mut context, &arguments).await,
        Command::Snapshot(arguments) => snapshot::run(&mut context, &arguments).await,
        Command::Daemon(arguments) => daemon::run(&mut context, &arguments).await,
        Command::Status(arguments) => status::run(&mut context, &arguments).await,
        Command::Runs(arguments) => runs::run(&mut context, &arguments).await,
        Command::Accounts(arguments) => accounts::run(&mut context, &arguments).await,
        Command::Groups(arguments) => groups::run(&mut context, &arguments).await,
        Command::Prefs(arguments) => prefs::run(&mut context, &arguments).await,
        Command::History(arguments) => history::run(&mut context, &arguments).await,
        Command::Diff(arguments) => diff::run(&mut context, &arguments).await,
        Command::Report(arguments) => report::run(&mut context, &arguments).await,
        Command::Expiring(arguments) => expiring::run(&mut context, &arguments).await,
        Command::Drift(arguments) => drift::run(&mut context, &arguments).await,
        Command::Tenure(arguments) => tenure::run(&mut context, &arguments).await,
        Command::Explain(arguments) => explain::run(&mut context, &arguments).await,
        Command::Backfill(arguments) => backfill::run(&mut context, &arguments).await,
        Command::Log(arguments) => log::run(&mut context, &arguments).await,
        Command::Contributions(arguments) => contributions::run(&mut context, &arguments).await,
        Command::Export(arguments) => export::run(&mut context, &arguments).await,
        Command::Import(arguments) => import::run(&mut context, &arguments).await,
        Command::Backup(arguments) => backup::run(&mut context, &arguments).await,
        Command::Prune(arguments) => prune::run(&mut context, &arguments).await,
        Command::Forget(arguments) => forget::run(&mut context, &arguments).await,
        Command::Completions(arguments) => completions::completions(&mut context, &arguments),
        Command::Man(arguments) => completions::man(&arguments),
    }
}

/// Help and version are answers; everything else is wrong usage.
fn show_usage(help: &clap::Error, world: &mut World) -> u8 {
    let to_terminal = if help.use_stderr() {
        world.stderr_is_terminal
    } else {
        world.stdout_is_terminal
    };
    let no_color = world
        .variables
        .get("NO_COLOR")
        .is_some_and(|value| !value.is_empty());
    let text = help.render();
    let text = if to_terminal && !no_color {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    let to = if help.use_stderr() {
        &mut world.stderr
    } else {
        &mut world.stdout
    };
    let _ = write!(to, "{text}").and_then(|()| to.flush());
    if help.use_stderr() {
        Exit::Usage.code()
    } else {
        Exit::Done.code()
    }
}

/// The command line as clap knows it, for completions, manual pages and the tests of the docs.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// What a command works with.
struct Context<'a> {
    common: Common,
    world: &'a mut World,
    format: Option<Format>,
    /// In wikitext, what the IDs of wikis link to.
    pages: Vec<UserPage>,
}

impl Context<'_> {
    /// The configuration, if there is a file; the defaults otherwise.
    fn settings(&self) -> Result<Settings, Trouble> {
        let places = Places::new(&self.world.variables);
        let file = self
            .common
            .config
            .clone()
            .or_else(|| places.configuration());
        Ok(Settings::read(file.as_deref(), &self.world.variables)?)
    }

    fn database(&self) -> PathBuf {
        let places = Places::new(&self.world.variables);
        self.common
            .database
            .clone()
            .unwrap_or_else(|| places.database())
    }

    /// Opens the database to answer a question.
    async fn history(&mut self) -> Result<Store, Trouble> {
        let store = Store::open_to_read(&self.database()).await?;
        if self.format == Some(Format::Wikitext) {
            let places = store.places().await?.into_iter();
            self.pages = places
                .filter_map(|place| UserPage::new(&place.user, &place.wiki, &place.api_url))
                .collect();
        }
        Ok(store)
    }

    /// Writes requests outside any run into the ledger, once there is a database to hold it.
    async fn keep_requests(&self, requests: Vec<RequestRecord>) -> Result<(), Trouble> {
        let path = self.database();
        if path.exists() {
            let store = Store::open_as_it_is(&path).await?;
            let requests: Vec<Request> = requests.into_iter().map(Request::from).collect();
            store.record_requests(None, &requests).await?;
            store.close().await;
        }
        Ok(())
    }

    /// Standard error.
    fn messages(&mut self) -> Messages<'_> {
        let world = &mut *self.world;
        Messages::new(
            &self.common,
            &world.variables,
            &world.clock,
            &mut *world.stderr,
        )
    }

    /// Says what was done, on standard error, unless nobody wants to hear it.
    fn say(&mut self, line: &str) -> Result<(), Trouble> {
        Ok(self.messages().say(Level::Info, line)?)
    }

    fn output(&mut self) -> Output<'_> {
        Output::new(&self.common, self.world, &self.pages)
    }
}

/// A wiki that no account is on is a slip of the pen, not one without a history.
async fn refuse_unknown_wiki(
    store: &Store,
    user: Option<i64>,
    wiki: Option<&str>,
) -> Result<(), Trouble> {
    match wiki {
        Some(wiki) if !store.has_account_on(user, wiki).await? => {
            let text = format!("there is no account on {wiki}; `sultrail accounts` lists them");
            Err(Trouble::new(Exit::Failed, text))
        }
        _ => Ok(()),
    }
}

/// Narrows an answer down to one user.
#[derive(Debug, clap::Args)]
struct UserArgument {
    /// The user; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

impl UserArgument {
    /// The user named, or the only one. `None`: there are several, and none was named.
    async fn choose(&self, store: &Store) -> Result<Option<User>, Trouble> {
        let mut users = store.users().await?;
        let Some(name) = &self.user else {
            return Ok(if users.len() == 1 { users.pop() } else { None });
        };
        let found = users.into_iter().find(|user| user.is_called(name));
        found.map(Some).ok_or_else(|| {
            Trouble::new(
                Exit::Failed,
                format!("the database knows no user {name:?}; `sultrail runs` shows whom it knows"),
            )
        })
    }

    /// The user named, or the only one there is.
    async fn only(&self, store: &Store) -> Result<User, Trouble> {
        if let Some(user) = self.choose(store).await? {
            return Ok(user);
        }
        let users = store.users().await?.into_iter();
        let names: Vec<String> = users.map(|user| user.name).collect();
        let text = if names.is_empty() {
            "there is no run yet; take one with `sultrail snapshot`".to_owned()
        } else {
            format!("say whose with --user: {}", names.join(", "))
        };
        Err(Trouble::new(Exit::Usage, text))
    }
}
