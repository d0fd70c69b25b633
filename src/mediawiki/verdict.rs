//! What an answer means: every HTTP status and every error code of MediaWiki's API. Pure.
//!
//! Nearly every error of MediaWiki comes with status 200; what comes with another one never
//! reached it. The order: status, type of content, errors, the rest.

use std::time::Duration;

use chrono::{DateTime, Utc};
use memchr::memmem::Finder;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Credential, CredentialKind,
    error::{Decision, Renewal, RetryAfter, Trouble, one_line},
    retry::retry_after,
};

/// Anything shorter could be in an answer by chance; no real secret is.
const SHORTEST_SECRET: usize = 12;
/// API:Etiquette: what a lagging wiki without `Retry-After` is given.
const USUAL_LAG: Duration = Duration::from_secs(5);
/// The window of MediaWiki's own limits.
const USUAL_LIMIT: Duration = Duration::from_mins(1);

/// What came back, read to the end.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why nothing came back, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotReceived {
    /// No connection: name, network, TLS.
    Connection(String),
    /// The time for one request was over.
    TooSlow,
    /// It ended in the middle, or cannot be unpacked.
    Cut(String),
    /// It is longer than any answer can be.
    TooLong,
}

/// Whether this is an answer; if not, what to do about it.
pub(super) fn judge(
    received: &Received,
    kind: CredentialKind,
    now: DateTime<Utc>,
) -> Result<(), Trouble> {
    if received.status != 200 {
        return Err(judge_status(received, kind, now));
    }
    let content_type = received.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    if !is_json(content_type) {
        return Err(Trouble::new(
            Decision::SkipWiki,
            format!(
                "the answer is {} and not JSON: a maintenance page, or no API at this address",
                one_line(content_type.split(';').next().unwrap_or_default())
            ),
        ));
    }
    judge_json(received, kind, now)
}

/// Refuses what sends the credential back, lest it gets into a message or the database.
pub(super) fn refuse_echo(received: &Received, credential: &Credential) -> Result<(), Trouble> {
    let has = |secret: &[u8]| {
        let secret = Finder::new(secret);
        let within = |text: &[u8]| secret.find(text).is_some();
        within(&received.body)
            || received
                .headers
                .values()
                .any(|value| within(value.as_bytes()))
    };
    let secrets = credential.secrets();
    let mut texts = secrets
        .iter()
        .map(|secret| secret.expose_secret().as_bytes());
    if texts.any(|secret| secret.len() >= SHORTEST_SECRET && has(secret)) {
        return Err(Trouble::new(
            Decision::SkipWiki,
            "the answer holds our own credential: whatever answers here sends back what it gets, \
             and is no wiki",
        ));
    }
    Ok(())
}

/// What to do when there is no answer to judge.
pub(super) fn judge_absence(absence: &NotReceived) -> Trouble {
    let (decision, text) = match absence {
        NotReceived::Connection(why) => (
            Decision::AskLater,
            format!(
                "no connection ({}): the wiki or this machine's network is down, or the unit's \
                 IPAddressAllow blocks the address",
                one_line(why)
            ),
        ),
        NotReceived::TooSlow => (
            Decision::AskLater,
            "the answer took too long: the wiki is overloaded or the network is bad".to_owned(),
        ),
        NotReceived::Cut(why) => (
            Decision::AskLater,
            format!("the answer broke off in the middle ({})", one_line(why)),
        ),
        NotReceived::TooLong => (
            Decision::SkipWiki,
            "the answer is longer than MediaWiki's own limit: something else answers".to_owned(),
        ),
    };
    Trouble::new(decision, text)
}

fn judge_status(received: &Received, kind: CredentialKind, now: DateTime<Utc>) -> Trouble {
    let status = received.status;
    let pause = || retry_after(received.header(RETRY_AFTER.as_str()), now);
    let says = |needle: &str| contains(&received.body, needle);
    let (decision, text) = match status {
        300..=399 => (
            Decision::SkipWiki,
            format!(
                "the wiki redirects to {} (HTTP {status}); sultrail never follows, since the \
                 credential would go along. Was the wiki renamed or closed?",
                redirect_target(received)
            ),
        ),
        400 if says("cannot combine multiple request authentication types") => (
            Decision::Renew(Renewal::Cookies),
            "the wiki sees two logins at once (HTTP 400), even without our cookies".to_owned(),
        ),
        401 if kind != CredentialKind::None => (
            Decision::StopAccount,
            "the servers refuse the credential (HTTP 401): it was revoked or reset, it has \
             expired, or it was not copied whole. Make a new one, then run: sultrail check"
                .to_owned(),
        ),
        403 if says("user-agent")
            || says("user agent")
            || says("robot policy")
            || says("t400119") =>
        {
            (
                Decision::StopRun,
                "the servers refuse this program (HTTP 403) and ask for a User-Agent that reaches \
             its operator: set contact to your e-mail address or user page, and ask less often \
             if it is set"
                    .to_owned(),
            )
        }
        429 => (
            Decision::Throttled(pause()),
            "too many requests (HTTP 429), counted over all wikis and all programs that use this \
             login: lower requests_per_minute if it happens again"
                .to_owned(),
        ),
        503 => (
            Decision::Unavailable(pause()),
            "the servers cannot answer at present (HTTP 503)".to_owned(),
        ),
        500..=599 if received.headers.contains_key(RETRY_AFTER) => (
            Decision::Unavailable(pause()),
            format!("the servers cannot answer at present (HTTP {status})"),
        ),
        408 | 500..=599 => (
            Decision::AskLater,
            format!("the servers have a problem (HTTP {status})"),
        ),
        404 | 410 => (
            Decision::SkipWiki,
            format!("no API at this address (HTTP {status}): the wiki was deleted or moved"),
        ),
        _ => (
            Decision::SkipWiki,
            format!("the wiki refuses the request (HTTP {status})"),
        ),
    };
    Trouble::new(decision, text)
}

fn judge_json(
    received: &Received,
    kind: CredentialKind,
    now: DateTime<Utc>,
) -> Result<(), Trouble> {
    let envelope = std::str::from_utf8(&received.body)
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str::<Envelope>(text).map_err(|e| e.to_string()))
        .map_err(|error| {
            let text = format!("the answer is no whole JSON object ({})", one_line(&error));
            Trouble::new(Decision::AskLater, text)
        })?;
    if let Some((code, text)) = envelope.error(received) {
        return Err(judge_code(&code, &text, received, kind, now));
    }
    if received.header("mediawiki-login-suppressed") == Some("true") {
        return Err(Trouble::new(
            Decision::SkipWiki,
            "the wiki ignored the login on purpose (MediaWiki-Login-Suppressed): something \
             between here and there changes requests",
        ));
    }
    if envelope.is_truncated() {
        return Err(Trouble::new(
            Decision::SkipWiki,
            "the wiki cut its answer short because it is too long (truncatedresult)",
        ));
    }
    if !envelope.has_content() {
        return Err(Trouble::new(
            Decision::AskLater,
            "the answer is JSON, but not MediaWiki's",
        ));
    }
    Ok(())
}

fn judge_code(
    code: &str,
    text: &str,
    received: &Received,
    kind: CredentialKind,
    now: DateTime<Utc>,
) -> Trouble {
    let pause = || retry_after(received.header(RETRY_AFTER.as_str()), now);
    let decision = match code {
        "maxlag" if !received.headers.contains_key(RETRY_AFTER) => {
            Decision::Lagged(RetryAfter::Wait(USUAL_LAG))
        }
        "maxlag" => Decision::Lagged(pause()),
        "ratelimited" => Decision::Throttled(match pause() {
            RetryAfter::Wait(wait) => RetryAfter::Wait(wait.max(USUAL_LIMIT)),
            defer @ RetryAfter::Defer(_) => defer,
        }),
        "assertuserfailed" => match kind {
            CredentialKind::None => Decision::SkipWiki,
            CredentialKind::BotPassword => Decision::Renew(Renewal::Login),
            CredentialKind::OAuth1 | CredentialKind::OAuth2 => Decision::StopAccount,
        },
        "mwoauth-invalid-authorization" if text.to_ascii_lowercase().contains("nonce") => {
            Decision::Renew(Renewal::Nonce)
        }
        "mwoauth-invalid-authorization-jwt" => Decision::Renew(Renewal::Cookies),
        "assertnameduserfailed"
        | "assertbotfailed"
        | "mwoauth-invalid-authorization"
        | "mwoauth-invalid-authorization-blocked-user"
        | "mwoauth-invalid-authorization-not-approved" => Decision::StopAccount,
        code if code.starts_with("internal_api_error_") => Decision::AskLater,
        _ => Decision::SkipWiki,
    };
    let trouble = Trouble::new(decision, explain(code, text, kind));
    Trouble {
        reason: trouble.reason.with_code(code),
        ..trouble
    }
}

/// Why it usually happens, and what helps; for what nobody expects, the server's own words.
fn explain(code: &str, text: &str, kind: CredentialKind) -> String {
    let why = match code {
        "maxlag" => "the wiki's databases lag behind, and it asks robots to wait",
        "ratelimited" => "the wiki's own limit for this action is reached",
        "readonly" => "the wiki is in read-only mode and takes no logins; reading with OAuth works",
        "assertuserfailed" if kind == CredentialKind::BotPassword => {
            "the wiki does not know our session: the bot password was deleted or restricted, or \
             the account was renamed"
        }
        "assertuserfailed" => {
            "the wiki takes us for nobody: the credential belongs to no user (an application's \
             own token?). It has to be an owner-only consumer's access token"
        }
        "assertnameduserfailed" | "assertbotfailed" => "the session is another account's",
        "mwoauth-invalid-authorization" => {
            "the wikis refuse the credential: revoked, reset or not copied whole. Make a new one, \
             then run: sultrail check"
        }
        "mwoauth-invalid-authorization-wrong-wiki" => {
            "the OAuth consumer is for other wikis only; propose one for all (*)"
        }
        "mwoauth-invalid-authorization-invalid-user" => {
            "the account does not exist on this wiki at present: a rename is under way, or it was \
             detached"
        }
        "mwoauth-invalid-authorization-blocked-user" => "the account is globally locked",
        "mwoauth-invalid-authorization-not-approved" => "the OAuth consumer was disabled",
        "mwoauth-invalid-authorization-jwt" => "the session cookie is another account's or too old",
        "notloggedin" | "login-required" | "mustbeloggedin" => {
            "this can only be asked with a login"
        }
        "permissiondenied" => "the account or the credential's grants do not allow this",
        "readapidenied" => {
            "reading is not allowed: the wiki is private, or the credential is for identification \
             only and needs the grant \"basic\""
        }
        code if code.starts_with("internal_api_error_") => "the wiki's software failed",
        _ => "the wiki refuses the question",
    };
    match one_line(text) {
        said if said.is_empty() => format!("{why} [{}]", one_line(code)),
        said => format!("{why} [{}: {said}]", one_line(code)),
    }
}

/// What every answer can have; the rest is only checked to be JSON.
#[derive(Deserialize)]
struct Envelope {
    errors: Option<Value>,
    error: Option<Value>,
    warnings: Option<Value>,
    query: Option<serde::de::IgnoredAny>,
    batchcomplete: Option<serde::de::IgnoredAny>,
    login: Option<serde::de::IgnoredAny>,
}

impl Envelope {
    /// Code and text of the first error, in either format, or as the header says.
    fn error(&self, received: &Received) -> Option<(String, String)> {
        let listed = self.errors.as_ref().map(|errors| match errors {
            Value::Array(errors) => errors.first().unwrap_or(&Value::Null),
            other => other,
        });
        let header = received.header("mediawiki-api-error");
        let error = match (listed.or(self.error.as_ref()), header) {
            (None, None) => return None,
            (error, _) => error.unwrap_or(&Value::Null),
        };
        let field = |name: &str| error.get(name).and_then(Value::as_str);
        let in_header = header.and_then(|codes| codes.split(',').next());
        let code = field("code").or(in_header).unwrap_or("unknown");
        let text = field("text").or(field("info")).unwrap_or_default();
        Some((code.trim().to_owned(), text.to_owned()))
    }

    fn is_truncated(&self) -> bool {
        let code = |warning: &Value| {
            warning.get("code").and_then(Value::as_str) == Some("truncatedresult")
        };
        match &self.warnings {
            Some(Value::Array(warnings)) => warnings.iter().any(code),
            _ => false,
        }
    }

    fn has_content(&self) -> bool {
        self.query.is_some() || self.batchcomplete.is_some() || self.login.is_some()
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Where a redirect points, without what follows the host.
fn redirect_target(received: &Received) -> String {
    let target = received.header(LOCATION.as_str()).unwrap_or_default();
    match url::Url::parse(target) {
        Ok(url) => url.host_str().map_or("nowhere".to_owned(), one_line),
        Err(_) if target.is_empty() => "nowhere".to_owned(),
        Err(_) => "another page of its own".to_owned(),
    }
}

/// Whether the beginning of a body says something, in any case of letters.
fn contains(body: &[u8], needle: &str) -> bool {
    let beginning = &body[..body.len().min(64 * 1024)];
    String::from_utf8_lossy(beginning)
        .to_ascii_lowercase()
        .contains(needle)
}

#[cfg(test)]
mod tests;
