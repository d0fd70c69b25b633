//! What changed, the most important first: a line for a change, however many wikis it happened on.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::super::html::escape;
use super::Page;
use super::drift::shown;
use super::words::{Words, counted, name, names, number};
use crate::report::Cell;

/// At most so many lines of one importance; the rest is counted. Those after the first few are folded.
const LINES: usize = 60;
const OPEN: usize = 12;

/// At most so many wikis are named, in a line that is open and in one that is folded.
const NAMES: usize = 300;
const FOLDED_NAMES: usize = 30;

/// What changed in a time.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    /// Since when; `None`: since the history began.
    pub since: Option<DateTime<Utc>>,
    /// Whether anything was read in that time: if not, "nothing changed" would be a lie.
    pub was_read: bool,
    /// By importance, the highest first; those without lines are left out.
    pub parts: Vec<ChangePart>,
}

/// Changes of one importance.
#[derive(Clone, Debug)]
pub struct ChangePart {
    /// The heading, such as `Rights`.
    pub title: String,
    /// The most important first.
    pub lines: Vec<ChangeLine>,
}

/// The same change, on one wiki or on many.
#[derive(Clone, Debug)]
pub struct ChangeLine {
    /// `+`, `-` or `~`.
    pub sign: char,
    /// What it is about, such as a group; empty where the event says so.
    pub name: String,
    /// What happened, in a word or two; empty where the values say so.
    pub event: String,
    /// The value before, as JSON, where it says more.
    pub before: Option<Cell>,
    /// The value after.
    pub after: Option<Cell>,
    /// Where; `global` for the global account.
    pub wikis: Vec<String>,
    /// The last look that saw it as before, of all wikis.
    pub happened_after: Option<DateTime<Utc>>,
    /// The first look that saw it as now.
    pub happened_by: Option<DateTime<Utc>>,
    /// Why, in words.
    pub cause: String,
    /// Who did it, as the log says.
    pub performer: Option<String>,
    /// Why, as the log says.
    pub comment: Option<String>,
}

impl Digest {
    /// How many properties changed, on all wikis together.
    pub(super) fn changes(&self) -> usize {
        let lines = self.parts.iter().flat_map(|part| &part.lines);
        lines.map(|line| line.wikis.len()).sum()
    }
}

pub(super) fn write(out: &mut dyn Write, page: &Page) -> io::Result<()> {
    let (digest, words) = (&page.digest, Words::of(page));
    let since = match digest.since {
        Some(since) => format!("Since {}.", words.instant(since)),
        None => "Since the history began.".to_owned(),
    };
    let found = match (digest.parts.is_empty(), digest.was_read) {
        (true, false) => " Nothing was read: whether anything changed is not known.",
        (true, true) => " No change was found.",
        (false, _) => " The same change on many wikis is one line.",
    };
    writeln!(out, r#"<p class="note">{since}{found}</p>"#)?;
    for part in &digest.parts {
        let lines = counted(part.lines.len(), "line");
        writeln!(
            out,
            r#"<h3>{} <span class="count">{lines}</span></h3>"#,
            escape(&part.title)
        )?;
        let lines = &part.lines[..part.lines.len().min(LINES)];
        // One folded line would take as much room as it spares.
        let open = if lines.len() <= OPEN + 2 {
            lines.len()
        } else {
            OPEN
        };
        let write = |out: &mut dyn Write, lines: &[ChangeLine], most| {
            writeln!(out, r#"<ul class="lines">"#)?;
            for line in lines {
                write_line(out, line, words, (page.reveal, most))?;
            }
            writeln!(out, "</ul>")
        };
        write(out, &lines[..open], NAMES)?;
        if open < lines.len() {
            let more = number(lines.len() - open);
            writeln!(out, "<details><summary>{more} more lines</summary>")?;
            write(out, &lines[open..], FOLDED_NAMES)?;
            writeln!(out, "</details>")?;
        }
        if part.lines.len() > LINES {
            writeln!(
                out,
                r#"<p class="note">And {} more; `sultrail report` lists them all.</p>"#,
                number(part.lines.len() - LINES)
            )?;
        }
    }
    Ok(())
}

fn write_line(
    out: &mut dyn Write,
    line: &ChangeLine,
    words: Words,
    (reveal, most): (bool, usize),
) -> io::Result<()> {
    let (class, sign, said) = match line.sign {
        '+' => ("gain", "+", "new: "),
        '-' => ("loss", "−", "gone: "),
        _ => ("turn", "~", "changed: "),
    };
    write!(
        out,
        r#"<li><span class="sign {class}" aria-hidden="true">{sign}</span><div><span class="hidden">{said}</span>{}{}"#,
        what(line),
        values(line, reveal)
    )?;
    let list = line.wikis.iter().map(String::as_str);
    let mut many = String::new();
    match line.wikis.as_slice() {
        [] => {}
        [wiki] if wiki == "global" => write!(out, " on all wikis")?,
        [_] | [_, _] | [_, _, _] => write!(out, " on {}", names(list, 3))?,
        wikis => {
            many = format!(
                "<details><summary>on {}</summary><p>{}</p></details>",
                counted(wikis.len(), "wiki"),
                names(list, most)
            );
        }
    }
    writeln!(
        out,
        r#"<div class="why">{many}<span>{}</span></div></div></li>"#,
        reasons(line, words)
    )
}

fn what(line: &ChangeLine) -> String {
    let event = escape(&line.event);
    match (line.name.as_str(), event.as_str()) {
        ("", event) => format!(r#"<span class="what">{event}</span>"#),
        (text, "") => format!(r#"<span class="what">{}</span>"#, name(text)),
        (text, event) => format!(r#"<span class="what">{}</span> {event}"#, name(text)),
    }
}

/// `: before → after`, as far as there is something to say.
fn values(line: &ChangeLine, reveal: bool) -> String {
    let value = |cell: &Cell| shown(cell, reveal);
    match (&line.before, &line.after) {
        (None, None) => String::new(),
        (Some(before), None) => format!(": {}, now gone", value(before)),
        (None, Some(after)) => format!(": {}", value(after)),
        (Some(before), Some(after)) => format!(
            r#": {} <span aria-hidden="true">→</span><span class="hidden">became</span> {}"#,
            value(before),
            value(after)
        ),
    }
}

fn reasons(line: &ChangeLine, words: Words) -> String {
    let mut reasons = Vec::new();
    match (line.happened_after, line.happened_by) {
        (Some(after), Some(by)) => reasons.push(words.between(after, by)),
        (None, Some(by)) => reasons.push(format!("seen {}", words.date(by))),
        _ => {}
    }
    if !line.cause.is_empty() {
        reasons.push(escape(&line.cause));
    }
    if let Some(performer) = &line.performer {
        reasons.push(format!("by {}", name(performer)));
    }
    if let Some(comment) = line.comment.as_ref().filter(|text| !text.is_empty()) {
        let short: String = comment.chars().take(300).collect();
        reasons.push(format!("“{}”", name(&short)));
    }
    reasons.join(" · ")
}
