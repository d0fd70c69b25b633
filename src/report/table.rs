//! For a terminal or a pipe: aligned columns, two spaces between them. On a terminal no line is longer than it is
//! wide: what is shortened first, `fit` says; where nothing helps, each row is a block of lines (`block`).

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// Each row as a block of lines, one a column.
mod block;
/// How wide each column may be, and how a text is cut to it.
mod fit;

use super::sanitize::{is_right_to_left, visible};
use super::{Cell, Column, ColumnKind, Listing, Notice, Style};
use fit::Fit;

/// Spaces between two columns.
const GAP: usize = 2;
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
    let natural = natural_widths(listing, style);
    let fit = match style.width {
        None => Fit::pipe(&natural),
        Some(limit) => match Fit::terminal(&natural, limit) {
            Some(fit) => fit,
            None => return block::write(out, listing, style, limit),
        },
    };
    let headings = listing.columns.iter().map(|c| visible(&c.heading));
    let kinds = listing.columns.iter().map(|c| c.kind);
    let cells = headings.zip(kinds.clone());
    writeln!(out, "{}", line(cells, &fit, style, |_, _| Some(BOLD)))?;
    for row in &listing.rows {
        let texts = listing.columns.iter().zip(row);
        let cells = texts.map(|(column, cell)| shown(column, cell, style));
        writeln!(
            out,
            "{}",
            line(cells.zip(kinds.clone()), &fit, style, change_color)
        )?;
    }
    Ok(())
}

pub(super) fn write_notice(out: &mut dyn Write, notice: &Notice, style: &Style) -> io::Result<()> {
    let color = if notice.is_warning { YELLOW } else { DIM };
    let line = paint(notice.line().into(), Some(color), style);
    writeln!(out, "{line}")
}

fn shown<'a>(column: &Column, cell: &'a Cell, style: &Style) -> Cow<'a, str> {
    cell.shown(column.kind, style.reveal)
}

/// What a column needs for its heading and for its cells.
struct Natural {
    kind: ColumnKind,
    heading: usize,
    cells: usize,
}

fn natural_widths(listing: &Listing, style: &Style) -> Vec<Natural> {
    let columns = listing.columns.iter().map(|column| Natural {
        kind: column.kind,
        heading: visible(&column.heading).width(),
        cells: 0,
    });
    let mut widths: Vec<Natural> = columns.collect();
    for row in &listing.rows {
        for ((width, column), cell) in widths.iter_mut().zip(&listing.columns).zip(row) {
            width.cells = width.cells.max(shown(column, cell, style).width());
        }
    }
    widths
}

/// One line without its end; `color` looks at the kind of each column and the text in it.
fn line<'t>(
    cells: impl Iterator<Item = (Cow<'t, str>, ColumnKind)>,
    fit: &Fit,
    style: &Style,
    color: fn(ColumnKind, &str) -> Option<&'static str>,
) -> String {
    let mut line = String::new();
    let mut spaces = 0;
    for ((text, kind), &width) in cells.zip(&fit.widths) {
        let text = fit.shorten(text, kind, width);
        let padding = width.saturating_sub(text.width());
        if kind == ColumnKind::Number {
            spaces += padding;
        }
        if !text.is_empty() {
            line.extend(std::iter::repeat_n(' ', spaces));
            spaces = 0;
            let color = color(kind, &text);
            line.push_str(&paint(isolate(text, style), color, style));
        }
        if kind != ColumnKind::Number {
            spaces += padding;
        }
        spaces += GAP;
    }
    line
}

/// On a terminal, a right-to-left value must not change places with the columns beside it.
///
/// Terminals that turn text around take a line for a paragraph and treat the spaces between two columns as part of
/// the text; an isolate keeps the value together, and the mark behind it is for those that know marks only. Others
/// show neither: all three are zero columns wide, for `less` too.
fn isolate<'t>(text: Cow<'t, str>, style: &Style) -> Cow<'t, str> {
    if style.width.is_some() && is_right_to_left(&text) {
        return Cow::Owned(format!("\u{2068}{text}\u{2069}\u{200e}"));
    }
    text
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
