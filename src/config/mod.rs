//! Three layers in, checked values out: the compiled-in defaults, a file, the environment.
//!
//! Nothing below this room knows it: it builds what the other rooms take as arguments.

mod credential;
mod keys;
mod places;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use serde::Deserialize;

pub use credential::{CredentialError, read as read_credential};
pub use places::Places;

use crate::{
    mediawiki::{CredentialKind, EmailPrivacy},
    model::{KeepAnswers, Zone, same_name},
};

/// The defaults, every key.
pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// What `init` writes.
pub const EXAMPLE: &str = include_str!("../../config/example.toml");

/// The variables of the environment, by name.
pub type Variables = BTreeMap<String, String>;

/// The configuration, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How the operators of the wikis reach this installation's owner.
    pub contact: String,
    /// For schedules and reports.
    pub time_zone: Zone,
    /// Which wikis.
    pub farm: Farm,
    /// How fast.
    pub pace: Pace,
    /// Whose accounts.
    #[serde(default, rename = "user")]
    pub users: Vec<User>,
    /// What is kept as a hash.
    pub privacy: Privacy,
    /// How the daemon behaves.
    pub daemon: Daemon,
    /// Where figures for Prometheus go.
    pub metrics: Metrics,
    /// What is kept for how long.
    pub retention: Retention,
    /// The file they were read from, if there was one.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// Section `farm`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Farm {
    /// URL of the central wiki's api.php.
    pub central_api: String,
    /// Exact names or `*.suffix`.
    pub hosts: Vec<String>,
    /// Whether http:// is allowed.
    pub insecure_http: bool,
}

/// Section `pace`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// A number, or `auto`.
    pub requests_per_minute: RequestsPerMinute,
    /// At most so many requests under way.
    pub max_in_flight: u32,
    /// `maxlag` of every request.
    pub maxlag_seconds: u32,
    /// At most so many requests of one run are for contributions.
    pub contribution_requests: u32,
}

/// A thousand a second: more than any wiki serves, and no overflow anywhere.
const FASTEST: NonZeroU32 = NonZeroU32::new(60_000).unwrap();

/// How fast to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum RequestsPerMinute {
    /// A share of what the servers allow.
    Auto,
    /// Just so many.
    Fixed(NonZeroU32),
}

impl TryFrom<String> for RequestsPerMinute {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        match text.parse() {
            Ok(number) if number <= FASTEST => Ok(Self::Fixed(number)),
            _ => Err(format!(
                "requests_per_minute: {text:?} is neither \"auto\" nor 1 to 60000"
            )),
        }
    }
}

/// One `[[user]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The user name.
    pub name: String,
    /// How to log in.
    #[serde(deserialize_with = "credential_kind")]
    pub auth: CredentialKind,
    /// Where the credential is; a relative path counts from the configuration file.
    pub credential_file: Option<PathBuf>,
    /// Or the name of a systemd credential.
    pub credential: Option<String>,
    /// When to take a full run.
    pub schedule: Option<String>,
    /// When to take a pulse.
    pub pulse: Option<String>,
    /// Whether edits and logged actions are collected.
    #[serde(default)]
    pub contributions: bool,
    /// Which answers are kept, if not as the section `privacy` says.
    pub keep_answers: Option<KeepAnswers>,
}

/// Section `privacy`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Patterns of preferences that are kept as a hash.
    pub redact: Vec<String>,
    /// What is kept of the e-mail address.
    pub email: EmailPrivacy,
    /// Which answers are kept.
    pub keep_answers: KeepAnswers,
}

/// Section `daemon`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Daemon {
    /// Longest random delay of a run.
    pub jitter_minutes: u32,
    /// Whether one missed run is made up for at start.
    pub catch_up: bool,
    /// How old an interrupted run may be to be resumed.
    pub resume_hours: u32,
    /// Where the daemon writes a page a user; empty: nowhere.
    pub report_directory: PathBuf,
}

/// Section `metrics`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// A file for the textfile collector; empty for none.
    pub file: PathBuf,
    /// Where Prometheus may ask, on loopback; nowhere if empty.
    #[serde(deserialize_with = "loopback")]
    pub listen: Option<SocketAddr>,
}

/// Section `retention`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// How long the ledger is kept.
    pub requests_days: u32,
    /// How long answers are kept; 0: for ever.
    pub answers_days: u32,
}

/// The configuration is wrong; the text says where and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Settings {
    /// Reads the defaults, then the file if there is one, then the environment.
    pub fn read(file: Option<&Path>, variables: &Variables) -> Result<Self, ConfigError> {
        let mut layers = config::Config::builder()
            .add_source(config::File::from_str(DEFAULT, config::FileFormat::Toml));
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| ConfigError(format!("cannot read {}: {error}", path.display())))?;
            keys::check_file(path, &text)?;
            layers = layers.add_source(config::File::from_str(&text, config::FileFormat::Toml));
        }
        for (key, value) in keys::from_environment(variables)? {
            let overridden = if keys::LISTS.contains(&key.as_str()) {
                let items: Vec<&str> = value.split(',').map(str::trim).collect();
                layers.set_override(&key, items)
            } else {
                layers.set_override(&key, value)
            };
            layers = overridden.map_err(|error| ConfigError(error.to_string()))?;
        }
        let origin = file.map_or_else(
            || "the environment".into(),
            |path| path.display().to_string(),
        );
        let wrong = |error: config::ConfigError| ConfigError(format!("{origin}: {error}"));
        let mut settings: Self = layers
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(wrong)?;
        settings.file = file.map(Path::to_owned);
        settings.check(&origin)?;
        Ok(settings)
    }

    /// The user whom a command means: the one named, or the only one there is.
    pub fn user(&self, name: Option<&str>) -> Result<&User, ConfigError> {
        let names = || {
            let names: Vec<&str> = self.users.iter().map(|user| user.name.as_str()).collect();
            names.join(", ")
        };
        match (name, self.users.as_slice()) {
            (None, [user]) => Ok(user),
            (None, []) => Err(ConfigError(
                "no user is configured: add a [[user]] section (`sultrail init` writes an example), \
                 or name one with --user for the public view"
                    .into(),
            )),
            (None, _) => Err(ConfigError(format!(
                "several users are configured; say which with --user: {}",
                names()
            ))),
            (Some(name), users) => users
                .iter()
                .find(|user| same_name(&user.name, name))
                .ok_or_else(|| {
                    ConfigError(format!("no user {name:?} is configured; there is: {}", names()))
                }),
        }
    }

    fn check(&self, origin: &str) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError(format!("{origin}: {what}")));
        for user in &self.users {
            let name = &user.name;
            if name.trim().is_empty() {
                return wrong("user.name is empty".into());
            }
            let has_credential = user.credential_file.is_some() || user.credential.is_some();
            if user.auth == CredentialKind::None && has_credential {
                return wrong(format!(
                    "user {name:?} has auth = \"none\" and a credential: which?"
                ));
            }
            if user.auth != CredentialKind::None && !has_credential {
                return wrong(format!(
                    "user {name:?} needs credential_file (or credential under systemd); \
                     auth = \"none\" takes the public view without one"
                ));
            }
        }
        for (i, user) in self.users.iter().enumerate() {
            if self.users[..i]
                .iter()
                .any(|other| same_name(&other.name, &user.name))
            {
                return wrong(format!("user {:?} is configured twice", user.name));
            }
        }
        if !(1..=3).contains(&self.pace.max_in_flight) {
            return wrong("pace.max_in_flight: the servers allow 1 to 3".into());
        }
        let file = &self.metrics.file;
        let is_collected = file.is_absolute() && file.extension().is_some_and(|end| end == "prom");
        if !file.as_os_str().is_empty() && !is_collected {
            return wrong(format!(
                "metrics.file: {} is not an absolute path that ends in .prom, which is all that \
                 node_exporter reads",
                file.display()
            ));
        }
        // Longer makes no sense, and time can be reckoned with whatever the number.
        for (key, number, most, meaning) in [
            (
                "retention.requests_days",
                self.retention.requests_days,
                36_500,
                "a hundred years",
            ),
            (
                "retention.answers_days",
                self.retention.answers_days,
                36_500,
                "a hundred years",
            ),
            (
                "daemon.resume_hours",
                self.daemon.resume_hours,
                8_760,
                "a year",
            ),
            (
                "daemon.jitter_minutes",
                self.daemon.jitter_minutes,
                1_440,
                "a day",
            ),
        ] {
            if number > most {
                return wrong(format!(
                    "{key}: {number} is too much; {most} ({meaning}) is the most"
                ));
            }
        }
        Ok(())
    }
}

fn credential_kind<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<CredentialKind, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

/// An address of this machine: whoever else may not ask.
fn loopback<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let address: Option<SocketAddr> = text.parse().ok();
    match address.filter(|address| address.ip().is_loopback() && address.port() > 0) {
        Some(address) => Ok(Some(address)),
        None => Err(serde::de::Error::custom(format!(
            "metrics.listen: {text:?} is not an address and a port of this machine, such as \
             \"127.0.0.1:9618\" or \"[::1]:9618\""
        ))),
    }
}
