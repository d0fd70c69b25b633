//! What can be wrong with the database, as what the user may do about it.

use std::path::PathBuf;

/// The database could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such file.
    #[error(
        "there is no database at {0}; `sultrail snapshot` creates it, or name another with --database"
    )]
    Missing(PathBuf),
    /// The file is something else.
    #[error("{0} is not a sultrail database; it was left as it is. Name another with --database")]
    Foreign(PathBuf),
    /// The file was written by a newer program.
    #[error(
        "{path} was written by a newer sultrail (schema {found}, this program knows up to {known}); \
         it was left as it is. Install the newer version again"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema it has.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// Another run writes.
    #[error("another run is writing to {0}; try again when it has ended")]
    Busy(PathBuf),
    /// A library with a known defect.
    #[error("SQLite {0} can corrupt a database (fixed in 3.51.3); build with the bundled one")]
    Unsafe(String),
    /// The disk is full.
    #[error(
        "no space left to write {0}; what was recorded before is safe. Make room and run again: \
         it goes on where it stopped"
    )]
    Full(PathBuf),
    /// The file system refuses.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// What is asked for is not in the database.
    #[error("{0}")]
    NotFound(String),
    /// Everything else that SQLite says.
    #[error("the database {path} cannot be used: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
}

/// `SQLITE_FULL`, and `SQLITE_IOERR_SHMSIZE`, which a disk that is full to the last byte answers.
const FULL: [&str; 2] = ["13", "4874"];

impl StoreError {
    pub(super) fn from_sqlx(path: &std::path::Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        let code = source
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        match code.as_deref() {
            Some(code) if FULL.contains(&code) => Self::Full(path),
            // SQLITE_NOTADB: the file has our mark and yet is none.
            Some("26") => Self::Foreign(path),
            _ => Self::Sqlite { path, source },
        }
    }

    pub(super) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return Self::Full(path.to_owned());
        }
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
