//! The front door: hands over to `cli` and returns its exit code.

use std::{
    io::{IsTerminal, stderr, stdout},
    process::ExitCode,
};

use sultrail::{cli, clock::Clock};

fn main() -> ExitCode {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let world = cli::World {
        variables,
        clock: Clock::system(),
        stdout_is_terminal: stdout().is_terminal(),
        stderr_is_terminal: stderr().is_terminal(),
        stdout: Box::new(stdout().lock()),
        stderr: Box::new(stderr()),
    };
    ExitCode::from(cli::run(std::env::args_os(), world))
}
