//! What there are files about, each with the schema of its lines.

/// A file of lines, a table beside it where the lines are flat, and the schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) lines: &'static str,
    pub(super) csv: Option<&'static str>,
    pub(super) schema_path: &'static str,
    pub(super) schema: &'static str,
}

macro_rules! subject {
    (@csv $name:literal, csv) => {
        Some(concat!($name, ".csv"))
    };
    (@csv $name:literal, lines) => {
        None
    };
    ($constant:ident, $name:literal, $form:tt) => {
        pub(super) const $constant: Subject = Subject {
            name: $name,
            lines: concat!($name, ".jsonl"),
    csv: subject!(@csv $name, $form),
            schema_path: concat!("schemas/", $name, ".schema.json"),
            schema: include_str!(concat!("../../schemas/", $name, ".schema.json")),
        };
    };
}

subject!(IDENTITY, "identity", csv);
subject!(ACCOUNTS, "accounts", csv);
subject!(GROUPS, "groups", csv);
subject!(PREFERENCES, "preferences", csv);
subject!(GLOBAL_PREFERENCES, "global_preferences", csv);
subject!(BLOCKS, "blocks", csv);
subject!(GROUP_CHANGES, "group_changes", csv);
subject!(LOG_EVENTS, "log_events", csv);
subject!(FIRST_EDITS, "first_edits", csv);
subject!(CONTRIBUTIONS, "contributions", csv);
subject!(LOGGED_ACTIONS, "logged_actions", csv);
subject!(RUNS, "runs", csv);
subject!(READINGS, "readings", lines);
subject!(COVERAGE, "coverage", lines);
subject!(SNAPSHOTS, "snapshots", lines);
subject!(REQUESTS, "requests", lines);
subject!(HISTORY, "history", lines);
subject!(CHANGES, "changes", lines);
subject!(EDITORS, "editors", lines);
subject!(WIKIS, "wikis", lines);

/// The schema of the manifest, and its place.
pub(super) const MANIFEST_SCHEMA: (&str, &str) = (
    "schemas/manifest.schema.json",
    include_str!("../../schemas/manifest.schema.json"),
);

/// The file that holds the key of the hashes, and the schema of it.
pub(super) const SECRETS: &str = "secrets.json";
pub(super) const SECRETS_SCHEMA: (&str, &str) = (
    "schemas/secrets.schema.json",
    include_str!("../../schemas/secrets.schema.json"),
);
