//! Group memberships, local and global, with the log entries they leave.

use std::fmt::Write as _;

use super::super::world::Membership;
use super::super::{Farm, json};
use super::rights_params;

impl Farm {
    /// Adds a local group, or changes its expiry; logged on the wiki.
    pub fn grant(
        &self,
        wiki: &str,
        user: &str,
        group: &str,
        expiry: Option<i64>,
        by: &str,
        comment: &str,
    ) {
        let change = |groups: &mut Vec<Membership>| set(groups, group, expiry);
        self.change_groups(wiki, user, false, by, comment, change);
    }

    /// Removes a local group; logged on the wiki.
    pub fn revoke(&self, wiki: &str, user: &str, group: &str, by: &str, comment: &str) {
        let change = |groups: &mut Vec<Membership>| groups.retain(|one| one.group != group);
        self.change_groups(wiki, user, false, by, comment, change);
    }

    /// A steward adds a local group; logged only on Meta, as `User:Name@wiki`.
    pub fn grant_from_meta(
        &self,
        wiki: &str,
        user: &str,
        group: &str,
        expiry: Option<i64>,
        by: &str,
        comment: &str,
    ) {
        let change = |groups: &mut Vec<Membership>| set(groups, group, expiry);
        self.change_groups(wiki, user, true, by, comment, change);
    }

    /// A steward removes a local group; logged only on Meta.
    pub fn revoke_from_meta(&self, wiki: &str, user: &str, group: &str, by: &str, comment: &str) {
        let change = |groups: &mut Vec<Membership>| groups.retain(|one| one.group != group);
        self.change_groups(wiki, user, true, by, comment, change);
    }

    fn change_groups(
        &self,
        wiki: &str,
        user: &str,
        from_meta: bool,
        by: &str,
        comment: &str,
        change: impl FnOnce(&mut Vec<Membership>),
    ) {
        self.with(|world| {
            let now = world.clock.now();
            let account = world.account(user, wiki);
            account.memberships.retain(|one| one.holds(now));
            let old = account.memberships.clone();
            change(&mut account.memberships);
            let params = rights_params(&old, &account.memberships);
            let at = world.wiki(wiki);
            let name = world.users[world.user(user)].local_name(at).to_owned();
            let (at, title) = if from_meta {
                (world.meta(), format!("{name}@{wiki}"))
            } else {
                (at, name)
            };
            world.log(at, ("rights", "rights"), &title, params, by, comment);
        });
    }

    /// Adds or removes a global group; logged on Meta.
    pub fn set_global_group(&self, user: &str, group: &str, present: bool, expiry: Option<i64>) {
        self.with(|world| {
            let index = world.user(user);
            let old = world.users[index].groups.clone();
            let groups = &mut world.users[index].groups;
            if present {
                set(groups, group, expiry);
            } else {
                groups.retain(|one| one.group != group);
            }
            let params = global_params(&old, groups);
            let title = world.users[index].name.clone();
            world.log(
                world.meta(),
                ("gblrights", "usergroups"),
                &title,
                params,
                "Steward",
                "global request",
            );
        });
    }
}

fn set(groups: &mut Vec<Membership>, group: &str, expiry: Option<i64>) {
    match groups.iter_mut().find(|one| one.group == group) {
        Some(one) => one.expiry = expiry,
        None => groups.push(Membership {
            group: group.into(),
            expiry,
        }),
    }
}

/// In camel case, unlike the local log.
fn global_params(old: &[Membership], new: &[Membership]) -> String {
    let mut out = String::new();
    let mut object = json::Object::open(&mut out);
    for (key, groups) in [("oldGroups", old), ("newGroups", new)] {
        object.texts(key, groups.iter().map(|one| &one.group));
    }
    for (key, groups) in [("oldMetadata", old), ("newMetadata", new)] {
        json::list(object.key(key), groups, |out, one| {
            let expiry = one
                .expiry
                .map_or("null".into(), |at| json::quoted(&super::iso(at)));
            _ = write!(out, "{{\"expiry\":{expiry}}}");
        });
    }
    object.close();
    out
}
