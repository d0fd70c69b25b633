//! For a browser: a page of its own, light or dark, without script, that asks nobody for anything.

use std::io::{self, Write};

use super::sanitize::visible;
use super::{ColumnKind, Document, Listing, Notice, Style};

const STYLE: &str = "\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; background: light-dark(#fff, #16181c); color: light-dark(#202122, #eaecf0); }
main { padding: 1rem; overflow-x: auto; }
h1 { margin: 0; font-size: 1.25rem; text-align: left; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.1rem; text-align: left; }
table { border-collapse: collapse; }
caption { padding: .5rem 0; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid light-dark(#c8ccd1, #404244); text-align: left; vertical-align: top; }
td { unicode-bidi: plaintext; overflow-wrap: anywhere; min-width: 2ch; max-width: 40rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.time, .word { overflow-wrap: normal; white-space: nowrap; }
.added { color: light-dark(#177860, #2cb491); }
.removed { color: light-dark(#bf3c2c, #fd7865); }
.altered { color: light-dark(#886425, #ca982e); }
.warning { font-weight: bold; color: light-dark(#bf3c2c, #fd7865); }";

pub(super) fn write(out: &mut dyn Write, listing: &Listing, style: &Style) -> io::Result<()> {
    let title = match listing.title.as_str() {
        "" => "sultrail".to_owned(),
        title => escape(title),
    };
    write_head(out, &title)?;
    write_notice(out, listing.notice.as_ref())?;
    if listing.rows.is_empty() {
        writeln!(out, "<h1>{title}</h1>")?;
        writeln!(out, "<p>{}</p>", escape(&listing.empty))?;
    } else {
        let caption = format!("<h1>{title}</h1>");
        write_table(out, &caption, listing, style)?;
    }
    writeln!(out, "</main>\n</body>\n</html>")
}

/// A page with a heading for each section.
pub(super) fn write_document(
    out: &mut dyn Write,
    document: &Document,
    style: &Style,
) -> io::Result<()> {
    let title = escape(&document.title);
    write_head(out, &title)?;
    write_notice(out, document.notice.as_ref())?;
    writeln!(out, "<h1>{title}</h1>")?;
    for sentence in &document.lead {
        writeln!(out, "<p>{}</p>", escape(sentence))?;
    }
    for section in &document.sections {
        writeln!(out, "<section>\n<h2>{}</h2>", escape(&section.heading))?;
        for sentence in &section.lead {
            writeln!(out, "<p>{}</p>", escape(sentence))?;
        }
        match &section.listing {
            None => {}
            Some(listing) if listing.rows.is_empty() => {
                writeln!(out, "<p>{}</p>", escape(&listing.empty))?;
            }
            Some(listing) => write_table(out, "", listing, style)?,
        }
        writeln!(out, "</section>")?;
    }
    writeln!(out, "</main>\n</body>\n</html>")
}

fn write_head(out: &mut dyn Write, title: &str) -> io::Result<()> {
    writeln!(
        out,
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{STYLE}
</style>
</head>
<body>
<main tabindex="0">"#
    )
}

fn write_notice(out: &mut dyn Write, notice: Option<&Notice>) -> io::Result<()> {
    let Some(notice) = notice else {
        return Ok(());
    };
    let class = if notice.is_warning {
        r#" class="warning""#
    } else {
        ""
    };
    writeln!(out, "<p{class}>{}</p>", escape(&notice.line()))
}

fn write_table(
    out: &mut dyn Write,
    caption: &str,
    listing: &Listing,
    style: &Style,
) -> io::Result<()> {
    writeln!(out, "<table>")?;
    if !caption.is_empty() {
        writeln!(out, "<caption>{caption}</caption>")?;
    }
    write!(out, "<thead>\n<tr>")?;
    for column in &listing.columns {
        let class = class(column.kind, "");
        write!(
            out,
            r#"<th scope="col"{class}>{}</th>"#,
            escape(&column.heading)
        )?;
    }
    writeln!(out, "</tr>\n</thead>\n<tbody>")?;
    for row in &listing.rows {
        write!(out, "<tr>")?;
        for (column, cell) in listing.columns.iter().zip(row) {
            let text = cell.shown(column.kind, style.reveal);
            let class = class(column.kind, &text);
            write!(out, "<td{class}>{}</td>", escape(&text))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn class(kind: ColumnKind, text: &str) -> &'static str {
    match (kind, text) {
        (ColumnKind::Number, _) => r#" class="number""#,
        (ColumnKind::Time, _) => r#" class="time""#,
        (ColumnKind::Word, _) => r#" class="word""#,
        (ColumnKind::Change, "+") => r#" class="added""#,
        (ColumnKind::Change, "-") => r#" class="removed""#,
        (ColumnKind::Change, "~") => r#" class="altered""#,
        _ => "",
    }
}

/// The text for an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}
