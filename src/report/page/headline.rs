//! The top of the page: whose, how fresh, how complete, and the figures that matter.

use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};

use super::super::html::escape;
use super::Page;
use super::words::{Words, counted, length, name, number};

/// A right that ends within this time counts among the figures.
const SOON: TimeDelta = TimeDelta::days(30);

/// How good the news is.
#[derive(Clone, Debug, Default)]
pub struct Headline {
    /// When the last good run began: one that read most of the wikis.
    pub last_good_at: Option<DateTime<Utc>>,
    /// Whether that is longer ago than it should be: then the page says so first.
    pub is_late: bool,
    /// When a run after it began that was not good, and what became of it.
    pub bad_run: Option<(DateTime<Utc>, String)>,
    /// When the history begins.
    pub first_at: Option<DateTime<Utc>>,
    /// How many wikis have an account.
    pub wikis: usize,
    /// How many of them could be read the last time.
    pub read: usize,
}

pub(super) fn write(out: &mut dyn Write, page: &Page) -> io::Result<()> {
    let (headline, words) = (&page.headline, Words::of(page));
    writeln!(out, "<header>")?;
    if headline.is_late {
        writeln!(out, r#"<p class="late">{}</p>"#, lateness(headline, words))?;
    }
    if let Some((at, fate)) = &headline.bad_run {
        let (at, fate) = (words.instant(*at), escape(fate));
        writeln!(
            out,
            r#"<p class="late"><strong>A run went wrong</strong> on {at}: {fate}.</p>"#
        )?;
    }
    writeln!(
        out,
        r#"<p class="overline">Rights and preferences on every wiki</p>"#
    )?;
    writeln!(out, "<h1>{}</h1>", name(&page.user))?;
    writeln!(out, r#"<p class="news">{}</p>"#, news(headline, words))?;
    write_figures(out, page, words)?;
    writeln!(out, "</header>")
}

fn lateness(headline: &Headline, words: Words) -> String {
    match headline.last_good_at {
        None => "<strong>Out of date.</strong> No run has read most of the wikis yet.".to_owned(),
        Some(at) => format!(
            "<strong>Out of date.</strong> The last good run was on {}, {} before this page was written. \
             What has changed since then is not known.",
            words.instant(at),
            length(words.age(at))
        ),
    }
}

fn news(headline: &Headline, words: Words) -> String {
    let Some(at) = headline.last_good_at else {
        return "Nothing has been read yet.".to_owned();
    };
    let complete = if headline.read >= headline.wikis {
        format!("all {}", counted(headline.wikis, "wiki"))
    } else {
        format!(
            "{} of {}",
            number(headline.read),
            counted(headline.wikis, "wiki")
        )
    };
    let first = headline.first_at.map(|first| words.date(first));
    let first = first.map(|first| format!(" The history begins on {first}."));
    format!(
        "Last read on {}: {complete}.{}",
        words.instant(at),
        first.unwrap_or_default()
    )
}

fn write_figures(out: &mut dyn Write, page: &Page, words: Words) -> io::Result<()> {
    let soon = page.endings.iter().filter(|ending| !ending.is_over);
    let soon = soon.filter(|ending| words.age(ending.ends_at) > -SOON);
    let soon: usize = soon.map(|ending| ending.wikis.len()).sum();
    let unread = page.headline.wikis.saturating_sub(page.headline.read);
    let figures = [
        (page.headline.wikis, "wikis", false),
        (page.rights.held_now(), "rights held", false),
        (soon, "end within 30 days", false),
        (page.digest.changes(), "changes reported below", false),
        (page.drift.names, "preferences differ", false),
        (unread, "wikis not read", unread > 0),
    ];
    writeln!(out, r#"<dl class="figures">"#)?;
    for (count, what, is_bad) in figures {
        let class = if is_bad { r#" class="bad""# } else { "" };
        let count = number(count);
        writeln!(out, "<div{class}><dt>{what}</dt><dd>{count}</dd></div>")?;
    }
    writeln!(out, "</dl>")
}
