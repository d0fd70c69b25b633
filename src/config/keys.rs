//! Which keys there are: an unknown one is an error that names the nearest.

use std::path::Path;

use super::{ConfigError, Variables};

/// Every key. A test holds this list against `config/default.toml`.
const KEYS: [&str; 35] = [
    "contact",
    "time_zone",
    "farm",
    "farm.central_api",
    "farm.hosts",
    "farm.insecure_http",
    "pace",
    "pace.requests_per_minute",
    "pace.max_in_flight",
    "pace.maxlag_seconds",
    "pace.contribution_requests",
    "user",
    "user.name",
    "user.auth",
    "user.credential_file",
    "user.credential",
    "user.schedule",
    "user.pulse",
    "user.contributions",
    "user.keep_answers",
    "privacy",
    "privacy.redact",
    "privacy.email",
    "privacy.keep_answers",
    "daemon",
    "daemon.jitter_minutes",
    "daemon.catch_up",
    "daemon.resume_hours",
    "daemon.report_directory",
    "metrics",
    "metrics.file",
    "metrics.listen",
    "retention",
    "retention.requests_days",
    "retention.answers_days",
];

/// Those that hold a list; an environment variable separates its items by commas.
pub(super) const LISTS: [&str; 2] = ["farm.hosts", "privacy.redact"];

const PREFIX: &str = "SULTRAIL__";

/// Refuses what is not TOML, and unknown keys.
pub(super) fn check_file(path: &Path, text: &str) -> Result<(), ConfigError> {
    let place = path.display();
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        ConfigError(format!(
            "{place} is not TOML: {}",
            error.to_string().trim_end()
        ))
    })?;
    for key in paths(&table, "") {
        if !is_known(&key) {
            let line = line_of(text, &key);
            return Err(unknown(&key, &format!("{place}, line {line}")));
        }
    }
    Ok(())
}

/// What the environment overrides: `SULTRAIL__SECTION__KEY`, and `SULTRAIL__USER__0__KEY` for the
/// first user.
pub(super) fn from_environment(
    variables: &Variables,
) -> Result<Vec<(String, String)>, ConfigError> {
    let mut overrides = Vec::new();
    for (name, value) in variables {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let mut parts: Vec<String> = path.to_lowercase().split("__").map(str::to_owned).collect();
        let mut index = None;
        if parts.len() == 3 && parts[0] == "user" {
            index = parts[1].parse::<usize>().ok();
            if index.is_some() {
                parts.remove(1);
            }
        }
        let key = parts.join(".");
        if !is_known(&key) {
            return Err(unknown(&key, &format!("the environment variable {name}")));
        }
        let key = match index {
            Some(index) => key.replacen("user.", &format!("user[{index}]."), 1),
            None => key,
        };
        overrides.push((key, value.clone()));
    }
    Ok(overrides)
}

fn is_known(key: &str) -> bool {
    KEYS.contains(&key)
}

fn unknown(key: &str, place: &str) -> ConfigError {
    let nearest = KEYS
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)));
    let nearest = nearest.copied().unwrap_or_default();
    ConfigError(format!(
        "{place}: unknown key {key:?}; did you mean {nearest:?}?"
    ))
}

/// The dotted paths of everything in a table.
fn paths(table: &toml::Table, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in table {
        let path = format!("{prefix}{key}");
        let inner = format!("{path}.");
        match value {
            toml::Value::Table(table) => found.extend(paths(table, &inner)),
            toml::Value::Array(items) => {
                let tables = items.iter().filter_map(toml::Value::as_table);
                found.extend(tables.flat_map(|table| paths(table, &inner)));
            }
            _ => {}
        }
        found.push(path);
    }
    // The deepest first: an unknown key says more than its section.
    found
}

/// Where a key stands, as far as that can be told without a second parser.
fn line_of(text: &str, key: &str) -> usize {
    let name = key.rsplit('.').next().unwrap_or(key);
    let stands = |line: &str| {
        let line = line.trim_start().trim_start_matches(['[', '"']);
        line.starts_with(name)
            && line[name.len()..]
                .trim_start_matches(['"', ' '])
                .starts_with(['=', ']', '.'])
    };
    text.lines().position(stands).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_keys_is_that_of_the_default_file() {
        let table: toml::Table = super::super::DEFAULT.parse().expect("TOML");
        let mut found = paths(&table, "");
        found.sort();
        let mut known: Vec<&str> = KEYS.to_vec();
        known.retain(|key| !key.starts_with("user"));
        known.sort_unstable();
        assert_eq!(found, known);
    }
}
