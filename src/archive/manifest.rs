//! `manifest.json`: what is in the folder, as of when, and the digest of every file.

use serde::{Deserialize, Serialize};

use crate::store::{AsOf, Owner, Unreadable};

/// What an export calls itself.
pub(super) const FORMAT: &str = "sultrail-export";

/// The version of the folder's layout. A change of any file's shape is another version.
pub(super) const VERSION: u32 = 1;

/// What is in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are explained in schemas/")]
pub struct Manifest {
    pub format: String,
    pub version: u32,
    pub contents: Contents,
    pub program: Program,
    pub user: Owner,
    pub as_of: AsOf,
    pub runs: Runs,
    pub revealed: bool,
    pub coverage: Coverage,
    pub files: Vec<FileEntry>,
}

/// Which of its kinds an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contents {
    /// What the user was at a point in time.
    State,
    /// That, and everything that led to it: it can be imported.
    History,
    /// Editor objects of Wikimedia Enterprise.
    Enterprise,
    /// The views of the database, as Parquet files.
    Parquet,
}

/// What wrote the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    pub name: String,
    pub version: String,
    pub schema: i64,
}

/// Which runs the folder tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runs {
    pub first: i64,
    pub last: i64,
    pub count: u64,
}

/// What could be read and what could not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    pub accounts: u64,
    pub unreadable: Vec<Unreadable>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are explained in schemas/")]
pub struct FileEntry {
    pub path: String,
    pub lines: u64,
    pub bytes: u64,
    pub sha256: String,
}
