//! The daemon and its storage: full, read-only, locked, deleted, replaced. It says what is wrong, goes on
//! living, and goes on recording once the cause is gone, without hands.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::{
    bad_storage::on_a_small_disk,
    care::skipped,
    farm::{ALICE, FarmOptions},
    scene::{PROGRAM, Run, Scene, checked},
};

/// A run each second.
fn restless(wikis: usize, latency_ms: u64) -> Scene {
    let scene = Scene::with(FarmOptions {
        wikis,
        options_per_wiki: 20,
        latency_ms,
        ..FarmOptions::default()
    });
    scene.edit_config("auth = ", "schedule = \"* * * * * *\"\nauth = ");
    scene.edit_config("[farm]", "[daemon]\njitter_minutes = 0\n[farm]");
    scene
}

/// A daemon, and its log in `log` of the home directory.
struct Daemon<'a> {
    scene: &'a Scene,
    child: Child,
}

impl<'a> Daemon<'a> {
    fn start(scene: &'a Scene) -> Self {
        let log = File::create(scene.home().join("log")).expect("a log");
        let mut command = scene.command(PROGRAM);
        command.arg("daemon").stderr(log).stdout(Stdio::null());
        let child = command.spawn().expect("the daemon starts");
        Self { scene, child }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.scene.home().join("log")).expect("a log")
    }

    /// Waits until the log says it once more than now.
    fn says(&self, text: &str) {
        let before = self.log().matches(text).count();
        self.scene
            .wait_for(text, |_| self.log().matches(text).count() > before);
    }

    /// Ends it as systemd does.
    fn end(mut self) -> Run {
        let asked_at = Instant::now();
        let id = self.child.id();
        self.scene.shell(&format!("kill -TERM {id}")).succeeds();
        let status = self.child.wait().expect("its end");
        let took = asked_at.elapsed();
        assert!(took < Duration::from_secs(11), "{took:?}");
        checked(
            status.code().expect("an exit code"),
            b"",
            self.log().as_bytes(),
        )
    }
}

/// A write transaction that somebody forgot in a shell.
struct Shell(Child);

impl Shell {
    fn holding(database: &Path) -> Option<Self> {
        use std::io::{BufRead, BufReader, Write};
        let child = std::process::Command::new("sqlite3")
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            skipped("there is no sqlite3 here");
            return None;
        };
        let input = child.stdin.as_mut().expect("its input");
        let script = ".timeout 20000\nbegin immediate;\nselect 'held';\n";
        input.write_all(script.as_bytes()).expect("a statement");
        let mut line = String::new();
        let output = child.stdout.as_mut().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line, "held\n");
        Some(Self(child))
    }

    fn let_go(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().expect("its end");
    }
}

#[test]
fn a_writer_who_holds_the_database_only_delays_a_run() {
    let scene = restless(3, 0);
    let daemon = Daemon::start(&scene);
    daemon.says(" finished: ");
    let Some(shell) = Shell::holding(&scene.database()) else {
        return;
    };
    let runs = || scene.value("select count(*) from runs where status = 'finished'");
    let before = runs();
    // Long enough for several ticks.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(runs(), before, "readers are served, and nothing is written");
    shell.let_go();
    daemon.says(" finished: ");
    // Nor does it keep the daemon from its end.
    let shell = Shell::holding(&scene.database()).expect("sqlite3");
    std::thread::sleep(Duration::from_secs(2));
    let run = daemon.end();
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(!run.err.contains("no run"), "{run:#?}");
    shell.let_go();
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    assert_eq!(scene.value("select count(*) from changes"), "0");
}

#[test]
fn a_database_that_is_gone_is_waited_for() {
    let scene = restless(3, 0);
    let daemon = Daemon::start(&scene);
    daemon.says(" finished: ");
    let copy = scene.home().join("copy.db");
    scene
        .run(&["backup", copy.to_str().expect("UTF-8")])
        .succeeds();
    let directory = scene.database().with_file_name("");
    let aside = scene.home().join("aside");
    fs::rename(&directory, &aside).expect("a disk that is not mounted");
    daemon.says("is gone; it was there before. Bring it back");
    assert!(!directory.exists(), "no new history begins");
    fs::rename(&aside, &directory).expect("it is mounted again");
    daemon.says(" finished: ");
    // Lost for good, and restored.
    fs::remove_file(scene.database()).expect("it");
    daemon.says("sultrail.db");
    for ending in ["-wal", "-shm"] {
        let file = format!("{}{ending}", scene.database().display());
        _ = fs::remove_file(file);
    }
    fs::copy(&copy, scene.database()).expect("the backup");
    daemon.says(" finished: ");
    let run = daemon.end();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    assert_eq!(scene.value("select count(*) from changes"), "0");
    let first = "select count(*) from snapshots where outcome = 'first_seen' and wiki <> 'global'";
    assert_eq!(scene.value(first), "3", "it is one history");
}

#[test]
fn a_database_that_is_replaced_under_a_run_ends_the_run_and_not_the_daemon() {
    let scene = restless(24, 150);
    let daemon = Daemon::start(&scene);
    daemon.says(" finished: ");
    let copy = scene.home().join("copy.db");
    scene
        .run(&["backup", copy.to_str().expect("UTF-8")])
        .succeeds();
    scene.farm.reset_counts();
    scene.wait_for("the middle of a run", |scene| scene.farm.requests() > 5);
    fs::rename(&copy, scene.database()).expect("the backup takes its place");
    daemon.says("was deleted or replaced while it was written to");
    daemon.says(" finished: ");
    let run = daemon.end();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    assert_eq!(scene.value("select count(*) from changes"), "0");
}

/// A snapshot that is under way, and some wikis are read.
fn under_way(scene: &Scene) -> Child {
    scene.farm.reset_counts();
    let mut command = scene.command(PROGRAM);
    let child = command.arg("snapshot").stderr(Stdio::piped()).spawn();
    scene.wait_for("the middle of a run", |scene| scene.farm.requests() > 6);
    child.expect("the program starts")
}

fn end_of(child: Child) -> Run {
    let output = child.wait_with_output().expect("its end");
    let code = output.status.code().expect("an exit code");
    checked(code, &output.stdout, &output.stderr)
}

#[test]
fn files_that_are_deleted_under_a_run_end_it_and_lose_nothing_before() {
    for endings in [&["-wal"][..], &["-wal", "-shm"], &[""]] {
        let scene = restless(24, 100);
        scene.run(&["snapshot"]).succeeds();
        scene.farm.set_preference(ALICE, "enwiki", "own", "1");
        let copy = scene.home().join("copy.db");
        scene
            .run(&["backup", copy.to_str().expect("UTF-8")])
            .succeeds();
        let child = under_way(&scene);
        for ending in endings {
            let file = format!("{}{ending}", scene.database().display());
            fs::remove_file(file).expect("it was there");
        }
        let what = format!("sultrail.db{} was deleted or replaced", endings[0]);
        end_of(child).says(1, &[&what]);
        if endings[0].is_empty() {
            assert!(!scene.database().exists());
            let left = scene.database().with_file_name("sultrail.db-wal");
            fs::remove_file(left).expect("ours may be brought back, so its log stays");
            fs::copy(&copy, scene.database()).expect("the backup");
        }
        scene.run(&["snapshot"]).says(0, &["24 wikis"]);
        assert_eq!(scene.value("pragma integrity_check"), "ok", "{endings:?}");
        let told = "select wiki || name || after from changes where kind <> 'counter'";
        assert_eq!(scene.lines(told), ["enwikiown1"], "{endings:?}");
    }
}

#[test]
fn a_log_that_is_lost_after_a_crash_costs_only_what_was_in_it() {
    let scene = restless(24, 60);
    scene.run(&["snapshot"]).succeeds();
    scene.farm.set_preference(ALICE, "enwiki", "own", "1");
    let mut child = under_way(&scene);
    child.kill().expect("a kill");
    child.wait().expect("its end");
    for ending in ["-wal", "-shm"] {
        let file = format!("{}{ending}", scene.database().display());
        fs::remove_file(file).expect("a crash leaves it");
    }
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    scene.run(&["snapshot"]).says(0, &["24 wikis"]);
    let told = "select wiki || name || after from changes where kind <> 'counter'";
    assert_eq!(scene.lines(told), ["enwikiown1"]);
}

/// What the scripts below share: a daemon on the small disk, and waiting for its log.
const SMALL: &str = r#"
    cp "$HOME/.local/share/sultrail/sultrail.db" "$HOME/small/"
    "$1" --database "$HOME/small/sultrail.db" daemon 2>> "$HOME/log" & daemon=$!
    says() {
        : > "$HOME/log"; n=0
        until grep -q -e "$1" "$HOME/log"; do
            n=$((n + 1)); [ $n -lt 600 ] || { echo "never: $1"; break; }; sleep 0.05
        done
    }
    ends() {
        says ' finished: '
        kill -TERM $daemon; wait $daemon; echo "exit $?"
        cp "$HOME/small/"sultrail.db* "$HOME/.local/share/sultrail/"
    }
    says ' finished: '
"#;

fn recovers(scene: &Scene, script: &str) {
    scene.run(&["snapshot"]).succeeds();
    let Some(run) = on_a_small_disk(scene, "size=4m", &format!("{SMALL}{script}")) else {
        return;
    };
    let log = fs::read_to_string(scene.home().join("log")).expect("a log");
    assert_eq!(run.lines(), ["exit 0"], "{run:#?} {log}");
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    assert_eq!(scene.value("select count(*) from changes"), "0");
    let first = "select count(*) from snapshots where outcome = 'first_seen' and wiki <> 'global'";
    assert_eq!(scene.value(first), "3", "it is one history");
}

#[test]
fn a_disk_that_is_full_for_a_while_is_outlived() {
    recovers(
        &restless(3, 0),
        r#"
        dd if=/dev/zero of="$HOME/small/ballast" bs=1k 2>/dev/null
        says 'no run: no space left to write'
        kill -0 $daemon || echo "it is dead"
        rm "$HOME/small/ballast"
        ends
        "#,
    );
}

#[test]
fn a_disk_that_is_read_only_for_a_while_is_outlived() {
    recovers(
        &restless(3, 0),
        r#"
        until mount -o remount,ro "$HOME/small" 2>/dev/null; do sleep 0.01; done
        says 'no run: .*is the disk read-only'
        kill -0 $daemon || echo "it is dead"
        mount -o remount,rw "$HOME/small"
        ends
        "#,
    );
}
