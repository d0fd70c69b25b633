//! Where the configuration and the database are when nobody says.

use std::path::PathBuf;

use super::Variables;

/// The default places, from the environment.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    variables: &'a Variables,
}

impl<'a> Places<'a> {
    /// The places that these variables mean.
    pub fn new(variables: &'a Variables) -> Self {
        Self { variables }
    }

    /// The configuration file that exists: `$SULTRAIL_CONFIG` (whether it exists or not),
    /// `$XDG_CONFIG_HOME/sultrail/config.toml`, `/etc/sultrail/config.toml`.
    pub fn configuration(&self) -> Option<PathBuf> {
        if let Some(named) = self.variable("SULTRAIL_CONFIG") {
            return Some(named);
        }
        let candidates = [
            self.home("XDG_CONFIG_HOME", ".config"),
            Some(PathBuf::from("/etc")),
        ];
        candidates
            .into_iter()
            .flatten()
            .map(|directory| directory.join("sultrail/config.toml"))
            .find(|path| path.exists())
    }

    /// Where `init` writes the configuration.
    pub fn new_configuration(&self) -> PathBuf {
        self.variable("SULTRAIL_CONFIG").unwrap_or_else(|| {
            let directory = self.home("XDG_CONFIG_HOME", ".config");
            let directory = directory.unwrap_or_else(|| PathBuf::from("/etc"));
            directory.join("sultrail/config.toml")
        })
    }

    /// The database: in `$STATE_DIRECTORY` under systemd, else in `$XDG_DATA_HOME/sultrail`.
    pub fn database(&self) -> PathBuf {
        if let Some(state) = self.variable("STATE_DIRECTORY") {
            return state.join("sultrail.db");
        }
        let directory = self.home("XDG_DATA_HOME", ".local/share");
        let directory = directory.unwrap_or_else(|| PathBuf::from("/var/lib"));
        directory.join("sultrail/sultrail.db")
    }

    /// Where systemd put the credential of this name.
    pub fn credential(&self, name: &str) -> Option<PathBuf> {
        Some(self.variable("CREDENTIALS_DIRECTORY")?.join(name))
    }

    /// A base directory; the specification says to ignore relative ones.
    fn home(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        self.variable(variable)
            .filter(|directory| directory.is_absolute())
            .or_else(|| Some(self.variable("HOME")?.join(below_home)))
    }

    fn variable(&self, name: &str) -> Option<PathBuf> {
        let value = self.variables.get(name).filter(|value| !value.is_empty())?;
        Some(PathBuf::from(value))
    }
}
