//! Nights on a simulated farm: a day passes, something happens, a run is taken through the
//! library's own doors. Farm and program share one simulated clock, so a month takes seconds.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each user of the nights needs another part of them"
)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{
    Row,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow},
};
use sultrail::{
    clock::Clock,
    collect::{Collector, Order, Progress, Report, RunError, View, Wanted},
    mediawiki::{
        AllowedHosts, Client, ClientOptions, Credential, CredentialKind, EmailPrivacy, PaceOptions,
        Redaction, Timeouts,
    },
    model::{KeepAnswers, Trigger},
    store::Store,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::farm::{ALICE, Farm, FarmOptions};

/// A farm, a database, and the time they share.
pub struct Nights {
    pub farm: Farm,
    pub clock: Clock,
    pub store: Store,
    pub pace: PaceOptions,
    /// How many accounts the collector asks for at a time; the pace has its own limit.
    pub max_in_flight: usize,
    pub timeouts: Timeouts,
    /// At most so many requests a run for what she did; `None`: it is not collected.
    pub contributions: Option<u32>,
    pub keep_answers: KeepAnswers,
    directory: TempDir,
}

impl Nights {
    /// An empty history, on the morning of 2027-01-01.
    pub async fn begin(options: FarmOptions) -> Self {
        let farm = Farm::start(options);
        let first = "2027-01-01T06:00:00Z".parse().expect("an instant");
        let clock = Clock::simulated(first);
        let farms = clock.clone();
        farm.follow_clock(move || farms.elapsed());
        farm.set_now(clock.now().timestamp());
        let directory = directory();
        let store = Store::open(&directory.path().join("history.db"))
            .await
            .expect("a new database");
        Self {
            farm,
            clock,
            store,
            pace: PaceOptions::default(),
            max_in_flight: 3,
            timeouts: Timeouts::default(),
            contributions: None,
            keep_answers: KeepAnswers::None,
            directory,
        }
    }

    pub fn database(&self) -> PathBuf {
        self.directory.path().join("history.db")
    }

    /// Lets time pass until an hour of a day, counted from the first one.
    pub fn wait_until(&self, day: i64, hour: i64) {
        let until = Self::at(day, hour);
        let left = (until - self.clock.now()).to_std();
        self.clock.advance(left.unwrap_or(Duration::ZERO));
    }

    /// An hour of a day.
    pub fn at(day: i64, hour: i64) -> DateTime<Utc> {
        let midnight: DateTime<Utc> = "2027-01-01T00:00:00Z".parse().expect("an instant");
        midnight + TimeDelta::days(day) + TimeDelta::hours(hour)
    }

    /// A collector as `sultrail snapshot` builds one; each night's is new.
    pub async fn collector(&self) -> Collector {
        let hosts = AllowedHosts::new(&[self.farm.hosts()], &self.farm.central_api(), true)
            .expect("the farm's hosts");
        let token = Credential::parse(CredentialKind::OAuth2, self.farm.token());
        let client = Client::new(ClientOptions {
            contact: "https://meta.wikimedia.org/wiki/User:Alice_Tester".to_owned(),
            credential: token.expect("a token"),
            hosts: hosts.clone(),
            pace: self.pace,
            maxlag_seconds: 5,
            cookie_file: None,
            clock: self.clock.clone(),
            timeouts: self.timeouts,
            jitter_seed: Some(1),
        })
        .expect("a client");
        let key = self.store.hash_key().await.expect("a key");
        Collector {
            store: self.store.clone(),
            client: Arc::new(client),
            clock: self.clock.clone(),
            redaction: Arc::new(Redaction::new(key, Vec::new(), EmailPrivacy::Plain)),
            hosts,
            user_name: ALICE.to_owned(),
            fingerprint: String::new(),
            view: View::Own,
            max_in_flight: self.max_in_flight,
            resume_within: TimeDelta::hours(12),
            keep_requests: TimeDelta::days(30),
            contributions: self.contributions,
            keep_answers: self.keep_answers,
            keep_answers_for: None,
        }
    }

    /// A whole run.
    pub async fn run(&self) -> Result<Report, RunError> {
        let collector = self.collector().await;
        let lock = self.store.lock_runs().expect("the lock");
        collector
            .take_run(&lock, &order(), &CancellationToken::new(), &|_| {})
            .await
    }

    /// A run that is dropped, as by `kill -9`, when so many accounts are done and its future has
    /// been polled so many times more. `false` if it had ended before.
    pub async fn killed_run(&self, done: usize, polls: u32) -> bool {
        let collector = self.collector().await;
        let half_way = std::cell::Cell::new(false);
        let progress = |progress: Progress| half_way.set(progress.done >= done);
        let (order, stop) = (order(), CancellationToken::new());
        let lock = self.store.lock_runs().expect("the lock");
        let mut run = Box::pin(collector.take_run(&lock, &order, &stop, &progress));
        let mut left = polls;
        std::future::poll_fn(|context| {
            if half_way.get() {
                if left == 0 {
                    return std::task::Poll::Ready(true);
                }
                left -= 1;
            }
            run.as_mut().poll(context).map(|_| false)
        })
        .await
    }

    /// Does something until the farm has been asked so many times and it has been polled so many times
    /// more; then drops it, as `kill -9` does. `None` if it had not ended before.
    pub async fn killed_at<T>(
        &self,
        requests: u64,
        polls: u32,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = Box::pin(work);
        let mut left = polls;
        std::future::poll_fn(|context| {
            if self.farm.requests() >= requests {
                if left == 0 {
                    return std::task::Poll::Ready(None);
                }
                left -= 1;
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Asks the database, as its owner may with `sqlite3`.
    pub async fn ask(&self, sql: &str) -> Vec<SqliteRow> {
        let options = SqliteConnectOptions::new()
            .filename(self.database())
            .read_only(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .expect("a connection to read");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
            .fetch_all(&pool)
            .await
            .expect("an answer of the database");
        pool.close().await;
        rows
    }

    /// One number from the database.
    pub async fn number(&self, sql: &str) -> i64 {
        self.ask(sql).await[0].get(0)
    }
}

fn order() -> Order {
    Order {
        wanted: Wanted::All,
        trigger: Trigger::Command,
    }
}

/// In memory where there is such a place: these tests are not about the disk.
fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a place for the database")
}

/// The body of an answer to Alice, got by a client that is none of ours.
pub fn fetch(farm: &Farm, wiki: &str, query: &str) -> Vec<u8> {
    let api = farm.api(wiki);
    let (host, path) = api
        .trim_start_matches("http://")
        .split_once('/')
        .expect("an address");
    let request = format!(
        "GET /{path}?{query} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\
         Connection: close\r\n\r\n",
        farm.token()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", farm.port())).expect("a connection");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
    answer.split_off(head.expect("a head") + 4)
}
