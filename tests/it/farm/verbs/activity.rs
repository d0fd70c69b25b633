//! Edits, counters, e-mail.

use super::super::Farm;

impl Farm {
    /// One edit, now.
    pub fn edit(&self, user: &str, wiki: &str) {
        self.with(|world| {
            let now = world.clock.now();
            let account = world.account(user, wiki);
            account.edits.push(now);
            account.edit_count += 1;
            account.latest = None;
        });
    }

    /// `count` edits at even distances between two moments.
    pub fn add_edits(&self, user: &str, wiki: &str, count: i64, from: i64, until: i64) {
        self.with(|world| {
            let account = world.account(user, wiki);
            let step = |n: i64| from + (until - from) * n / count.max(1);
            account.edits.extend((0..count).map(step));
            account.edit_count += count;
        });
    }

    /// Sets the counter alone; `latest` also says when the latest contribution was.
    pub fn set_edit_count(&self, user: &str, wiki: &str, count: i64, latest: Option<i64>) {
        self.with(|world| {
            let account = world.account(user, wiki);
            account.edit_count = count;
            account.latest = latest.or(account.latest);
        });
    }

    /// Unread pages on the watchlist; 1000 and more are shown as text.
    pub fn set_unread(&self, user: &str, wiki: &str, count: u32) {
        self.with(|world| world.account(user, wiki).unread = count);
    }

    /// The address of the global account, and when it was confirmed.
    pub fn set_email(&self, user: &str, address: &str, confirmed_at: Option<i64>) {
        self.with(|world| {
            let user = world.user(user);
            address.clone_into(&mut world.users[user].email);
            world.users[user].email_confirmed = confirmed_at;
        });
    }
}
