//! What the wikis answered, kept as it came but for what is secret, and handed on as a WARC file.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::{
    farm::{ALICE, FarmOptions},
    scene::Scene,
};

const SECRET: &str = "000000000000000000000000000000000000feed";

fn scene(keep: &str) -> Scene {
    let scene = Scene::with(FarmOptions {
        wikis: 5,
        options_per_wiki: 60,
        gzip: true,
        ..FarmOptions::default()
    });
    let section = format!("[privacy]\nkeep_answers = \"{keep}\"\n\n[[user]]");
    scene.edit_config("[[user]]", &section);
    scene
}

/// The records of a WARC file: head and block.
fn records(warc: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut rest = warc;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let end = rest
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8(rest[..end].to_vec()).expect("UTF-8");
        let length = head.split("Content-Length: ").nth(1).expect("a length");
        let length: usize = length
            .split("\r\n")
            .next()
            .expect("a line")
            .parse()
            .expect("a number");
        let block = rest[end + 4..end + 4 + length].to_vec();
        assert_eq!(&rest[end + 4 + length..end + 8 + length], b"\r\n\r\n");
        rest = &rest[end + 8 + length..];
        found.push((head, block));
    }
    found
}

#[test]
fn without_being_asked_to_no_answer_is_kept() {
    let scene = Scene::of(3);
    scene.run(&["snapshot"]).succeeds();
    assert_eq!(scene.value("select count(*) from answers"), "0");
    scene
        .run(&["export", "--warc", "x.warc"])
        .says(1, &["no answers are kept"]);
}

#[test]
fn a_change_can_be_shown_as_it_was_received() {
    let scene = scene("changed");
    scene.at("2026-11-20T03:17:00Z", &["snapshot"]).succeeds();
    let per_run = "select run, count(*) from answers group by run order by run";
    assert_eq!(scene.lines(per_run), ["1 6"], "what was first seen");
    scene.at("2026-11-21T03:17:00Z", &["snapshot"]).succeeds();
    assert_eq!(scene.lines(per_run), ["1 6"], "nothing has changed");
    scene
        .farm
        .set_now(crate::farm::parse_time("2026-11-22T01:00:00Z").expect("an instant"));
    scene
        .farm
        .grant("dewiki", ALICE, "sysop", None, "Steward", "elected");
    scene.farm.edit(ALICE, "enwiki");
    scene.at("2026-11-22T03:17:00Z", &["snapshot"]).succeeds();
    let changed = "select wiki, purpose from answers where run = 3";
    assert_eq!(scene.lines(changed), ["dewiki userinfo"]);

    let file = scene.home().join("alice.warc");
    let path = file.display().to_string();
    scene
        .run(&["export", "--warc", &path])
        .says(0, &["7 answers"]);
    let bytes = fs::read(&file).expect("a file");
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    scene.run(&["export", "--warc", &path]).succeeds();
    assert_eq!(
        fs::read(&file).expect("a file"),
        bytes,
        "the same bytes again"
    );

    let records = records(&bytes);
    assert_eq!(records.len(), 1 + 7 * 3);
    assert!(records[0].0.contains("WARC-Type: warcinfo"));
    let of_dewiki = |kind: &str| {
        let mut records = records.iter().rev();
        let kind = format!("WARC-Type: {kind}\r\n");
        let found =
            records.find(|(head, _)| head.contains("//dewiki.localhost") && head.contains(&kind));
        found.expect("a record").clone()
    };
    let (_, response) = of_dewiki("response");
    let response = String::from_utf8(response).expect("UTF-8");
    let (head, body) = response.split_once("\r\n\r\n").expect("headers and a body");
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-type: application/json")
    );
    // Just what a client of another kind is told, but for the wiki's own clock.
    assert!(body.starts_with("{\"batchcomplete\":true,\"query\":{") && body.contains("\"sysop\""));
    let parsed: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(parsed["query"]["userinfo"]["name"], ALICE);
    let (_, request) = of_dewiki("request");
    let request = String::from_utf8(request).expect("UTF-8");
    assert!(
        request.starts_with("GET /w/api.php?meta=userinfo"),
        "{request}"
    );
    assert!(request.contains("\r\nUser-Agent: sultrail/") && !request.contains("uthorization: "));
    let (_, notes) = of_dewiki("metadata");
    let notes = String::from_utf8(notes).expect("UTF-8");
    assert!(
        notes.contains("run: 3\r\n") && notes.contains("wiki: dewiki\r\n"),
        "{notes}"
    );
}

#[test]
fn what_is_kept_as_a_hash_is_cut_out_of_answers_too() {
    let scene = scene("all");
    scene.edit_config("keep_answers", "email = \"hash\"\nkeep_answers");
    for day in ["20", "21"] {
        scene
            .at(&format!("2026-11-{day}T03:17:00Z"), &["snapshot"])
            .succeeds();
    }
    assert_eq!(scene.value("select count(*) from answers"), "12");
    let file = scene.home().join("alice.warc");
    scene
        .run(&["export", "--warc", &file.display().to_string()])
        .succeeds();
    let warc = String::from_utf8(fs::read(&file).expect("a file")).expect("UTF-8");
    for secret in [SECRET, "private note", "alice@example.org"] {
        assert!(!warc.contains(secret), "{secret}");
    }
    // What stands there is what the history says.
    for name in ["watchlisttoken", "userjs-notes", "email"] {
        let kept = format!(
            "select distinct value from history where wiki = 'enwiki' and name = '{name}' and kind <> 'global_preference'"
        );
        let stands = format!("\"{name}\":{}", scene.value(&kept));
        assert!(warc.contains(&stands), "{stands}");
        assert!(
            warc.contains(&format!(".{name}\r\n")),
            "the notes say where"
        );
    }
    // What they are compressed with is hers, and goes with her.
    let others = "select count(*) from answer_dictionary d left join user u on u.id = d.user where u.id is null";
    assert_eq!(scene.value(others), "0");
    // Kept answers are small, and can be forgotten.
    let bytes: u64 = scene
        .value("select sum(stored_bytes) from answers")
        .parse()
        .expect("a number");
    assert!(bytes < 12 * 1000, "{bytes} bytes for twelve answers");
    scene.edit_config("[[user]]", "[retention]\nanswers_days = 11\n\n[[user]]");
    scene.at("2026-12-01T12:00:00Z", &["snapshot"]).succeeds();
    let left = "select distinct run from answers order by run";
    assert_eq!(scene.lines(left), ["2", "3"]);
}

#[test]
fn a_file_is_left_whole_or_not_at_all() {
    let scene = scene("changed");
    scene.run(&["snapshot"]).succeeds();
    let nowhere = scene.home().join("none/alice.warc");
    let run = scene.run(&["export", "--warc", &nowhere.display().to_string()]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(!nowhere.exists());
}
