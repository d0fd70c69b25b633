//! Messages, on standard error.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::{Common, World, output::is_set};

/// `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// For people
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
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let filter = EnvFilter::new(format!("off,sultrail={level}"));
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let color = world.stderr_is_terminal && !is_set(world, "NO_COLOR");
    let registry = tracing_subscriber::registry().with(filter);
    let _ = match common.log_format {
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
        LogFormat::Text => registry.with(layer.with_ansi(color)).try_init(),
    };
}
