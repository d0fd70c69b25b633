//! Messages, on standard error: for people, for the journal of systemd, or a JSON object a line.
//!
//! Whatever the shape, a message is one line that can be read alone. In the journal each line begins
//! with its priority, as `sd-daemon(3)` describes it, so that `journalctl -p warning` finds it.

use std::{
    fmt,
    fs::metadata,
    io::{self, Write},
    os::unix::fs::MetadataExt,
};

use chrono::SecondsFormat;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{self, Writer},
        layer,
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use super::{Common, World, output::is_set};
use crate::{clock::Clock, config::Variables, report::visible};

/// `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// For people, and for the journal of systemd
    Text,
    /// A JSON object a line
    Json,
}

/// Starts logging as the command line asks. A second start in one process (the tests) does nothing.
/// A daemon has nothing but its log to say what it did, so it begins one level lower.
pub(super) fn start(common: &Common, is_daemon: bool, world: &World) {
    let level = match (
        common.quiet,
        common.verbose.saturating_add(u8::from(is_daemon)),
    ) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    // What the libraries have to say is for those who wrote them.
    let filter = Targets::new().with_target("sultrail", level);
    let layer = layer().with_writer(io::stderr).with_target(false);
    let color = world.stderr_is_terminal && !is_set(world, "NO_COLOR");
    let registry = tracing_subscriber::registry().with(filter);
    let _ = match Shape::new(common.log_format, &world.variables) {
        Shape::Json => registry.with(layer.json().flatten_event(true)).try_init(),
        Shape::Text => {
            let format = OneLine {
                inner: format::format().with_target(false),
                has_priority: false,
            };
            let layer = layer.with_ansi(color).event_format(format);
            registry.with(layer).try_init()
        }
        Shape::Journal => {
            let inner = format::format().with_target(false).with_level(false);
            let format = OneLine {
                // The journal knows the time.
                inner: inner.without_time(),
                has_priority: true,
            };
            let layer = layer.with_ansi(false).event_format(format);
            registry.with(layer).try_init()
        }
    };
}

/// How messages look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text,
    Journal,
    Json,
}

impl Shape {
    fn new(format: LogFormat, variables: &Variables) -> Self {
        match format {
            LogFormat::Json => Self::Json,
            LogFormat::Text if goes_to_journal(variables) => Self::Journal,
            LogFormat::Text => Self::Text,
        }
    }
}

/// Whether standard error is what systemd says it connected to the journal. It may have been
/// redirected since.
fn goes_to_journal(variables: &Variables) -> bool {
    let Some(stream) = variables.get("JOURNAL_STREAM") else {
        return false;
    };
    metadata("/proc/self/fd/2")
        .is_ok_and(|file| *stream == format!("{}:{}", file.dev(), file.ino()))
}

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Info,
}

impl Level {
    /// As `tracing` calls it in JSON.
    fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "WARN",
            Self::Info => "INFO",
        }
    }

    /// As `syslog(3)` counts it.
    fn priority(self) -> u8 {
        match self {
            Self::Error => 3,
            Self::Warning => 4,
            Self::Info => 6,
        }
    }
}

/// What a command says by itself, apart from the log: on standard error, in the shape of the log.
pub(super) struct Messages<'a> {
    to: &'a mut dyn Write,
    is_quiet: bool,
    shape: Shape,
    clock: &'a Clock,
}

impl<'a> Messages<'a> {
    pub(super) fn new(
        common: &Common,
        variables: &Variables,
        clock: &'a Clock,
        to: &'a mut dyn Write,
    ) -> Self {
        Self {
            to,
            is_quiet: common.quiet,
            shape: Shape::new(common.log_format, variables),
            clock,
        }
    }

    /// Says one line; `--quiet` leaves nothing but errors.
    pub(super) fn say(&mut self, level: Level, text: &str) -> io::Result<()> {
        if self.is_quiet && level != Level::Error {
            return Ok(());
        }
        let text = visible(text);
        match self.shape {
            Shape::Text => writeln!(self.to, "{text}"),
            Shape::Journal => writeln!(self.to, "<{}>{text}", level.priority()),
            Shape::Json => {
                let now = self
                    .clock
                    .now()
                    .to_rfc3339_opts(SecondsFormat::Micros, true);
                let level = level.name();
                let line = serde_json::json!({"timestamp": now, "level": level, "message": text});
                writeln!(self.to, "{line}")
            }
        }
    }
}

/// One line an event, whatever is in it; with its priority in front where the journal reads it.
struct OneLine<F> {
    inner: F,
    has_priority: bool,
}

impl<S, N, F> FormatEvent<S, N> for OneLine<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if to.has_ansi_escapes() {
            return self.inner.format_event(context, to, event);
        }
        let mut line = String::new();
        self.inner
            .format_event(context, Writer::new(&mut line), event)?;
        if self.has_priority {
            let priority = match *event.metadata().level() {
                tracing::Level::ERROR => Level::Error.priority(),
                tracing::Level::WARN => Level::Warning.priority(),
                tracing::Level::INFO => Level::Info.priority(),
                _ => 7,
            };
            write!(to, "<{priority}>")?;
        }
        writeln!(to, "{}", visible(line.trim()))
    }
}
