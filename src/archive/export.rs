//! Out: every subject in its files, then the page, then the manifest.

use std::path::Path;

use serde::Serialize;

use super::{
    ArchiveError, Contents, Manifest,
    folder::{Folder, hex},
    manifest::{Coverage, FORMAT, Program, Runs, VERSION},
    page, strict,
    subjects::{
        ACCOUNTS, BLOCKS, CHANGES, CONTRIBUTIONS, COVERAGE, EDITORS, FIRST_EDITS,
        GLOBAL_PREFERENCES, GROUP_CHANGES, GROUPS, HISTORY, IDENTITY, LOG_EVENTS, LOGGED_ACTIONS,
        MANIFEST_SCHEMA, PREFERENCES, READINGS, REQUESTS, RUNS, SECRETS, SECRETS_SCHEMA, SNAPSHOTS,
        Subject, WIKIS,
    },
    table::{Table, write_text},
};
use crate::{
    model::{Kind, Value},
    report::{Listing, mask, write_json},
    store::{EditorRow, Reading},
};

/// What is exported, and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Which kind of export.
    pub contents: Contents,
    /// Whether e-mail addresses are written in full, and the key of the hashes with the history.
    pub reveal: bool,
}

/// Writes what a look shows into a new directory.
pub async fn export(
    mut reading: Reading,
    directory: &Path,
    options: Options,
) -> Result<Manifest, ArchiveError> {
    if options.contents == Contents::Parquet {
        if !cfg!(feature = "parquet") {
            return Err(ArchiveError::NoParquet);
        }
        if reading.has_namesake().await? {
            return Err(ArchiveError::Namesake(reading.owner().await?.name));
        }
    }
    // The key of a database that others share opens their hashes too.
    let with_key =
        options.reveal && options.contents == Contents::History && !reading.is_shared().await?;
    let mut folder = Folder::create(directory)?;
    let manifest = write(&mut reading, &mut folder, options, with_key).await?;
    let mut file = folder.file("manifest.json")?;
    write_json(&mut file, &manifest).map_err(ArchiveError::io(directory))?;
    folder.keep(file)?;
    folder.finish()?;
    Ok(manifest)
}

/// Writes every file but the manifest itself.
pub(super) async fn write(
    reading: &mut Reading,
    folder: &mut Folder,
    options: Options,
    with_key: bool,
) -> Result<Manifest, ArchiveError> {
    let mut writer = Writer {
        reading,
        folder,
        reveal: options.reveal,
        with_key,
        runs: Runs::default(),
        accounts: 0,
        listings: Vec::new(),
    };
    match options.contents {
        Contents::Enterprise => writer.editors().await?,
        Contents::State => writer.state().await?,
        Contents::History => {
            writer.state().await?;
            writer.history().await?;
        }
        Contents::Parquet => writer.views().await?,
    }
    writer.manifest(options).await
}

struct Writer<'a> {
    reading: &'a mut Reading,
    folder: &'a mut Folder,
    reveal: bool,
    with_key: bool,
    runs: Runs,
    accounts: u64,
    listings: Vec<Listing>,
}

type Written = Result<(), ArchiveError>;

/// What the user was.
impl Writer<'_> {
    async fn state(&mut self) -> Written {
        self.identity().await?;
        self.accounts().await?;
        self.groups().await?;
        self.blocks().await?;
        let mut table = self.begin(GROUP_CHANGES)?;
        self.reading
            .each_group_change(|line| table.write(&line))
            .await?;
        self.show(table)?;
        for (subject, is_global) in [(GLOBAL_PREFERENCES, true), (PREFERENCES, false)] {
            let mut table = self.begin(subject)?;
            self.reading
                .each_preference(is_global, |line| table.write(&line))
                .await?;
            self.end(table)?;
        }
        self.deeds().await?;
        self.runs().await
    }

    /// What the logs say about the user, and what the user did.
    async fn deeds(&mut self) -> Written {
        let mut table = self.begin(LOG_EVENTS)?;
        self.reading
            .each_log_event(|line| table.write(&line))
            .await?;
        self.end(table)?;
        let mut table = self.begin(FIRST_EDITS)?;
        self.reading
            .each_first_edit(|line| table.write(&line))
            .await?;
        self.end(table)?;
        let mut table = self.begin(CONTRIBUTIONS)?;
        self.reading
            .each_contribution(|line| table.write(&line))
            .await?;
        self.end(table)?;
        let mut table = self.begin(LOGGED_ACTIONS)?;
        self.reading
            .each_logged_action(|line| table.write(&line))
            .await?;
        self.end(table)
    }

    async fn identity(&mut self) -> Written {
        let reveal = self.reveal;
        let mut table = self.begin(IDENTITY)?;
        self.reading
            .each_identity(|mut line| {
                if !reveal {
                    line.email = line.email.as_deref().map(mask);
                }
                for at in [
                    &mut line.registered_at,
                    &mut line.first_edit_at,
                    &mut line.latest_edit_at,
                    &mut line.email_confirmed_at,
                ] {
                    leave_instant(at);
                }
                table.write(&line)
            })
            .await?;
        self.show(table)
    }

    async fn accounts(&mut self) -> Written {
        let mut table = self.begin(ACCOUNTS)?;
        for mut row in self.reading.accounts().await? {
            row.groups.get_or_insert_with(|| "[]".to_owned());
            leave_instant(&mut row.registered_at);
            table.write(&row)?;
            self.accounts += 1;
        }
        self.end(table)
    }

    async fn groups(&mut self) -> Written {
        let mut table = self.begin(GROUPS)?;
        self.reading
            .each_group(|mut line| {
                leave_instant(&mut line.expires_at);
                table.write(&line)
            })
            .await?;
        self.show(table)
    }

    async fn blocks(&mut self) -> Written {
        let mut table = self.begin(BLOCKS)?;
        self.reading
            .each_block(|mut line| {
                leave_instant(&mut line.blocked_at);
                leave_instant(&mut line.expires_at);
                table.write(&line)
            })
            .await?;
        self.show(table)
    }

    async fn runs(&mut self) -> Written {
        let mut table = self.begin(RUNS)?;
        let mut runs = Runs::default();
        self.reading
            .each_run(|line| {
                count_run(&mut runs, line.run);
                table.write(&line)
            })
            .await?;
        self.runs = runs;
        self.end(table)
    }
}

fn count_run(runs: &mut Runs, run: i64) {
    if runs.count == 0 {
        runs.first = run;
    }
    runs.last = run;
    runs.count += 1;
}

/// What led to it.
impl Writer<'_> {
    async fn history(&mut self) -> Written {
        let mut table = self.begin(COVERAGE)?;
        for line in self.reading.coverage().await? {
            table.write(&line)?;
        }
        self.end(table)?;
        let mut table = self.begin(SNAPSHOTS)?;
        self.reading
            .each_snapshot(|line| table.write(&line))
            .await?;
        self.end(table)?;
        let mut table = self.begin(READINGS)?;
        self.reading.each_reading(|line| table.write(&line)).await?;
        self.end(table)?;
        let mut table = self.begin(REQUESTS)?;
        self.reading.each_request(|line| table.write(&line)).await?;
        self.end(table)?;
        self.values().await?;
        self.changes().await?;
        if self.with_key {
            self.secrets().await?;
        }
        Ok(())
    }

    async fn values(&mut self) -> Written {
        let (reveal, with_key) = (self.reveal, self.with_key);
        let mut table = self.begin(HISTORY)?;
        self.reading
            .each_value(|mut line| {
                let is_masked = !reveal && is_private(&line.kind, &line.name);
                if is_masked {
                    line.value = mask(&line.value);
                }
                let is_hash = line.value.starts_with(Value::REDACTED);
                let is_withheld = is_masked || (is_hash && !with_key);
                // Only what is held now will be compared with an answer.
                line.withheld |= is_withheld && line.ended_run.is_none();
                table.write(&line)
            })
            .await?;
        self.end(table)
    }

    async fn changes(&mut self) -> Written {
        let reveal = self.reveal;
        let mut table = self.begin(CHANGES)?;
        self.reading
            .each_change(|mut line| {
                if !reveal && is_private(&line.kind, &line.name) {
                    line.before = line.before.as_deref().map(mask);
                    line.after = line.after.as_deref().map(mask);
                }
                table.write(&line)
            })
            .await?;
        self.end(table)
    }

    async fn secrets(&mut self) -> Written {
        let hash_key = hex(&self.reading.hash_key().await?);
        let mut file = self.folder.file(SECRETS)?;
        write_json(&mut file, &Secrets { hash_key })
            .map_err(ArchiveError::io(Path::new(SECRETS)))?;
        self.folder.keep(file)?;
        write_text(self.folder, SECRETS_SCHEMA.0, SECRETS_SCHEMA.1)
    }
}

/// As Wikimedia Enterprise tells of editors.
impl Writer<'_> {
    async fn editors(&mut self) -> Written {
        let mut editors = self.begin(EDITORS)?;
        let mut wikis = self.begin(WIKIS)?;
        let mut line = 0;
        self.reading
            .each_editor(|mut row| {
                leave_instant(&mut row.date_started);
                line += 1;
                let identifier = row.wiki.clone();
                let url = row.api_url.trim_end_matches("/w/api.php").to_owned();
                let is_part_of = Project { identifier, url };
                wikis.write(&WikiLine { line, is_part_of })?;
                editors.write(&Editor::from(row))
            })
            .await?;
        self.accounts = line;
        self.count_runs().await?;
        self.end(editors)?;
        self.end(wikis)
    }

    async fn count_runs(&mut self) -> Written {
        let mut runs = Runs::default();
        let counted: Written = self
            .reading
            .each_run(|line| {
                count_run(&mut runs, line.run);
                Ok(())
            })
            .await;
        self.runs = runs;
        counted
    }

    /// The views, for those who ask them elsewhere.
    async fn views(&mut self) -> Written {
        self.accounts = self.reading.accounts().await?.len() as u64;
        self.count_runs().await?;
        #[cfg(feature = "parquet")]
        super::parquet::write(self.reading, self.folder, self.reveal).await?;
        Ok(())
    }
}

/// The ends of it all.
impl Writer<'_> {
    fn begin(&self, subject: Subject) -> Result<Table, ArchiveError> {
        Table::begin(self.folder, subject)
    }

    fn end(&mut self, table: Table) -> Written {
        table.end(self.folder).map(drop)
    }

    /// Ends a table that the page shows.
    fn show(&mut self, table: Table) -> Written {
        let listing = table.end(self.folder)?;
        self.listings.push(listing);
        Ok(())
    }

    async fn manifest(mut self, options: Options) -> Result<Manifest, ArchiveError> {
        let mut manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            contents: options.contents,
            program: Program {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                schema: self.reading.schema_version().await?,
            },
            user: self.reading.owner().await?,
            as_of: self.reading.as_of().await?,
            runs: self.runs,
            revealed: options.reveal,
            coverage: Coverage {
                accounts: self.accounts,
                unreadable: self.reading.unreadable().await?,
            },
            files: Vec::new(),
        };
        if matches!(options.contents, Contents::State | Contents::History) {
            page::write(self.folder, &manifest, std::mem::take(&mut self.listings))?;
        }
        write_text(self.folder, MANIFEST_SCHEMA.0, MANIFEST_SCHEMA.1)?;
        manifest.files = self.folder.files();
        Ok(manifest)
    }
}

/// Where a wiki gave something else for an instant, none is known. What it gave stays in the history.
fn leave_instant(at: &mut Option<String>) {
    at.take_if(|text| !strict::is_instant(text));
}

/// Whether a value is masked unless the user asked to reveal it.
pub(super) fn is_private(kind: &str, name: &str) -> bool {
    kind == Kind::Identity.as_str() && name == "email"
}

/// What opens the hashes.
#[derive(Debug, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secrets {
    pub(super) hash_key: String,
}

/// Which wiki a line of the editors is about.
#[derive(Serialize)]
struct WikiLine {
    line: u64,
    is_part_of: Project,
}

#[derive(Serialize)]
struct Project {
    identifier: String,
    url: String,
}

/// The editor object, in the order of its own schema; what is zero is left out there too.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are the object's own")]
struct Editor {
    #[serde(skip_serializing_if = "is_zero")]
    identifier: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "is_zero")]
    edit_count: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(skip_serializing_if = "is_false")]
    is_bot: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_anonymous: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_admin: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_patroller: bool,
    #[serde(skip_serializing_if = "is_false")]
    has_advanced_rights: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_started: Option<String>,
}

impl From<EditorRow> for Editor {
    fn from(row: EditorRow) -> Self {
        Self {
            identifier: row.identifier.unwrap_or_default(),
            name: row.name.unwrap_or_default(),
            edit_count: row.edit_count.unwrap_or_default(),
            groups: serde_json::from_str(&row.groups).unwrap_or_default(),
            is_bot: row.is_bot,
            // Whoever has an account is not, with a temporary one neither.
            is_anonymous: false,
            is_admin: row.is_admin,
            is_patroller: row.is_patroller,
            has_advanced_rights: row.has_advanced_rights,
            date_started: row.date_started,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(flag: &bool) -> bool {
    !flag
}
