//! What the farm was asked.

use std::collections::BTreeMap;
use std::time::Instant;

use super::options::Recording;

/// One request as it came in, and the status it was answered with.
#[derive(Clone, Debug)]
pub struct Record {
    /// Real time.
    pub at: Instant,
    /// The farm's monotonic time in milliseconds.
    pub farm_ms: u64,
    /// The farm's wall clock, seconds since 1970.
    pub farm_now: i64,
    /// The `Host` header.
    pub host: String,
    /// Empty for a host the farm does not know.
    pub wiki: String,
    pub method: String,
    pub path_and_query: String,
    /// The form body of a POST.
    pub body: String,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// 0 when no answer was sent.
    pub status: u16,
    /// Which request this was on its connection, from 0.
    pub nth_on_connection: u32,
}

impl Record {
    /// The header's value, or "".
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    pub fn authorization(&self) -> &str {
        self.header("authorization")
    }

    pub fn cookie(&self) -> &str {
        self.header("cookie")
    }

    pub fn user_agent(&self) -> &str {
        self.header("user-agent")
    }

    pub fn accept_encoding(&self) -> &str {
        self.header("accept-encoding")
    }
}

/// Counters behind the farm's lock.
pub struct Counts {
    pub recording: Recording,
    pub requests: u64,
    pub writes: u64,
    pub early: u64,
    pub autocreated: u64,
    pub by_host: BTreeMap<String, u64>,
    pub by_wiki: BTreeMap<String, u64>,
    pub by_status: BTreeMap<u16, u64>,
    /// Requests of each minute of the farm's time, counted from its start.
    pub by_minute: BTreeMap<u64, u64>,
    pub records: Vec<Record>,
}

impl Counts {
    pub fn new(recording: Recording) -> Self {
        Self {
            recording,
            requests: 0,
            writes: 0,
            early: 0,
            autocreated: 0,
            by_host: BTreeMap::new(),
            by_wiki: BTreeMap::new(),
            by_status: BTreeMap::new(),
            by_minute: BTreeMap::new(),
            records: Vec::new(),
        }
    }

    pub fn bump(map: &mut BTreeMap<String, u64>, key: &str) {
        match map.get_mut(key) {
            Some(count) => *count += 1,
            None => _ = map.insert(key.to_owned(), 1),
        }
    }
}
