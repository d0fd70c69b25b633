//! Where data goes, and how it looks there.

use std::io::Write;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{
    Common, World,
    exit::Trouble,
    logging::{Level, Messages},
};
use crate::report::{self, Document, Event, Format, Listing, Style};

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
}

impl<'a> Output<'a> {
    pub(super) fn new(common: &Common, world: &'a mut World) -> Self {
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
        let messages = Messages::new(common, variables, clock, &mut *world.stderr);
        Self {
            to: &mut *world.stdout,
            messages,
            style,
        }
    }

    /// Prints an answer. Programs get every column; people those that tell them something.
    pub(super) fn print(
        &mut self,
        listing: &Listing,
        format: &FormatArgument,
    ) -> Result<(), Trouble> {
        let style = Style {
            reveal: format.reveal,
            ..self.style
        };
        if let Some(notice) = &listing.notice
            && !format.is_for_people()
        {
            let level = if notice.is_warning {
                Level::Warning
            } else {
                Level::Info
            };
            self.messages
                .say(level, &format!("sultrail: {}", notice.line()))?;
        }
        Ok(report::write(self.to, listing, format.format, &style)?)
    }

    /// Prints an answer of several parts, for people.
    pub(super) fn print_document(
        &mut self,
        document: &Document,
        format: &FormatArgument,
    ) -> Result<(), Trouble> {
        let style = Style {
            reveal: format.reveal,
            ..self.style
        };
        Ok(report::write_document(
            self.to,
            document,
            format.format,
            &style,
        )?)
    }

    /// Prints a calendar.
    pub(super) fn print_calendar(&mut self, events: &[Event]) -> Result<(), Trouble> {
        Ok(report::write_calendar(self.to, events)?)
    }

    pub(super) fn line(&mut self, line: &str) -> Result<(), Trouble> {
        Ok(writeln!(self.to, "{line}")?)
    }
}

impl FormatArgument {
    /// Whether people read it, who want few columns.
    pub(super) fn is_for_people(&self) -> bool {
        !matches!(self.format, Format::Json | Format::Jsonl | Format::Csv)
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
