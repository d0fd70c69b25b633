//! The verbs: what happens on the farm, said by a test. Each takes effect at once.

mod accounts;
mod activity;
mod blocks;
mod credentials;
mod groups;
mod past;
mod preferences;
mod wikis;

pub use credentials::OAuth1;

use std::fmt::Write as _;

use super::clock::iso;
use super::json;
use super::world::{Hidden, LogEntry, Membership, World};

impl World {
    /// Writes a log entry, now. `title` goes without its namespace.
    pub fn log(
        &mut self,
        wiki: usize,
        (kind, action): (&str, &str),
        title: &str,
        params: String,
        by: &str,
        comment: &str,
    ) -> u64 {
        let at = self.clock.now();
        let wiki = &mut self.wikis[wiki];
        wiki.last_log_id += 1;
        wiki.log.push(LogEntry {
            id: wiki.last_log_id,
            kind: kind.into(),
            action: action.into(),
            namespace: if kind == "gblrename" { -1 } else { 2 },
            title: title.into(),
            params,
            by: by.into(),
            at,
            comment: comment.into(),
            hidden: Hidden::default(),
            visible_from: 0,
        });
        wiki.last_log_id
    }

    /// Where global matters are logged.
    pub fn meta(&self) -> usize {
        self.wiki("metawiki")
    }
}

/// `oldgroups`, `newgroups` and their metadata, as the rights log has them.
fn rights_params(old: &[Membership], new: &[Membership]) -> String {
    let mut out = String::new();
    let mut object = json::Object::open(&mut out);
    let names = |groups: &[Membership]| {
        groups
            .iter()
            .map(|one| one.group.clone())
            .collect::<Vec<_>>()
    };
    object.texts("oldgroups", names(old));
    object.texts("newgroups", names(new));
    for (key, groups) in [("oldmetadata", old), ("newmetadata", new)] {
        json::list(object.key(key), groups, |out, one| {
            let expiry = one.expiry.map_or("infinity".into(), iso);
            _ = write!(
                out,
                "{{\"group\":{},\"expiry\":\"{expiry}\"}}",
                json::quoted(&one.group)
            );
        });
    }
    object.close();
    out
}
