//! Where data goes, and how it looks there.

use std::io::{self, BufWriter, Write};

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{
    Common, World,
    exit::Trouble,
    logging::{Level, Messages},
    pager::Pager,
};
use crate::report::{self, Cell, Document, Event, Format, Listing, Style, UserPage, page::Page};

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal
    Auto,
    /// Even in a pipe
    Always,
    /// Not at all
    Never,
}

/// `--format`, for every command that prints data.
#[derive(Debug, clap::Args)]
pub(super) struct FormatArgument {
    /// How to print the answer
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format_parser())]
    pub(super) format: Format,
    /// Print e-mail addresses and the like in full
    #[arg(long)]
    pub(super) reveal: bool,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let names = Format::ALL.map(Format::name);
    PossibleValuesParser::new(names).map(|name| Format::from_name(&name).unwrap_or_default())
}

/// Standard output.
pub(super) struct Output<'a> {
    to: &'a mut dyn Write,
    messages: Messages<'a>,
    style: Style,
    pager: Option<Pager>,
    pages: &'a [UserPage],
}

impl<'a> Output<'a> {
    pub(super) fn new(common: &Common, world: &'a mut World, pages: &'a [UserPage]) -> Self {
        let color = match common.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => world.stdout_is_terminal && !is_set(world, "NO_COLOR"),
        };
        let width = world.stdout_is_terminal.then(|| terminal_width(world));
        let style = Style {
            color,
            width,
            reveal: false,
        };
        let (variables, clock) = (&world.variables, &world.clock);
        let shown_by = Pager::of(world).filter(|_| !common.no_pager);
        let messages = Messages::new(common, variables, clock, &mut *world.stderr);
        Self {
            to: &mut *world.stdout,
            messages,
            style,
            pager: shown_by,
            pages,
        }
    }

    /// Prints an answer. Programs get every column; people those that tell them something.
    pub(super) fn print(
        &mut self,
        listing: &Listing,
        format: &FormatArgument,
    ) -> Result<(), Trouble> {
        let style = self.style(format);
        if !format.is_for_people() {
            self.say_notice(listing)?;
        }
        let linked;
        let listing = if format.format == Format::Wikitext && !self.pages.is_empty() {
            linked = Listing {
                pages: self.pages.to_vec(),
                ..listing.clone()
            };
            &linked
        } else {
            listing
        };
        let write = |to: &mut dyn Write| report::write(to, listing, format.format, &style);
        self.show(format.format, listing.rows.len(), &write)
    }

    /// Prints an answer that may be long. To programs it goes row by row.
    pub(super) fn print_rows(
        &mut self,
        mut listing: Listing,
        rows: impl Iterator<Item = Vec<Cell>>,
        format: &FormatArgument,
    ) -> Result<(), Trouble> {
        if format.is_for_people() {
            rows.for_each(|row| listing.push(row));
            return self.print(&listing, format);
        }
        self.say_notice(&listing)?;
        let style = self.style(format);
        self.write(|to| report::write_rows(to, &listing.columns, rows, format.format, &style))
    }

    fn style(&self, format: &FormatArgument) -> Style {
        Style {
            reveal: format.reveal,
            ..self.style
        }
    }

    /// Says beside the data what people read above it.
    fn say_notice(&mut self, listing: &Listing) -> Result<(), Trouble> {
        let Some(notice) = &listing.notice else {
            return Ok(());
        };
        let level = if notice.is_warning {
            Level::Warning
        } else {
            Level::Info
        };
        let text = format!("sultrail: {}", notice.line());
        Ok(self.messages.say(level, &text)?)
    }

    /// Prints the page of a user.
    pub(super) fn print_page(&mut self, page: &Page) -> Result<(), Trouble> {
        self.write(|to| report::page::write(to, page))
    }

    /// Prints an answer of several parts, for people.
    pub(super) fn print_document(
        &mut self,
        document: &Document,
        format: &FormatArgument,
    ) -> Result<(), Trouble> {
        let style = self.style(format);
        let mut document = document.clone();
        let listings = document
            .sections
            .iter_mut()
            .filter_map(|s| s.listing.as_mut());
        let mut rows = 0;
        for listing in listings {
            listing.pages = self.pages.to_vec();
            rows += listing.rows.len();
        }
        let write =
            |to: &mut dyn Write| report::write_document(to, &document, format.format, &style);
        self.show(format.format, rows, &write)
    }

    /// Writes an answer of at least so many lines; a long table goes through the pager.
    fn show(
        &mut self,
        format: Format,
        rows: usize,
        write: &dyn Fn(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Trouble> {
        if let Some(pager) = &self.pager
            && format == Format::Table
        {
            self.to.flush()?;
            if pager.show(count_lines(write, rows)?, write)? {
                return Ok(());
            }
        }
        self.write(write)
    }

    /// Writes in large pieces: by itself, standard output is written a line at a time.
    fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Trouble> {
        let mut to = BufWriter::with_capacity(1 << 16, &mut *self.to);
        write(&mut to)?;
        Ok(to.flush()?)
    }

    /// Prints a calendar.
    pub(super) fn print_calendar(&mut self, events: &[Event]) -> Result<(), Trouble> {
        self.write(|to| report::write_calendar(to, events))
    }

    pub(super) fn line(&mut self, line: &str) -> Result<(), Trouble> {
        Ok(writeln!(self.to, "{line}")?)
    }
}

/// How many lines it takes, at least: a long table is not written twice to be counted.
fn count_lines(write: &dyn Fn(&mut dyn Write) -> io::Result<()>, rows: usize) -> io::Result<usize> {
    const LONG: usize = 1_000;
    if rows > LONG {
        return Ok(rows);
    }
    let mut text = Vec::new();
    write(&mut text)?;
    Ok(String::from_utf8_lossy(&text).lines().count())
}

impl FormatArgument {
    /// Whether people read it, who want few columns.
    pub(super) fn is_for_people(&self) -> bool {
        self.format.is_for_people()
    }
}

pub(super) fn is_set(world: &World, variable: &str) -> bool {
    world
        .variables
        .get(variable)
        .is_some_and(|value| !value.is_empty())
}

/// The width of the terminal: `$COLUMNS` where it is set, as tests and some shells do.
fn terminal_width(world: &World) -> usize {
    let columns = world
        .variables
        .get("COLUMNS")
        .and_then(|columns| columns.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(measured).unwrap_or(80)
}
