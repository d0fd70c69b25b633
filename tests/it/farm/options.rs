//! What a farm is made of: its size, its age, its habits.

/// How a wiki is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlStyle {
    /// One port; `enwiki` is `http://enwiki.localhost:PORT`, an underscore becomes a hyphen.
    VirtualHosts,
    /// Each wiki has its own port on 127.0.0.1. For farms of a few wikis.
    Ports,
}

/// How much of each request is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// A [`super::Record`] with all headers for each request.
    Full,
    /// Only numbers: for benchmarks.
    Counts,
}

/// Settings of a farm; take the default and change what the test is about.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a test double"
)]
pub struct FarmOptions {
    /// How many wikis, `metawiki` and `enwiki` first.
    pub wikis: usize,
    /// These wikis instead of the first `wikis` of the list; `metawiki` is added if it is missing.
    pub wiki_ids: Vec<String>,
    /// About how many preferences each wiki knows; two thirds are the same everywhere.
    pub options_per_wiki: usize,
    /// Everything that looks random follows from this.
    pub seed: u64,
    /// Alice's account exists on this many wikis (the first ones); `None`: on all.
    pub attached: Option<usize>,
    /// Virtual hosts or a port each.
    pub urls: UrlStyle,
    /// The port of the virtual hosts; 0: any free one.
    pub port: u16,
    /// Answers of a 2026 `MediaWiki` (`merged[].id`, null registrations as null) instead of 1.39.
    pub modern: bool,
    /// Whether `list=globalusers` exists (1.47 and later).
    pub globalusers: bool,
    /// Whether several blocks of one account are shown as `blockcomponents` in `list=users` too.
    pub multiblocks: bool,
    /// Compress for clients that accept it. Costs CPU.
    pub gzip: bool,
    /// How much of each request is kept.
    pub recording: Recording,
    /// Hand out a `sessionJwt` cookie on authenticated requests.
    pub issue_session_jwt: bool,
    /// The clock stands still unless [`super::Farm::advance`] moves it.
    pub simulated_time: bool,
    /// What the clock says at the start, in seconds since 1970; `None`: the real time.
    pub now: Option<i64>,
    /// Sent as `x-wmf-ratelimit-class` while no gateway is set.
    pub rate_class: Option<String>,
    /// Each answer comes this many milliseconds of real time late.
    pub latency_ms: u64,
    /// A page of a list has at most so many entries, however many are asked for.
    pub most_entries: usize,
    /// So many edits Alice has made at home.
    pub home_edits: i64,
}

impl Default for FarmOptions {
    fn default() -> Self {
        Self {
            wikis: 10,
            wiki_ids: Vec::new(),
            options_per_wiki: 300,
            seed: 1,
            attached: None,
            urls: UrlStyle::VirtualHosts,
            port: 0,
            modern: true,
            globalusers: false,
            multiblocks: false,
            gzip: false,
            recording: Recording::Full,
            issue_session_jwt: false,
            simulated_time: false,
            now: None,
            rate_class: None,
            latency_ms: 0,
            most_entries: 5000,
            home_edits: 1500,
        }
    }
}

impl FarmOptions {
    /// A farm of `wikis` wikis, the rest as by default.
    pub fn wikis(wikis: usize) -> Self {
        Self {
            wikis,
            ..Self::default()
        }
    }
}
