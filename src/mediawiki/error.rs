//! What went wrong, as what the caller may do about it.

use std::fmt;

use chrono::{DateTime, Utc};

/// Longest text kept of what a server says about an error, in characters.
const SERVER_TEXT: usize = 200;

/// Why a question has no answer. Each variant is something that the caller does differently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing is known about this wiki in this run; go on with the others.
    #[error("{0}")]
    SkipWiki(Reason),
    /// The wikis refuse the credential, or it is another account's: ask no wiki any more with it.
    #[error("{0}")]
    StopAccount(Reason),
    /// The servers refuse this program as it is set up: ask nobody anything.
    #[error("{0}")]
    StopRun(Reason),
    /// The servers want to be left alone for longer than a run waits: the accounts left wait for
    /// the next run, and that one must not ask before the given instant.
    #[error("{reason}")]
    Deferred {
        /// The earliest next request.
        until: DateTime<Utc>,
        /// Why.
        reason: Reason,
    },
    /// The wiki's databases lag: ask once more at the end of the run, without `maxlag`.
    #[error("{0}")]
    AskAgainLater(Reason),
    /// The caller's token was cancelled.
    #[error("stopped before the wiki answered")]
    Stopped,
}

impl Failure {
    /// The error code of MediaWiki's API behind it, such as `invaliduserid`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::SkipWiki(reason)
            | Self::StopAccount(reason)
            | Self::StopRun(reason)
            | Self::Deferred { reason, .. }
            | Self::AskAgainLater(reason) => reason.code(),
            Self::Stopped => None,
        }
    }
}

/// What is wrong, why it usually happens and what helps, in one line without control characters,
/// URLs or secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    text: String,
    code: Option<String>,
}

impl Reason {
    /// The error code of MediaWiki's API behind it.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    pub(super) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { text, code: None }
    }

    pub(super) fn with_code(mut self, code: &str) -> Self {
        self.code = Some(one_line(code));
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is wrong with one try, and what is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) decision: Decision,
    pub(super) reason: Reason,
}

impl Trouble {
    pub(super) fn new(decision: Decision, text: impl Into<String>) -> Self {
        let reason = Reason::new(text);
        Self { decision, reason }
    }
}

/// What one answer, or its absence, asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Ask again at once, after making something new.
    Renew(Renewal),
    /// Ask again after a while.
    AskLater,
    /// The account has asked too much: all its requests wait.
    Throttled(RetryAfter),
    /// The servers cannot answer: all requests of the account wait.
    Unavailable(RetryAfter),
    /// This wiki's databases lag: only its own questions wait.
    Lagged(RetryAfter),
    /// Leave this wiki alone.
    SkipWiki,
    /// Leave all wikis alone with this credential.
    StopAccount,
    /// Leave all wikis alone.
    StopRun,
}

/// What has to be made new before asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    /// The nonce of the signature; each request gets a new one anyway.
    Nonce,
    /// The cookies of the account.
    Cookies,
    /// The session on this wiki.
    Login,
}

/// How long the servers want to be left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryAfter {
    /// So long that a run waits.
    Wait(std::time::Duration),
    /// So long, or so strangely short, that the next run is a better time.
    Defer(std::time::Duration),
}

/// Text from a server as part of a reason: one line, not too long, nothing that moves a cursor.
pub(super) fn one_line(text: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().map(printable).take(SERVER_TEXT + 1).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SERVER_TEXT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
