//! For a wiki page: a table whose cells hold no markup.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::sanitize::{is_between_digits, neighbours, visible};
use super::{Cell, ColumnKind, Listing, Notice, Style, UserPage};

pub(super) fn write(out: &mut dyn Write, listing: &Listing, style: &Style) -> io::Result<()> {
    if let Some(notice) = &listing.notice {
        write_notice(out, notice)?;
    }
    if listing.rows.is_empty() {
        return writeln!(out, "{}", inert(&visible(&listing.empty)));
    }
    writeln!(out, "{{| class=\"wikitable sortable\"")?;
    if !listing.title.is_empty() {
        writeln!(out, "|+ {}", inert(&visible(&listing.title)))?;
    }
    writeln!(out, "|-")?;
    for column in &listing.columns {
        writeln!(
            out,
            "! scope=\"col\" | {}",
            inert(&visible(&column.heading))
        )?;
    }
    let pages = by_wiki(&listing.pages);
    let user = listing
        .columns
        .iter()
        .position(|column| column.name == "user");
    for row in &listing.rows {
        writeln!(out, "|-")?;
        let user = user.and_then(|user| row.get(user)).and_then(text_of);
        for (column, cell) in listing.columns.iter().zip(row) {
            let text = cell.shown(column.kind, style.reveal);
            let text = match text_of(cell).filter(|_| column.name == "wiki") {
                Some(wiki) => linked(wiki, user, &pages),
                None => inert(&text),
            };
            match (column.kind, text.as_ref()) {
                (_, "") => writeln!(out, "|")?,
                (ColumnKind::Number, text) => {
                    writeln!(out, "| style=\"text-align: right\" | {text}")?;
                }
                (_, text) => writeln!(out, "| {text}")?,
            }
        }
    }
    writeln!(out, "|}}")
}

pub(super) fn write_notice(out: &mut dyn Write, notice: &Notice) -> io::Result<()> {
    let mark = if notice.is_warning { "'''" } else { "''" };
    writeln!(out, "{mark}{}{mark}\n", inert(&notice.line()))
}

fn text_of(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

fn by_wiki(pages: &[UserPage]) -> HashMap<&str, Vec<&UserPage>> {
    let mut map: HashMap<&str, Vec<&UserPage>> = HashMap::new();
    for page in pages {
        map.entry(page.wiki()).or_default().push(page);
    }
    map
}

/// A wiki ID, as a link to the user's page there if there is just one.
fn linked<'t>(
    wiki: &'t str,
    user: Option<&str>,
    pages: &HashMap<&str, Vec<&UserPage>>,
) -> Cow<'t, str> {
    let label = match visible(wiki) {
        Cow::Borrowed(wiki) => inert(wiki),
        Cow::Owned(wiki) => Cow::Owned(inert(&wiki).into_owned()),
    };
    let mut found = pages
        .get(wiki)
        .into_iter()
        .flatten()
        .filter(|page| page.is_of(user));
    match (found.next(), found.next()) {
        (Some(page), None) => Cow::Owned(page.link(&label)),
        _ => label,
    }
}

/// The text as wikitext that is nothing but text: within `<nowiki>`, and for those who parse without it, every sign
/// that begins a markup as an entity. A word that cannot be markup stays as it is.
pub(super) fn inert(text: &str) -> Cow<'_, str> {
    if is_plain_word(text) {
        return Cow::Borrowed(text);
    }
    let mut wikitext = String::from("<nowiki>");
    for (before, c, after) in neighbours(text) {
        match c {
            ':' if is_between_digits(before, after) => wikitext.push(c),
            '<' | '>' | '&' | '\'' | '"' | '[' | ']' | '{' | '}' | '|' | '~' | '_' | '=' | '*'
            | '#' | '!' | ':' | ';' => _ = write!(wikitext, "&#{};", u32::from(c)),
            c => wikitext.push(c),
        }
    }
    wikitext.push_str("</nowiki>");
    Cow::Owned(wikitext)
}

/// Letters and digits of ASCII, hyphens, and colons and underscores between them: a wiki ID, a number, a time, or
/// nothing.
fn is_plain_word(text: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    !text.starts_with('-')
        && neighbours(text).all(|(before, c, after)| match c {
            ':' => is_between_digits(before, after),
            '_' => is_letter(before) && is_letter(after),
            c => c.is_ascii_alphanumeric() || c == '-',
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_and_escapes_what_could_be_markup() {
        assert_eq!(inert("enwiki"), "enwiki");
        assert_eq!(inert("2026-11-21T03:17:04Z"), "2026-11-21T03:17:04Z");
        assert_eq!(inert("be_x_oldwiki"), "be_x_oldwiki");
        assert_eq!(inert("-"), "<nowiki>-</nowiki>");
        assert_eq!(inert("</nowiki>"), "<nowiki>&#60;/nowiki&#62;</nowiki>");
        assert_eq!(inert("{{x}}"), "<nowiki>&#123;&#123;x&#125;&#125;</nowiki>");
        assert_eq!(inert("http://a"), "<nowiki>http&#58;//a</nowiki>");
        assert_eq!(inert("__TOC__"), "<nowiki>&#95;&#95;TOC&#95;&#95;</nowiki>");
    }
}
