//! Whether the files are still those that were opened: somebody may delete or replace them meanwhile,
//! and SQLite would go on writing to what nobody sees any more. And which of them this process has open.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Store, StoreError};

/// Device and number of a file.
type Identity = (u64, u64);

/// The database and its log, as they were when they were opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Files {
    database: Option<Identity>,
    log: Option<Identity>,
}

impl Files {
    pub(super) fn of(path: &Path) -> Self {
        Self {
            database: identity(path),
            log: identity(&beside(path, "-wal")),
        }
    }
}

impl Store {
    /// Stops a run at the first transaction after its files were taken away.
    pub(super) fn refuse_if_replaced(&self) -> Result<(), StoreError> {
        let Some(opened) = self.files else {
            return Ok(());
        };
        let now = Files::of(&self.path);
        if opened.database != now.database {
            if now.database.is_some() && opened.log.is_some() && opened.log == now.log {
                self.remove_own_log();
            }
            return Err(StoreError::Replaced(self.path.clone()));
        }
        if opened.log.is_some() && opened.log != now.log {
            return Err(StoreError::Replaced(beside(&self.path, "-wal")));
        }
        Ok(())
    }
}

impl Store {
    /// Our log would spoil the database that has taken the place of ours. Where there is only none any
    /// more it stays: somebody may bring ours back.
    fn remove_own_log(&self) {
        for ending in ["-wal", "-shm"] {
            let file = beside(&self.path, ending);
            if let Err(error) = fs::remove_file(&file) {
                tracing::warn!(%error, "{} could not be removed", file.display());
            }
        }
    }
}

/// The databases that this process has open. Whoever opens such a file past SQLite and closes it again
/// takes all of the process's locks on it away (POSIX wants it so), and another program may then empty
/// the log under a run.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn open() -> MutexGuard<'static, Vec<PathBuf>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As long as it lives, a database counts as open. It is made before SQLite opens the file.
#[derive(Debug)]
pub(super) struct Opened(PathBuf);

impl Opened {
    pub(super) fn new(path: &Path) -> Arc<Self> {
        open().push(path.to_owned());
        Arc::new(Self(path.to_owned()))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let mut open = open();
        if let Some(index) = open.iter().position(|path| *path == self.0) {
            open.swap_remove(index);
        }
    }
}

/// Touches a database past SQLite, unless it is open. Whoever opens it meanwhile waits.
pub(super) fn unless_open<T>(path: &Path, touch: impl FnOnce() -> T) -> Option<T> {
    let open = open();
    (!open.iter().any(|open| open == path)).then(touch)
}

/// The file beside the database that has its name and this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn identity(path: &Path) -> Option<Identity> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The locks that there are on a file, as the system lists them.
    fn locks(path: &Path) -> usize {
        let inode = fs::metadata(path).expect("a file").ino();
        let locks = fs::read_to_string("/proc/locks").expect("a list of locks");
        let is_on = |line: &&str| line.contains(&format!(":{inode} "));
        locks.lines().filter(is_on).count()
    }

    #[tokio::test]
    async fn opening_the_database_again_takes_no_lock_away() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("sultrail.db");
        let store = Store::open(&path).await.expect("a database");
        let held = locks(&path);
        assert!(held > 0, "SQLite holds a lock as long as the log is in use");
        for again in [Store::open_to_read(&path).await, Store::open(&path).await] {
            again.expect("the database").close().await;
            assert!(locks(&path) >= held);
        }
        store.close().await;
        assert_eq!(locks(&path), 0);
    }
}
