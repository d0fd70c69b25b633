//! A wiki, by the name of its database.

use std::{fmt, str::FromStr};

/// A wiki ID: the name of the wiki's database, such as `enwiki`.
///
/// Letters, digits, `_` and `-`, at most 64 of them. The word `global` stands for the global account
/// and is never the ID of a wiki that is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WikiId(String);

impl WikiId {
    /// What stands for the global account wherever an account of one wiki is named.
    pub const GLOBAL: &'static str = "global";

    /// The ID that stands for the global account.
    pub fn global() -> Self {
        Self(Self::GLOBAL.to_owned())
    }

    /// The ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for the global account.
    pub fn is_global(&self) -> bool {
        self.0 == Self::GLOBAL
    }
}

impl FromStr for WikiId {
    type Err = ParseWikiIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if text.is_empty() || text.len() > 64 || !text.chars().all(allowed) {
            return Err(ParseWikiIdError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for WikiId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text cannot be the name of a wiki's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a wiki ID: one to 64 letters, digits, '_' or '-', such as enwiki")]
pub struct ParseWikiIdError;
