//! Blocks of accounts, and of the address we come from.

use super::super::Farm;
use super::super::clock::iso;
use super::super::world::Block;

impl Farm {
    /// One more block; its ID.
    pub fn block(
        &self,
        wiki: &str,
        user: &str,
        by: &str,
        reason: &str,
        expiry: Option<i64>,
        partial: bool,
    ) -> u64 {
        self.with(|world| {
            let (at, now) = (world.wiki(wiki), world.clock.now());
            world.wikis[at].last_block_id += 1;
            let id = world.wikis[at].last_block_id;
            let account = world.account(user, wiki);
            account.blocks.push(Block {
                id,
                by: by.into(),
                reason: reason.into(),
                at: now,
                expiry,
                partial,
            });
            let until = expiry.map(iso);
            let flags = if partial { "[]" } else { "[\"nocreate\"]" };
            let duration = until.as_deref().unwrap_or("infinity");
            let expiry = until
                .as_ref()
                .map(|until| format!(",\"expiry\":\"{until}\""))
                .unwrap_or_default();
            let sitewide = !partial;
            let params = format!(
                "{{\"duration\":\"{duration}\",\"flags\":{flags},\"sitewide\":{sitewide}{expiry}}}"
            );
            let name = world.users[world.user(user)].name.clone();
            world.log(at, ("block", "block"), &name, params, by, reason);
            id
        })
    }

    /// Lifts all blocks of the account.
    pub fn unblock(&self, wiki: &str, user: &str, by: &str, reason: &str) {
        self.with(|world| {
            let at = world.wiki(wiki);
            world.account(user, wiki).blocks.clear();
            let name = world.users[world.user(user)].name.clone();
            world.log(at, ("block", "unblock"), &name, "{}".into(), by, reason);
        });
    }

    /// Lifts one of several blocks.
    pub fn lift_block(&self, wiki: &str, user: &str, id: u64) {
        self.with(|world| {
            world
                .account(user, wiki)
                .blocks
                .retain(|block| block.id != id);
        });
    }

    /// Blocks the address that requests come from: `userinfo` shows it, `list=users` does not.
    pub fn block_our_ip(&self, wiki: &str, blocked: bool) {
        self.with(|world| {
            let (at, now) = (world.wiki(wiki), world.clock.now());
            world.wikis[at].ip_block = blocked.then(|| Block {
                id: 77,
                by: "Proxy hunter".into(),
                reason: "{{Colocationwebhost}}".into(),
                at: now - 86_400,
                expiry: None,
                partial: false,
            });
        });
    }

    /// Adds any log entry: `title` without its namespace, `params` an object as JSON text. Its ID.
    pub fn add_log_entry(
        &self,
        wiki: &str,
        kind: &str,
        action: &str,
        title: &str,
        params: &str,
        by: &str,
    ) -> u64 {
        self.with(|world| {
            world.log(
                world.wiki(wiki),
                (kind, action),
                title,
                params.into(),
                by,
                "by hand",
            )
        })
    }

    /// Deletes parts of a log entry from public view: any of `action`, `user`, `comment`, `suppressed`.
    pub fn hide_log_entry(&self, wiki: &str, id: u64, parts: &[&str]) {
        self.with(|world| {
            let at = world.wiki(wiki);
            for entry in world.wikis[at]
                .log
                .iter_mut()
                .filter(|entry| entry.id == id)
            {
                entry.hidden.action = parts.contains(&"action");
                entry.hidden.user = parts.contains(&"user");
                entry.hidden.comment = parts.contains(&"comment");
                entry.hidden.suppressed = parts.contains(&"suppressed");
            }
        });
    }
}
