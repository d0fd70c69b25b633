//! "No changes" never looks like good news when nothing was read: what reports say about the run
//! they rest on.

use crate::{
    farm::{Fault, Rule},
    scene::{Run, Scene},
};

/// What prints data about a user, and needs no report of two runs.
const QUESTIONS: [&str; 5] = ["runs", "accounts", "groups", "prefs", "history"];

const FOR_PEOPLE: [&str; 4] = ["table", "markdown", "wikitext", "html"];
const FOR_PROGRAMS: [&str; 3] = ["json", "jsonl", "csv"];

/// Two good nights on three wikis.
fn two_nights() -> Scene {
    let scene = Scene::of(3);
    scene.at("2026-11-17T03:17:00Z", &["snapshot"]).succeeds();
    scene.at("2026-11-18T03:17:00Z", &["snapshot"]).succeeds();
    scene
}

fn first_line(run: &Run) -> &str {
    run.lines().first().copied().unwrap_or_default()
}

/// The first line a person reads, without markup.
fn first_words(run: &Run) -> String {
    let line = match run.out.split_once("<main") {
        Some((_, main)) => main.lines().nth(1).unwrap_or_default(),
        None => first_line(run),
    };
    let line = line.replace("&#58;", ":").replace("\\:", ":");
    ["<nowiki>", "<p class=\"warning\">", "<p>", "*", "'"]
        .iter()
        .fold(line, |line, mark| line.replace(mark, ""))
}

#[test]
fn the_first_line_of_a_report_says_what_it_rests_on() {
    let scene = two_nights();
    for format in FOR_PEOPLE {
        let diff = ["diff", "--format", format];
        let run = scene.at("2026-11-18T12:17:00Z", &diff).succeeds();
        let words = first_words(&run);
        assert!(
            words.starts_with("last good run: 2026-11-18T03:17:"),
            "{words}"
        );
        assert!(words.contains("(run 2, "), "{words}");
        let run = scene.at("2026-11-19T16:00:00Z", &diff).succeeds();
        let words = first_words(&run);
        assert!(
            words.starts_with("warning: last good run: 2026-11-18T03:17:"),
            "{words}"
        );
        assert!(words.contains("36 h ago)"), "{words}");
        assert_eq!(run.err, "");
    }
}

#[test]
fn other_answers_warn_once_the_last_good_run_is_old() {
    let scene = two_nights();
    for question in QUESTIONS {
        let run = scene.at("2026-11-19T15:00:00Z", &[question]).succeeds();
        assert!(!run.out.contains("last good run"), "{run:#?}");
        for format in FOR_PEOPLE {
            let arguments = [question, "--format", format];
            let run = scene.at("2026-11-19T16:00:00Z", &arguments).succeeds();
            let words = first_words(&run);
            assert!(
                words.starts_with("warning: last good run: 2026-11-18T"),
                "{question}: {words}"
            );
        }
    }
}

#[test]
fn what_programs_read_is_data_alone() {
    let scene = two_nights();
    for format in FOR_PROGRAMS {
        for question in QUESTIONS.iter().chain(&["diff"]) {
            let arguments = [question, "--format", format];
            let late = scene.at("2026-11-25T03:17:00Z", &arguments).succeeds();
            assert!(
                late.err
                    .starts_with("sultrail: warning: last good run: 2026-11-18T"),
                "{late:#?}"
            );
            assert_eq!(late.err.lines().count(), 1, "{late:#?}");
            let quiet = [&["--quiet"], &arguments[..]].concat();
            let quiet = scene.at("2026-11-25T03:17:00Z", &quiet).succeeds();
            assert_eq!((quiet.err.as_str(), &quiet.out), ("", &late.out));
            assert!(!late.out.contains("last good run"), "{late:#?}");
        }
    }
    let logged = ["--log-format", "json", "diff", "--format", "json"];
    let run = scene.at("2026-11-25T03:17:00Z", &logged).succeeds();
    let line: serde_json::Value = serde_json::from_str(&run.err).expect("an object");
    assert_eq!(line["level"], "WARN");
}

#[test]
fn a_run_that_went_wrong_after_the_last_good_one_is_told_at_once() {
    let scene = two_nights();
    for wiki in scene.farm.wiki_ids() {
        if wiki != "metawiki" {
            scene
                .farm
                .misbehave(Rule::new(Fault::NotFound404).on(&wiki));
        }
    }
    scene
        .at("2026-11-19T03:17:00Z", &["snapshot"])
        .says(3, &["2 not read"]);
    let run = scene.at("2026-11-19T04:00:00Z", &["diff"]).succeeds();
    let words = first_line(&run);
    assert!(
        words.starts_with("warning: last good run: 2026-11-18T03:17:"),
        "{words}"
    );
    assert!(words.contains("; run 3 of 2026-11-19T03:17:"), "{words}");
    assert!(words.ends_with("2 of 3 wikis not read"), "{words}");
    assert!(
        run.out.contains("No changes from run 2 to run 3."),
        "{run:#?}"
    );
    let run = scene.at("2026-11-19T04:00:00Z", &["groups"]).succeeds();
    assert_eq!(first_line(&run), words);

    scene.farm.behave();
    scene.at("2026-11-20T03:17:00Z", &["snapshot"]).succeeds();
    let run = scene.at("2026-11-20T04:00:00Z", &["diff"]).succeeds();
    assert!(
        first_line(&run).starts_with("last good run: 2026-11-20T"),
        "{run:#?}"
    );
}

#[test]
fn a_few_wikis_that_could_not_be_read_are_counted() {
    let scene = two_nights();
    scene
        .farm
        .misbehave(Rule::new(Fault::NotFound404).on("dewiki"));
    scene
        .at("2026-11-19T03:17:00Z", &["snapshot"])
        .says(3, &["1 not read"]);
    let run = scene.at("2026-11-19T04:00:00Z", &["diff"]).succeeds();
    let words = first_line(&run);
    assert!(words.starts_with("last good run: 2026-11-19T"), "{words}");
    assert!(
        words.ends_with("min ago, 1 of 3 wikis not read)"),
        "{words}"
    );
}

#[test]
fn where_nothing_good_was_ever_read_the_report_says_so() {
    let scene = two_nights();
    scene.tamper("update run set status = 'interrupted'");
    let run = scene.at("2026-11-18T04:00:00Z", &["diff"]).succeeds();
    assert!(
        first_line(&run).starts_with("warning: no good run yet"),
        "{run:#?}"
    );
}

#[test]
fn a_run_in_the_future_is_not_fresh_for_ever() {
    let scene = two_nights();
    let run = scene.at("2026-11-10T00:00:00Z", &["diff"]).succeeds();
    assert!(
        first_line(&run).starts_with("warning: last good run: 2026-11-18T"),
        "{run:#?}"
    );
    assert!(first_line(&run).contains("is the clock right?"), "{run:#?}");
    let check = scene.at("2026-11-10T00:00:00Z", &["status", "--check"]);
    check.says(1, &["in the future"]);
    // The clock is mended: the newest run counts, not the one with the latest date.
    scene.at("2026-11-10T03:17:00Z", &["snapshot"]).succeeds();
    let check = scene.at("2026-11-10T04:00:00Z", &["status", "--check"]);
    check.says(0, &["2026-11-10T03:17", "in time"]);
}

#[test]
fn where_full_runs_are_scheduled_a_pulse_does_not_refresh_a_report() {
    let scene = two_nights();
    scene
        .at("2026-11-20T03:17:00Z", &["snapshot", "--pulse"])
        .succeeds();
    let run = scene.at("2026-11-20T04:00:00Z", &["diff"]).succeeds();
    assert!(first_line(&run).contains("(run 3, a pulse, "), "{run:#?}");
    scene.edit_config("auth = ", "schedule = \"17 3 * * *\"\nauth = ");
    let run = scene.at("2026-11-20T04:00:00Z", &["diff"]).succeeds();
    assert!(
        first_line(&run).starts_with("warning: last good run: 2026-11-18T"),
        "{run:#?}"
    );
}

#[test]
fn of_several_users_the_one_who_is_worst_off_is_named() {
    let scene = two_nights();
    scene.tamper(
        "insert into user (central_api, name, asked_as) \
         select central_api, 'Bob Example', 'Bob Example' from user",
    );
    let run = scene.at("2026-11-18T04:00:00Z", &["groups"]).succeeds();
    assert!(
        first_line(&run).starts_with("warning: Bob Example: no good run yet"),
        "{run:#?}"
    );
    let alice = ["groups", "--user", "Alice Example"];
    let run = scene.at("2026-11-18T04:00:00Z", &alice).succeeds();
    assert!(!run.out.contains("warning"), "{run:#?}");
}
