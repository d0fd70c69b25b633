//! How a command ends: the exit codes of the contract, and what is said.

use crate::{
    archive::ArchiveError,
    collect::RunError,
    config::{ConfigError, CredentialError},
    mediawiki::Failure,
    report,
    store::StoreError,
};

/// The exit codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Done,
    /// Or `diff --exit-code` found changes.
    Failed,
    Usage,
    Incomplete,
    Unreachable,
    Busy,
    Refused,
    Configuration,
}

impl Exit {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Unreachable => 69,
            Self::Busy => 75,
            Self::Refused => 77,
            Self::Configuration => 78,
        }
    }
}

/// Why a command could not do what it was asked for.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) exit: Exit,
    source: anyhow::Error,
}

impl Trouble {
    pub(super) fn new(exit: Exit, text: impl Into<String>) -> Self {
        let source = anyhow::Error::msg(text.into());
        Self { exit, source }
    }

    /// What to tell the user: each cause that says more than the ones before. Some of it may come
    /// from a wiki, so it is made safe for a terminal.
    pub(super) fn text(&self) -> String {
        let mut text = self.source.to_string();
        for cause in self.source.chain().skip(1).map(ToString::to_string) {
            if !text.contains(&cause) {
                text = format!("{text}: {cause}");
            }
        }
        report::visible(&text).into_owned()
    }

    pub(super) fn is_broken_pipe(&self) -> bool {
        let io = self.source.downcast_ref::<std::io::Error>();
        io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        let exit = Exit::Failed;
        let source = error.into();
        Self { exit, source }
    }
}

/// Whether somebody else has the database, and will leave it.
fn is_taken(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Busy(_) | StoreError::Locked(_) | StoreError::InUse(_)
    )
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        let exit = match error {
            ref error if is_taken(error) => Exit::Busy,
            _ => Exit::Failed,
        };
        let source = error.into();
        Self { exit, source }
    }
}

impl From<ArchiveError> for Trouble {
    fn from(error: ArchiveError) -> Self {
        let exit = match &error {
            ArchiveError::Busy(_) | ArchiveError::Store(StoreError::Busy(_)) => Exit::Busy,
            _ => Exit::Failed,
        };
        let source = error.into();
        Self { exit, source }
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Self {
        let exit = Exit::Configuration;
        let source = error.into();
        Self { exit, source }
    }
}

impl From<CredentialError> for Trouble {
    fn from(error: CredentialError) -> Self {
        let exit = Exit::Configuration;
        let source = error.into();
        Self { exit, source }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        let exit = match failure {
            Failure::StopAccount(_) => Exit::Refused,
            // The servers refuse this program as it is set up.
            Failure::StopRun(_) => Exit::Configuration,
            Failure::SkipWiki(_)
            | Failure::Deferred { .. }
            | Failure::AskAgainLater(_)
            | Failure::Stopped => Exit::Unreachable,
        };
        let source = failure.into();
        Self { exit, source }
    }
}

impl From<RunError> for Trouble {
    fn from(error: RunError) -> Self {
        let exit = match &error {
            RunError::Store(error) if is_taken(error) => Exit::Busy,
            RunError::Unreachable(_) => Exit::Unreachable,
            RunError::Refused(_) => Exit::Refused,
            RunError::Store(_) | RunError::NoSuchUser(_) | RunError::Failed(_) => Exit::Failed,
        };
        let source = error.into();
        Self { exit, source }
    }
}
