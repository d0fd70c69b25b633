//! Preferences that differ between wikis: what most have, and who has something else.

use std::io::{self, Write};

use super::super::html::escape;
use super::Page;
use super::words::{counted, name, names, number};
use crate::report::{Cell, ColumnKind};

/// At most so many preferences have a line.
const LINES: usize = 25;

/// At most so many other values have a line of their own.
const VALUES: usize = 4;

/// At most so many wikis are named for a value.
const NAMES: usize = 100;

/// Preferences that differ between wikis.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    /// How many preferences differ.
    pub names: usize,
    /// Those worth a line, the most interesting first; more than the page shows do no harm.
    pub lines: Vec<DriftLine>,
}

/// One preference that differs.
#[derive(Clone, Debug)]
pub struct DriftLine {
    /// Its name.
    pub name: String,
    /// What most wikis have, as JSON, and how many.
    pub majority: (Cell, usize),
    /// What others have, the most frequent first.
    pub others: Vec<OtherValue>,
    /// What else there is to say of it, such as that it may become a global preference.
    pub note: String,
}

/// A value that is not what most wikis have.
#[derive(Clone, Debug)]
pub struct OtherValue {
    /// The value, as JSON.
    pub value: Cell,
    /// On how many wikis.
    pub count: usize,
    /// Which, as far as they are known.
    pub wikis: Vec<String>,
}

pub(super) fn write(out: &mut dyn Write, page: &Page) -> io::Result<()> {
    let drift = &page.drift;
    if drift.names == 0 {
        return writeln!(
            out,
            r#"<p class="note">Every preference has the same value on all wikis that have it.</p>"#
        );
    }
    writeln!(
        out,
        r#"<div class="scroll" role="region" aria-label="Preferences that differ" tabindex="0">
<table><caption>{} of {} that differ between wikis</caption>
<thead><tr><th scope="col">Preference</th><th scope="col">On most wikis</th><th scope="col" class="number">Wikis</th><th scope="col">Elsewhere</th></tr></thead>
<tbody>"#,
        number(drift.lines.len().min(LINES)),
        counted(drift.names, "preference")
    )?;
    for line in drift.lines.iter().take(LINES) {
        let (value, count) = &line.majority;
        writeln!(
            out,
            r#"<tr><th scope="row">{}{}</th><td>{}</td><td class="number">{}</td><td>{}</td></tr>"#,
            name(&line.name),
            note(&line.note),
            shown(value, page.reveal),
            number(*count),
            others(&line.others, page.reveal)
        )?;
    }
    writeln!(out, "</tbody></table></div>")?;
    if drift.names > LINES {
        writeln!(
            out,
            r#"<p class="note">{} more differ; `sultrail drift` lists them all.</p>"#,
            number(drift.names - LINES)
        )?;
    }
    Ok(())
}

fn note(note: &str) -> String {
    match note {
        "" => String::new(),
        note => format!(r#"<div class="why">{}</div>"#, escape(note)),
    }
}

fn others(others: &[OtherValue], reveal: bool) -> String {
    let mut lines = Vec::new();
    for other in others.iter().take(VALUES) {
        let value = shown(&other.value, reveal);
        let list = names(other.wikis.iter().map(String::as_str), NAMES);
        let count = counted(other.count, "wiki");
        lines.push(match other.wikis.len() {
            0 => format!("<div>{value} on {count}</div>"),
            1 => format!("<div>{value} on {list}</div>"),
            _ => {
                format!("<details><summary>{value} on {count}</summary><p>{list}</p></details>")
            }
        });
    }
    if others.len() > VALUES {
        let wikis: usize = others[VALUES..].iter().map(|other| other.count).sum();
        lines.push(format!(
            "<div>{} more on {}</div>",
            counted(others.len() - VALUES, "value"),
            counted(wikis, "wiki")
        ));
    }
    lines.concat()
}

/// A value, shortened where it is long.
pub(super) fn shown(value: &Cell, reveal: bool) -> String {
    let text = value.shown(ColumnKind::Json, reveal);
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!(r#"<bdi class="value">{}</bdi>"#, escape(&short))
}
