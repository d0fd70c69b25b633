//! Logging in with a bot password: once for each wiki, and never again after a refusal.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex as TurnMutex;

use super::{
    Api, Client, Failure, Reason, RequestRecord,
    bot_password::{BotPassword, LOCKED_OUT, LoginOutcome, login_outcome, login_token},
    request::Call,
};

/// What is known about logging in as this account.
#[derive(Debug, Default)]
pub(super) struct Logins {
    /// Held during a login, so that a wrong password is sent once and not by every request that
    /// waits.
    turn: TurnMutex<()>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    refused: Option<Reason>,
    locked_out_until: Option<DateTime<Utc>>,
}

impl Logins {
    /// Why the password must not be tried again.
    pub(super) fn refused(&self) -> Option<Reason> {
        self.known().refused.clone()
    }

    fn check(&self, now: DateTime<Utc>) -> Result<(), Failure> {
        let known = self.known();
        if let Some(reason) = &known.refused {
            return Err(Failure::StopAccount(reason.clone()));
        }
        match known.locked_out_until {
            Some(until) if until > now => {
                let reason = Reason::new("the wikis take no logins of this account at present");
                Err(Failure::Deferred { until, reason })
            }
            _ => Ok(()),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// Makes sure of a session on this wiki.
    pub(super) async fn log_in(
        &self,
        api: &Api,
        bot_password: &BotPassword,
        requests: &mut Vec<RequestRecord>,
    ) -> Result<(), Failure> {
        if self.cookies.has_bot_session(api, self.clock.now()) {
            return Ok(());
        }
        let _turn = self.logins.turn.lock().await;
        // Another question to the same wiki may have been first.
        if self.cookies.has_bot_session(api, self.clock.now()) {
            return Ok(());
        }
        self.logins.check(self.clock.now())?;
        let mut outcome = self.log_in_once(api, bot_password, requests).await?;
        if matches!(outcome, LoginOutcome::OnceMore(_)) {
            outcome = self.log_in_once(api, bot_password, requests).await?;
        }
        match outcome {
            LoginOutcome::LoggedIn => Ok(()),
            LoginOutcome::OnceMore(reason) => Err(Failure::SkipWiki(reason)),
            LoginOutcome::Refused(reason) => {
                self.logins.known().refused = Some(reason.clone());
                Err(Failure::StopAccount(reason))
            }
            LoginOutcome::LockedOut(reason) => {
                let locked_out = TimeDelta::from_std(LOCKED_OUT).unwrap_or_default();
                let until = self.clock.now() + locked_out;
                self.logins.known().locked_out_until = Some(until);
                Err(Failure::Deferred { until, reason })
            }
        }
    }

    /// A token, then the login, from no cookies at all: with old ones it would be aborted.
    async fn log_in_once(
        &self,
        api: &Api,
        bot_password: &BotPassword,
        requests: &mut Vec<RequestRecord>,
    ) -> Result<LoginOutcome, Failure> {
        self.cookies.forget_host(api);
        let answer = self.settle(&Call::login_token(api), requests).await?;
        let Some(token) = login_token(&answer.body) else {
            let reason = Reason::new("the answer holds no login token");
            return Ok(LoginOutcome::OnceMore(reason));
        };
        let call = Call::login(api, bot_password.form(&token));
        let answer = self.settle(&call, requests).await?;
        Ok(login_outcome(&answer.body))
    }
}

#[cfg(test)]
mod tests;
