//! One user's way to the wikis: a question, asked until it is answered, must be given up, or has
//! to wait for the next run.

use std::{
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{
    AllowedHosts, Answer, Api, ContactRefused, Credential, CredentialKind, Failure, Pace,
    PaceOptions, Question, Reason, Reply, RequestRecord, check_contact,
    contact::user_agent,
    cookies::CookieJar,
    error::{Decision, Renewal, Trouble},
    evidence::is_kept_header,
    login::Logins,
    pace::Permit,
    request::Call,
    retry::{Next, Tries},
    verdict::{Received, judge, judge_absence, refuse_echo},
    wire::{Exchange, Wire},
};
use crate::clock::Clock;

/// What a client is made of.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Reaches the operator of this installation.
    pub contact: String,
    /// Who asks.
    pub credential: Credential,
    /// Who may be asked.
    pub hosts: AllowedHosts,
    /// How fast.
    pub pace: PaceOptions,
    /// Wikis whose databases lag by more seconds than this are asked later.
    pub maxlag_seconds: u32,
    /// Where cookies are kept across runs: one file for each account and way to log in.
    pub cookie_file: Option<PathBuf>,
    /// What time it is.
    pub clock: Clock,
    /// How long to wait for the network.
    pub timeouts: Timeouts,
    /// Makes the spread of back-off repeatable.
    pub jitter_seed: Option<u64>,
}

/// How long to wait for the network. The time for a whole request is the question's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes of an answer. Longer than the servers' own limit of 53 s, since nothing
    /// comes before they have the whole answer; the question's total time is the shorter one.
    pub read: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_mins(1),
        }
    }
}

/// There can be no client.
#[derive(Debug, thiserror::Error)]
pub enum NewClientError {
    /// The contact reaches nobody.
    #[error(transparent)]
    Contact(#[from] ContactRefused),
    /// TLS or name resolution cannot be set up.
    #[error("cannot set up HTTPS: is there a store of root certificates (ca-certificates)?")]
    Http(#[source] reqwest::Error),
}

/// One user's way to the wikis of a farm: a credential, a pace, a cookie jar.
#[derive(Debug)]
pub struct Client {
    wire: Wire,
    user_agent: String,
    credential: Credential,
    hosts: AllowedHosts,
    pace: Pace,
    maxlag_seconds: u32,
    pub(super) cookies: CookieJar,
    pub(super) clock: Clock,
    jitter: Mutex<fastrand::Rng>,
    pub(super) logins: Logins,
}

impl Client {
    /// A client, once the contact is one.
    pub fn new(options: ClientOptions) -> Result<Self, NewClientError> {
        check_contact(&options.contact)?;
        let kind = options.credential.kind();
        let user_agent = user_agent(&options.contact);
        let wire = Wire::new(
            &user_agent,
            options.timeouts,
            options.hosts.insecure_http(),
            kind == CredentialKind::BotPassword,
        )
        .map_err(NewClientError::Http)?;
        let logged_in = kind != CredentialKind::None;
        Ok(Self {
            wire,
            user_agent,
            pace: Pace::new(options.pace, logged_in, options.clock.clone()),
            maxlag_seconds: options.maxlag_seconds,
            cookies: CookieJar::open(kind, options.cookie_file),
            clock: options.clock,
            hosts: options.hosts,
            credential: options.credential,
            jitter: Mutex::new(
                options
                    .jitter_seed
                    .map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            ),
            logins: Logins::default(),
        })
    }

    /// Asks until there is an answer, it has to be given up, or it has to wait for the next run.
    /// Cancelling the token cuts a request under way.
    pub async fn ask(&self, api: &Api, question: &Question<'_>, stop: &CancellationToken) -> Reply {
        let mut requests = Vec::new();
        let answer = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Failure::Stopped),
            answer = self.ask_logged_in(api, question, &mut requests) => answer,
        };
        if let Err(error) = self.cookies.save_now_and_then(self.clock.elapsed()) {
            tracing::warn!("the cookies could not be kept: {error}");
        }
        Reply { answer, requests }
    }

    /// The hosts that may be asked.
    pub fn hosts(&self) -> &AllowedHosts {
        &self.hosts
    }

    /// The pace of the account.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Which way the account logs in.
    pub fn credential_kind(&self) -> CredentialKind {
        self.credential.kind()
    }

    /// Why the bot password must not be tried again, once a wiki has refused it. Remember it with
    /// [`Credential::fingerprint`], so that a restart does not try it either.
    pub fn login_refused(&self) -> Option<Reason> {
        self.logins.refused()
    }

    /// Writes new cookies to their file, as dropping the client does too.
    pub fn save_cookies(&self) -> io::Result<()> {
        self.cookies.save()
    }

    async fn ask_logged_in(
        &self,
        api: &Api,
        question: &Question<'_>,
        requests: &mut Vec<RequestRecord>,
    ) -> Result<Answer, Failure> {
        let kind = if question.as_nobody {
            CredentialKind::None
        } else {
            self.credential.kind()
        };
        let call = Call::question(api, question, kind, self.maxlag_seconds);
        let Credential::BotPassword(bot_password) = &self.credential else {
            return self.settle(&call, requests).await;
        };
        if question.as_nobody {
            return self.settle(&call, requests).await;
        }
        self.log_in(api, bot_password, requests).await?;
        match self.settle(&call, requests).await {
            Err(failure) if failure.code() == Some("assertuserfailed") => {
                self.cookies.forget_host(api);
                self.log_in(api, bot_password, requests).await?;
                self.settle(&call, requests).await
            }
            answer => answer,
        }
    }

    /// Sends one request as often as it takes.
    pub(super) async fn settle(
        &self,
        call: &Call<'_>,
        requests: &mut Vec<RequestRecord>,
    ) -> Result<Answer, Failure> {
        let mut tries = Tries::default();
        let mut attempt = 0;
        let mut waiting_since = self.clock.elapsed();
        loop {
            attempt += 1;
            let permit = self.pace.permit().await?;
            let waited = self.clock.elapsed().saturating_sub(waiting_since);
            let record = self.record(call, attempt, waited);
            let trouble = match self.exchange(call, &permit, record, requests).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            drop(permit);
            waiting_since = self.clock.elapsed();
            let random = self
                .jitter
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .f64();
            match tries.next(trouble, self.clock.now(), random, || self.pace.take_retry()) {
                Next::Renew(Renewal::Cookies) => self.cookies.forget_all(),
                Next::Renew(_) => {}
                Next::AskAfter(wait) => self.clock.sleep(wait).await,
                Next::GiveUp(failure) => return Err(failure),
            }
        }
    }

    /// Sends one request once, notes it, and tells the pace how it went.
    async fn exchange(
        &self,
        call: &Call<'_>,
        permit: &Permit<'_>,
        record: RequestRecord,
        requests: &mut Vec<RequestRecord>,
    ) -> Result<Answer, Trouble> {
        let request = call.request(
            self.wire.http(),
            &self.credential,
            &self.cookies,
            self.clock.now(),
        )?;
        let url = request.url().to_string();
        let sent = requests.len();
        // Noted before it is sent: if the run is stopped meanwhile, it still was a request.
        requests.push(record);
        let started = Instant::now();
        let Exchange {
            status,
            bytes,
            result,
        } = self.wire.send(request).await;
        // How long the network took, which is no matter of a simulated clock.
        let took = started.elapsed();
        if let Some(record) = requests.get_mut(sent) {
            record.status = status;
            record.bytes = bytes;
            record.duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        }
        let received = result.map_err(|absence| {
            self.pace.broken();
            judge_absence(&absence)
        })?;
        let now = self.clock.now();
        self.pace
            .answered(received.header("x-wmf-ratelimit-class"), took);
        let verdict = refuse_echo(&received, &self.credential)
            .and_then(|()| judge(&received, self.credential.kind(), now));
        self.cookies.keep(call.api, &received.headers, now);
        match verdict {
            Ok(()) => {
                self.pace.good();
                Ok(self.answer(url, received, now))
            }
            Err(trouble) => {
                self.tell_pace(permit, &trouble, received.status);
                Err(trouble)
            }
        }
    }

    /// The answer, with what may be kept of how it came.
    fn answer(&self, url: String, received: Received, now: DateTime<Utc>) -> Answer {
        let sent = [
            ("User-Agent", self.user_agent.as_str()),
            ("Accept", "*/*"),
            ("Accept-Encoding", "gzip"),
        ];
        let headers = received.headers.iter().filter_map(|(name, value)| {
            let is_kept = is_kept_header(name.as_str());
            let value = value.to_str().ok().filter(|_| is_kept)?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        Answer {
            received_at: now,
            url,
            request_headers: sent
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            status: received.status,
            headers: headers.collect(),
            body: received.body,
        }
    }

    fn tell_pace(&self, permit: &Permit<'_>, trouble: &Trouble, status: u16) {
        match trouble.decision {
            Decision::Throttled(after) => self.pace.throttled(permit, after),
            Decision::Unavailable(after) => self.pace.unavailable(after),
            _ if status >= 500 => self.pace.broken(),
            _ => {}
        }
    }

    fn record(&self, call: &Call<'_>, attempt: u32, waited: Duration) -> RequestRecord {
        RequestRecord {
            sent_at: self.clock.now(),
            host: call.api.host().to_owned(),
            purpose: call.purpose,
            status: None,
            duration_ms: 0,
            bytes: 0,
            attempt,
            waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests;
