//! One cookie jar an account and way to log in, kept across runs.
//!
//! With OAuth only `sessionJwt` is kept: it gives the account its own rate class, and nothing else
//! may stand beside a token (a `*_BPsession` does not: HTTP 400). Cookies belong to the host that
//! set them; one with a `Domain` is not kept. Without login nothing is.

use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use cookie::Cookie;
use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use serde::{Deserialize, Serialize};

use super::{Api, CredentialKind};

/// How much time may pass before new cookies are on disk: a kill costs that many logins.
const SAVE_EVERY: Duration = Duration::from_secs(30);
/// More than any wiki sets; a hostile one cannot fill the file.
const COOKIES_PER_HOST: usize = 20;
const COOKIE_LENGTH: usize = 4096;

/// The cookies of one account.
#[derive(Debug)]
pub(super) struct CookieJar {
    kind: CredentialKind,
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    hosts: Hosts,
    dirty: bool,
    saved_at: Duration,
}

type Hosts = BTreeMap<String, BTreeMap<String, Kept>>;

#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    value: String,
    /// Without it the cookie is the session's, and is kept as long as the server takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    secure: bool,
}

impl CookieJar {
    /// The jar in this file; an empty one if there is none yet, or it cannot be read: a lost jar
    /// costs a login.
    pub(super) fn open(kind: CredentialKind, file: Option<PathBuf>) -> Self {
        let hosts = match &file {
            Some(file) if kind != CredentialKind::None => load(file, kind),
            _ => Hosts::new(),
        };
        let state = State {
            hosts,
            ..State::default()
        };
        Self {
            kind,
            file,
            state: Mutex::new(state),
        }
    }

    /// The value of the header `Cookie` for one request.
    pub(super) fn header(&self, api: &Api, now: DateTime<Utc>) -> Option<HeaderValue> {
        let state = self.state();
        let encrypted = api.url().scheme() == "https";
        let line = state
            .hosts
            .get(api.host())?
            .iter()
            .filter(|(_, kept)| kept.is_alive(now) && (encrypted || !kept.secure))
            .map(|(name, kept)| format!("{name}={}", kept.value))
            .collect::<Vec<_>>()
            .join("; ");
        if line.is_empty() {
            return None;
        }
        let mut value = HeaderValue::from_str(&line).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Whether there is a session of a bot password.
    pub(super) fn has_bot_session(&self, api: &Api, now: DateTime<Utc>) -> bool {
        let state = self.state();
        let of_host = state.hosts.get(api.host());
        of_host.is_some_and(|cookies| {
            let alive = |(name, kept): (&String, &Kept)| is_bot_session(name) && kept.is_alive(now);
            cookies.iter().any(alive)
        })
    }

    /// Keeps what an answer sets.
    pub(super) fn keep(&self, api: &Api, headers: &HeaderMap, now: DateTime<Utc>) {
        if self.kind == CredentialKind::None {
            return;
        }
        let mut state = self.state();
        for header in headers.get_all(SET_COOKIE) {
            let Ok(text) = header.to_str() else { continue };
            let Ok(cookie) = Cookie::parse(text) else {
                continue;
            };
            if cookie.domain().is_some() || !is_kept(self.kind, cookie.name()) {
                continue;
            }
            let cookies = state.hosts.entry(api.host().to_owned()).or_default();
            let changed = match Kept::new(&cookie, now) {
                None => cookies.remove(cookie.name()).is_some(),
                Some(kept)
                    if cookies.len() < COOKIES_PER_HOST || cookies.contains_key(cookie.name()) =>
                {
                    cookies.insert(cookie.name().to_owned(), kept);
                    true
                }
                Some(_) => false,
            };
            state.dirty |= changed;
        }
    }

    /// Forgets the cookies of one wiki.
    pub(super) fn forget_host(&self, api: &Api) {
        let mut state = self.state();
        state.dirty |= state.hosts.remove(api.host()).is_some();
    }

    /// Forgets all cookies.
    pub(super) fn forget_all(&self) {
        let mut state = self.state();
        state.dirty |= !state.hosts.is_empty();
        state.hosts.clear();
    }

    /// Writes the file if something is new and the last time was a while ago.
    pub(super) fn save_now_and_then(&self, elapsed: Duration) -> io::Result<()> {
        let due = {
            let mut state = self.state();
            let due = elapsed >= state.saved_at + SAVE_EVERY;
            if due {
                state.saved_at = elapsed;
            }
            due
        };
        if due { self.save() } else { Ok(()) }
    }

    /// Writes the file if something is new: whole or not at all, for the owner only.
    pub(super) fn save(&self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let mut state = self.state();
        if !state.dirty {
            return Ok(());
        }
        let text = serde_json::to_vec_pretty(&state.hosts)?;
        write_whole(file, &text)?;
        state.dirty = false;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CookieJar {
    fn drop(&mut self) {
        if let Err(error) = self.save() {
            tracing::warn!("the cookies could not be kept; the next run logs in again: {error}");
        }
    }
}

impl Kept {
    /// What is kept of a cookie; nothing if it is to be deleted.
    fn new(cookie: &Cookie<'_>, now: DateTime<Utc>) -> Option<Self> {
        let expires_at = match (cookie.max_age(), cookie.expires_datetime()) {
            (Some(age), _) => now
                .checked_add_signed(TimeDelta::try_seconds(age.whole_seconds())?)
                .map(|at| at.timestamp()),
            (None, Some(at)) => Some(at.unix_timestamp()),
            (None, None) => None,
        };
        let kept = Self {
            value: cookie.value().to_owned(),
            expires_at,
            secure: cookie.secure().unwrap_or(false),
        };
        let sendable = kept.value.bytes().all(|byte| byte.is_ascii_graphic());
        let usable = kept.is_alive(now) && sendable && kept.value.len() <= COOKIE_LENGTH;
        (usable && !kept.value.is_empty() && kept.value != "deleted").then_some(kept)
    }

    fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|at| at > now.timestamp())
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

fn is_kept(kind: CredentialKind, name: &str) -> bool {
    match kind {
        CredentialKind::None => false,
        CredentialKind::OAuth1 | CredentialKind::OAuth2 => name == "sessionJwt",
        CredentialKind::BotPassword => true,
    }
}

fn is_bot_session(name: &str) -> bool {
    name.ends_with("BPsession")
}

fn load(file: &Path, kind: CredentialKind) -> Hosts {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Hosts::new(),
        Err(error) => {
            tracing::warn!(%error, file = %file.display(), "the kept cookies cannot be read");
            return Hosts::new();
        }
    };
    let mut hosts: Hosts = serde_json::from_slice(&text).unwrap_or_else(|_| {
        tracing::warn!(file = %file.display(), "the file of kept cookies is damaged: starting anew");
        Hosts::new()
    });
    for cookies in hosts.values_mut() {
        cookies.retain(|name, _| is_kept(kind, name));
    }
    hosts
}

fn write_whole(file: &Path, text: &[u8]) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(&new)?.write_all(text)?;
    fs::rename(&new, file)
}

#[cfg(test)]
mod tests;
