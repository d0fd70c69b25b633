//! The way to the pages of several users.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::super::html::escape;
use super::head;
use super::words::{Words, name};
use crate::model::Zone;

/// A user who has a page.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The current name.
    pub user: String,
    /// The file of the page, in the same directory.
    pub file: String,
    /// When the last good run began.
    pub last_good_at: Option<DateTime<Utc>>,
    /// Whether that is longer ago than it should be.
    pub is_late: bool,
}

/// Writes a page with a link to each user's. Does not flush `out`.
pub fn write_index(
    out: &mut dyn Write,
    entries: &[Entry],
    now: DateTime<Utc>,
    zone: Zone,
) -> io::Result<()> {
    let words = Words::at(now, zone);
    let late = entries.iter().any(|entry| entry.is_late);
    let title = if late {
        "Out of date: rights and preferences"
    } else {
        "Rights and preferences"
    };
    head::write(out, title)?;
    writeln!(
        out,
        r#"<header><h1>Rights and preferences on every wiki</h1></header>
<main id="main">
<table><caption>Whose</caption>
<thead><tr><th scope="col">User</th><th scope="col">Last good run</th></tr></thead>
<tbody>"#
    )?;
    for entry in entries {
        let late = if entry.is_late { "Out of date: " } else { "" };
        let good = entry.last_good_at.map(|at| words.instant(at));
        writeln!(
            out,
            r#"<tr><th scope="row"><a href="{}">{}</a></th><td>{late}{}</td></tr>"#,
            escape(&entry.file),
            name(&entry.user),
            good.as_deref().unwrap_or("none")
        )?;
    }
    writeln!(out, "</tbody></table>\n</main>")?;
    head::write_end(out, &words, "")
}
