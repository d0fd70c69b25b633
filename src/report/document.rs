//! More than one listing: a page with a title, sentences, and sections, for people.
//!
//! Programs get one flat listing instead: rows with a column that names the section.

use std::io::{self, Write};

use super::{
    Format, Listing, Notice, Style, html, markdown, sanitize::visible, table, wikitext, write,
};

/// What a command has to say in several parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// What has to be known before anything below it is believed: the first line.
    pub notice: Option<Notice>,
    /// What it is about, in a few words.
    pub title: String,
    /// Sentences that stand first.
    pub lead: Vec<String>,
    /// The parts, in order.
    pub sections: Vec<Section>,
}

/// One part: a heading, sentences, and rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// In a word or two.
    pub heading: String,
    /// Sentences before the rows.
    pub lead: Vec<String>,
    /// The rows; its own title is not printed.
    pub listing: Option<Listing>,
}

impl Section {
    /// A part that is a listing and nothing else; its title is the heading.
    pub fn of(listing: Listing) -> Self {
        Self {
            heading: listing.title.clone(),
            lead: Vec::new(),
            listing: Some(listing),
        }
    }
}

/// Writes a document in a format for people. The formats for programs know no sections: they get
/// the listings one after the other. Does not flush `out`.
pub fn write_document(
    out: &mut dyn Write,
    document: &Document,
    format: Format,
    style: &Style,
) -> io::Result<()> {
    if format == Format::Html {
        return html::write_document(out, document, style);
    }
    if let Some(notice) = &document.notice {
        write_notice(out, format, notice, style)?;
    }
    heading(out, format, 1, &document.title, style)?;
    sentences(out, format, &document.lead)?;
    for (n, section) in document.sections.iter().enumerate() {
        // Behind a heading, Markdown has an empty line already.
        let has_one = n == 0 && document.lead.is_empty() && format == Format::Markdown;
        if format.is_for_people() && !has_one {
            writeln!(out)?;
        }
        heading(out, format, 2, &section.heading, style)?;
        sentences(out, format, &section.lead)?;
        if let Some(listing) = &section.listing {
            if !section.lead.is_empty() && format.is_for_people() {
                writeln!(out)?;
            }
            let untitled = Listing {
                title: String::new(),
                ..listing.clone()
            };
            write(out, &untitled, format, style)?;
        }
    }
    Ok(())
}

fn write_notice(
    out: &mut dyn Write,
    format: Format,
    notice: &Notice,
    style: &Style,
) -> io::Result<()> {
    match format {
        Format::Table => table::write_notice(out, notice, style),
        Format::Markdown => markdown::write_notice(out, notice),
        Format::Wikitext => wikitext::write_notice(out, notice),
        Format::Json | Format::Jsonl | Format::Csv | Format::Html => Ok(()),
    }
}

fn heading(
    out: &mut dyn Write,
    format: Format,
    level: usize,
    text: &str,
    style: &Style,
) -> io::Result<()> {
    let text = visible(text);
    match format {
        Format::Table => writeln!(out, "{}", table::bold(text, style)),
        Format::Markdown => {
            let marks = "#".repeat(level + 1);
            writeln!(out, "{marks} {}\n", markdown::escape(&text))
        }
        Format::Wikitext => {
            let marks = "=".repeat(level + 1);
            writeln!(out, "{marks} {} {marks}", wikitext::inert(&text))
        }
        Format::Json | Format::Jsonl | Format::Csv | Format::Html => Ok(()),
    }
}

/// Each a paragraph of its own where the format has paragraphs.
fn sentences(out: &mut dyn Write, format: Format, sentences: &[String]) -> io::Result<()> {
    for (n, sentence) in sentences.iter().enumerate() {
        let sentence = visible(sentence);
        match format {
            Format::Table => writeln!(out, "{sentence}")?,
            Format::Markdown => {
                let before = if n > 0 { "\n" } else { "" };
                writeln!(out, "{before}{}", markdown::escape(&sentence))?;
            }
            Format::Wikitext => {
                let before = if n > 0 { "\n" } else { "" };
                writeln!(out, "{before}{}", wikitext::inert(&sentence))?;
            }
            Format::Json | Format::Jsonl | Format::Csv | Format::Html => {}
        }
    }
    Ok(())
}
