//! The files about one subject, written side by side as the lines come.

use std::path::Path;

use serde::Serialize;
use serde_json::Value as Json;

use super::{
    ArchiveError,
    folder::{Folder, FolderFile},
    subjects::Subject,
};
use crate::report::{Cell, Column, ColumnKind, CsvRows, Listing, Style, write_json_line};

/// How many lines `index.html` shows of a subject.
const SHOWN: usize = 1000;

/// A file of lines, the table beside it, and what the page shows of both.
pub(super) struct Table {
    subject: Subject,
    columns: Vec<Column>,
    lines: FolderFile,
    csv: Option<CsvRows<FolderFile>>,
    shown: Vec<Vec<Cell>>,
    count: usize,
}

impl Table {
    pub(super) fn begin(folder: &Folder, subject: Subject) -> Result<Self, ArchiveError> {
        let columns = columns(&subject);
        let csv = match subject.csv {
            None => None,
            Some(path) => {
                let file = folder.file(path)?;
                let rows = CsvRows::new(file, columns.clone(), Style::default());
                Some(rows.map_err(ArchiveError::io(Path::new(path)))?)
            }
        };
        Ok(Self {
            subject,
            columns,
            lines: folder.file(subject.lines)?,
            csv,
            shown: Vec::new(),
            count: 0,
        })
    }

    /// Writes a line.
    pub(super) fn write(&mut self, line: &impl Serialize) -> Result<(), ArchiveError> {
        let path = Path::new(self.subject.lines);
        write_json_line(&mut self.lines, line).map_err(ArchiveError::io(path))?;
        self.lines.count();
        self.count += 1;
        if let Some(csv) = &mut self.csv {
            let row = cells(line, &self.columns);
            csv.row(&row).map_err(ArchiveError::io(path))?;
            if self.shown.len() < SHOWN {
                self.shown.push(row);
            }
        }
        Ok(())
    }

    /// Ends the files, with the schema of their lines. What the page shows of them comes back.
    pub(super) fn end(self, folder: &mut Folder) -> Result<Listing, ArchiveError> {
        let Subject {
            name,
            lines,
            schema_path,
            schema,
            ..
        } = self.subject;
        folder.keep(self.lines)?;
        if let Some(csv) = self.csv {
            let mut file = csv.finish().map_err(ArchiveError::io(Path::new(name)))?;
            (0..=self.count).for_each(|_| file.count());
            folder.keep(file)?;
        }
        write_text(folder, schema_path, schema)?;
        let title = match self.count {
            count if count > SHOWN => format!("{name}: the first {SHOWN} of {count} ({lines})"),
            count => format!("{name}: {count} ({lines})"),
        };
        let mut listing = Listing::new(title, self.columns, "None.");
        listing.rows = self.shown;
        Ok(listing)
    }
}

/// Writes a file of our own words.
pub(super) fn write_text(
    folder: &mut Folder,
    path: &'static str,
    text: &str,
) -> Result<(), ArchiveError> {
    use std::io::Write;
    let mut file = folder.file(path)?;
    file.write_all(text.as_bytes())
        .map_err(ArchiveError::io(Path::new(path)))?;
    text.lines().for_each(|_| file.count());
    folder.keep(file)
}

/// The fields in their order: the schema requires every one of them.
fn columns(subject: &Subject) -> Vec<Column> {
    let schema: Json = serde_json::from_str(subject.schema).unwrap_or_default();
    let names = schema["required"].as_array().into_iter().flatten();
    let column = |name: &str| Column::new(name.to_owned(), name.replace('_', " "), kind(name));
    names.filter_map(Json::as_str).map(column).collect()
}

fn kind(name: &str) -> ColumnKind {
    match name {
        "change" => ColumnKind::Change,
        "value" | "before" | "after" => ColumnKind::Json,
        "valid_from" | "valid_to" | "seen_until" | "happened_after" | "happened_by" => {
            ColumnKind::Time
        }
        "wiki" | "kind" => ColumnKind::Word,
        name if name.ends_with("_at") => ColumnKind::Time,
        name if name.ends_with("_count") || name.ends_with("_id") => ColumnKind::Number,
        _ => ColumnKind::Text,
    }
}

/// A line as the cells of a row.
fn cells(line: &impl Serialize, columns: &[Column]) -> Vec<Cell> {
    let fields = serde_json::to_value(line).unwrap_or_default();
    let cell = |column: &Column| match &fields[column.name.as_ref()] {
        Json::Null => Cell::Null,
        Json::Bool(flag) => Cell::Boolean(*flag),
        Json::String(text) => text.as_str().into(),
        number => match number.as_i64() {
            Some(number) => Cell::Integer(number),
            None => number.to_string().into(),
        },
    };
    columns.iter().map(cell).collect()
}
