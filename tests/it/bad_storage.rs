//! What can be wrong with the database, its disk and its directory, and a run that is cut short.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use crate::{
    farm::{ALICE, FarmOptions},
    scene::{PROGRAM, Run, Scene, checked, files_below},
};

/// A scene whose wikis answer slowly enough to be in the middle of a run.
pub(crate) fn slow_scene() -> Scene {
    Scene::with(FarmOptions {
        wikis: 24,
        options_per_wiki: 30,
        latency_ms: 60,
        ..FarmOptions::default()
    })
}

#[test]
fn what_is_not_our_database_is_refused_and_left_as_it_is() {
    let ours = {
        let scene = Scene::of(1);
        scene.run(&["snapshot"]).succeeds();
        fs::read(scene.database()).expect("a database")
    };
    let mut damaged = ours.clone();
    damaged[100..].fill(0xaa);
    let mut of_another_program = ours.clone();
    of_another_program[68..72].copy_from_slice(b"GPKG");
    for (what, bytes) in [
        ("text", b"Dear diary, this is not a database.".to_vec()),
        ("an empty file", Vec::new()),
        ("another program's database", of_another_program),
        ("the first bytes of ours", ours[..60].to_vec()),
        ("only our header", ours[..100].to_vec()),
        ("a damaged one of ours", damaged),
        ("a half of ours", ours[..ours.len() / 2].to_vec()),
    ] {
        let scene = Scene::of(1);
        scene.write_database(&bytes);
        for command in [&["snapshot"][..], &["runs"], &["diff"], &["init"]] {
            let run = scene.run(command);
            assert_eq!(run.code, 1, "{what}, {command:?}: {run:#?}");
            assert!(run.err.contains("sultrail.db"), "{what}: {run:#?}");
            let left = fs::read(scene.database()).expect("it");
            assert!(left == bytes, "{what} was changed by {command:?}");
        }
        assert_eq!(scene.farm.requests(), 0, "{what}: nothing is asked");
    }
}

#[test]
fn a_foreign_file_is_called_so_and_another_place_is_asked_for() {
    let scene = Scene::of(1);
    scene.write_database(b"no database");
    let run = scene.run(&["snapshot"]);
    run.says(
        1,
        &[
            "is not a sultrail database; it was left as it is",
            "--database",
        ],
    );
    let other = scene.home().join("other/place.db");
    let other = other.to_str().expect("UTF-8");
    scene
        .run(&["--database", other, "snapshot"])
        .says(0, &["1 first seen"]);
    scene
        .run(&["runs", "--database", other])
        .says(0, &["finished"]);
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_as_it_is() {
    let scene = Scene::of(1);
    scene.run(&["snapshot"]).succeeds();
    scene.tamper(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (9999, 'from the future', true, x'00', 0)",
    );
    let bytes = fs::read(scene.database()).expect("a database");
    scene.farm.reset_counts();
    for command in [&["snapshot"][..], &["runs"], &["prefs"], &["init"]] {
        let run = scene.run(command);
        run.says(
            1,
            &[
                "newer sultrail (schema 9999",
                "left as it is",
                "Install the newer",
            ],
        );
        assert!(
            fs::read(scene.database()).expect("it") == bytes,
            "{command:?}"
        );
    }
    assert_eq!(scene.farm.requests(), 0);
}

#[test]
fn a_directory_in_the_place_of_the_database_is_refused() {
    let scene = Scene::of(1);
    fs::create_dir_all(scene.database()).expect("a directory");
    for command in ["snapshot", "runs"] {
        let run = scene.run(&[command]);
        run.says(1, &["sultrail.db"]);
        assert_eq!(run.err.lines().count(), 1, "{run:#?}");
    }
    assert!(scene.database().is_dir());
}

/// Runs a script in a mount namespace of its own with an empty tmpfs on `$HOME/small`; `None` if this
/// machine has no such thing.
pub(crate) fn on_a_small_disk(scene: &Scene, options: &str, script: &str) -> Option<Run> {
    fs::create_dir_all(scene.home().join("small")).expect("a directory");
    let namespace = "unshare --map-root-user --mount";
    let mount = format!("mount -t tmpfs -o {options} none \"$HOME/small\"");
    let can = scene.shell(&format!("{namespace} sh -c '{mount}' 2>&1"));
    if can.code != 0 {
        #[expect(
            clippy::print_stderr,
            reason = "a test that did not test anything says so"
        )]
        {
            eprintln!("SKIPPED: no mount namespaces on this machine: {}", can.out);
        }
        return None;
    }
    let file = scene.home().join("script.sh");
    fs::write(&file, format!("{mount}\n{script}")).expect("a script");
    Some(scene.shell(&format!("exec {namespace} sh \"$HOME/script.sh\" \"$0\"")))
}

#[test]
fn a_full_disk_is_said_so_and_loses_nothing_that_was_recorded() {
    let scene = Scene::of(8);
    scene.run(&["snapshot"]).succeeds();
    for wiki in scene.farm.wiki_ids() {
        for n in 0..40 {
            let value = format!("\"{}\"", "long ".repeat(100) + &n.to_string());
            scene
                .farm
                .set_preference(ALICE, &wiki, &format!("own-{n}"), &value);
        }
    }
    // $1 is the program. The disk is filled up twice: to the last byte, and to some that are enough
    // to begin a run.
    let script = r#"
        cp "$HOME/.local/share/sultrail/sultrail.db" "$HOME/small/"
        run() { "$1" --database "$HOME/small/sultrail.db" snapshot; echo "exit $?"; }
        dd if=/dev/zero of="$HOME/small/ballast" bs=1k 2>/dev/null
        run "$1"
        rm "$HOME/small/ballast"
        dd if=/dev/zero of="$HOME/small/reserve" bs=1k count=160 2>/dev/null
        dd if=/dev/zero of="$HOME/small/ballast" bs=1k 2>/dev/null
        rm "$HOME/small/reserve"
        run "$1"
        "$1" --database "$HOME/small/sultrail.db" runs --format csv
        rm "$HOME/small/ballast"
        run "$1"
        cp "$HOME/small/"sultrail.db* "$HOME/.local/share/sultrail/"
    "#;
    let Some(run) = on_a_small_disk(&scene, "size=16m", script) else {
        return;
    };
    let exits: Vec<&str> = run
        .out
        .lines()
        .filter(|line| line.starts_with("exit"))
        .collect();
    assert_eq!(exits, ["exit 1", "exit 1", "exit 0"], "{run:#?}");
    let complaints = run.err.matches("no space left to write").count();
    assert_eq!(complaints, 2, "{run:#?}");
    assert!(run.err.contains("Make room and run again"), "{run:#?}");
    // Each change once, whichever run recorded it; the first run is there.
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    assert_eq!(scene.value("select count(*) from changes"), "320");
    assert_eq!(
        scene.value("select count(distinct wiki || name) from changes"),
        "320"
    );
    assert_eq!(
        scene.value("select first_seen from runs where run = 1"),
        "8"
    );
}

#[test]
fn a_directory_that_cannot_be_written_is_said_so() {
    let scene = Scene::of(1);
    let script = r#"exec "$1" --database "$HOME/small/sultrail.db" snapshot"#;
    let Some(run) = on_a_small_disk(&scene, "ro", script) else {
        return;
    };
    run.says(
        1,
        &["cannot use", "small/sultrail.db", "Read-only file system"],
    );
    assert_eq!(scene.farm.requests(), 0);
}

#[test]
fn a_report_that_cannot_be_remembered_is_not_told() {
    let scene = Scene::of(1);
    scene.run(&["snapshot"]).succeeds();
    let script = r#"
        cp "$HOME/.local/share/sultrail/sultrail.db" "$HOME/small/"
        mount -o remount,ro "$HOME/small"
        "$1" --database "$HOME/small/sultrail.db" report --since-last
    "#;
    let Some(run) = on_a_small_disk(&scene, "size=16m", script) else {
        return;
    };
    run.says(
        1,
        &["--since-last remembers in the database what it has told, and cannot"],
    );
    assert_eq!(run.out, "", "{run:#?}");
}

#[test]
fn a_second_run_is_told_to_come_later_while_readers_are_served() {
    let scene = Scene::of(2);
    scene.run(&["snapshot"]).succeeds();
    scene.farm.reset_counts();
    let mut lock = scene.database().into_os_string();
    lock.push(".lock");
    let lock = File::options().write(true).open(lock).expect("the lock");
    lock.lock().expect("nobody else has it");
    let run = scene.run(&["snapshot"]);
    run.says(75, &["another run is writing", "try again"]);
    assert_eq!(scene.farm.requests(), 0);
    scene.run(&["runs"]).says(0, &["finished"]);
    drop(lock);
    scene.run(&["snapshot"]).says(0, &["2 unchanged"]);
}

#[test]
fn of_two_runs_at_the_same_time_one_is_taken() {
    let scene = slow_scene();
    scene.run(&["init"]).succeeds();
    let mut first = scene.command(PROGRAM);
    let first = first.arg("snapshot").stderr(Stdio::piped()).spawn();
    let first = first.expect("the program starts");
    scene.wait_for("the first request", |scene| scene.farm.requests() > 0);
    scene.run(&["snapshot"]).says(75, &["another run"]);
    // What it has recorded so far can be read.
    scene.wait_for("the first snapshot", |scene| {
        scene.value("select count(*) from snapshots where wiki <> 'global'") != "0"
    });
    scene.run(&["runs"]).says(0, &["running"]);
    let output = first.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        scene.lines("select status, first_seen from runs"),
        ["finished 24"]
    );
}

#[test]
fn a_signal_ends_a_run_in_order_and_the_next_one_goes_on() {
    for signal in ["TERM", "INT"] {
        let scene = slow_scene();
        let mut command = scene.command(PROGRAM);
        command.arg("snapshot").stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        scene.wait_for("some requests", |scene| scene.farm.requests() > 5);
        scene
            .shell(&format!("kill -{signal} {}", child.id()))
            .succeeds();
        let output = child.wait_with_output().expect("its end");
        let code = output.status.code().expect("an exit code");
        let run = checked(code, &output.stdout, &output.stderr);
        run.says(3, &["run 1 stopped; run again to go on"]);
        assert_eq!(scene.value("pragma integrity_check"), "ok");
        assert_eq!(scene.value("select status from runs"), "interrupted");
        let recorded = "select count(*) from snapshots where run = 1 and wiki <> 'global'";
        let recorded: u32 = scene.value(recorded).parse().expect("a number");
        assert!((1..24).contains(&recorded), "{recorded}");
        scene.run(&["snapshot"]).succeeds();
        assert_eq!(
            scene.value("select count(distinct wiki) from preferences"),
            "24"
        );
        assert_eq!(scene.value("select count(*) from changes"), "0");
    }
}

#[test]
fn a_run_that_is_killed_leaves_a_whole_database() {
    let scene = slow_scene();
    let mut command = scene.command(PROGRAM);
    let mut child = command.arg("snapshot").spawn().expect("the program starts");
    scene.wait_for("some requests", |scene| scene.farm.requests() > 5);
    child.kill().expect("a kill");
    child.wait().expect("its end");
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    scene.run(&["runs"]).says(0, &["running"]);
    scene.run(&["snapshot"]).succeeds();
    let statuses = scene.lines("select status from runs order by run desc");
    assert_eq!(statuses[0], "finished");
    assert!(!statuses.contains(&"running".to_owned()), "{statuses:?}");
    assert_eq!(
        scene.value("select count(distinct wiki) from preferences"),
        "24"
    );
}

#[test]
fn every_file_is_private_whatever_the_umask() {
    let scene = slow_scene();
    let mut command = scene.command("/bin/sh");
    command.args(["-c", "umask 000; exec \"$0\" snapshot", PROGRAM]);
    let mut child = command
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    scene.wait_for("some requests", |scene| scene.farm.requests() > 5);
    let directory = scene.database().with_file_name("");
    let mode = |path: &std::path::Path| {
        let metadata = fs::metadata(path).expect("a file");
        metadata.permissions().mode() & 0o777
    };
    let files = files_below(&directory);
    let mut names: Vec<String> = files
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()))
        .filter(|name| !name.ends_with(".cookies"))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "sultrail.db",
            "sultrail.db-shm",
            "sultrail.db-wal",
            "sultrail.db.lock"
        ]
    );
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    assert_eq!(mode(&directory), 0o700);
    assert!(child.wait().expect("its end").success());
    for file in files_below(&directory) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}
