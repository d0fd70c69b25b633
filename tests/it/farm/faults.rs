//! Misbehaviour: which faults there are, and which of them a request meets.

use std::collections::HashMap;

use super::http::Request;
use super::mix;
use super::world::World;

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The gateway's 429: plain text.
    Http429Text {
        retry_after: Option<u64>,
    },
    /// The cache layer's 429: HTML.
    Http429Html {
        retry_after: Option<u64>,
    },
    Http503 {
        retry_after: Option<u64>,
    },
    /// The gateway's 401 for a bad or expired bearer token.
    Http401,
    /// The cache layer's 403: the user agent policy.
    Http403,
    NotFound404,
    RedirectTo(String),
    /// Any answer at all, byte for byte.
    Raw {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// 200 and a page about maintenance.
    WrongContentType,
    EmptyBody,
    /// The beginning of the right answer, under the right headers.
    InvalidJson,
    /// `maxlag` exceeded; met only by requests with a smaller `maxlag`.
    Maxlag {
        lag: u64,
    },
    /// Any API error, HTTP 200.
    ApiError {
        code: String,
        text: String,
    },
    InternalApiError,
    Readonly,
    /// The login is lost without a word: an anonymous answer, even where `assert` should forbid it.
    Anonymous200,
    /// The login is lost, and `assert` notices.
    LostLogin,
    /// `MediaWiki-Login-Suppressed`: credentials ignored, and said so in a header.
    LoginSuppressed,
    /// The answer that belongs to another user.
    OtherUser200,
    /// All preferences at their defaults.
    OptionsAllDefault,
    /// The wiki does not give this `uiprop`/`usprop` any more (a class of properties vanished).
    PropVanished(String),
    /// Some accounts are in `merged` twice.
    DuplicateAccounts,
    /// Every third account is not in `merged`.
    MissingAccounts,
    /// Arrays of texts come as `{"0":…}`.
    ListsAsObjects,
    /// Keys nobody has heard of, everywhere.
    UnknownFields,
    /// A deprecation warning beside the data.
    Warnings,
    /// So many milliseconds late, in real time.
    Slow(u64),
    /// So many bytes, then a pause of so many milliseconds, and so on.
    Drip {
        bytes: usize,
        every_ms: u64,
    },
    /// The connection ends in the middle of the body.
    CutInMiddle,
    /// A complete answer whose gzip stream is not.
    TruncatedGzip,
    /// A small answer that unpacks to 64 MiB.
    GzipBomb,
    EndlessBody,
    /// The connection is closed at once.
    Reset,
    /// No answer, ever.
    Hang,
}

/// A fault and whom it meets.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Only on this wiki.
    pub wiki: Option<String>,
    /// This share of the requests, 0 to 1.
    pub rate: f64,
    /// Which of them: the same seed picks the same, whatever the order between wikis.
    pub seed: u64,
    /// So many times in all.
    pub times: Option<u32>,
    /// Only after so many requests that it could have met.
    pub skip: u32,
    /// Only where the decoded path and query contain this.
    pub only: Option<String>,
    pub fault: Fault,
}

impl Rule {
    /// Meets every request.
    pub fn new(fault: Fault) -> Self {
        Self {
            wiki: None,
            rate: 1.0,
            seed: 0,
            times: None,
            skip: 0,
            only: None,
            fault,
        }
    }

    pub fn on(mut self, wiki: &str) -> Self {
        self.wiki = Some(wiki.to_owned());
        self
    }

    pub fn rate(mut self, rate: f64, seed: u64) -> Self {
        (self.rate, self.seed) = (rate, seed);
        self
    }

    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    pub fn skip(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    pub fn only(mut self, text: &str) -> Self {
        self.only = Some(text.to_owned());
        self
    }
}

impl From<Fault> for Rule {
    fn from(fault: Fault) -> Self {
        Self::new(fault)
    }
}

/// A rule with its history.
pub struct LiveRule {
    pub id: usize,
    pub rule: Rule,
    pub met: u64,
    wiki: Option<usize>,
    candidates: u32,
    by_wiki: HashMap<usize, u64>,
}

impl LiveRule {
    fn meets(&mut self, wiki: usize, request: &str) -> bool {
        let rule = &self.rule;
        let elsewhere = self.wiki.is_some_and(|only| only != wiki);
        let other = rule
            .only
            .as_ref()
            .is_some_and(|text| !request.contains(text.as_str()));
        if elsewhere || other || rule.times.is_some_and(|times| self.met >= u64::from(times)) {
            return false;
        }
        self.candidates += 1;
        let nth = self.by_wiki.entry(wiki).or_default();
        *nth += 1;
        let dice = mix(mix(rule.seed, wiki as u64), *nth) % 1_000_000;
        let met = self.candidates > rule.skip && (dice as f64) < rule.rate * 1_000_000.0;
        self.met += u64::from(met);
        met
    }
}

impl World {
    pub fn add_rule(&mut self, rule: Rule) -> usize {
        let id = self.rules.last().map_or(0, |last| last.id + 1);
        let wiki = rule.wiki.as_deref().map(|wiki| self.wiki(wiki));
        self.rules.push(LiveRule {
            id,
            rule,
            met: 0,
            wiki,
            candidates: 0,
            by_wiki: HashMap::new(),
        });
        id
    }

    /// The faults this request meets, in the order of their rules.
    pub fn faults(&mut self, wiki: usize, request: &Request) -> Vec<Fault> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let text = format!(
            "{}&{}",
            super::params::decode(&request.target),
            super::params::decode(&request.body)
        );
        let met = self
            .rules
            .iter_mut()
            .filter_map(|live| live.meets(wiki, &text).then(|| live.rule.fault.clone()));
        met.collect()
    }
}
