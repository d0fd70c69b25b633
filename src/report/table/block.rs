//! Each row as a block of lines, one a column, for tables that no terminal of that width can hold.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::fit::cut;
use super::{BOLD, GAP, Listing, Style, change_color, isolate, paint, shown, visible};

/// The narrowest terminal that is reckoned with.
const NARROWEST: usize = 10;

pub(super) fn write(
    out: &mut dyn Write,
    listing: &Listing,
    style: &Style,
    limit: usize,
) -> io::Result<()> {
    let limit = limit.max(NARROWEST);
    let headings: Vec<Cow<'_, str>> = listing
        .columns
        .iter()
        .map(|column| shortened(visible(&column.heading), limit / 2 - GAP))
        .collect();
    let widest = headings.iter().map(|h| h.width()).max().unwrap_or(0);
    for (at, row) in listing.rows.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        for ((column, cell), heading) in listing.columns.iter().zip(row).zip(&headings) {
            let text = shortened(shown(column, cell, style), limit - widest - GAP);
            if text.is_empty() {
                continue;
            }
            let padding = " ".repeat(widest - heading.width() + GAP);
            let heading = paint(isolate(heading.clone(), style), Some(BOLD), style);
            let color = change_color(column.kind, &text);
            let text = paint(isolate(text, style), color, style);
            writeln!(out, "{heading}{padding}{text}")?;
        }
    }
    Ok(())
}

fn shortened(text: Cow<'_, str>, width: usize) -> Cow<'_, str> {
    if text.width() > width {
        return Cow::Owned(cut(&text, width));
    }
    text
}
