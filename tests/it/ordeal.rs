//! `kill -9` at random moments of runs, again and again, and what must hold after each of them. The test
//! is in `kills.rs`; `cargo bench --bench kills` goes on for longer.
#![allow(
    unreachable_pub,
    reason = "shared with the benchmark, which kills more often"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use fastrand::Rng;

use crate::{
    farm::{ALICE, FarmOptions},
    scene::{PROGRAM, Scene},
};

/// How often, for how long at most, and by which dice.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub kills: u32,
    pub at_most: Duration,
    pub wikis: usize,
    pub seed: u64,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub kills: u32,
    /// Kills after which a run was left half done.
    pub half_way: u32,
    /// Kills before the run had begun.
    pub before_a_run: u32,
    /// Runs that came to their end between the kills.
    pub finished: u32,
    /// Snapshots that were there at some kill, and later on.
    pub kept: usize,
    /// Changes made on the farm, each told once.
    pub changes: usize,
    pub requests: u64,
}

struct Ordeal {
    scene: Scene,
    dice: Rng,
    wikis: Vec<String>,
    /// What was made: wiki, name, before, after.
    made: Vec<String>,
    values: BTreeMap<String, u32>,
    /// About how long a run takes that nobody disturbs; the machine has other work, too.
    whole: Duration,
    tally: Tally,
}

/// Kills, and checks after each kill.
pub fn endure(plan: Plan) -> Tally {
    let scene = Scene::with(FarmOptions {
        wikis: plan.wikis,
        options_per_wiki: 20,
        latency_ms: 2,
        seed: plan.seed,
        ..FarmOptions::default()
    });
    let wikis = scene.farm.wiki_ids();
    for wiki in &wikis {
        scene.farm.set_preference(ALICE, wiki, "own", "0");
    }
    // As long as a run takes on this machine, to begin with.
    let elsewhere = scene.home().join("elsewhere.db");
    let started = Instant::now();
    let arguments = [
        "--quiet",
        "--database",
        elsewhere.to_str().expect("UTF-8"),
        "snapshot",
    ];
    scene.run(&arguments).succeeds();
    let whole = started.elapsed();
    let mut ordeal = Ordeal {
        scene,
        dice: Rng::with_seed(plan.seed),
        wikis,
        made: Vec::new(),
        values: BTreeMap::new(),
        whole,
        tally: Tally::default(),
    };
    let since = Instant::now();
    while ordeal.tally.kills < plan.kills && since.elapsed() < plan.at_most {
        ordeal.run_and_kill();
    }
    // Whatever is left half done comes to its end, and once more finds nothing.
    for _ in 0..2 {
        ordeal.scene.run(&["snapshot"]).succeeds();
    }
    ordeal.compare_changes();
    ordeal.tally
}

impl Ordeal {
    /// One process: killed at a random moment, unless it ends before.
    fn run_and_kill(&mut self) {
        let before = self.snapshots();
        let (done, finished) = (self.done_by_unfinished_run(), self.finished());
        self.scene.farm.reset_counts();
        let mut child = self.start();
        let longest = u64::try_from(self.whole.as_micros()).unwrap_or(u64::MAX) * 23 / 20;
        sleep(Duration::from_micros(self.dice.u64(0..longest)));
        let seen = self.snapshots();
        sleep(Duration::from_micros(self.dice.u64(0..3000)));
        let ended = child.try_wait().expect("a status");
        child.kill().expect("a kill");
        child.wait().expect("its end");
        let after = self.snapshots();
        for earlier in [&before, &seen] {
            let lost: Vec<&String> = earlier.difference(&after).collect();
            assert!(lost.is_empty(), "lost: {lost:?}");
        }
        self.tally.kept = after.len();
        self.tally.requests += self.scene.farm.requests();
        self.check_requests(&done);
        self.check_file();
        if let Some(status) = ended {
            assert!(status.success(), "{status:?}");
            self.whole = self.whole * 9 / 10;
        } else {
            self.tally.kills += 1;
            self.whole = self.whole * 21 / 20;
        }
        // It may have come to the end of its run, and not to its own.
        if self.finished() > finished {
            self.tally.finished += 1;
            self.compare_changes();
            self.live();
        } else if self.is_under_way() {
            self.tally.half_way += 1;
        } else {
            self.tally.before_a_run += 1;
        }
    }

    fn start(&self) -> Child {
        let mut command = self.scene.command(PROGRAM);
        command.args(["--quiet", "snapshot"]);
        let child = command.stdin(Stdio::null()).spawn();
        child.expect("the program starts")
    }

    /// A finished run knows all that was made; then something is made for the next one.
    fn live(&mut self) {
        // Each wiki once: of two changes between two runs nobody can tell.
        let mut wikis = self.wikis.clone();
        self.dice.shuffle(&mut wikis);
        for wiki in wikis.into_iter().take(3) {
            let value = self.values.entry(wiki.clone()).or_default();
            let (before, after) = (*value, *value + 1);
            *value = after;
            let text = after.to_string();
            self.scene.farm.set_preference(ALICE, &wiki, "own", &text);
            self.made.push(format!("{wiki} own {before} {after}"));
        }
    }

    /// Everything that was made is told once, and nothing else.
    fn compare_changes(&mut self) {
        let told = "select wiki, name, before, after from changes where kind <> 'counter'";
        let mut told = self.scene.lines(told);
        told.sort();
        self.made.sort();
        assert_eq!(told, self.made);
        self.tally.changes = told.len();
    }

    /// Wikis that have been read are not asked again.
    fn check_requests(&self, done: &BTreeSet<String>) {
        let records = self.scene.farm.records();
        let for_accounts = records
            .iter()
            .filter(|record| record.path_and_query.contains("meta=userinfo"));
        for record in for_accounts {
            let again = done.contains(&record.wiki);
            assert!(!again, "asked again: {} of {done:?}", record.wiki);
        }
    }

    fn check_file(&self) {
        if self.scene.database().exists() {
            assert_eq!(self.scene.value("pragma integrity_check"), "ok");
            assert!(self.scene.sql("pragma foreign_key_check").is_empty());
        }
    }

    /// Every snapshot that anybody can read now.
    fn snapshots(&self) -> BTreeSet<String> {
        self.ask("select run, wiki, taken_at from snapshots")
    }

    fn done_by_unfinished_run(&self) -> BTreeSet<String> {
        self.ask(
            "select wiki from snapshots where wiki <> 'global'
                and run = (select max(run) from runs) and run in
                    (select run from runs where status = 'running')",
        )
    }

    fn is_under_way(&self) -> bool {
        let running = "select run from runs where status = 'running'";
        !self.ask(running).is_empty()
    }

    /// How many runs have come to their end.
    fn finished(&self) -> usize {
        self.ask("select run from runs where status = 'finished'")
            .len()
    }

    fn ask(&self, question: &str) -> BTreeSet<String> {
        if !self.scene.database().exists() {
            return BTreeSet::new();
        }
        self.scene.lines(question).into_iter().collect()
    }
}
