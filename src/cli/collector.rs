//! From the configuration to a collector: whom to ask, how fast, with which credential.

use std::{path::PathBuf, sync::Arc};

use chrono::TimeDelta;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use tokio_util::sync::CancellationToken;

use super::{
    Context,
    exit::{Exit, Trouble},
};
use crate::{
    clock::Clock,
    collect::{Collector, View},
    config::{self, Pace, Places, RequestsPerMinute, Settings, User, Variables},
    mediawiki::{
        AllowedHosts, Answer, Api, Client, ClientOptions, Credential, CredentialKind, PaceOptions,
        Question, Rate, Redaction, Timeouts, check_contact,
    },
    store::Store,
};

/// Whose accounts are meant, as the command line says.
pub(super) struct Whose<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) contact: Option<&'a str>,
}

/// Everything a collector needs but the database. All of it has been checked.
#[derive(Clone)]
pub(super) struct Plan<'a> {
    settings: &'a Settings,
    user: User,
    contact: String,
    credential: Credential,
    hosts: AllowedHosts,
}

/// Checks the configuration of one user. Without any user configured, a name on the command line
/// means the public view.
pub(super) fn plan<'a>(
    settings: &'a Settings,
    whose: &Whose<'_>,
    variables: &Variables,
) -> Result<Plan<'a>, Trouble> {
    let user = match (whose.name, settings.users.is_empty()) {
        (Some(name), true) => public(name),
        (name, _) => settings.user(name)?.clone(),
    };
    let contact = whose.contact.unwrap_or(&settings.contact).to_owned();
    let wrong = |text: String| Trouble::new(Exit::Configuration, text);
    check_contact(&contact).map_err(|error| wrong(error.to_string()))?;
    let hosts = hosts(settings)?;
    let credential = credential(settings, &user, variables)?;
    Ok(Plan {
        settings,
        user,
        contact,
        credential,
        hosts,
    })
}

/// Who may be asked.
fn hosts(settings: &Settings) -> Result<AllowedHosts, Trouble> {
    let farm = &settings.farm;
    AllowedHosts::new(&farm.hosts, &farm.central_api, farm.insecure_http)
        .map_err(|error| Trouble::new(Exit::Configuration, format!("section farm: {error}")))
}

/// The central wiki's address as the database knows it.
pub(super) fn central_url(settings: &Settings) -> Result<String, Trouble> {
    Ok(hosts(settings)?.central().url().to_string())
}

impl Plan<'_> {
    /// The central wiki.
    pub(super) fn central(&self) -> Api {
        self.hosts.central().clone()
    }

    pub(super) fn hosts(&self) -> &AllowedHosts {
        &self.hosts
    }

    pub(super) fn user_name(&self) -> &str {
        &self.user.name
    }

    /// At most so many requests of a run are for contributions, where they are collected.
    pub(super) fn contribution_requests(&self) -> Option<u32> {
        let most = self.settings.pace.contribution_requests;
        self.user.contributions.then_some(most)
    }

    pub(super) fn auth(&self) -> CredentialKind {
        self.user.auth
    }

    /// The same accounts, seen by nobody in particular.
    pub(super) fn public_view(&self) -> Self {
        let mut plan = self.clone();
        plan.user.auth = CredentialKind::None;
        plan.credential = Credential::None;
        plan
    }

    /// Asks the central wiki one question outside of any run. What earlier runs were told holds here
    /// too: a bot password that was refused is not tried again, and a pause is kept.
    pub(super) async fn ask_once(
        self,
        context: &Context<'_>,
        question: &Question<'_>,
    ) -> Result<Answer, Trouble> {
        let (central, name) = (self.central(), self.user.name.clone());
        let (auth, fingerprint) = (self.user.auth, self.credential.fingerprint());
        let client = self.client(&context.world.clock, None)?;
        let path = context.database();
        if path.exists() {
            let store = Store::open_to_read(&path).await?;
            if let Some(user) = store.user(central.url().as_str(), &name).await? {
                let refused = store.refused_credential(user.id).await?;
                if auth != CredentialKind::None && refused.as_ref() == Some(&fingerprint) {
                    let text = "this bot password was refused before and is not tried again, since \
                                wrong tries lock the account: make a new one on \
                                Special:BotPasswords";
                    return Err(Trouble::new(Exit::Refused, text));
                }
                if let Some(until) = store.paused_until(user.id).await? {
                    client.pace().pause_until(until);
                }
            }
            store.close().await;
        }
        let reply = client
            .ask(&central, question, &CancellationToken::new())
            .await;
        context.keep_requests(reply.requests).await?;
        let paused_until = client.pace().paused_until();
        let is_refused = client.login_refused().is_some();
        if path.exists() && (is_refused || paused_until.is_some()) {
            let store = Store::open_as_it_is(&path).await?;
            let user = store.user_or_new(central.url().as_str(), &name).await?;
            if is_refused {
                store.record_refusal(user.id, &fingerprint).await?;
            }
            if let Some(until) = paused_until {
                store.record_pause(user.id, until).await?;
            }
            store.close().await;
        }
        Ok(reply.answer?)
    }

    /// The way to the wikis. Cookies are kept beside a database, if one is given.
    pub(super) fn client(self, clock: &Clock, store: Option<&Store>) -> Result<Client, Trouble> {
        let pace = &self.settings.pace;
        let options = ClientOptions {
            contact: self.contact,
            cookie_file: store.and_then(|store| cookie_file(store, &self.user)),
            credential: self.credential,
            hosts: self.hosts,
            pace: pace_options(pace),
            maxlag_seconds: pace.maxlag_seconds,
            clock: clock.clone(),
            timeouts: Timeouts::default(),
            jitter_seed: None,
        };
        Client::new(options)
            .map_err(|error| Trouble::new(Exit::Configuration, format!("{error:#}")))
    }

    pub(super) async fn collector(self, store: Store, clock: &Clock) -> Result<Collector, Trouble> {
        let settings = self.settings;
        let privacy = &settings.privacy;
        let key = store.hash_key().await?;
        let redaction = Redaction::new(key, privacy.redact.clone(), privacy.email);
        let view = if self.user.auth == CredentialKind::None {
            View::Public
        } else {
            View::Own
        };
        Ok(Collector {
            clock: clock.clone(),
            redaction: Arc::new(redaction),
            hosts: self.hosts.clone(),
            user_name: self.user.name.clone(),
            fingerprint: self.credential.fingerprint(),
            view,
            max_in_flight: settings.pace.max_in_flight as usize,
            resume_within: TimeDelta::hours(settings.daemon.resume_hours.into()),
            keep_requests: TimeDelta::days(settings.retention.requests_days.into()),
            contributions: self.contribution_requests(),
            keep_answers: self.user.keep_answers.unwrap_or(privacy.keep_answers),
            keep_answers_for: Some(settings.retention.answers_days)
                .filter(|days| *days > 0)
                .map(|days| TimeDelta::days(days.into())),
            client: Arc::new(self.client(clock, Some(&store))?),
            store,
        })
    }
}

/// The public view of an account.
fn public(name: &str) -> User {
    User {
        name: name.to_owned(),
        auth: CredentialKind::None,
        credential_file: None,
        credential: None,
        schedule: None,
        pulse: None,
        contributions: false,
        keep_answers: None,
    }
}

fn credential(
    settings: &Settings,
    user: &User,
    variables: &Variables,
) -> Result<Credential, Trouble> {
    if user.auth == CredentialKind::None {
        return Ok(Credential::None);
    }
    let text = config::read_credential(settings, user, &Places::new(variables))?;
    Credential::parse(user.auth, text.expose_secret()).map_err(|error| {
        let text = format!("the credential of {:?}: {error}", user.name);
        Trouble::new(Exit::Configuration, text)
    })
}

fn pace_options(pace: &Pace) -> PaceOptions {
    let rate = match pace.requests_per_minute {
        RequestsPerMinute::Auto => Rate::Auto,
        RequestsPerMinute::Fixed(number) => Rate::PerMinute(number),
    };
    PaceOptions {
        rate,
        max_in_flight: pace.max_in_flight,
        ..PaceOptions::default()
    }
}

/// Cookies are kept beside the database: one file for each user and way to log in, since jars must
/// never be mixed. The name is a hash: a user name may hold anything.
fn cookie_file(store: &Store, user: &User) -> Option<PathBuf> {
    (user.auth != CredentialKind::None).then(|| cookies(store, &user.name, user.auth))
}

/// All that may be there for a user of this name.
pub(super) fn cookie_files(store: &Store, name: &str) -> impl Iterator<Item = PathBuf> {
    let kinds = CredentialKind::ALL.into_iter();
    kinds.map(move |kind| cookies(store, name, kind))
}

fn cookies(store: &Store, name: &str, kind: CredentialKind) -> PathBuf {
    let mut path = store.path().as_os_str().to_owned();
    let name = stable_hash(&[name.as_bytes()]);
    path.push(format!(".{name:016x}.{kind}.cookies"));
    path.into()
}

/// The same for the same parts, whichever compiler built the program.
pub(super) fn stable_hash(parts: &[&[u8]]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let bytes = digest.first_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(bytes)
}
