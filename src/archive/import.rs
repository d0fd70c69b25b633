//! In: digests first, then every line on its own, then all of it at once.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{
    ArchiveError, Contents, FileEntry, Manifest, Options,
    export::{self, Secrets},
    folder::{Folder, hex},
    manifest::{FORMAT, VERSION},
    strict::Strict,
    subjects::{
        ACCOUNTS, BLOCKS, CHANGES, CONTRIBUTIONS, COVERAGE, FIRST_EDITS, GLOBAL_PREFERENCES,
        GROUP_CHANGES, GROUPS, HISTORY, IDENTITY, LOG_EVENTS, LOGGED_ACTIONS, MANIFEST_SCHEMA,
        PREFERENCES, READINGS, REQUESTS, RUNS, SECRETS, SECRETS_SCHEMA, SNAPSHOTS, Subject,
    },
};
use crate::store::{Restoring, Store, StoreError};

/// The longest line and the largest manifest that is read.
const LONGEST: u64 = 16 << 20;

/// So many lines, or so many bytes of lines, go into the database at a time.
const BATCH: (usize, usize) = (500, 1 << 20);

/// Fills an empty database with what an export tells; all of it or nothing.
pub async fn import(store: &Store, directory: &Path) -> Result<Manifest, ArchiveError> {
    let folder = Import::open(directory)?;
    folder.verify_digests()?;
    let mut restoring = store.restore().await?;
    folder.load(&mut restoring).await?;
    folder.verify_restored(&mut restoring).await?;
    restoring.keep().await?;
    Ok(folder.manifest)
}

/// A folder with a manifest.
struct Import {
    directory: PathBuf,
    manifest: Manifest,
}

impl Import {
    fn open(directory: &Path) -> Result<Self, ArchiveError> {
        let path = directory.join("manifest.json");
        let text = small(&path)?;
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| {
            ArchiveError::refused(&path, format!("not the manifest of an export: {error}"))
        })?;
        let Manifest {
            format,
            version,
            contents,
            ..
        } = &manifest;
        let refused = |why: &str| Err(ArchiveError::refused(&path, why));
        if format != FORMAT || *version != VERSION {
            return refused("written by another program, or by a newer one: install that");
        }
        if *contents != Contents::History {
            return refused(
                "this export has no history; make one with `sultrail export --history`",
            );
        }
        if let Err(why) = manifest.user.check() {
            return refused(&why);
        }
        let directory = directory.to_owned();
        Ok(Self {
            directory,
            manifest,
        })
    }

    /// Every file is there, is one of ours, and is what the manifest says.
    fn verify_digests(&self) -> Result<(), ArchiveError> {
        let known = known_files();
        for file in &self.manifest.files {
            let path = self.directory.join("manifest.json");
            if !known.contains(&file.path.as_str()) {
                return Err(ArchiveError::refused(
                    &path,
                    "it names a file that is none of ours",
                ));
            }
            self.verify_digest(file)?;
        }
        Ok(())
    }

    fn verify_digest(&self, entry: &FileEntry) -> Result<(), ArchiveError> {
        let path = self.directory.join(&entry.path);
        let mut file = open(&path)?;
        let mut digest = Sha256::new();
        let mut bytes = 0;
        let mut part = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut part).map_err(ArchiveError::io(&path))?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            digest.update(&part[..read]);
        }
        if bytes != entry.bytes || hex(&digest.finalize()) != entry.sha256 {
            let why = "it is not what the manifest says: changed, or not copied whole";
            return Err(ArchiveError::refused(&path, why));
        }
        Ok(())
    }

    async fn load(&self, restoring: &mut Restoring) -> Result<(), ArchiveError> {
        restoring.owner(&self.manifest.user).await?;
        if self.has(SECRETS) {
            let key = self.hash_key()?;
            restoring.hash_key(&key).await?;
        }
        let mut lines = self.lines(RUNS)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.runs(&batch).await)?;
        }
        let mut lines = self.lines(COVERAGE)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.accounts(&batch).await)?;
        }
        let mut lines = self.lines(SNAPSHOTS)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.snapshots(&batch).await)?;
        }
        let mut lines = self.lines(REQUESTS)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.requests(&batch).await)?;
        }
        let mut lines = self.lines(LOG_EVENTS)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.log_events(&batch).await)?;
        }
        self.load_deeds(restoring).await?;
        let mut lines = self.lines(HISTORY)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.values(&batch).await)?;
        }
        let mut lines = self.lines(CHANGES)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.changes(&batch).await)?;
        }
        Ok(())
    }

    async fn load_deeds(&self, restoring: &mut Restoring) -> Result<(), ArchiveError> {
        let mut lines = self.lines(FIRST_EDITS)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.first_edits(&batch).await)?;
        }
        let mut lines = self.lines(CONTRIBUTIONS)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.contributions(&batch).await)?;
        }
        let mut lines = self.lines(LOGGED_ACTIONS)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.logged_actions(&batch).await)?;
        }
        let mut lines = self.lines(READINGS)?;
        while let Some(batch) = lines.next()? {
            lines.taken(restoring.readings(&batch).await)?;
        }
        Ok(())
    }

    /// What was restored gives the same files again: no line was taken for another, none was
    /// passed over, and what follows from others does follow.
    async fn verify_restored(&self, restoring: &mut Restoring) -> Result<(), ArchiveError> {
        let options = Options {
            contents: Contents::History,
            reveal: self.manifest.revealed,
        };
        let with_key = self.has(SECRETS);
        let reading = restoring.as_restored().await?;
        let mut nowhere = Folder::nowhere();
        let again = export::write(reading, &mut nowhere, options, with_key).await?;
        let differs = |file: &&FileEntry| !self.manifest.files.contains(file);
        if let Some(file) = again.files.iter().find(differs) {
            let path = self.directory.join(&file.path);
            let why = "its lines contradict other files, or themselves";
            return Err(ArchiveError::refused(&path, why));
        }
        let expected = Manifest {
            program: again.program.clone(),
            ..self.manifest.clone()
        };
        if again != expected {
            let path = self.directory.join("manifest.json");
            return Err(ArchiveError::refused(&path, "it contradicts the files"));
        }
        Ok(())
    }

    fn has(&self, path: &str) -> bool {
        self.manifest.files.iter().any(|file| file.path == path)
    }

    fn hash_key(&self) -> Result<Vec<u8>, ArchiveError> {
        let path = self.directory.join(SECRETS);
        let refused = || ArchiveError::refused(&path, "it holds no key of 32 bytes");
        let secrets: Secrets = serde_json::from_slice(&small(&path)?).map_err(|_| refused())?;
        let key = secrets.hash_key.as_bytes();
        if key.len() != 64 || !key.is_ascii() {
            return Err(refused());
        }
        let byte = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        };
        let bytes: Option<Vec<u8>> = key.chunks(2).map(byte).collect();
        bytes.ok_or_else(refused)
    }

    fn lines(&self, subject: Subject) -> Result<Lines, ArchiveError> {
        let path = self.directory.join(subject.lines);
        if !self.has(subject.lines) {
            return Err(ArchiveError::refused(
                &path,
                "the manifest does not name it",
            ));
        }
        let file = BufReader::new(open(&path)?);
        Ok(Lines {
            path,
            file,
            at: 0,
            user: self.manifest.user.name.clone(),
        })
    }
}

/// The lines of a file, a batch at a time.
struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    /// The number of the line read last.
    at: u64,
    user: String,
}

impl Lines {
    /// The next lines, each of them as it has to be; `None` at the end.
    fn next<T: DeserializeOwned + Strict>(&mut self) -> Result<Option<Vec<T>>, ArchiveError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH.0 && bytes < BATCH.1 {
            let mut line = Vec::new();
            let mut limited = (&mut self.file).take(LONGEST);
            let read = limited.read_until(b'\n', &mut line);
            let read = read.map_err(ArchiveError::io(&self.path))?;
            if read == 0 {
                break;
            }
            self.at += 1;
            bytes += read;
            if line.pop() != Some(b'\n') {
                return Err(self.refused("it does not end, or is too long"));
            }
            batch.push(self.parse(&line)?);
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn parse<T: DeserializeOwned + Strict>(&self, line: &[u8]) -> Result<T, ArchiveError> {
        let whose: Whose = serde_json::from_slice(line).map_err(|error| self.wrong(&error))?;
        if whose.user.is_some_and(|user| user != self.user) {
            return Err(self.refused("it is about another user than the manifest says"));
        }
        let parsed: T = serde_json::from_slice(line).map_err(|error| self.wrong(&error))?;
        parsed.check().map_err(|why| self.refused(&why))?;
        Ok(parsed)
    }

    /// What the database says of the batch read last.
    fn taken(&self, outcome: Result<(), StoreError>) -> Result<(), ArchiveError> {
        outcome.map_err(|error| match error {
            StoreError::Inconsistent(why) => self.refused(&format!("or before it: {why}")),
            error => error.into(),
        })
    }

    fn wrong(&self, error: &serde_json::Error) -> ArchiveError {
        self.refused(&error.to_string())
    }

    fn refused(&self, why: &str) -> ArchiveError {
        ArchiveError::refused(&self.path, format!("line {}: {why}", self.at))
    }
}

/// Whose line it is; those about requests do not say.
#[derive(serde::Deserialize)]
struct Whose {
    user: Option<String>,
}

/// Every file that an export with its history may hold.
fn known_files() -> Vec<&'static str> {
    let subjects = [
        IDENTITY,
        ACCOUNTS,
        GROUPS,
        PREFERENCES,
        GLOBAL_PREFERENCES,
        BLOCKS,
        GROUP_CHANGES,
        LOG_EVENTS,
        FIRST_EDITS,
        CONTRIBUTIONS,
        LOGGED_ACTIONS,
        READINGS,
        RUNS,
        COVERAGE,
        SNAPSHOTS,
        REQUESTS,
        HISTORY,
        CHANGES,
    ];
    let mut files = vec!["index.html", SECRETS, MANIFEST_SCHEMA.0, SECRETS_SCHEMA.0];
    for subject in subjects {
        files.extend([subject.lines, subject.schema_path]);
        files.extend(subject.csv);
    }
    files
}

/// A plain file: no link leads elsewhere, no pipe keeps us waiting.
fn open(path: &Path) -> Result<File, ArchiveError> {
    let found = fs::symlink_metadata(path).map_err(ArchiveError::io(path))?;
    if !found.is_file() {
        return Err(ArchiveError::refused(path, "it is not a plain file"));
    }
    File::open(path).map_err(ArchiveError::io(path))
}

/// A file that is read at once.
fn small(path: &Path) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(LONGEST).read_to_end(&mut bytes);
    read.map_err(ArchiveError::io(path))?;
    Ok(bytes)
}
