//! What ends: rights and blocks, where, when.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::super::html::escape;
use super::Page;
use super::words::{Words, counted, name, names, number};

/// At most so many lines; what ends later is counted.
const LINES: usize = 60;

/// At most so many wikis are named in a line.
const NAMES: usize = 50;

/// A right or a block that ends, on one wiki or on several at the same time.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The group, or that it is a block.
    pub name: String,
    /// Where; `global` for a global group.
    pub wikis: Vec<String>,
    /// When.
    pub ends_at: DateTime<Utc>,
    /// Whether its end has come, and nobody has seen it gone.
    pub is_over: bool,
    /// What else there is to say; may be empty.
    pub note: String,
}

pub(super) fn write(out: &mut dyn Write, page: &Page) -> io::Result<()> {
    let words = Words::of(page);
    if page.endings.is_empty() {
        return writeln!(
            out,
            r#"<p class="note">Nothing that is held now has an end.</p>"#
        );
    }
    writeln!(
        out,
        r#"<div class="scroll" role="region" aria-label="What ends" tabindex="0">
<table class="small"><caption>Rights and blocks that have an end, the next first; time left as of {}</caption>
<thead><tr><th scope="col">What</th><th scope="col">Where</th><th scope="col">Ends</th><th scope="col" class="number">Time left</th></tr></thead>
<tbody>"#,
        words.date(words.now())
    )?;
    for ending in page.endings.iter().take(LINES) {
        writeln!(
            out,
            r#"<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td class="number">{}</td></tr>"#,
            name(&ending.name),
            wikis(&ending.wikis),
            words.instant(ending.ends_at),
            left(ending, words)
        )?;
    }
    writeln!(out, "</tbody></table></div>")?;
    let left = page.endings.iter().skip(LINES);
    let left: usize = left.map(|ending| ending.wikis.len()).sum();
    if left > 0 {
        writeln!(
            out,
            r#"<p class="note">And {} more; `sultrail expiring` lists them all.</p>"#,
            number(left)
        )?;
    }
    Ok(())
}

fn left(ending: &Ending, words: Words) -> String {
    if ending.is_over {
        escape(&ending.note)
    } else {
        words.left(ending.ends_at)
    }
}

fn wikis(wikis: &[String]) -> String {
    match wikis {
        [wiki] if wiki == "global" => "all wikis (global)".to_owned(),
        wikis if wikis.len() <= 3 => names(wikis.iter().map(String::as_str), 3),
        wikis => format!(
            "<details><summary>{}</summary><p>{}</p></details>",
            counted(wikis.len(), "wiki"),
            names(wikis.iter().map(String::as_str), NAMES)
        ),
    }
}
