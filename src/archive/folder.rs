//! A directory that is there whole or not at all: written beside its place, synced, renamed.

use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{ArchiveError, FileEntry};

/// What an unfinished directory is called, after the name it is to have.
const UNFINISHED: &str = ".sultrail-partial";

/// A directory that is being written, or nowhere: then only the digests come of it.
#[derive(Debug)]
pub(super) struct Folder {
    place: Option<Place>,
    files: Vec<FileEntry>,
}

/// Where it is and where it is to be. Dropped before that, nothing is left of it.
#[derive(Debug)]
struct Place {
    directory: PathBuf,
    unfinished: PathBuf,
    /// Held as long as somebody writes.
    _lock: File,
}

/// A file of the folder. Its digest is counted as it is written.
#[derive(Debug)]
pub(super) struct FolderFile {
    path: String,
    to: BufWriter<Digested>,
    lines: u64,
}

#[derive(Debug)]
struct Digested {
    file: Option<File>,
    digest: Sha256,
    bytes: u64,
}

impl Folder {
    /// Begins to write a directory that is not there yet, or is empty.
    pub(super) fn create(directory: &Path) -> Result<Self, ArchiveError> {
        let directory = std::path::absolute(directory).map_err(ArchiveError::io(directory))?;
        // Without a slash at the end.
        let directory: PathBuf = directory.components().collect();
        refuse_taken(&directory)?;
        let Some(name) = directory.file_name() else {
            return Err(ArchiveError::Taken(directory));
        };
        let mut unfinished = name.to_owned();
        unfinished.push(UNFINISHED);
        let unfinished = directory.with_file_name(unfinished);
        let lock = begin(&directory, &unfinished)?;
        Ok(Self {
            place: Some(Place {
                directory,
                unfinished,
                _lock: lock,
            }),
            files: Vec::new(),
        })
    }

    /// Writes to nobody.
    pub(super) fn nowhere() -> Self {
        Self {
            place: None,
            files: Vec::new(),
        }
    }

    /// Begins a file. Its name is one of ours.
    pub(super) fn file(&self, path: &str) -> Result<FolderFile, ArchiveError> {
        let file = match &self.place {
            None => None,
            Some(place) => {
                let path = place.unfinished.join(path);
                let new = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path);
                Some(new.map_err(ArchiveError::io(&path))?)
            }
        };
        let to = Digested {
            file,
            digest: Sha256::new(),
            bytes: 0,
        };
        let to = BufWriter::with_capacity(1 << 16, to);
        let lines = 0;
        let path = path.to_owned();
        Ok(FolderFile { path, to, lines })
    }

    /// Ends a file: it is on the disk.
    pub(super) fn keep(&mut self, file: FolderFile) -> Result<(), ArchiveError> {
        let FolderFile { path, to, lines } = file;
        let broken = ArchiveError::io(Path::new(&path));
        let Digested {
            file,
            digest,
            bytes,
        } = to
            .into_inner()
            .map_err(|error| broken(error.into_error()))?;
        if let Some(file) = file {
            file.sync_all().map_err(broken)?;
        }
        self.files.push(FileEntry {
            path,
            lines,
            bytes,
            sha256: hex(&digest.finalize()),
        });
        Ok(())
    }

    /// The files so far, by name.
    pub(super) fn files(&self) -> Vec<FileEntry> {
        let mut files = self.files.clone();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// Gives the directory its name.
    pub(super) fn finish(self) -> Result<(), ArchiveError> {
        let Some(place) = self.place else {
            return Ok(());
        };
        let (from, to) = (&place.unfinished, &place.directory);
        sync(&from.join("schemas"))?;
        sync(from)?;
        // An empty directory gives way; whatever came there meanwhile does not.
        fs::rename(from, to).map_err(|error| match error.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                ArchiveError::Taken(to.clone())
            }
            _ => ArchiveError::io(to)(error),
        })?;
        sync(to.parent().unwrap_or(Path::new("/")))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // After the renaming it is not there any more.
        let _ = fs::remove_dir_all(&self.unfinished);
    }
}

impl FolderFile {
    /// Counts a line that was written.
    pub(super) fn count(&mut self) {
        self.lines += 1;
    }
}

impl Write for FolderFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Write for Digested {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.file {
            Some(file) => file.write(bytes)?,
            None => bytes.len(),
        };
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A digest as text.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        _ = write!(text, "{byte:02x}");
    }
    text
}

fn refuse_taken(directory: &Path) -> Result<(), ArchiveError> {
    let taken = || ArchiveError::Taken(directory.to_owned());
    match fs::symlink_metadata(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ArchiveError::io(directory)(error)),
        Ok(found) if !found.is_dir() => return Err(taken()),
        Ok(_) => {}
    }
    let mut entries = fs::read_dir(directory).map_err(ArchiveError::io(directory))?;
    entries.next().map_or(Ok(()), |_| Err(taken()))
}

/// Makes the unfinished directory, instead of one that was left when the program was killed.
fn begin(directory: &Path, unfinished: &Path) -> Result<File, ArchiveError> {
    let broken = ArchiveError::io(unfinished);
    let busy = || ArchiveError::Busy(directory.to_owned());
    let make = |path: &Path| DirBuilder::new().mode(0o700).create(path);
    match make(unfinished) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let is_ours = fs::symlink_metadata(unfinished).is_ok_and(|found| found.is_dir());
            if !is_ours {
                return Err(ArchiveError::Taken(unfinished.to_owned()));
            }
            let left = File::open(unfinished).map_err(&broken)?;
            left.try_lock().map_err(|_| busy())?;
            fs::remove_dir_all(unfinished).map_err(&broken)?;
            make(unfinished).map_err(&broken)?;
        }
        other => other.map_err(&broken)?,
    }
    let lock = File::open(unfinished).map_err(&broken)?;
    lock.try_lock().map_err(|_| busy())?;
    make(&unfinished.join("schemas")).map_err(broken)?;
    Ok(lock)
}

fn sync(directory: &Path) -> Result<(), ArchiveError> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(ArchiveError::io(directory))
}
