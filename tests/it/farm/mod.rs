//! A farm of wikis on loopback: what `MediaWiki`, `CentralAuth` and the gateway in front of them
//! answer, without any of them. It knows nothing of sultrail and can be included from anywhere.
//!
//! ```text
//! options       how large, how old, where                  FarmOptions
//! names         wiki IDs; preferences: the defaults        enwiki, be_x_oldwiki, …
//! world         what is true: wikis, users, accounts       populate: Alice Example
//! verbs/        what happens: grant, rename, block, …      Farm::grant(…)
//! clock         the farm's own time
//! server, http  a listener, connections, bytes             one thread of its own
//! answer        gateway → faults → API                     gateway, faults, spoil
//! auth, oauth1  who asks                                   profile: whose token it is
//! api/          api.php, a file for each module            rights: who may do what
//! replay        recorded bodies instead                    recorded: a farm made of them
//! counts        what was asked                             Record
//! control       Farm's own switches: time, faults, replays, numbers
//! ```
//!
//! `GET /farm/counts` on any host tells another process the numbers, and is not counted itself.
//!
//! Everything true is behind one lock; a verb takes it, and so does each request, for microseconds.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each user of the farm needs another part of it"
)]
#![allow(
    unreachable_pub,
    reason = "shared by binaries; in each of them nothing is reachable from outside"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::missing_panics_doc,
    reason = "small invented numbers; a verb that names nobody may panic"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a test double has its own clock, threads and tasks"
)]

mod answer;
mod api;
mod auth;
mod clock;
mod control;
mod counts;
mod faults;
mod gateway;
mod http;
mod json;
mod mix;
mod names;
mod oauth1;
mod options;
mod params;
mod populate;
mod preferences;
mod profile;
mod recorded;
mod replay;
mod rights;
mod server;
mod spoil;
mod verbs;
mod world;

#[cfg(test)]
mod self_test;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use clock::{iso, parse as parse_time};
pub use counts::Record;
pub use faults::{Fault, Rule};
pub use gateway::GatewayOptions;
pub use options::{FarmOptions, Recording, UrlStyle};
pub use recorded::RECORDED_CHANGES;
pub use replay::Module;
pub use verbs::OAuth1;

use mix::mix;
use server::Shared;
use world::World;

/// The user every farm begins with.
pub const ALICE: &str = "Alice Example";
/// Her central user ID.
pub const ALICE_ID: u64 = 50_001;
/// Her bearer token, with the grants `basic` and `privateinfo`. Long enough to grep for.
pub const TOKEN: &str =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI1MDAwMSJ9.alices-secret-on-the-simulated-farm";

/// A running farm. Dropping it stops it.
pub struct Farm {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Farm {
    /// Starts a farm with Alice Example on it.
    ///
    /// # Panics
    ///
    /// If no port of the loopback address can be had.
    pub fn start(options: FarmOptions) -> Self {
        let mut ids = options.wiki_ids.clone();
        if ids.is_empty() {
            ids = names::wiki_ids(options.wikis);
        } else if !ids.iter().any(|id| id == "metawiki") {
            ids.push("metawiki".to_owned());
        }
        let (listeners, bases) = listen(&options, ids);
        let mut world = World::new(options, bases);
        world.add_alice();
        let shared = Arc::new(Shared::new(world));
        let (stop, stopped) = oneshot::channel();
        let in_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("farm".into())
            .spawn(move || server::run(listeners, &in_thread, stopped))
            .expect("a thread for the farm");
        Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// A small farm with default settings.
    pub fn of(wikis: usize) -> Self {
        Self::start(FarmOptions::wikis(wikis))
    }

    /// `http://metawiki.localhost:PORT/w/api.php`
    pub fn central_api(&self) -> String {
        self.api("metawiki")
    }

    /// The address of a wiki's `api.php`.
    pub fn api(&self, wiki: &str) -> String {
        format!("{}/w/api.php", self.base(wiki))
    }

    /// Scheme, host and port of a wiki, as `merged[].url` has them.
    pub fn base(&self, wiki: &str) -> String {
        self.with(|world| world.wikis[world.wiki(wiki)].base.clone())
    }

    /// The port of a wiki; with virtual hosts the same for all.
    pub fn port(&self) -> u16 {
        let base = self.base("metawiki");
        base.rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .unwrap_or_default()
    }

    /// What a configuration allows as hosts.
    pub fn hosts(&self) -> &'static str {
        match self.with(|world| world.options.urls) {
            UrlStyle::VirtualHosts => "*.localhost",
            UrlStyle::Ports => "127.0.0.1",
        }
    }

    /// Alice's bearer token.
    #[allow(clippy::unused_self, reason = "reads better than a constant")]
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// All wikis, in the order in which they were made.
    pub fn wiki_ids(&self) -> Vec<String> {
        self.with(|world| world.wikis.iter().map(|wiki| wiki.id.clone()).collect())
    }

    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.shared.lock())
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// A listener and, if it serves only one, the index of its wiki.
type Listeners = Vec<(TcpListener, Option<usize>)>;

/// Opens the ports; wiki ID, host and base URL of each wiki.
fn listen(options: &FarmOptions, ids: Vec<String>) -> (Listeners, Vec<(String, String, String)>) {
    let bind = |port: u16| {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a port of the loopback address");
        listener
            .set_nonblocking(true)
            .expect("a listener that does not block");
        let port = listener.local_addr().map_or(0, |address| address.port());
        (listener, port)
    };
    match options.urls {
        UrlStyle::VirtualHosts => {
            let (listener, port) = bind(options.port);
            let host = |id: &str| format!("{}.localhost:{port}", id.replace('_', "-"));
            let bases = ids
                .into_iter()
                .map(|id| (host(&id), id))
                .map(|(host, id)| (id, host.clone(), format!("http://{host}")));
            (vec![(listener, None)], bases.collect())
        }
        UrlStyle::Ports => {
            let mut listeners = Vec::new();
            let mut bases = Vec::new();
            for (index, id) in ids.into_iter().enumerate() {
                let (listener, port) = bind(0);
                listeners.push((listener, Some(index)));
                bases.push((
                    id,
                    format!("127.0.0.1:{port}"),
                    format!("http://127.0.0.1:{port}"),
                ));
            }
            (listeners, bases)
        }
    }
}
