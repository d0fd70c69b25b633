//! The global account and where it is attached.

use super::super::world::{Account, Rename, Stray};
use super::super::{Farm, json};

impl Farm {
    /// Creates a global account with attached accounts on `wikis` (all, if empty).
    pub fn add_user(&self, name: &str, central_id: u64, wikis: &[&str]) {
        self.with(|world| {
            let all = 0..world.wikis.len();
            let at = if wikis.is_empty() {
                all.collect()
            } else {
                wikis.iter().map(|wiki| world.wiki(wiki)).collect()
            };
            let at: Vec<usize> = at;
            world.new_user(name, central_id, &at);
        });
    }

    /// The user visits a wiki for the first time, or a detached account is attached again.
    pub fn attach(&self, user: &str, wiki: &str) {
        self.with(|world| {
            let (user, at, now) = (world.user(user), world.wiki(wiki), world.clock.now());
            if let Some(account) = &mut world.users[user].accounts[at] {
                (account.attached, account.attached_at) = (true, now);
                return;
            }
            let local_id = world.new_local_id(at);
            world.users[user].accounts[at] = Some(Box::new(Account::new(local_id, now)));
            let name = world.users[user].name.clone();
            world.log(
                at,
                ("newusers", "autocreate"),
                &name,
                format!("{{\"userid\":{local_id}}}"),
                &name,
                "",
            );
        });
    }

    /// The account stays, but belongs to the global account no more.
    pub fn detach(&self, user: &str, wiki: &str) {
        self.with(|world| world.account(user, wiki).attached = false);
    }

    /// `merged` lists the account twice.
    pub fn duplicate_account(&self, user: &str, wiki: &str, twice: bool) {
        self.with(|world| world.account(user, wiki).twice = twice);
    }

    /// `merged` does not list the account although it is attached.
    pub fn omit_account(&self, user: &str, wiki: &str, omitted: bool) {
        self.with(|world| world.account(user, wiki).omitted = omitted);
    }

    /// A local account of that name that belongs to nobody's global account.
    pub fn add_unattached(&self, name: &str, wiki: &str) {
        self.with(|world| {
            let (wiki, registration) = (world.wiki(wiki), world.clock.now());
            let local_id = world.new_local_id(wiki);
            world.strays.push(Stray {
                name: name.into(),
                wiki,
                local_id,
                edit_count: 0,
                registration,
            });
        });
    }

    /// A very old account: its registration is null in the wiki's database.
    pub fn null_registration(&self, wiki: &str, user: &str) {
        self.with(|world| world.account(user, wiki).registration = None);
    }

    pub fn lock(&self, user: &str) {
        self.set_lock(user, true);
    }

    pub fn unlock(&self, user: &str) {
        self.set_lock(user, false);
    }

    fn set_lock(&self, user: &str, locked: bool) {
        self.with(|world| {
            let index = world.user(user);
            world.users[index].locked = locked;
            let title = format!("{}@global", world.users[index].name);
            let (added, removed) = if locked {
                ("[\"locked\"]", "[]")
            } else {
                ("[]", "[\"locked\"]")
            };
            let params = format!("{{\"added\":{added},\"removed\":{removed}}}");
            world.log(
                world.meta(),
                ("globalauth", "setstatus"),
                &title,
                params,
                "Steward",
                "status changed",
            );
        });
    }

    /// From now on the account looks missing to everybody; `false` brings it back.
    pub fn hide(&self, user: &str, hidden: bool) {
        self.with(|world| {
            let user = world.user(user);
            world.users[user].hidden = hidden;
        });
    }

    /// Name and number are unknown afterwards; local accounts stay, unattached.
    pub fn delete_globally(&self, user: &str) {
        self.with(|world| {
            let index = world.user(user);
            let user = &mut world.users[index];
            user.deleted = true;
            user.accounts
                .iter_mut()
                .flatten()
                .for_each(|account| account.attached = false);
        });
    }

    /// A complete rename.
    pub fn rename(&self, user: &str, new_name: &str) {
        self.begin_rename(user, new_name);
        self.finish_rename(new_name);
    }

    /// The central name changes at once; every local account is detached and waits for its turn.
    pub fn begin_rename(&self, user: &str, new_name: &str) {
        self.with(|world| {
            let index = world.user(user);
            let user = &mut world.users[index];
            let from = std::mem::replace(&mut user.name, new_name.to_owned());
            let attached = |wiki: &usize| {
                user.accounts[*wiki]
                    .as_ref()
                    .is_some_and(|account| account.attached)
            };
            let pending = (0..user.accounts.len()).filter(attached).collect();
            user.former.push(from.clone());
            user.rename = Some(Rename {
                from: from.clone(),
                pending,
            });
            let params = format!(
                "{{\"olduser\":{},\"newuser\":{}}}",
                json::quoted(&from),
                json::quoted(new_name)
            );
            let title = format!("CentralAuth/{new_name}");
            world.log(
                world.meta(),
                ("gblrename", "rename"),
                &title,
                params,
                "Renamer",
                "on request",
            );
        });
    }

    /// The rename reaches one wiki.
    pub fn finish_rename_on(&self, user: &str, wiki: &str) {
        self.with(|world| {
            let (user, at) = (world.user(user), world.wiki(wiki));
            let new_name = world.users[user].name.clone();
            let Some(rename) = &mut world.users[user].rename else {
                return;
            };
            rename.pending.remove(&at);
            let (from, done) = (rename.from.clone(), rename.pending.is_empty());
            for entry in &mut world.wikis[at].log {
                let retitled = ["block", "newusers", "rights"].contains(&entry.kind.as_str());
                if retitled && entry.title == from {
                    entry.title.clone_from(&new_name);
                }
            }
            if done {
                world.users[user].rename = None;
            }
        });
    }

    /// The rename reaches all wikis.
    pub fn finish_rename(&self, user: &str) {
        let pending = self.with(|world| {
            let user = &world.users[world.user(user)];
            let wikis = user.rename.iter().flat_map(|rename| &rename.pending);
            wikis
                .map(|&wiki| world.wikis[wiki].id.clone())
                .collect::<Vec<_>>()
        });
        for wiki in pending {
            self.finish_rename_on(user, &wiki);
        }
    }

    /// The user's local ID on that wiki.
    pub fn local_id(&self, user: &str, wiki: &str) -> u64 {
        self.with(|world| world.account(user, wiki).local_id)
    }

    /// The wikis where the user has an attached account, in the order of `merged`.
    pub fn attached_wikis(&self, user: &str) -> Vec<String> {
        self.with(|world| {
            let user = &world.users[world.user(user)];
            let attached = world
                .sorted
                .iter()
                .filter(|&&wiki| user.attached(wiki).is_some());
            attached.map(|&wiki| world.wikis[wiki].id.clone()).collect()
        })
    }
}
