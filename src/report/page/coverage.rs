//! What could not be read, and since when: what the page cannot know.

use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};

use super::super::html::escape;
use super::words::{Words, counted, length, name, number};
use super::{Page, RunResult};

/// At most so many wikis have a line.
const LINES: usize = 60;

/// A time without a run that read anything is told from this on.
const GAP: TimeDelta = TimeDelta::days(2);

/// What could not be read.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// The wikis that could not be read the last time.
    pub unread: Vec<Unread>,
}

/// A wiki that cannot be read.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Which; `global` for the central wiki's answers.
    pub wiki: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why the last try failed.
    pub error: String,
}

pub(super) fn write(out: &mut dyn Write, page: &Page) -> io::Result<()> {
    let words = Words::of(page);
    writeln!(out, "<p>{}</p>", runs(page))?;
    write_gaps(out, page, words)?;
    let unread = &page.coverage.unread;
    if unread.is_empty() {
        return writeln!(
            out,
            r#"<p class="note">Every wiki could be read the last time it was asked.</p>"#
        );
    }
    writeln!(
        out,
        r#"<div class="scroll" role="region" aria-label="Wikis that cannot be read" tabindex="0">
<table class="small"><caption>{} cannot be read, the longest first: what changes there is not known</caption>
<thead><tr><th scope="col">Wiki</th><th scope="col">Since</th><th scope="col">Why</th></tr></thead>
<tbody>"#,
        counted(unread.len(), "wiki")
    )?;
    for unread in unread.iter().take(LINES) {
        let why: String = unread.error.chars().take(300).collect();
        writeln!(
            out,
            r#"<tr><th scope="row">{}</th><td>{}</td><td><bdi>{}</bdi></td></tr>"#,
            name(&unread.wiki),
            words.date(unread.since),
            escape(&why)
        )?;
    }
    writeln!(out, "</tbody></table></div>")?;
    if unread.len() > LINES {
        writeln!(
            out,
            r#"<p class="note">And {} more; `sultrail status` lists them all.</p>"#,
            number(unread.len() - LINES)
        )?;
    }
    Ok(())
}

fn runs(page: &Page) -> String {
    let runs = &page.timeline.runs;
    let of = |result| runs.iter().filter(|run| run.result == result).count();
    match runs.len() {
        0 => "There is no run yet.".to_owned(),
        all => format!(
            "Of {}, {} read all wikis, {} not all, and {} failed or were cut short.",
            counted(all, "run"),
            number(of(RunResult::Complete)),
            number(of(RunResult::Partial)),
            number(of(RunResult::Failed))
        ),
    }
}

/// The longest times without a run that read anything.
fn write_gaps(out: &mut dyn Write, page: &Page, words: Words) -> io::Result<()> {
    let runs = page.timeline.runs.iter();
    let mut read: Vec<DateTime<Utc>> = runs
        .filter(|run| run.result != RunResult::Failed)
        .map(|run| run.at)
        .collect();
    read.sort_unstable();
    read.push(page.written_at);
    let mut gaps: Vec<(DateTime<Utc>, DateTime<Utc>)> = read
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|(from, to)| *to - *from >= GAP)
        .collect();
    if gaps.is_empty() {
        return Ok(());
    }
    let count = gaps.len();
    gaps.sort_by_key(|(from, to)| *from - *to);
    writeln!(
        out,
        "<p>{} nothing was read for two days or more. What came and went within such a time is not known. The longest:</p>",
        if count == 1 {
            "Once".to_owned()
        } else {
            counted(count, "time")
        }
    )?;
    writeln!(out, "<ul>")?;
    for (from, to) in gaps.iter().take(5) {
        writeln!(
            out,
            "<li>{}, {}</li>",
            length(*to - *from),
            words.between(*from, *to)
        )?;
    }
    writeln!(out, "</ul>")
}
