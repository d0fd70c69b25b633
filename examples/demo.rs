//! The newcomer's first command: a farm of wikis on this machine, a month of nightly runs in
//! seconds, then what happened in the last week.
//!
//! Nothing leaves this machine. The nights are simulated; everything else is the program as users
//! run it.

#[path = "../tests/it/farm/mod.rs"]
mod farm;

use std::{
    fs,
    io::{self, Write, stderr, stdout},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use chrono::{DateTime, TimeDelta, Utc};
use farm::{ALICE, Farm, FarmOptions};
use sultrail::{
    cli::{self, World},
    clock::Clock,
};

const WIKIS: usize = 40;
const NIGHTS: i64 = 30;

fn main() -> io::Result<ExitCode> {
    let directory = std::env::temp_dir().join("sultrail-demo");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    let farm = Farm::start(FarmOptions::wikis(WIKIS));
    let demo = Demo::new(&farm, &directory)?;

    say(&format!(
        "A farm of {WIKIS} wikis; {ALICE} has an account on each. {NIGHTS} nights:"
    ))?;
    for night in 1..=NIGHTS {
        demo.live_through(&farm, night);
        let code = demo.sultrail(&["snapshot", "--quiet"]);
        if code != 0 {
            return Ok(ExitCode::from(code));
        }
        write!(stdout(), ".")?;
        stdout().flush()?;
    }
    say("\n\n$ sultrail report\n")?;
    demo.sultrail(&["report"]);
    say("\n$ sultrail groups\n")?;
    demo.sultrail(&["groups"]);

    let database = demo.database.display();
    say(&format!(
        "\nThe database is {database}. Worth trying:

sqlite3 -box {database} \"select run, accounts, unchanged, changed, requests from runs limit 5\"
sqlite3 -box {database} \"select name, before, after, cause, count(*) as wikis from changes
    where kind = 'preference' group by 1, 2, 3, 4 order by wikis desc\"
sqlite3 -box {database} \"select wiki, value, valid_from, valid_to from history
    where kind = 'group' and name = 'rollbacker'\""
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Where the demo keeps its files, and its clock.
struct Demo {
    configuration: PathBuf,
    database: PathBuf,
    first_night: DateTime<Utc>,
    clock: Clock,
}

impl Demo {
    fn new(farm: &Farm, directory: &Path) -> io::Result<Self> {
        let clock = Clock::system();
        let tonight = clock.now();
        let first_night = tonight - TimeDelta::days(NIGHTS);
        write_private(&directory.join("alice.token"), farm.token())?;
        let configuration = directory.join("config.toml");
        let text = format!(
            r#"contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"

[farm]
central_api = "{}"
hosts = ["{}"]
insecure_http = true

[pace]
requests_per_minute = 60000

[[user]]
name = "{ALICE}"
auth = "oauth2"
credential_file = "alice.token"
"#,
            farm.central_api(),
            farm.hosts()
        );
        write_private(&configuration, &text)?;
        Ok(Self {
            configuration,
            database: directory.join("sultrail.db"),
            clock: Clock::simulated(first_night),
            first_night,
        })
    }

    /// Sets the clocks to a night; what happened the day before has happened then.
    fn live_through(&self, farm: &Farm, night: i64) {
        let now = self.first_night + TimeDelta::days(night);
        farm.set_now((now - TimeDelta::hours(9)).timestamp());
        happen(farm, night);
        farm.set_now(now.timestamp());
        self.clock.set(now);
    }

    /// Runs the program in this process, on the demo's clock.
    fn sultrail(&self, arguments: &[&str]) -> u8 {
        let files = [
            "sultrail".into(),
            "--config".into(),
            self.configuration.clone().into_os_string(),
            "--database".into(),
            self.database.clone().into_os_string(),
        ];
        let arguments = arguments.iter().map(Into::into);
        let world = World {
            variables: [("NO_COLOR".to_owned(), "1".to_owned())].into(),
            clock: self.clock.clone(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            stdout: Box::new(stdout()),
            stderr: Box::new(stderr()),
        };
        cli::run(files.into_iter().chain(arguments), world)
    }
}

/// What happens on the day before a night.
fn happen(farm: &Farm, night: i64) {
    let in_days = |days: i64| Some(farm.now() + days * 86_400);
    match night {
        4 => farm.grant(
            "dewiki",
            ALICE,
            "rollbacker",
            None,
            "Bureau Kratin",
            "trusted",
        ),
        9 => farm.set_preference(ALICE, "frwiki", "skin", "\"monobook\""),
        12 => farm.grant(
            "commonswiki",
            ALICE,
            "sysop",
            in_days(15),
            "Bureau Kratin",
            "for the move",
        ),
        18 => farm.set_default(&[], "rclimit", "100"),
        21 => farm.set_global_preference(ALICE, "language", "\"de\""),
        25 => farm.grant_from_meta(
            "frwiki",
            ALICE,
            "bot",
            in_days(30),
            "Steward Ess",
            "[[SRB]]",
        ),
        26 => {
            farm.block("enwiki", ALICE, "Admin", "edit war", in_days(3), true);
        }
        27 => farm.revoke("dewiki", ALICE, "rollbacker", "Bureau Kratin", "on request"),
        28 => farm.edit(ALICE, "enwiki"),
        _ => {}
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn say(text: &str) -> io::Result<()> {
    writeln!(stdout(), "{text}")
}
