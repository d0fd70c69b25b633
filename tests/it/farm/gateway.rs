//! The gateway in front of all wikis: so many requests a minute for each identity, all wikis together.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How strict the gateway is.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    /// For every class; `None`: 10, 200, 2000 as Wikimedia's classes have it.
    pub per_minute: Option<u32>,
    /// How much longer the pause gets for each request that comes during it.
    pub prolong: Duration,
}

impl GatewayOptions {
    /// The same limit for everybody.
    pub fn per_minute(limit: u32) -> Self {
        Self {
            per_minute: Some(limit),
            prolong: Duration::from_secs(10),
        }
    }
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            per_minute: None,
            prolong: Duration::from_secs(10),
        }
    }
}

/// Who asks, as the gateway sees it.
pub struct Identity {
    pub key: String,
    pub class: String,
}

pub struct Gateway {
    pub options: Option<GatewayOptions>,
    pub default_class: Option<String>,
    seen: HashMap<String, Seen>,
}

#[derive(Default)]
struct Seen {
    minute: u64,
    count: u32,
    pause: Option<Pause>,
}

/// Somebody was told to wait.
struct Pause {
    until: Duration,
    told_at: Instant,
    /// Requests that may have been on their way when the pause was announced.
    underway: u8,
    /// Announced by the gateway itself, which then lets nothing through.
    ours: bool,
}

/// The gateway's word on one request.
pub struct Verdict {
    pub early: bool,
    /// Refused: come back after so many seconds.
    pub retry_after: Option<u64>,
}

impl Gateway {
    pub fn new(default_class: Option<String>) -> Self {
        Self {
            options: None,
            default_class,
            seen: HashMap::new(),
        }
    }

    pub fn limit(&self, class: &str) -> u32 {
        let fixed = self.options.as_ref().and_then(|options| options.per_minute);
        fixed.unwrap_or(match class {
            "anon" => 10,
            "unauthed-bot" | "authed-user" => 200,
            "established-user" => 2000,
            _ => 999_999,
        })
    }

    /// Lets a request pass or not. `counted` is false for what the gateway exempts.
    pub fn pass(&mut self, who: &Identity, now: Duration, counted: bool) -> Verdict {
        let limit = self.limit(&who.class);
        let seen = self.seen.entry(who.key.clone()).or_default();
        let early = seen.is_early(now);
        let Some(options) = &self.options else {
            return Verdict {
                early,
                retry_after: None,
            };
        };
        if let Some(pause) = seen
            .pause
            .as_mut()
            .filter(|pause| pause.ours && now < pause.until)
        {
            if early {
                pause.until += options.prolong;
            }
            return Verdict {
                early,
                retry_after: Some(seconds(pause.until.saturating_sub(now))),
            };
        }
        let minute = now.as_secs() / 60;
        if seen.minute != minute {
            (seen.minute, seen.count) = (minute, 0);
        }
        seen.count += u32::from(counted);
        if !counted || seen.count <= limit {
            return Verdict {
                early,
                retry_after: None,
            };
        }
        let until = Duration::from_secs((minute + 1) * 60);
        seen.pause = Some(Pause::new(until, true));
        Verdict {
            early,
            retry_after: Some(seconds(until.saturating_sub(now))),
        }
    }

    /// An answer told this client to wait: from now on its requests are early.
    pub fn told_to_wait(&mut self, who: &Identity, now: Duration, seconds: u64) {
        let seen = self.seen.entry(who.key.clone()).or_default();
        seen.pause = Some(Pause::new(now + Duration::from_secs(seconds), false));
    }
}

impl Seen {
    fn is_early(&mut self, now: Duration) -> bool {
        let Some(pause) = self.pause.as_mut().filter(|pause| now < pause.until) else {
            return false;
        };
        // With three in flight, two may be on the wire when the first hears of the pause.
        if pause.underway > 0 && pause.told_at.elapsed() < Duration::from_millis(50) {
            pause.underway -= 1;
            return false;
        }
        true
    }
}

impl Pause {
    fn new(until: Duration, ours: bool) -> Self {
        Self {
            until,
            told_at: Instant::now(),
            underway: 2,
            ours,
        }
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000) as u64
}
