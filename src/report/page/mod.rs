//! The page of one user: everything worth seeing at a glance, in one file that asks nobody for anything.
//!
//! A `Page` is plain values; this room writes them down as HTML, a file a part. There is no script, and
//! the content security policy would let none run: it allows one style sheet, by its hash. So nothing may
//! carry a `style` attribute, and whatever has a place along time gets it from attributes of SVG.
//!
//! Nothing tells by colour alone: lanes are labelled, states differ in height, and each picture stands
//! beside its words or a table.

mod axis;
mod changes;
mod coverage;
mod drift;
mod expiring;
mod head;
mod headline;
mod index;
mod rights;
mod strip;
mod timeline;
mod words;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use crate::model::Zone;
use words::Words;

pub use axis::Axis;
pub use changes::{ChangeLine, ChangePart, Digest};
pub use coverage::{Coverage, Unread};
pub use drift::{Drift, DriftLine, OtherValue};
pub use expiring::Ending;
pub use headline::Headline;
pub use index::{Entry, write_index};
pub use rights::{Rights, Spell};
pub use timeline::{RunMark, RunResult, Timeline};

/// Everything the page of one user says.
#[derive(Clone, Debug)]
pub struct Page {
    /// Whose page it is, by the current name.
    pub user: String,
    /// When it was put together; ages and "in 3 days" are counted from here.
    pub written_at: DateTime<Utc>,
    /// The zone in which people read its times.
    pub zone: Zone,
    /// Whether private text is shown in full.
    pub reveal: bool,
    /// How good the news is.
    pub headline: Headline,
    /// What changed.
    pub digest: Digest,
    /// Changes and runs along time.
    pub timeline: Timeline,
    /// Which right was held when.
    pub rights: Rights,
    /// Rights and blocks that end, the next first.
    pub endings: Vec<Ending>,
    /// Preferences that differ between wikis.
    pub drift: Drift,
    /// What could not be read.
    pub coverage: Coverage,
}

/// The parts: where the link leads, what the link says, the heading.
const PARTS: [(&str, &str); 6] = [
    ("changes", "What changed"),
    ("timeline", "Timeline"),
    ("rights", "Rights over time"),
    ("expiring", "What ends"),
    ("drift", "Preferences that differ"),
    ("coverage", "Coverage"),
];

type Part = fn(&mut dyn Write, &Page) -> io::Result<()>;

/// Writes the page. Does not flush `out`.
pub fn write(out: &mut dyn Write, page: &Page) -> io::Result<()> {
    let late = if page.headline.is_late {
        "Out of date: "
    } else {
        ""
    };
    let title = format!("{late}{} – rights and preferences", page.user);
    head::write(out, &title)?;
    headline::write(out, page)?;
    write_links(out)?;
    writeln!(out, r#"<main id="main">"#)?;
    let parts: [Part; 6] = [
        changes::write,
        timeline::write,
        rights::write,
        expiring::write,
        drift::write,
        coverage::write,
    ];
    for ((id, title), part) in PARTS.into_iter().zip(parts) {
        writeln!(
            out,
            r#"<section aria-labelledby="{id}"><h2 id="{id}">{title}</h2>"#
        )?;
        part(out, page)?;
        writeln!(out, "</section>")?;
    }
    writeln!(out, "</main>")?;
    let note = if page.reveal {
        "E-mail addresses are shown in full: do not hand this page on."
    } else {
        "E-mail addresses are masked."
    };
    head::write_end(out, &Words::of(page), note)
}

fn write_links(out: &mut dyn Write) -> io::Result<()> {
    write!(out, r#"<nav aria-label="Parts of this page"><ul>"#)?;
    for (id, title) in PARTS {
        write!(out, r##"<li><a href="#{id}">{title}</a></li>"##)?;
    }
    writeln!(out, "</ul></nav>")
}
