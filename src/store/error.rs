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
    /// The file or its directory cannot be written.
    #[error(
        "{0} and its directory have to be writable, even to read, since SQLite keeps a log beside the \
         file: is the disk read-only, or does the file belong to somebody else?"
    )]
    ReadOnly(PathBuf),
    /// Another program writes, and does not come to an end.
    #[error("another program holds {0} (a transaction in `sqlite3`?); end it, or try again later")]
    Locked(PathBuf),
    /// Another program reads, so the log cannot be emptied.
    #[error(
        "another program reads {0} (an open `sqlite3`?), so what was erased is still in its files; \
         end it, and do the same again to see that nothing is left"
    )]
    InUse(PathBuf),
    /// The file is not the one that was opened.
    #[error(
        "{0} was deleted or replaced while it was written to; the run stopped. If it comes back, the \
         next run goes on with it"
    )]
    Replaced(PathBuf),
    /// The database was there when the daemon began, and is not any more.
    #[error(
        "{0} is gone; it was there before. Bring it back (a disk that is not mounted? a backup?), or \
         begin a new history with `sultrail init`"
    )]
    Gone(PathBuf),
    /// A log without its database.
    #[error(
        "there is no database at {0}, but its log {0}-wal: bring the database back, or remove the log \
         to begin a new history"
    )]
    OnlyLog(PathBuf),
    /// A database without a log, and a log.
    #[error(
        "{0} is the log of a database that was there before, not of the one there now: end every \
         sultrail and sqlite3, then remove it"
    )]
    StrayLog(PathBuf),
    /// There is a file where a new one was to be.
    #[error("{0} is there already and was left as it is; name another file")]
    Exists(PathBuf),
    /// A copy that is not good.
    #[error("the copy for {path} is not good and was removed: {fault}")]
    BadCopy {
        /// Where it was to be.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
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
    /// What is to be restored contradicts itself.
    #[error("the export contradicts itself: {0}")]
    Inconsistent(String),
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

/// `SQLITE_BUSY`, also while the log is taken over from a program that was killed, or emptied.
const LOCKED: [&str; 3] = ["5", "261", "517"];

/// `SQLITE_READONLY` and `SQLITE_CANTOPEN`, whatever the reason behind.
fn is_read_only(code: &str) -> bool {
    let primary = code.parse::<i32>().map(|code| code & 0xff);
    matches!(primary, Ok(8 | 14))
}

impl StoreError {
    pub(super) fn from_sqlx(path: &std::path::Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        let code = source
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        match code.as_deref() {
            Some(code) if FULL.contains(&code) => Self::Full(path),
            Some(code) if LOCKED.contains(&code) => Self::Locked(path),
            Some(code) if is_read_only(code) => Self::ReadOnly(path),
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
