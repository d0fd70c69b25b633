//! A file that others find whole or not at all: written beside its place, synced, renamed.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, BufWriter, ErrorKind, IntoInnerError, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// A file that is being written. Dropped before it is [kept](Self::keep), nothing is left of it.
pub(super) struct WholeFile {
    out: Option<BufWriter<File>>,
    unfinished: PathBuf,
}

impl WholeFile {
    /// Begins to write under another name. `mode` holds whatever the umask. What a killed program left
    /// there goes; a file, even a link, is never written through.
    pub(super) fn create(unfinished: PathBuf, mode: u32) -> io::Result<Self> {
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&unfinished)?;
        let whole = Self {
            out: Some(BufWriter::new(file)),
            unfinished,
        };
        fs::set_permissions(&whole.unfinished, Permissions::from_mode(mode))?;
        Ok(whole)
    }

    /// Gives the file its name; what was called so before is replaced.
    pub(super) fn keep(mut self, path: &Path) -> io::Result<()> {
        if let Some(out) = self.out.take() {
            let file = out.into_inner().map_err(IntoInnerError::into_error)?;
            file.sync_all()?;
        }
        fs::rename(&self.unfinished, path)
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.as_mut().map_or(Ok(0), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // Under this name there is nothing any more once the file was kept.
        _ = fs::remove_file(&self.unfinished);
    }
}

/// A name beside `path` that no other process uses.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    PathBuf::from(name)
}
