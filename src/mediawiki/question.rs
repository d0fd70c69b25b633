//! What is asked, what came back, and what it took. Plain values.

use std::{borrow::Cow, fmt, time::Duration};

use chrono::{DateTime, Utc};

use super::Failure;
use crate::model::Request;

/// One question to the API of one wiki: one answer, one or more requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// The parameters that make the question; the client adds those that every question has.
    /// `action=query` may be left out.
    pub parameters: Vec<(&'a str, Cow<'a, str>)>,
    /// How long one request may take from the first byte sent to the last byte read.
    pub total_time: Duration,
    /// Leaves out `maxlag`: the last try on a wiki whose lag never ends.
    pub without_maxlag: bool,
    /// Asks as nobody, without the credential: for what everybody may see when it is refused.
    pub as_nobody: bool,
}

impl<'a> Question<'a> {
    /// A question with the time that its purpose usually needs.
    pub fn new(purpose: Purpose, parameters: Vec<(&'a str, Cow<'a, str>)>) -> Self {
        Self {
            purpose,
            parameters,
            total_time: purpose.total_time(),
            without_maxlag: false,
            as_nobody: false,
        }
    }
}

/// What a request is for. The names are those of the column `purpose` of the view `requests`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The global account and everything attached to it.
    Enumeration,
    /// One account on one wiki.
    Account,
    /// Log entries.
    Log,
    /// The preferences set for all wikis.
    GlobalPreferences,
    /// Lock, name and global groups, cheaply.
    GlobalUsers,
    /// Whether a rename is going on.
    RenameStatus,
    /// What a wiki is and what its defaults are.
    SiteInfo,
    /// Edits.
    Contributions,
    /// Logging in with a bot password.
    Login,
}

impl Purpose {
    /// The name in the database and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enumeration => "globaluserinfo",
            Self::Account => "userinfo",
            Self::Log => "logevents",
            Self::GlobalPreferences => "globalpreferences",
            Self::GlobalUsers => "globalusers",
            Self::RenameStatus => "globalrenamestatus",
            Self::SiteInfo => "siteinfo",
            Self::Contributions => "usercontribs",
            Self::Login => "login",
        }
    }

    /// The enumeration reads several tables for each attached wiki (T410878, T401701) and gets
    /// 90 s; the servers give up on anything after 53 s, and everything else answers in under one.
    pub(super) fn total_time(self) -> Duration {
        match self {
            Self::Enumeration => Duration::from_secs(90),
            _ => Duration::from_secs(30),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of a question, and every request that was made for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The answer, or what to do without one.
    pub answer: Result<Answer, Failure>,
    /// Every HTTP request made, in order: failed tries and logins too.
    pub requests: Vec<RequestRecord>,
}

/// An answer that is whole and no error. Whose account it is about is for the reader to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// JSON text (UTF-8) of an object; came with status 200 and the type of JSON.
    pub body: Vec<u8>,
    /// When the last byte was read.
    pub received_at: DateTime<Utc>,
    /// The address that was asked, question and all; no credential is ever in it.
    pub url: String,
    /// The headers that were sent, but for those with credentials.
    pub request_headers: Vec<(String, String)>,
    /// The HTTP status.
    pub status: u16,
    /// The headers that came back, but for cookies and what tells where we are.
    pub headers: Vec<(String, String)>,
}

/// One HTTP request, for the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// The host asked, without port.
    pub host: String,
    /// What it was for.
    pub purpose: Purpose,
    /// The HTTP status; `None` if no answer came.
    pub status: Option<u16>,
    /// From sending to the last byte read, in milliseconds.
    pub duration_ms: u64,
    /// Bytes of the body read, after decompression.
    pub bytes: u64,
    /// The how-manieth request for the same question: 1, 2, …
    pub attempt: u32,
    /// How long it waited to be sent, in milliseconds: pace, pauses, back-off.
    pub waited_ms: u64,
}

impl From<RequestRecord> for Request {
    fn from(record: RequestRecord) -> Self {
        Self {
            sent_at: record.sent_at,
            host: record.host,
            purpose: record.purpose.as_str(),
            status: record.status,
            duration_ms: record.duration_ms,
            bytes: record.bytes,
            attempt: record.attempt,
            waited_ms: record.waited_ms,
        }
    }
}
