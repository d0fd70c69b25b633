//! VALUES IN, TEXT OUT. Every command prints a [`Listing`]: rows under named columns, in one of seven formats.
//!
//! This room does not know the clock, the environment, the terminal or where the values come from. The caller
//! says in [`Style`] what it found out about its output.
//!
//! Whatever the format, text from wikis is hostile (`sanitize`): between what is written here, `\n` is the only
//! control character (colour apart), and no invisible character survives. JSON keeps every text exactly, by its
//! own `\u` escapes; the other formats show such characters as `\x1b` or `\u{202e}`.

/// What a command has to say: columns, cells, rows.
mod listing;
/// Makes text safe: control and invisible characters become visible.
mod sanitize;

/// For a terminal or a pipe: aligned columns, cut to the width of the terminal.
mod table;

/// For programs: one document, or one object a line.
mod json;

/// For spreadsheets: no cell is a formula.
mod csv;

/// For GitHub and the like: a GFM table.
mod markdown;

/// For a wiki page: a table whose cells hold no markup.
mod wikitext;

/// For a wiki page: links to the user's pages on other wikis.
mod user_page;

/// For a browser: a page of its own, without script.
mod html;

/// For calendars: an event for each instant at which something ends.
mod icalendar;

/// More than one listing: a page with sections, for people.
mod document;

/// For Prometheus: figures with labels.
mod metrics;
/// For web archives: what the wikis answered.
mod warc;

/// The page of one user: what there is to see, as one file.
pub mod page;

#[cfg(test)]
mod tests;

pub use csv::CsvRows;
pub use document::{Document, Section, write_document};
pub use icalendar::{Event, write_calendar};
pub use json::{write_json, write_json_line};
pub use listing::{Cell, Column, ColumnKind, Listing, Notice};
pub use metrics::{Family, Sample, exposition};
pub use sanitize::{mask, visible};
pub use user_page::UserPage;
pub use warc::{WarcAnswer, write_warc_answer, write_warc_info};

use std::io::{self, Write};

/// How a listing is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people.
    #[default]
    Table,
    /// One document: an array of objects.
    Json,
    /// One object a line.
    Jsonl,
    /// RFC 4180 with a header row, but lines end with `\n` alone.
    Csv,
    /// A table of GitHub Flavored Markdown.
    Markdown,
    /// A `MediaWiki` table.
    Wikitext,
    /// A self-contained page.
    Html,
}

impl Format {
    /// All formats, in the order of `--help`.
    pub const ALL: [Self; 7] = [
        Self::Table,
        Self::Json,
        Self::Jsonl,
        Self::Csv,
        Self::Markdown,
        Self::Wikitext,
        Self::Html,
    ];

    /// The word after `--format`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Wikitext => "wikitext",
            Self::Html => "html",
        }
    }

    /// Whether people read it, who want few columns.
    pub const fn is_for_people(self) -> bool {
        !matches!(self, Self::Json | Self::Jsonl | Self::Csv)
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What the caller knows about its output. The default suits a pipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether a table may be coloured.
    pub color: bool,
    /// The columns of the terminal. `None` is a pipe: nothing is cut.
    pub width: Option<usize>,
    /// Whether [`Cell::Private`] is printed in full, in whatever format.
    pub reveal: bool,
}

/// Writes a listing. Does not flush `out`.
///
/// The notice is for people. Where programs read, data is data: the caller says it elsewhere.
pub fn write(
    out: &mut dyn Write,
    listing: &Listing,
    format: Format,
    style: &Style,
) -> io::Result<()> {
    match format {
        Format::Table => table::write(out, listing, style),
        Format::Json | Format::Jsonl | Format::Csv => {
            write_rows(out, &listing.columns, listing.rows.iter(), format, style)
        }
        Format::Markdown => markdown::write(out, listing, style),
        Format::Wikitext => wikitext::write(out, listing, style),
        Format::Html => html::write(out, listing, style),
    }
}

/// Writes rows in a format for programs. Each is written before the next is asked for, and forgotten.
pub fn write_rows(
    out: &mut dyn Write,
    columns: &[Column],
    rows: impl Iterator<Item: AsRef<[Cell]>>,
    format: Format,
    style: &Style,
) -> io::Result<()> {
    debug_assert!(!format.is_for_people(), "whose columns depend on all rows");
    match format {
        Format::Json => json::write_document(out, columns, rows, style),
        Format::Csv => csv::write(out, columns, rows, style),
        _ => json::write_lines(out, columns, rows, style),
    }
}
