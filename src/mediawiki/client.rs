//! One user's way to the wikis: a question, asked until it is answered, must be given up, or has
//! to wait for the next run.

use std::{
    borrow::Cow,
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{
    Method, Request,
    header::{AUTHORIZATION, COOKIE, HeaderValue},
};
use secrecy::ExposeSecret;
use tokio::sync::Mutex as TurnMutex;
use tokio_util::sync::CancellationToken;

use super::{
    AllowedHosts, Answer, Api, ContactRefused, Credential, CredentialKind, Failure, Pace,
    PaceOptions, Purpose, Question, Reason, Reply, RequestRecord,
    bot_password::{BotPassword, LOCKED_OUT, LoginOutcome, login_outcome, login_token},
    check_contact,
    contact::user_agent,
    cookies::CookieJar,
    error::{Decision, Renewal, Trouble},
    pace::Permit,
    retry::{Next, Tries},
    verdict::{judge, judge_absence},
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
    credential: Credential,
    hosts: AllowedHosts,
    pace: Pace,
    maxlag: String,
    cookies: CookieJar,
    clock: Clock,
    jitter: Mutex<fastrand::Rng>,
    logins: TurnMutex<Logins>,
}

/// What is known about logging in with a bot password. Locked during a login, so that a wrong
/// password is sent once and not by every request under way.
#[derive(Debug, Default)]
struct Logins {
    refused: Option<Reason>,
    locked_out_until: Option<DateTime<Utc>>,
}

/// One request, to be sent as often as needed.
struct Call<'a> {
    api: &'a Api,
    purpose: Purpose,
    query: Vec<(&'a str, Cow<'a, str>)>,
    /// The body of a POST.
    form: Option<&'a [(&'a str, &'a str)]>,
    total_time: Duration,
}

impl Client {
    /// A client, once the contact is one.
    pub fn new(options: ClientOptions) -> Result<Self, NewClientError> {
        check_contact(&options.contact)?;
        let kind = options.credential.kind();
        let wire = Wire::new(
            &user_agent(&options.contact),
            options.timeouts,
            options.hosts.insecure_http(),
        )
        .map_err(NewClientError::Http)?;
        let logged_in = kind != CredentialKind::None;
        Ok(Self {
            wire,
            pace: Pace::new(options.pace, logged_in, options.clock.clone()),
            maxlag: options.maxlag_seconds.to_string(),
            cookies: CookieJar::open(kind, options.cookie_file),
            clock: options.clock,
            hosts: options.hosts,
            credential: options.credential,
            jitter: Mutex::new(
                options
                    .jitter_seed
                    .map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            ),
            logins: TurnMutex::default(),
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
            tracing::warn!(%error, "the cookies could not be kept");
        }
        let answer = answer.map_err(|failure| self.without_secrets(failure));
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
    pub async fn login_refused(&self) -> Option<Reason> {
        self.logins.lock().await.refused.clone()
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
        let call = self.call(api, question);
        let Credential::BotPassword(bot_password) = &self.credential else {
            return self.settle(&call, requests).await;
        };
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
    async fn settle(
        &self,
        call: &Call<'_>,
        requests: &mut Vec<RequestRecord>,
    ) -> Result<Answer, Failure> {
        let mut tries = Tries::default();
        let mut attempt = 0;
        let mut waiting_since = self.clock.elapsed();
        loop {
            attempt += 1;
            let (permit, _) = self.pace.permit().await?;
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
        let request = self.request(call)?;
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
        self.cookies.keep(call.api, &received.headers, now);
        match judge(&received, self.credential.kind(), now) {
            Ok(()) => {
                self.pace.good();
                Ok(Answer {
                    body: received.body,
                    received_at: now,
                })
            }
            Err(trouble) => {
                self.tell_pace(permit, &trouble, received.status);
                Err(trouble)
            }
        }
    }

    fn tell_pace(&self, permit: &Permit<'_>, trouble: &Trouble, status: u16) {
        match trouble.decision {
            Decision::Throttled(after) => self.pace.throttled(permit, after, true),
            Decision::Unavailable(after) => self.pace.throttled(permit, after, false),
            _ if status >= 500 => self.pace.broken(),
            _ => {}
        }
    }

    /// Makes sure of a session on this wiki.
    async fn log_in(
        &self,
        api: &Api,
        bot_password: &BotPassword,
        requests: &mut Vec<RequestRecord>,
    ) -> Result<(), Failure> {
        let mut logins = self.logins.lock().await;
        let now = self.clock.now();
        if let Some(reason) = &logins.refused {
            return Err(Failure::StopAccount(reason.clone()));
        }
        if self.cookies.has_bot_session(api, now) {
            return Ok(());
        }
        if let Some(until) = logins.locked_out_until.filter(|until| *until > now) {
            let reason = Reason::new("the wikis take no logins of this account at present");
            return Err(Failure::Deferred { until, reason });
        }
        let mut outcome = self.log_in_once(api, bot_password, requests).await?;
        if matches!(outcome, LoginOutcome::OnceMore(_)) {
            outcome = self.log_in_once(api, bot_password, requests).await?;
        }
        match outcome {
            LoginOutcome::LoggedIn => Ok(()),
            LoginOutcome::OnceMore(reason) => Err(Failure::SkipWiki(reason)),
            LoginOutcome::Refused(reason) => {
                logins.refused = Some(reason.clone());
                Err(Failure::StopAccount(reason))
            }
            LoginOutcome::LockedOut(reason) => {
                let until = self.clock.now() + TimeDelta::from_std(LOCKED_OUT).unwrap_or_default();
                logins.locked_out_until = Some(until);
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
        let query = vec![
            ("action", Cow::from("query")),
            ("meta", Cow::from("tokens")),
            ("type", Cow::from("login")),
        ];
        let question = Question::new(Purpose::Login, query);
        let mut call = Call {
            api,
            purpose: Purpose::Login,
            query: with_format(&question.parameters),
            form: None,
            total_time: question.total_time,
        };
        let answer = self.settle(&call, requests).await?;
        let Some(token) = login_token(&answer.body) else {
            let reason = Reason::new("the answer holds no login token");
            return Ok(LoginOutcome::OnceMore(reason));
        };
        // In the address, since the gateway knows logins by it.
        call.query = with_format(&[("action", Cow::from("login"))]);
        let form = bot_password.form(&token);
        call.form = Some(&form);
        let answer = self.settle(&call, requests).await?;
        Ok(login_outcome(&answer.body))
    }

    fn call<'a>(&'a self, api: &'a Api, question: &'a Question<'a>) -> Call<'a> {
        let mut query = with_format(&question.parameters);
        let given = |name: &str| question.parameters.iter().any(|(key, _)| *key == name);
        if !given("action") {
            query.insert(0, ("action", Cow::from("query")));
        }
        if self.credential.kind() != CredentialKind::None && !given("assert") {
            query.push(("assert", Cow::from("user")));
        }
        if !question.without_maxlag && !given("maxlag") {
            query.push(("maxlag", Cow::from(&self.maxlag)));
        }
        Call {
            api,
            purpose: question.purpose,
            query,
            form: None,
            total_time: question.total_time,
        }
    }

    fn request(&self, call: &Call<'_>) -> Result<Request, Trouble> {
        let mut url = call.api.url().clone();
        url.query_pairs_mut().extend_pairs(&call.query);
        let method = if call.form.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut builder = self
            .wire
            .http()
            .request(method, url)
            .timeout(call.total_time);
        if let Some(form) = call.form {
            builder = builder.form(form);
        }
        let mut request = builder
            .build()
            .map_err(|error| unsendable(&error.without_url()))?;
        self.authorize(&mut request, call.api)?;
        Ok(request)
    }

    /// The one place where secrets are put into a request; an [`Api`] is always on an allowed host.
    fn authorize(&self, request: &mut Request, api: &Api) -> Result<(), Trouble> {
        let now = self.clock.now();
        let authorization = match &self.credential {
            Credential::None => return Ok(()),
            Credential::BotPassword(_) => None,
            Credential::OAuth2(token) => Some(format!("Bearer {}", token.expose_secret())),
            Credential::OAuth1(oauth1) => {
                // Needs to be new, not secret.
                let nonce = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
                Some(oauth1.authorization(request.url(), &nonce, now))
            }
        };
        if let Some(text) = authorization {
            let mut value = HeaderValue::from_str(&text).map_err(|error| unsendable(&error))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        if let Some(cookies) = self.cookies.header(api, now) {
            request.headers_mut().insert(COOKIE, cookies);
        }
        Ok(())
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

    /// Servers may send back what they were sent.
    fn without_secrets(&self, failure: Failure) -> Failure {
        let clean = |reason: Reason| {
            let secrets = self.credential.secrets();
            secrets.iter().fold(reason, |reason, secret| {
                reason.without(secret.expose_secret())
            })
        };
        match failure {
            Failure::SkipWiki(reason) => Failure::SkipWiki(clean(reason)),
            Failure::StopAccount(reason) => Failure::StopAccount(clean(reason)),
            Failure::StopRun(reason) => Failure::StopRun(clean(reason)),
            Failure::AskAgainLater(reason) => Failure::AskAgainLater(clean(reason)),
            Failure::Deferred { until, reason } => {
                let reason = clean(reason);
                Failure::Deferred { until, reason }
            }
            Failure::Stopped => Failure::Stopped,
        }
    }
}

/// Adds what fixes the form of every answer, unless the question has it.
fn with_format<'a>(parameters: &[(&'a str, Cow<'a, str>)]) -> Vec<(&'a str, Cow<'a, str>)> {
    let mut query = parameters.to_vec();
    for (name, value) in [
        ("format", "json"),
        ("formatversion", "2"),
        ("errorformat", "plaintext"),
        ("errorlang", "en"),
        ("uselang", "en"),
    ] {
        if !query.iter().any(|(key, _)| *key == name) {
            query.push((name, Cow::from(value)));
        }
    }
    query
}

fn unsendable(error: &dyn std::error::Error) -> Trouble {
    let text = format!("the question cannot be put as a request ({error})");
    Trouble::new(Decision::SkipWiki, text)
}
