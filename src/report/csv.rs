//! For spreadsheets: RFC 4180 with a header row, lines ended by `\n` alone, null as an empty cell, and no cell a formula.
//!
//! Control and invisible characters are made visible, so a record is a line. Who needs a text exactly takes JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use super::sanitize::visible;
use super::{Cell, Column, ColumnKind, Style};

/// What begins a formula, also in the wide form of East Asia.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

pub(super) fn write(
    out: &mut dyn Write,
    columns: &[Column],
    rows: impl Iterator<Item: AsRef<[Cell]>>,
    style: &Style,
) -> io::Result<()> {
    let mut table = CsvRows::new(out, columns.to_vec(), *style)?;
    for row in rows {
        table.row(row.as_ref())?;
    }
    table.finish().map(drop)
}

/// Rows that are written as they come.
#[derive(Debug)]
pub struct CsvRows<W: Write> {
    writer: csv::Writer<W>,
    columns: Vec<Column>,
    style: Style,
}

impl<W: Write> CsvRows<W> {
    /// Writes the header.
    pub fn new(out: W, columns: Vec<Column>, style: Style) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
        writer
            .write_record(columns.iter().map(|c| defuse(&c.name).into_owned()))
            .map_err(as_io)?;
        Ok(Self {
            writer,
            columns,
            style,
        })
    }

    /// Writes a row of one cell a column.
    pub fn row(&mut self, row: &[Cell]) -> io::Result<()> {
        for (column, cell) in self.columns.iter().zip(row) {
            let text = cell.exact(self.style.reveal);
            let is_harmless = matches!(cell, Cell::Integer(_)) || is_sign(column.kind, &text);
            let field = if is_harmless {
                Cow::Borrowed(&*text)
            } else {
                defuse(&text)
            };
            self.writer.write_field(field.as_bytes()).map_err(as_io)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(as_io)
    }

    /// Writes what is left, and gives back where it went.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.flush()?;
        let unwritten = |error: csv::IntoInnerError<_>| io::Error::other(error.to_string());
        self.writer.into_inner().map_err(unwritten)
    }
}

/// The error as it was, so that a closed pipe is still known for one.
fn as_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A change is one sign; alone in its cell it is no formula.
fn is_sign(kind: ColumnKind, text: &str) -> bool {
    kind == ColumnKind::Change && matches!(text, "+" | "-" | "~")
}

/// A `'` before what a spreadsheet could take for a formula, also behind spaces.
fn defuse(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    let sign = text.trim_start().chars().next();
    if sign.is_some_and(|c| SIGNS.contains(&c)) || text.starts_with(['\t', '\r', '\n']) {
        return Cow::Owned(format!("'{shown}"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defuses_formulas() {
        assert_eq!(defuse("=1+1"), "'=1+1");
        assert_eq!(defuse(" \u{ff20}SUM(A1)"), "' ＠SUM(A1)");
        assert_eq!(defuse("\t=1"), "'\\t=1");
        assert_eq!(defuse("a=1"), "a=1");
    }
}
