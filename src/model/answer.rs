//! What a wiki answered, as it is kept for those who want to be shown.

use chrono::{DateTime, Utc};

/// Which answers are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeepAnswers {
    /// None.
    #[default]
    None,
    /// Those in which an account was first seen, or had changed.
    Changed,
    /// All that led to a snapshot.
    All,
}

/// An answer and the request that brought it, without the credential and without what was cut out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// What was asked for.
    pub purpose: String,
    /// The address that was asked, question and all.
    pub url: String,
    /// The headers that were sent, but for those with credentials.
    pub request_headers: Vec<(String, String)>,
    /// The HTTP status.
    pub status: u16,
    /// The headers that came back, but for cookies and what tells where we are.
    pub headers: Vec<(String, String)>,
    /// The body, unpacked; byte for byte what came but for what was cut out.
    pub body: Vec<u8>,
    /// Where something was cut out, as paths in the JSON.
    pub cut: Vec<String>,
    /// When the last byte was read.
    pub received_at: DateTime<Utc>,
}
