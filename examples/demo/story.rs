//! The month of the demo: forty wikis, thirty nights, and what happens on the days between. Its dates
//! are fixed, so that what the documentation shows is what everybody gets.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeDelta, Utc};
use sultrail::{
    cli::{self, World},
    clock::Clock,
};

use crate::farm::{ALICE, Farm, FarmOptions};

/// How many wikis there are.
pub(crate) const WIKIS: usize = 40;
/// How many nights.
pub(crate) const NIGHTS: i64 = 30;
/// The last night: 2026-11-21T03:17:00Z.
const TONIGHT: i64 = 1_795_231_020;

/// Where the demo keeps its files, its clock, and the farm.
pub(crate) struct Demo {
    farm: Farm,
    configuration: PathBuf,
    pub(crate) database: PathBuf,
    clock: Clock,
}

impl Demo {
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        let farm = Farm::start(FarmOptions::wikis(WIKIS));
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
            clock: Clock::simulated(night_of(0)),
            farm,
        })
    }

    /// Sets the clocks to a night; what happened the day before has happened then.
    pub(crate) fn live_through(&self, night: i64) {
        let now = night_of(night);
        self.farm.set_now((now - TimeDelta::hours(9)).timestamp());
        happen(&self.farm, night);
        self.farm.set_now(now.timestamp());
        self.clock.set(now);
    }

    /// Runs the program in this process, on the demo's clock.
    pub(crate) fn sultrail(&self, arguments: &[&str]) -> u8 {
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
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
        };
        cli::run(files.into_iter().chain(arguments), world)
    }
}

fn night_of(night: i64) -> DateTime<Utc> {
    let tonight = DateTime::from_timestamp(TONIGHT, 0).unwrap_or_default();
    tonight - TimeDelta::days(NIGHTS - night)
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
