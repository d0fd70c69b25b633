//! For GitHub and the like: a table of GitHub Flavored Markdown, its title in bold above it.

use std::io::{self, Write};

use super::sanitize::{is_between_digits, neighbours, visible};
use super::{ColumnKind, Listing, Notice, Style};

pub(super) fn write(out: &mut dyn Write, listing: &Listing, style: &Style) -> io::Result<()> {
    if let Some(notice) = &listing.notice {
        write_notice(out, notice)?;
    }
    // Emphasis takes no spaces at its ends.
    let title = listing.title.trim();
    if !title.is_empty() {
        writeln!(out, "**{}**\n", escape(&visible(title)))?;
    }
    if listing.rows.is_empty() {
        return writeln!(out, "*{}*", escape(&visible(listing.empty.trim())));
    }
    for column in &listing.columns {
        write!(out, "| {} ", escape(&visible(&column.heading)))?;
    }
    writeln!(out, "|")?;
    for column in &listing.columns {
        let right = column.kind == ColumnKind::Number;
        write!(out, "| {} ", if right { "--:" } else { "---" })?;
    }
    writeln!(out, "|")?;
    for row in &listing.rows {
        for (column, cell) in listing.columns.iter().zip(row) {
            let text = cell.shown(column.kind, style.reveal);
            write!(out, "| {} ", escape(&text))?;
        }
        writeln!(out, "|")?;
    }
    Ok(())
}

pub(super) fn write_notice(out: &mut dyn Write, notice: &Notice) -> io::Result<()> {
    let mark = if notice.is_warning { "**" } else { "*" };
    writeln!(out, "{mark}{}{mark}\n", escape(notice.line().trim()))
}

/// The text as inline Markdown that is nothing but text.
///
/// An escaped `@` still makes a link of an address and calls a user of GitHub, and `#` an issue: an empty comment
/// behind the sign keeps it from both.
pub(super) fn escape(text: &str) -> String {
    let mut markdown = String::with_capacity(text.len() + 8);
    for (before, c, after) in neighbours(text) {
        match c {
            '|' => markdown.push_str("&#124;"),
            ':' if is_between_digits(before, after) => markdown.push(c),
            '.' if !matches!(before, Some('w' | 'W')) => markdown.push(c),
            '@' | '#' => {
                markdown.extend(['\\', c]);
                markdown.push_str("<!-- -->");
            }
            '-' | ',' | '/' | '(' | ')' | ';' | '?' | '%' | '\'' | '+' => markdown.push(c),
            c if c.is_ascii_punctuation() => markdown.extend(['\\', c]),
            c => markdown.push(c),
        }
    }
    markdown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_markup_and_links() {
        assert_eq!(escape("a|b"), "a&#124;b");
        assert_eq!(
            escape("**x** `y` <b> &amp; \\"),
            r"\*\*x\*\* \`y\` \<b\> \&amp; \\"
        );
        assert_eq!(escape("[a](http://b)"), r"\[a\](http\://b)");
        assert_eq!(escape("www.example.org"), r"www\.example.org");
        assert_eq!(escape("@alice"), r"\@<!-- -->alice");
        assert_eq!(escape("2026-11-21T03:17:04Z"), "2026-11-21T03:17:04Z");
    }
}
