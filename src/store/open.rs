//! Opening the file: created privately and whole, refused untouched if it is not ours.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Store, StoreError,
    files::{Files, Opened, beside, unless_open},
};

/// "sult", as `migrations/` sets it; bytes 68 to 71 of the file.
const APPLICATION_ID: [u8; 4] = *b"sult";

/// 3.51.3 mended a defect of the write-ahead log that can corrupt a database.
const SAFE_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// How long to wait for somebody else's lock, such as a `sqlite3` shell in a transaction: whoever holds
/// the database for a minute only delays us.
const BUSY_TIMEOUT: Duration = Duration::from_secs(90);

/// SQLite works in a thread of its own, which sleeps when so many rows wait for us: every row of a long
/// answer would wake two threads with the 50 that are usual.
const ROW_BUFFER: usize = 1_000;

impl Store {
    /// Opens the file to write, creates it if there is none, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let path = absolute(path)?;
        if !is_ours(&path)? {
            create(&path).await?;
        }
        let mut store = Self::connect(&path, false).await?;
        store.upgrade().await?;
        store.files = Some(Files::of(&path));
        Ok(store)
    }

    /// Opens an existing file to write into tables that every schema has, and leaves its schema as it
    /// is.
    pub async fn open_as_it_is(path: &Path) -> Result<Self, StoreError> {
        Self::open_existing(path, false).await
    }

    /// Opens an existing file to read. One of an earlier program is read as if it were of ours, and
    /// left as it is.
    pub async fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let store = Self::open_existing(path, true).await?;
        if store.is_of_earlier_program().await? {
            return store.copy_up_to_date().await;
        }
        Ok(store)
    }

    /// Opens an existing file to copy it.
    pub async fn open_to_copy(path: &Path) -> Result<Self, StoreError> {
        Self::open_existing(path, true).await
    }

    async fn open_existing(path: &Path, read_only: bool) -> Result<Self, StoreError> {
        let path = absolute(path)?;
        if !is_ours(&path)? {
            return Err(StoreError::Missing(path));
        }
        let store = Self::connect(&path, read_only).await?;
        store.schema().await?;
        Ok(store)
    }

    async fn connect(path: &Path, read_only: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(read_only)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .row_buffer_size(ROW_BUFFER)
            .pragma("trusted_schema", "off")
            .pragma("cell_size_check", "on");
        let options = if read_only {
            options
        } else {
            // FULL: a power cut loses nothing that was recorded; NORMAL lost commits in two of
            // three simulated cuts. It costs 0.2 ms a wiki.
            options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("journal_size_limit", "4194304")
        };
        let opened = Opened::new(path);
        let pool = pool(options)
            .await
            .map_err(|error| StoreError::from_sqlx(path, error))?;
        let store = Self {
            opened,
            pool,
            path: path.to_owned(),
            files: None,
        };
        store.refuse_unsafe_sqlite().await?;
        Ok(store)
    }

    async fn refuse_unsafe_sqlite(&self) -> Result<(), StoreError> {
        let version = sqlx::query_scalar!(r#"select sqlite_version() as "version!: String""#)
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        let mut part = || parts.next().unwrap_or(0);
        if (part(), part(), part()) < SAFE_SQLITE {
            return Err(StoreError::Unsafe(version));
        }
        Ok(())
    }

    pub(super) fn error(&self, error: sqlx::Error) -> StoreError {
        StoreError::from_sqlx(&self.path, error)
    }
}

/// One connection: a run records one answer after the other, a reader asks one question. It lives as
/// long as the pool, since the last one to close takes the log away.
pub(super) async fn pool(options: SqliteConnectOptions) -> sqlx::Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        // It is a file of ours, not a server that may have gone away.
        .test_before_acquire(false)
        .connect_with(options)
        .await
}

/// Whether the file is there and a sultrail database. Anything else that is there is refused before
/// SQLite may touch it.
fn is_ours(path: &Path) -> Result<bool, StoreError> {
    unless_open(path, || looks_like_ours(path)).unwrap_or_else(|| Ok(path.exists()))
}

fn looks_like_ours(path: &Path) -> Result<bool, StoreError> {
    let log = beside(path, "-wal");
    let has_log = fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    let mut header = Vec::new();
    match File::open(path) {
        // SQLite would read it into the new file.
        Err(error) if error.kind() == ErrorKind::NotFound && has_log => {
            return Err(StoreError::OnlyLog(path.to_owned()));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::io(path, error)),
        Ok(file) => file
            .take(72)
            .read_to_end(&mut header)
            .map_err(|error| StoreError::io(path, error))?,
    };
    let is_ours = header.starts_with(b"SQLite format 3\0") && header.ends_with(&APPLICATION_ID);
    if !is_ours {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    // A backup has no log before it is first written to. One that lies beside it nevertheless is that
    // of the database which was there before, and would spoil it.
    if has_log && header[18] == 1 {
        return Err(StoreError::StrayLog(log));
    }
    Ok(true)
}

/// Creates the file under another name and gives it its own only when it is whole: whoever looks
/// finds no file or a good one, even after a power cut.
async fn create(path: &Path) -> Result<(), StoreError> {
    let io = |error| StoreError::io(path, error);
    let directory = path.parent().unwrap_or(Path::new("/"));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| StoreError::io(directory, error))?;
    let unfinished = unfinished(path);
    private()
        .create(true)
        .truncate(true)
        .open(&unfinished)
        .map_err(io)?;
    let written = write_schema(&unfinished).await;
    // Not renamed but linked: a file that somebody else created meanwhile is never replaced.
    let linked = written.and_then(|()| match fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(io(error)),
        _ => Ok(()),
    });
    fs::remove_file(&unfinished).map_err(io)?;
    linked?;
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(io)
}

/// The name that a file has until it is whole.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    beside(path, &format!(".{}.new", std::process::id()))
}

async fn write_schema(path: &Path) -> Result<(), StoreError> {
    let store = Store::connect(path, false).await?;
    store.write_schema().await?;
    // Closing the last connection moves everything from the log into the file.
    store.pool.close().await;
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| StoreError::io(path, error))
}

/// How every file is opened that holds private data.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// SQLite takes some relative names for something else (`file:…`, `:memory:`).
pub(super) fn absolute(path: &Path) -> Result<PathBuf, StoreError> {
    std::path::absolute(path).map_err(|error| StoreError::io(path, error))
}
