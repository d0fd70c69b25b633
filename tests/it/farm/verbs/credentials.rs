//! Tokens, consumers, bot passwords.

use super::super::Farm;
use super::super::auth::{BotPassword, Consumer, Token, to_grants};

/// The four secrets of an owner-only OAuth 1.0a consumer.
#[derive(Clone, Debug)]
pub struct OAuth1 {
    pub consumer_key: String,
    pub consumer_secret: String,
    pub token: String,
    pub token_secret: String,
}

impl Farm {
    /// One more bearer token.
    pub fn add_token(&self, user: &str, token: &str, grants: &[&str]) {
        self.with(|world| {
            let user = world.user(user);
            world.credentials.add_token(token, user, grants);
        });
    }

    /// All the user's bearer tokens and OAuth consumers are revoked.
    pub fn revoke_token(&self, user: &str) {
        self.each_access(user, |access| access.revoked = true);
    }

    /// They work again.
    pub fn restore_token(&self, user: &str) {
        self.each_access(user, |access| access.revoked = false);
    }

    /// Changes what they may see: `basic`, `privateinfo`, `highvolume`, …
    pub fn set_token_grants(&self, user: &str, grants: &[&str]) {
        self.each_access(user, |access| access.grants = to_grants(grants));
    }

    fn each_access(&self, user: &str, change: impl Fn(&mut Token)) {
        self.with(|world| {
            let user = world.user(user);
            let tokens = world.credentials.tokens.values_mut();
            let consumers = world
                .credentials
                .consumers
                .iter_mut()
                .map(|consumer| &mut consumer.access);
            tokens
                .chain(consumers)
                .filter(|access| access.user == user)
                .for_each(change);
        });
    }

    /// An owner-only OAuth 1.0a consumer with secrets made up on the spot.
    pub fn add_oauth1(&self, user: &str, grants: &[&str]) -> OAuth1 {
        self.with(|world| {
            let user = world.user(user);
            let mut secret = || world.credentials.secret();
            let made = OAuth1 {
                consumer_key: secret(),
                consumer_secret: secret(),
                token: secret(),
                token_secret: secret(),
            };
            let one = made.clone();
            world.credentials.consumers.push(Consumer {
                key: one.consumer_key,
                secret: one.consumer_secret,
                token: one.token,
                token_secret: one.token_secret,
                access: Token {
                    user,
                    grants: to_grants(grants),
                    revoked: false,
                },
            });
            made
        })
    }

    /// A bot password; the login name is `NAME@app`.
    pub fn add_bot_password(&self, user: &str, app: &str, password: &str, grants: &[&str]) {
        self.with(|world| {
            let user = world.user(user);
            let (app, password, grants) = (app.to_owned(), password.to_owned(), to_grants(grants));
            world.credentials.bot_passwords.push(BotPassword {
                user,
                app,
                password,
                grants,
            });
        });
    }

    /// Its sessions are anonymous from now on, without a word.
    pub fn revoke_bot_password(&self, app: &str) {
        self.with(|world| world.credentials.bot_passwords.retain(|one| one.app != app));
    }

    /// All bot-password sessions end, as they do after a day without use.
    pub fn expire_sessions(&self) {
        self.with(|world| world.credentials.sessions.clear());
    }

    /// The rate class that the user's `sessionJwt` cookies carry, e.g. `established-user`.
    pub fn set_class(&self, user: &str, class: &str) {
        self.with(|world| {
            let user = world.user(user);
            class.clone_into(&mut world.users[user].class);
        });
    }
}
