//! Where the bytes of a name still are: in the files, in whatever spelling, and in which rows.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use sqlx::AssertSqlSafe;

use super::{Store, StoreError, files::beside};

/// Shorter ones stand in any file by chance.
const MIN_BYTES: usize = 4;

/// What a search of the files for names has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// The files that were searched.
    pub files: Vec<PathBuf>,
    /// How many spellings were searched for.
    pub spellings: usize,
    /// Spellings too short to be searched for.
    pub too_short: usize,
    /// How often one of them was found in one of the files.
    pub found: usize,
}

/// Rows of a user that hold a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Whose rows.
    pub user: String,
    /// View and column, as in `log_events.performer`.
    pub place: String,
    /// How many.
    pub rows: i64,
}

/// The views that together show every text there is.
const VIEWS: [&str; 6] = [
    "runs",
    "accounts",
    "snapshots",
    "history",
    "changes",
    "log_events",
];

impl Bytes {
    /// Searches the database, its log and its index for names, byte by byte. No [`Store`] may have it
    /// open in this process: reading files past SQLite takes its locks away.
    pub fn search(path: &Path, names: &BTreeSet<String>) -> Result<Self, StoreError> {
        let (long, short) = all_spellings(names);
        let mut bytes = Self {
            spellings: long.len(),
            too_short: short.len(),
            ..Self::default()
        };
        for ending in ["", "-wal", "-shm"] {
            let file = beside(path, ending);
            let content = match fs::read(&file) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                read => read.map_err(|error| StoreError::io(&file, error))?,
            };
            let count = |spelling: &String| count(&content, spelling.as_bytes());
            bytes.found += long.iter().map(count).sum::<usize>();
            bytes.files.push(file);
        }
        Ok(bytes)
    }
}

impl Store {
    /// The rows that hold one of these names.
    pub async fn rows_with(&self, names: &BTreeSet<String>) -> Result<Vec<Trace>, StoreError> {
        let (long, _) = all_spellings(names);
        let spellings: Vec<&str> = long.iter().map(String::as_str).collect();
        let spellings = serde_json::Value::from(spellings).to_string();
        let mut found = Vec::new();
        for view in VIEWS {
            for column in self.columns(view).await? {
                // The names are those of our own views.
                let sql = format!(
                    r#"
                    select user, count(*) from "{view}"
                    where (select count(*) from json_each(?1) j where instr("{column}", j.value)) > 0
                    group by user
                    "#
                );
                let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(sql))
                    .bind(&spellings)
                    .fetch_all(&self.pool)
                    .await
                    .map_err(|error| self.error(error))?;
                found.extend(rows.into_iter().map(|(user, rows)| Trace {
                    user,
                    place: format!("{view}.{column}"),
                    rows,
                }));
            }
        }
        Ok(found)
    }

    async fn columns(&self, view: &str) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar("select name from pragma_table_info(?1)")
            .bind(view)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.error(error))
    }
}

/// Those that are searched for, and those that are too short.
fn all_spellings(names: &BTreeSet<String>) -> (BTreeSet<String>, BTreeSet<String>) {
    let spellings = names.iter().flat_map(|name| spellings(name));
    spellings.partition(|spelling| spelling.len() >= MIN_BYTES)
}

/// How a name may be written: with spaces or underscores, as in JSON, as in a URL.
fn spellings(name: &str) -> BTreeSet<String> {
    let plain = [name.replace('_', " "), name.replace(' ', "_")];
    plain
        .iter()
        .flat_map(|name| {
            let json = serde_json::Value::from(name.as_str()).to_string();
            let json = json.trim_matches('"').to_owned();
            let ascii: String = json.chars().fold(String::new(), push_escaped);
            let url = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                    .to_string()
            };
            let slashes = ascii.replace('/', "\\/");
            [
                name.clone(),
                json,
                ascii,
                slashes,
                url(name),
                url(name).replace("%20", "+"),
                url(name).replace("%2E", ".").replace("%2D", "-"),
            ]
        })
        .collect()
}

/// As PHP and others write it into JSON.
fn push_escaped(mut text: String, c: char) -> String {
    if c.is_ascii() {
        text.push(c);
        return text;
    }
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        text.push_str("\\u");
        let digits = format!("{unit:04x}");
        text.push_str(&digits);
    }
    text
}

fn count(bytes: &[u8], part: &[u8]) -> usize {
    let mut found = 0;
    let mut rest = bytes;
    let Some(first) = part.first() else { return 0 };
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        found += usize::from(rest.starts_with(part));
        rest = &rest[1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_each_of_its_spellings() {
        let found = spellings("Ägypten \"X\"/_Y");
        for spelling in [
            "Ägypten \"X\"/ Y",
            "Ägypten_\"X\"/_Y",
            "Ägypten \\\"X\\\"/ Y",
            "\\u00c4gypten \\\"X\\\"/ Y",
            "\\u00c4gypten_\\\"X\\\"\\/_Y",
            "%C3%84gypten%20%22X%22%2F%20Y",
            "%C3%84gypten+%22X%22%2F+Y",
        ] {
            assert!(found.contains(spelling), "{spelling} in {found:?}");
        }
        assert!(spellings("😀").contains("\\ud83d\\ude00"));
    }

    #[test]
    fn bytes_are_counted_where_they_begin() {
        assert_eq!(count(b"aaab aab", b"aab"), 2);
        assert_eq!(count(b"aaaa", b"aa"), 3);
        assert_eq!(count(b"x", b"xyz"), 0);
    }
}
