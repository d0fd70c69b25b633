//! A test's hands on the farm: its time, its faults, its replays, its numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::counts::Counts;
use super::faults::Rule;
use super::gateway::GatewayOptions;
use super::replay::{Content, Module, Replay};
use super::{Farm, Record};

/// Time.
impl Farm {
    /// The farm's wall clock: seconds since 1970.
    pub fn now(&self) -> i64 {
        self.with(|world| world.clock.now())
    }

    /// Sets the wall clock. From then on only [`Farm::advance`] moves it.
    pub fn set_now(&self, unix_seconds: i64) {
        self.with(|world| world.clock.set_now(unix_seconds));
    }

    /// Moves the wall clock and the gateway's minutes.
    pub fn advance(&self, by: Duration) {
        self.with(|world| world.clock.advance(by));
    }

    /// The gateway's time (and a wall clock that was set) follow this clock, e.g. a paused tokio's.
    pub fn follow_clock(&self, elapsed: impl Fn() -> Duration + Send + 'static) {
        self.with(|world| world.clock.follow(Box::new(elapsed)));
    }
}

/// Misbehaviour.
impl Farm {
    /// Adds a fault; the number of its rule. Faults of several rules combine.
    pub fn misbehave(&self, rule: impl Into<Rule>) -> usize {
        self.with(|world| world.add_rule(rule.into()))
    }

    /// Removes one rule.
    pub fn forgive(&self, rule: usize) {
        self.with(|world| world.rules.retain(|live| live.id != rule));
    }

    /// Removes all rules.
    pub fn behave(&self) {
        self.with(|world| world.rules.clear());
    }

    /// How many requests have met this rule.
    pub fn met(&self, rule: usize) -> u64 {
        self.with(|world| {
            world
                .rules
                .iter()
                .find(|live| live.id == rule)
                .map_or(0, |live| live.met)
        })
    }

    /// Puts a gateway in front of all wikis, or takes it away.
    pub fn set_gateway(&self, options: Option<GatewayOptions>) {
        self.with(|world| world.gateway.options = options);
    }
}

/// Recorded bodies.
impl Farm {
    /// From now on this body stands for a module on a wiki: its part of `query` is put into whatever
    /// combined answer is asked for; a body without `query` (an error) is the whole answer.
    pub fn replay(&self, wiki: &str, module: Module, body: &str) {
        self.with(|world| {
            let replay = Replay::new(Some(world.wiki(wiki)), module, body);
            world.replays.0.push(replay);
        });
    }

    /// From now on this is the whole answer wherever the module is asked for. `headers` may be a
    /// recorded `*.headers.txt` with its status line, or "".
    pub fn replay_whole(&self, wiki: &str, module: Module, status: u16, headers: &str, body: &str) {
        self.with(|world| {
            let content = Content::whole(status, headers, body);
            let wiki = Some(world.wiki(wiki));
            world.replays.0.push(Replay {
                wiki,
                module,
                content,
                session_of: None,
                about: Vec::new(),
                filter: false,
            });
        });
    }

    /// Forgets all replays.
    pub fn stop_replaying(&self) {
        self.with(|world| world.replays.0.clear());
    }
}

/// Counting.
impl Farm {
    /// Requests since the start, or since [`Farm::reset_counts`].
    pub fn requests(&self) -> u64 {
        self.with(|world| world.counts.requests)
    }

    pub fn requests_by_host(&self) -> BTreeMap<String, u64> {
        self.with(|world| world.counts.by_host.clone())
    }

    /// By wiki ID; "" are hosts the farm does not know.
    pub fn requests_by_wiki(&self) -> BTreeMap<String, u64> {
        self.with(|world| world.counts.by_wiki.clone())
    }

    pub fn requests_to(&self, wiki: &str) -> u64 {
        self.with(|world| world.counts.by_wiki.get(wiki).copied().unwrap_or_default())
    }

    /// By status sent; 0 where none was.
    pub fn requests_by_status(&self) -> BTreeMap<u16, u64> {
        self.with(|world| world.counts.by_status.clone())
    }

    /// By minute of the farm's time since its start.
    pub fn requests_by_minute(&self) -> BTreeMap<u64, u64> {
        self.with(|world| world.counts.by_minute.clone())
    }

    pub fn max_in_flight(&self) -> usize {
        self.shared.most_in_flight()
    }

    /// Requests that are being answered right now.
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight()
    }

    /// Requests that came while the client had been told to wait.
    pub fn early_requests(&self) -> u64 {
        self.with(|world| world.counts.early)
    }

    /// Actions other than `query` and `login`, and POSTs other than `login`.
    pub fn writes(&self) -> u64 {
        self.with(|world| world.counts.writes)
    }

    /// Accounts that came into being because somebody asked where there was none.
    pub fn autocreated(&self) -> u64 {
        self.with(|world| world.counts.autocreated)
    }

    /// Every request so far, unless only counts are kept.
    pub fn records(&self) -> Vec<Record> {
        self.with(|world| world.counts.records.clone())
    }

    pub fn reset_counts(&self) {
        self.shared.forget_in_flight();
        self.with(|world| world.counts = Counts::new(world.options.recording));
    }
}
