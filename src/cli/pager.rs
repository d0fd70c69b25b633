//! Long answers on a terminal are read a screen at a time, in `$PAGER`.

use std::{
    io::{self, ErrorKind, Write},
    process::{Child, Command, Stdio},
};

use super::{World, output::is_set};

/// What the shell says of a command that is not there, or that it may not start.
const NOT_STARTED: [i32; 2] = [126, 127];

/// The program that shows long answers, and how many lines are long.
#[derive(Clone, Debug)]
pub(super) struct Pager {
    /// `$PAGER`, for the shell. `None`: nobody said, so `less` if it is there.
    command: Option<String>,
    /// What the terminal shows at once.
    lines: usize,
    /// Whether the user has told `less` how to behave.
    knows_less: bool,
}

impl Pager {
    /// The pager of this terminal; `None` where there is none to be used.
    pub(super) fn of(world: &World) -> Option<Self> {
        let variable = |name: &str| world.variables.get(name).map(|value| value.trim());
        // Without a kind, or on one that cannot move its cursor, a screen is nothing.
        let is_screen = variable("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        if !world.stdout_is_terminal || !is_screen {
            return None;
        }
        let command = variable("PAGER");
        if matches!(command, Some("" | "cat")) {
            return None;
        }
        let lines = variable("LINES").and_then(|lines| lines.parse().ok());
        let measured = || terminal_size::terminal_size().map(|(_, height)| height.0.into());
        Some(Self {
            command: command.map(str::to_owned),
            lines: lines.or_else(measured).filter(|lines| *lines > 0)?,
            knows_less: is_set(world, "LESS"),
        })
    }

    /// Writes through the pager what has so many lines, if it is long. Says whether it did.
    ///
    /// A pager that is not there shows nothing, and one that is left early has shown enough.
    pub(super) fn show(
        &self,
        lines: usize,
        write: &dyn Fn(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<bool> {
        if lines < self.lines {
            return Ok(false);
        }
        // An interrupt is for the pager: if it ended us, the shell would take the terminal back.
        let _interrupts = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
        let Ok(mut pager) = self.start() else {
            return Ok(false);
        };
        if let Some(pipe) = pager.stdin.take() {
            let mut pipe = io::BufWriter::new(pipe);
            match write(&mut pipe).and_then(|()| pipe.flush()) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
            // What is left of a broken pipe must not be tried again.
            _ = pipe.into_parts();
        }
        let code = pager.wait()?.code();
        Ok(!code.is_some_and(|code| NOT_STARTED.contains(&code)))
    }

    fn start(&self) -> io::Result<Child> {
        let mut command = if let Some(line) = &self.command {
            let mut shell = Command::new("sh");
            shell.args(["-c", line]);
            shell
        } else {
            Command::new("less")
        };
        if !self.knows_less {
            // Colours as colours, lines as they are, and no screen of its own.
            command.env("LESS", "FRX");
        }
        command.stdin(Stdio::piped()).spawn()
    }
}
