//! What can be wrong with a folder, as what the user may do about it.

use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// The folder could not be written, or what is in it could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something is there already.
    #[error("{0} is there already and is not an empty directory; name another")]
    Taken(PathBuf),
    /// Another program writes.
    #[error("another export to {0} is under way; try again when it has ended")]
    Busy(PathBuf),
    /// This program was built without Parquet.
    #[error(
        "this sultrail was built without Parquet. `cargo install --locked --features parquet sultrail` builds one \
         that has it; and what reads Parquet mostly reads the JSON Lines of `--format folder` too"
    )]
    NoParquet,
    /// Two users have the same name.
    #[error(
        "two users of this database are called {0}, on different farms, and its views cannot tell them apart; \
         take another format"
    )]
    Namesake(String),
    /// Whatever the file system says.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The folder is not what an export is.
    #[error("{path}: {why}")]
    Refused {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl ArchiveError {
    pub(super) fn io(path: &Path) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io {
            path: path.clone(),
            source,
        }
    }

    pub(super) fn refused(path: &Path, why: impl Into<String>) -> Self {
        let (path, why) = (path.to_owned(), why.into());
        Self::Refused { path, why }
    }
}
