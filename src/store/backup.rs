//! A copy of everything, as it is at one moment, while others write.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use super::{Store, StoreError, files::beside, open};

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its size in bytes.
    pub bytes: u64,
    /// How many runs it tells of.
    pub runs: i64,
    /// When the newest of them began, as the view says it.
    pub newest: Option<String>,
}

impl Store {
    /// Copies the database into a new file and proves that the copy is good. Until then it has another
    /// name, so whoever finds the file finds it whole.
    ///
    /// `vacuum into` reads one snapshot of the write-ahead log and keeps nobody waiting. The copy is one
    /// file without a log, and holds nothing of what was erased.
    pub async fn back_up(&self, to: &Path) -> Result<Copied, StoreError> {
        let to = open::absolute(to)?;
        if fs::symlink_metadata(&to).is_ok() {
            return Err(StoreError::Exists(to));
        }
        let unfinished = open::unfinished(&to);
        let copied = async {
            self.copy_into(&unfinished, &to).await?;
            let copied = proven(&unfinished, &to).await?;
            give_name(&unfinished, &to)?;
            Ok(copied)
        };
        let copied = copied.await;
        if copied.is_err() {
            for left in [beside(&unfinished, "-journal"), unfinished] {
                let _ = fs::remove_file(left);
            }
        }
        copied
    }

    async fn copy_into(&self, unfinished: &Path, to: &Path) -> Result<(), StoreError> {
        // It is private before there is anything in it.
        let file = open::private()
            .create_new(true)
            .open(unfinished)
            .map_err(|error| about(to, error))?;
        let name = unfinished.to_str().ok_or_else(|| {
            about(
                to,
                io::Error::other("the name is not UTF-8; choose another"),
            )
        })?;
        sqlx::query("vacuum into ?1")
            .bind(name)
            .execute(&self.pool)
            .await
            .map_err(|error| full(to, self.error(error)))?;
        file.sync_all().map_err(|error| about(to, error))
    }
}

/// Opens a copy and looks at every page of it.
async fn proven(copy: &Path, to: &Path) -> Result<Copied, StoreError> {
    let bad = |fault: String| StoreError::BadCopy {
        path: to.to_owned(),
        fault,
    };
    let bytes = fs::metadata(copy).map_err(|error| about(to, error))?.len();
    let store = Store::open_to_copy(copy).await;
    let store = store.map_err(|error| bad(error.to_string()))?;
    let proof = async {
        if let Some(fault) = store.full_integrity().await? {
            return Err(bad(fault));
        }
        let (runs, newest) = sqlx::query_as("select count(*), max(started_at) from runs")
            .fetch_one(&store.pool)
            .await
            .map_err(|error| store.error(error))?;
        Ok(Copied {
            bytes,
            runs,
            newest,
        })
    };
    let proof = proof.await;
    store.close().await;
    proof
}

/// Gives a finished file its name, unless something has it by now. The name is taken first, by an empty
/// file: not every file system has links, and a rename alone would replace what is there.
fn give_name(unfinished: &Path, to: &Path) -> Result<(), StoreError> {
    match open::private().create_new(true).open(to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(StoreError::Exists(to.to_owned()));
        }
        Err(error) => return Err(about(to, error)),
        Ok(_) => {}
    }
    fs::rename(unfinished, to).map_err(|error| {
        let _ = fs::remove_file(to);
        about(to, error)
    })?;
    let directory = to.parent().unwrap_or(Path::new("/"));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| about(to, error))
}

/// Our own database is not what is full.
fn full(to: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Full(_) => about(to, io::ErrorKind::StorageFull.into()),
        error => error,
    }
}

fn about(to: &Path, error: io::Error) -> StoreError {
    let source = match error.kind() {
        io::ErrorKind::StorageFull => {
            io::Error::other("no space left for the copy; nothing of it was left behind")
        }
        _ => error,
    };
    StoreError::Io {
        path: to.to_owned(),
        source,
    }
}
