//! For a terminal or a pipe: aligned columns, two spaces between them, cut to the width of the terminal.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::sanitize::{is_right_to_left, visible};
use super::{ColumnKind, Listing, Notice, Style};

const GAP: usize = 2;
/// No column is shortened to less than this, or than its heading.
const NARROWEST: usize = 8;
/// In a pipe one long value must not push the next column of every row away.
const WIDEST_IN_A_PIPE: usize = 120;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

pub(super) fn write(out: &mut dyn Write, listing: &Listing, style: &Style) -> io::Result<()> {
    if let Some(notice) = &listing.notice {
        write_notice(out, notice, style)?;
    }
    if listing.rows.is_empty() {
        let sentence = paint(visible(&listing.empty), Some(DIM), style);
        return writeln!(out, "{sentence}");
    }
    let layout = Layout::new(listing, style);
    let headings = listing.columns.iter().map(|c| visible(&c.heading));
    writeln!(out, "{}", layout.line(headings, |_, _| Some(BOLD)))?;
    for row in &listing.rows {
        let cells = listing.columns.iter().zip(row);
        let texts = cells.map(|(column, cell)| cell.shown(column.kind, style.reveal));
        writeln!(out, "{}", layout.line(texts, change_color))?;
    }
    Ok(())
}

pub(super) fn write_notice(out: &mut dyn Write, notice: &Notice, style: &Style) -> io::Result<()> {
    let color = if notice.is_warning { YELLOW } else { DIM };
    let line = paint(notice.line().into(), Some(color), style);
    writeln!(out, "{line}")
}

/// Where each column stands.
struct Layout<'a> {
    kinds: Vec<ColumnKind>,
    widths: Vec<usize>,
    style: &'a Style,
}

impl<'a> Layout<'a> {
    fn new(listing: &Listing, style: &'a Style) -> Self {
        let kinds: Vec<_> = listing.columns.iter().map(|c| c.kind).collect();
        let headings = listing.columns.iter().map(|c| visible(&c.heading).width());
        let least: Vec<_> = headings.collect();
        let mut widths = least.clone();
        for row in &listing.rows {
            for ((width, kind), cell) in widths.iter_mut().zip(&kinds).zip(row) {
                *width = (*width).max(cell.shown(*kind, style.reveal).width());
            }
        }
        match style.width {
            Some(limit) => shrink(&mut widths, &kinds, &least, limit),
            None => widths
                .iter_mut()
                .for_each(|w| *w = (*w).min(WIDEST_IN_A_PIPE)),
        }
        Self {
            kinds,
            widths,
            style,
        }
    }

    /// One line without its end; `color` looks at the kind of each column and the text in it.
    fn line<'t>(
        &self,
        texts: impl Iterator<Item = Cow<'t, str>>,
        color: fn(ColumnKind, &str) -> Option<&'static str>,
    ) -> String {
        let mut line = String::new();
        let mut column = 0;
        for ((text, &kind), &width) in texts.zip(&self.kinds).zip(&self.widths) {
            let text = self.fit(text, kind, width);
            let padding = width.saturating_sub(text.width());
            if kind == ColumnKind::Number {
                column += padding;
            }
            if !text.is_empty() {
                line.extend(std::iter::repeat_n(' ', column));
                column = 0;
                let color = color(kind, &text);
                line.push_str(&paint(self.isolate(text), color, self.style));
            }
            if kind != ColumnKind::Number {
                column += padding;
            }
            column += GAP;
        }
        line
    }

    fn fit<'t>(&self, text: Cow<'t, str>, kind: ColumnKind, width: usize) -> Cow<'t, str> {
        if self.style.width.is_some() && is_flexible(kind) && text.width() > width {
            return Cow::Owned(cut(&text, width));
        }
        text
    }

    /// On a terminal, a right-to-left value must not reorder the columns beside it.
    fn isolate<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        if self.style.width.is_some() && is_right_to_left(&text) {
            return Cow::Owned(format!("\u{2068}{text}\u{2069}"));
        }
        text
    }
}

/// Takes from the widest flexible column until the line fits, or none has anything to give.
fn shrink(widths: &mut [usize], kinds: &[ColumnKind], least: &[usize], limit: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(limit);
    while excess > 0 {
        let flexible = (0..widths.len()).filter(|&i| is_flexible(kinds[i]));
        let able = flexible.filter(|&i| widths[i] > least[i].max(NARROWEST));
        let Some(widest) = able.max_by_key(|&i| widths[i]) else {
            return;
        };
        widths[widest] -= 1;
        excess -= 1;
    }
}

fn is_flexible(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Text | ColumnKind::Json)
}

/// The beginning of a text and `…`, at most `width` columns together.
fn cut(text: &str, width: usize) -> String {
    let room = width.saturating_sub(1);
    let mut taken = 0;
    let mut start: String = text
        .chars()
        .take_while(|c| {
            taken += c.width().unwrap_or(0);
            taken <= room
        })
        .collect();
    // A sequence of characters can be wider than its parts: an emoji with its variation selector.
    while start.width() > room {
        start.pop();
    }
    start.push('…');
    start
}

fn change_color(kind: ColumnKind, text: &str) -> Option<&'static str> {
    match (kind, text) {
        (ColumnKind::Change, "+") => Some(GREEN),
        (ColumnKind::Change, "-") => Some(RED),
        (ColumnKind::Change, "~") => Some(YELLOW),
        _ => None,
    }
}

/// The text as a heading.
pub(super) fn bold<'t>(text: Cow<'t, str>, style: &Style) -> Cow<'t, str> {
    paint(text, Some(BOLD), style)
}

fn paint<'t>(text: Cow<'t, str>, color: Option<&str>, style: &Style) -> Cow<'t, str> {
    match color {
        Some(color) if style.color => Cow::Owned(format!("{color}{text}{RESET}")),
        _ => text,
    }
}
