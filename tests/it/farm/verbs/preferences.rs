//! Preferences: the user's own, the wikis' defaults, the global ones. Values are JSON text.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::Farm;
use super::super::preferences::Defaults;

impl Farm {
    /// Stores a value as it will be shown: `"1"` with quotes, `0` without. A value equal to the
    /// default deletes the row, as on a real wiki.
    pub fn set_preference(&self, user: &str, wiki: &str, name: &str, value: &str) {
        self.with(|world| {
            let default = world.wikis[world.wiki(wiki)].defaults.get(name).cloned();
            let account = world.account(user, wiki);
            account.options.take();
            if default.as_deref() == Some(value) {
                account.set.remove(name);
            } else {
                account.set.insert(name.into(), value.into());
            }
        });
    }

    /// Back to the default.
    pub fn unset_preference(&self, user: &str, wiki: &str, name: &str) {
        self.with(|world| {
            let account = world.account(user, wiki);
            account.options.take();
            account.set.remove(name);
        });
    }

    /// A wiki's own value although there is a global one.
    pub fn set_local_exception(&self, user: &str, wiki: &str, name: &str, value: &str) {
        self.with(|world| {
            let account = world.account(user, wiki);
            account.options.take();
            account.set.insert(name.into(), value.into());
            account
                .set
                .insert(format!("{name}-local-exception").into(), "\"1\"".into());
        });
    }

    /// The global value holds there again.
    pub fn unset_local_exception(&self, user: &str, wiki: &str, name: &str) {
        self.with(|world| {
            let account = world.account(user, wiki);
            account.options.take();
            account.set.remove(name);
            account
                .set
                .remove(format!("{name}-local-exception").as_str());
        });
    }

    /// Shown on every wiki without an exception.
    pub fn set_global_preference(&self, user: &str, name: &str, value: &str) {
        self.with(|world| {
            let user = world.user(user);
            world.users[user].globals.insert(name.into(), value.into());
            world.users[user].forget_options();
        });
    }

    pub fn unset_global_preference(&self, user: &str, name: &str) {
        self.with(|world| {
            let user = world.user(user);
            world.users[user].globals.remove(name);
            world.users[user].forget_options();
        });
    }

    /// A new default on these wikis (all, if empty); an unknown name is new software.
    pub fn set_default(&self, wikis: &[&str], name: &str, value: &str) {
        self.change_defaults(wikis, |defaults| defaults.set(name, value));
    }

    /// Software came: the preference exists from now on.
    pub fn add_default(&self, wikis: &[&str], name: &str, value: &str) {
        self.set_default(wikis, name, value);
    }

    /// Software went, and the preference with it.
    pub fn remove_default(&self, wikis: &[&str], name: &str) {
        self.change_defaults(wikis, |defaults| defaults.remove(name));
    }

    fn change_defaults(&self, wikis: &[&str], change: impl Fn(&mut Defaults)) {
        self.with(|world| {
            let mut at: Vec<usize> = wikis.iter().map(|wiki| world.wiki(wiki)).collect();
            if wikis.is_empty() {
                at = (0..world.wikis.len()).collect();
            }
            // Wikis that shared their defaults go on sharing them.
            let mut changed: HashMap<*const Defaults, Arc<Defaults>> = HashMap::new();
            for wiki in at {
                let old = world.wikis[wiki].defaults.clone();
                let new = changed.entry(Arc::as_ptr(&old)).or_insert_with(|| {
                    let mut copy = Defaults::clone(&old);
                    change(&mut copy);
                    Arc::new(copy)
                });
                world.wikis[wiki].defaults = new.clone();
                for user in world.users.iter_mut().chain([&mut world.stranger]) {
                    if let Some(account) = &mut user.accounts[wiki] {
                        account.options.take();
                    }
                }
            }
        });
    }

    /// The default of a preference on a wiki, as JSON text.
    pub fn default_of(&self, wiki: &str, name: &str) -> Option<String> {
        self.with(|world| {
            world.wikis[world.wiki(wiki)]
                .defaults
                .get(name)
                .map(ToString::to_string)
        })
    }

    /// The names of the preferences a wiki knows.
    pub fn default_names(&self, wiki: &str) -> Vec<String> {
        self.with(|world| {
            let defaults = &world.wikis[world.wiki(wiki)].defaults;
            defaults.iter().map(|(name, _)| name.to_string()).collect()
        })
    }
}
