//! For programs: one document, or one object a line. Keys are the column names, in the order of the columns.
//!
//! Every text comes back exactly as it was; characters that a terminal would obey are written as `\u` escapes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::sanitize::is_invisible;
use super::{Cell, Column, Style};

/// An array of objects, indented by two spaces, a row at a time.
pub(super) fn write_document(
    out: &mut dyn Write,
    columns: &[Column],
    rows: impl Iterator<Item: AsRef<[Cell]>>,
    style: &Style,
) -> io::Result<()> {
    let mut before = "[\n  ";
    for row in rows {
        let text = serde_json::to_string_pretty(&Object::new(columns, row.as_ref(), style))?;
        // Within strings a newline is escaped: these are the ends of lines.
        write!(out, "{before}{}", escape(&text.replace('\n', "\n  ")))?;
        before = ",\n  ";
    }
    let end = if before.starts_with('[') { "[]" } else { "\n]" };
    writeln!(out, "{end}")
}

/// One object a line.
pub(super) fn write_lines(
    out: &mut dyn Write,
    columns: &[Column],
    mut rows: impl Iterator<Item: AsRef<[Cell]>>,
    style: &Style,
) -> io::Result<()> {
    rows.try_for_each(|row| write_json_line(out, &Object::new(columns, row.as_ref(), style)))
}

/// One value on a line, its fields in the order of its type.
pub fn write_json_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    writeln!(out, "{}", escape(&serde_json::to_string(value)?))
}

/// One value as a document, indented by two spaces.
pub fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    writeln!(out, "{}", escape(&serde_json::to_string_pretty(value)?))
}

/// One row under its columns.
struct Object<'a> {
    columns: &'a [Column],
    row: &'a [Cell],
    reveal: bool,
}

impl<'a> Object<'a> {
    fn new(columns: &'a [Column], row: &'a [Cell], style: &Style) -> Self {
        debug_assert_eq!(row.len(), columns.len(), "one cell a column");
        Self {
            columns,
            row,
            reveal: style.reveal,
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.row.len()))?;
        for (column, cell) in self.columns.iter().zip(self.row) {
            map.serialize_key(&column.name)?;
            match cell {
                Cell::Null => map.serialize_value(&())?,
                Cell::Integer(number) => map.serialize_value(number)?,
                Cell::Boolean(flag) => map.serialize_value(flag)?,
                Cell::Text(_) | Cell::Private(_) => {
                    map.serialize_value(&cell.exact(self.reveal))?;
                }
            }
        }
        map.end()
    }
}

/// `serde_json` escapes the control characters below U+0020; the others can stand within strings only, so they are escaped here.
fn escape(json: &str) -> Cow<'_, str> {
    // Nearly all of it is plain ASCII, and to see that is several times as quick as to look at characters.
    if json.bytes().all(|byte| byte < 0x7f) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || !is_invisible(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    Cow::Owned(escaped)
}
