//! What is said on standard error, for programs and for the journal: one line a message, which can
//! be read alone.

use std::fs;

use serde_json::Value as Json;

use crate::{
    farm::{ALICE, Fault, Rule},
    scene::Scene,
};

/// Every line as an object with a level and a message.
fn messages(err: &str) -> Vec<Json> {
    let message = |line: &str| {
        let object: Json = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        for key in ["timestamp", "level", "message"] {
            assert!(object[key].is_string(), "{key} in {line}");
        }
        object
    };
    err.lines().map(message).collect()
}

fn find<'a>(messages: &'a [Json], part: &str) -> &'a Json {
    let is_it = |message: &&Json| {
        let text = message["message"].as_str();
        text.is_some_and(|text| text.contains(part))
    };
    let found = messages.iter().find(is_it);
    found.unwrap_or_else(|| panic!("{part:?} in {messages:#?}"))
}

/// Three wikis, of which one cannot be read, and a run each second.
fn a_busy_scene() -> Scene {
    let scene = Scene::of(3);
    scene
        .farm
        .misbehave(Rule::new(Fault::NotFound404).on("dewiki"));
    scene.edit_config("auth = ", "schedule = \"* * * * * *\"\nauth = ");
    scene.edit_config("[pace]", "[daemon]\njitter_minutes = 0\n[pace]");
    scene
}

/// Lets the daemon take a run; what it says goes into a file, which is its journal if `stream` is so.
fn daemon(scene: &Scene, options: &str, stream: &str) -> String {
    let script = format!(
        "exec 2>\"$HOME/said\"; {stream} \"$0\" {options} daemon & \
         until grep -q 'not read' \"$HOME/said\"; do sleep 0.1; done; kill -TERM $!; wait $!"
    );
    scene.shell(&script).succeeds();
    fs::read_to_string(scene.home().join("said")).expect("what was said")
}

#[test]
fn the_daemons_log_is_an_object_a_line_with_its_fields() {
    let said = daemon(&a_busy_scene(), "--log-format json", "");
    let messages = messages(&said);
    let tick = find(&messages, "next tick");
    assert_eq!(tick["user"], ALICE);
    let unread = find(&messages, "dewiki could not be read: ");
    assert_eq!(
        (&unread["wiki"], &unread["run"]),
        (&"dewiki".into(), &1.into())
    );
    let run = find(&messages, "run 1 finished: 3 wikis");
    assert_eq!((&run["user"], &run["run"]), (&ALICE.into(), &1.into()));
    assert!(
        run["message"]
            .as_str()
            .is_some_and(|text| text.starts_with(ALICE))
    );
}

#[test]
fn a_command_says_everything_as_objects_too() {
    let scene = a_busy_scene();
    let run = scene.run(&["--log-format", "json", "snapshot"]);
    assert_eq!(run.code, 3);
    let said = messages(&run.err);
    assert_eq!(find(&said, "dewiki: not read")["level"], "WARN");
    assert_eq!(find(&said, "run 1 done")["level"], "INFO");
    let run = scene.run(&["--log-format", "json", "prefs", "--at", "99"]);
    assert_eq!(run.code, 1);
    let said = messages(&run.err);
    assert_eq!(said.len(), 1);
    assert_eq!(find(&said, "there is no run 99")["level"], "ERROR");
}

#[test]
fn the_journal_gets_priorities_and_no_second_time() {
    let stream = "JOURNAL_STREAM=$(stat -L -c %d:%i \"$HOME/said\")";
    let said = daemon(&a_busy_scene(), "", stream);
    assert!(said.lines().all(|line| line.starts_with('<')), "{said}");
    assert!(said.contains("<6>Alice Example: next tick: "), "{said}");
    // Somebody took standard error elsewhere.
    let said = daemon(&a_busy_scene(), "", "JOURNAL_STREAM=1:2");
    assert!(said.lines().all(|line| line.starts_with("20")), "{said}");
    assert!(said.contains(" INFO "), "{said}");

    let wrong = "exec 2>\"$HOME/said\"; JOURNAL_STREAM=$(stat -L -c %d:%i \"$HOME/said\") \
                 \"$0\" prefs --at 99";
    let scene = a_busy_scene();
    assert_eq!(scene.run(&["snapshot"]).code, 3);
    assert_eq!(scene.shell(wrong).code, 1);
    let said = fs::read_to_string(scene.home().join("said")).expect("what was said");
    assert!(
        said.starts_with("<3>sultrail: there is no run 99"),
        "{said}"
    );
}

#[test]
fn nobody_writes_a_second_line_into_the_log() {
    let scene = Scene::of(1);
    scene.edit_config(
        "name = \"Alice Example\"",
        "name = \"Alice\\n<0>The disk is full\"\nschedule = \"17 3 1 1 *\"",
    );
    for stream in ["", "JOURNAL_STREAM=$(stat -L -c %d:%i \"$HOME/said\")"] {
        let script = format!(
            "exec 2>\"$HOME/said\"; {stream} \"$0\" daemon & sleep 1; kill -TERM $!; wait $!"
        );
        scene.shell(&script).succeeds();
        let said = fs::read_to_string(scene.home().join("said")).expect("what was said");
        assert!(said.contains("The disk is full"), "{said}");
        assert!(!said.lines().any(|line| line.starts_with("<0>")), "{said}");
    }
}
