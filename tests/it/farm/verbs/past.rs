//! What happened long ago, out of order, or is not shown yet.

use super::super::Farm;
use super::super::world::{Hidden, OddEdit};

impl Farm {
    /// Writes a log entry with any time. `title` goes without its namespace. Its ID.
    #[expect(clippy::too_many_arguments, reason = "an entry has so many parts")]
    pub fn log_at(
        &self,
        at: i64,
        wiki: &str,
        (kind, action): (&str, &str),
        title: &str,
        params: &str,
        by: &str,
        comment: &str,
    ) -> u64 {
        self.with(|world| {
            let index = world.wiki(wiki);
            let id = world.log(index, (kind, action), title, params.into(), by, comment);
            for entry in world.wikis[index].log.iter_mut().rev().take(1) {
                entry.at = at;
            }
            id
        })
    }

    /// No answer shows a log entry before then.
    pub fn delay_log_entry(&self, wiki: &str, id: u64, until: i64) {
        self.with(|world| {
            let index = world.wiki(wiki);
            let mut log = world.wikis[index].log.iter_mut();
            log.find(|entry| entry.id == id)
                .expect("a log entry")
                .visible_from = until;
        });
    }

    /// One edit at any time; its revision.
    pub fn edit_at(&self, user: &str, wiki: &str, at: i64) -> u64 {
        self.with(|world| {
            let account = world.account(user, wiki);
            account.edits.push(at);
            account.edit_count += 1;
            999 + account.edits.len() as u64
        })
    }

    /// Hides parts of an edit: any of `text`, `user`, `comment`, `suppressed`.
    pub fn hide_edit(&self, user: &str, wiki: &str, revision: u64, parts: &[&str]) {
        self.odd_edit(user, wiki, revision, |odd| {
            odd.hidden = Hidden {
                action: parts.contains(&"text"),
                user: parts.contains(&"user"),
                comment: parts.contains(&"comment"),
                suppressed: parts.contains(&"suppressed"),
            };
        });
    }

    /// The page of an edit is deleted, or restored.
    pub fn delete_edit(&self, user: &str, wiki: &str, revision: u64, deleted: bool) {
        self.odd_edit(user, wiki, revision, |odd| odd.deleted = deleted);
    }

    /// No answer shows an edit before then.
    pub fn delay_edit(&self, user: &str, wiki: &str, revision: u64, until: i64) {
        self.odd_edit(user, wiki, revision, |odd| odd.visible_from = until);
    }

    fn odd_edit(&self, user: &str, wiki: &str, revision: u64, change: impl FnOnce(&mut OddEdit)) {
        self.with(|world| {
            let odd = &mut world.account(user, wiki).odd_edits;
            change(odd.entry(revision).or_default());
        });
    }
}
