//! Only one run writes at a time.

use std::fs::{File, TryLockError};

use super::{Store, StoreError, open};

/// Held while a run writes. The system gives it back when the process ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

impl Drop for RunLock {
    /// At once, and not only when the last copy of the file is closed: a process that is just being
    /// started by another thread may hold one for a moment.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl Store {
    /// Takes the lock, or says at once that another run holds it. It is a lock on a file beside the
    /// database, so that readers and plain `sqlite3` are never kept waiting by it.
    pub fn lock_runs(&self) -> Result<RunLock, StoreError> {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let path = std::path::PathBuf::from(path);
        let file = open::private()
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| StoreError::io(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(RunLock { file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy(self.path.clone())),
            Err(TryLockError::Error(error)) => Err(StoreError::io(&path, error)),
        }
    }
}
