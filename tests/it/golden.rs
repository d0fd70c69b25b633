//! Every command in every format, on one rich history, prints what it printed before: renames, a new
//! default on 300 wikis, names and comments that mean harm, right-to-left and wide letters, unread
//! wikis, a lock, a block, another e-mail address, a renewed group, a secret that changed.
//!
//! `INSTA_UPDATE=always cargo test --test it golden` writes the files anew; look at what changed.

use std::{fs, path::Path};

use crate::{
    farm::{FarmOptions, Fault, Recording, Rule, parse_time},
    scene::{Run, Scene},
};

/// Verbs know her by her number, whatever her name.
const HER: &str = "#50001";

/// Escapes, markup of three kinds, a formula, controls of direction, and an end of line.
const COMMENT: &str =
    "=1+1 \u{1b}[2J\u{202e}<script>alert(1)</script> {{delete}} [[x|y]] ~~~~ '''\n|-\n</nowiki>";
const PERFORMER: &str = "<b>Éve</b> {{PAGENAME}} \u{202e}דנה 日本語";
const NEW_NAME: &str = "=Alice & ''שלום'' 日本; HYPERLINK(1)";

const FORMATS: [&str; 7] = [
    "table", "json", "jsonl", "csv", "markdown", "wikitext", "html",
];

/// The 305 wikis of half a March.
fn rich_history() -> Scene {
    let scene = Scene::with(FarmOptions {
        wikis: 305,
        attached: Some(304),
        options_per_wiki: 6,
        globalusers: true,
        simulated_time: true,
        recording: Recording::Counts,
        ..FarmOptions::default()
    });
    let farm = &scene.farm;
    let at = |instant: &str| farm.set_now(parse_time(instant).expect("an instant"));
    let end = |day: &str| parse_time(&format!("{day}T00:00:00Z"));

    at("2026-02-20T12:00:00Z");
    farm.add_default(&[], "look", "\"vector\"");
    farm.add_default(&[], "colour", "\"red\"");
    farm.grant(
        "dewiki",
        HER,
        "sysop",
        end("2026-04-01"),
        "Steward",
        "elected",
    );
    for wiki in ["frwiki", "eswiki", "jawiki", "itwiki"] {
        farm.set_preference(HER, wiki, "look", "\"monobook\"");
    }
    // The same secret in every run, so that hashes are the same.
    scene.at("2026-03-01T03:00:00Z", &["init"]).succeeds();
    scene.tamper("update hash_key set key = zeroblob(32)");
    scene.at("2026-03-01T03:17:00Z", &["snapshot"]).succeeds();

    at("2026-03-01T20:00:00Z");
    farm.set_preference(HER, "enwiki", "colour", "\"=blue()\"");
    farm.edit(HER, "enwiki");
    scene.at("2026-03-02T03:17:00Z", &["snapshot"]).succeeds();

    at("2026-03-08T20:00:00Z");
    farm.grant(
        "dewiki",
        HER,
        "sysop",
        end("2026-04-09"),
        PERFORMER,
        COMMENT,
    );
    farm.set_default(&[], "look", "\"vector-2022\"");
    farm.set_preference(HER, "enwiki", "watchlisttoken", "\"stolen\"");
    farm.misbehave(Rule::new(Fault::NotFound404).on("frwiki"));
    scene
        .at("2026-03-09T03:17:00Z", &["snapshot"])
        .says(3, &["1 not read"]);

    at("2026-03-15T20:00:00Z");
    farm.set_global_preference(HER, "colour", "\"green\"");
    farm.set_local_exception(HER, "itwiki", "colour", "\"red\"");
    farm.rename(HER, NEW_NAME);
    farm.set_email(HER, "mallory@example.org", None);
    farm.block("eswiki", HER, PERFORMER, COMMENT, end("2026-04-10"), false);
    let last = farm.wiki_ids().pop().expect("a wiki");
    farm.attach(HER, &last);
    farm.grant_from_meta("frwiktionary", HER, "bot", None, "Steward", "flood");
    farm.revoke("commonswiki", HER, "filemover", PERFORMER, "");
    scene
        .at("2026-03-16T03:17:00Z", &["snapshot"])
        .says(3, &["1 not read"]);

    at("2026-03-16T20:00:00Z");
    farm.lock(HER);
    farm.detach(HER, "jawiki");
    scene.edit_config(
        "auth = \"oauth2\"\ncredential_file = \"alice.token\"",
        "auth = \"none\"",
    );
    scene
        .at("2026-03-17T03:17:00Z", &["snapshot"])
        .says(3, &["1 not read"]);

    at("2026-03-17T20:00:00Z");
    farm.unlock(HER);
    farm.set_global_group(HER, "global-rollbacker", true, end("2026-04-15"));
    scene.edit_config(
        "auth = \"none\"",
        "auth = \"oauth2\"\ncredential_file = \"alice.token\"",
    );
    scene
        .at("2026-03-18T03:17:00Z", &["snapshot"])
        .says(3, &["1 not read"]);
    // A pulse: the central wiki, and the account that fails.
    scene
        .at("2026-03-18T15:17:00Z", &["snapshot", "--pulse"])
        .says(3, &["1 not read"]);
    scene
}

#[test]
fn every_command_in_every_format_prints_what_it_printed_before() {
    let scene = rich_history();
    for (name, arguments) in [
        ("accounts", &["accounts"][..]),
        ("diff", &["diff", "2", "5", "--wiki", "dewiki"]),
        ("diff-global", &["diff", "1", "6", "--wiki", "global"]),
        ("drift", &["drift"]),
        ("drift-wikis", &["drift", "--wikis", "--name", "*o*"]),
        ("expiring", &["expiring"]),
        ("explain", &["explain", "itwiki", "colour"]),
        ("explain-group", &["explain", "dewiki", "sysop"]),
        ("groups", &["groups"]),
        ("groups-matrix", &["groups", "--matrix"]),
        (
            "groups-since",
            &["groups", "--matrix", "--since", "2026-03-05"],
        ),
        (
            "history",
            &["history", "--wiki", "eswiki", "--kind", "block"],
        ),
        ("prefs", &["prefs", "--wiki", "enwiki", "--name", "*o*"]),
        ("report", &["report", "--since", "2026-03-01"]),
        (
            "report-counters",
            &["report", "--since", "1", "--counters", "--wikis"],
        ),
        ("report-week", &["report"]),
        ("runs", &["runs"]),
        ("status", &["status"]),
        ("tenure", &["tenure", "--past"]),
    ] {
        for format in FORMATS {
            let arguments = [arguments, &["--format", format]].concat();
            let run = scene.at("2026-03-20T12:00:00Z", &arguments).succeeds();
            assert_harmless(format, &run);
            if format == "jsonl" && name != "groups-matrix" {
                assert_documented(&run);
            }
            let text = settled(&run.out, scene.farm.port());
            insta::assert_snapshot!(format!("{name}.{format}"), squeezed(&text));
        }
    }
    let ics = ["expiring", "--within", "60d", "--format", "ics"];
    let run = scene.at("2026-03-20T12:00:00Z", &ics).succeeds();
    // An independent reader looks at it later (`tests/tools/run.sh`).
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("expiring.ics");
    fs::write(file, &run.out).expect("a file");
    insta::assert_snapshot!("expiring.ics", settled(&run.out.replace('\r', ""), 0));
}

/// Every key is in the pages.
#[track_caller]
fn assert_documented(run: &Run) {
    let read = |page: &str| fs::read_to_string(page).expect("a page");
    let pages = read("docs/json.md") + &read("docs/database.md");
    for line in run.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("an object");
        for key in row.as_object().expect("an object").keys() {
            assert!(pages.contains(key.as_str()), "{key} is not documented");
        }
    }
}

/// No control character but the end of a line, nothing that hides or turns, and no markup of others.
#[track_caller]
fn assert_harmless(format: &str, run: &Run) {
    let is_harmful = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
    };
    assert!(!run.out.contains(is_harmful), "{format}: {}", run.out);
    let forbidden: &[&str] = match format {
        "html" => &["<script", "<b>Éve"],
        "wikitext" => &[
            "{{delete",
            "{{PAGENAME",
            "[[x",
            "~~~",
            "</nowiki>\n|-\n</nowiki>",
        ],
        "markdown" => &["<script", "<b>Éve", " [[x"],
        "csv" => &["\n=", ",=", ",\"="],
        _ => &[],
    };
    let text = run.out.replace(r"\<", "").replace(r"\[", "");
    for markup in forbidden {
        assert!(!text.contains(markup), "{markup} in {format}: {text}");
    }
}

/// Ports and seconds differ from run to run, and a slow machine needs a minute more.
fn settled(text: &str, port: u16) -> String {
    let mut text = text.replace(&format!(":{port}"), ":0");
    for minute in ["18", "19", "20"] {
        text = text
            .replace(&format!(":{minute}:"), ":17:")
            .replace(&format!(" 03:{minute}"), " 03:17")
            .replace(&format!(" 15:{minute}"), " 15:17")
            .replace(&format!("T03{minute}"), "T0317")
            .replace(&format!("T15{minute}"), "T1517");
    }
    for mark in ["T03:17:", "T15:17:", "T0317", "T1517"] {
        text = masked(&text, mark, 2);
    }
    text
}

/// Each `_` for one of so many characters behind a mark.
fn masked(text: &str, mark: &str, count: usize) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += mark;
        out += &"_".repeat(count);
        out.extend(part.chars().skip(count));
    }
    out
}

/// The first lines, the last ones, and how many there are between them. Of a page, what it shows.
fn squeezed(text: &str) -> String {
    const FIRST: usize = 60;
    const LAST: usize = 10;
    const LONGEST: usize = 3000;
    let shown = text.find("<main").map_or(text, |at| &text[at..]);
    let lines: Vec<String> = shown
        .lines()
        .map(|line| match line.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{}… and more", &line[..at]),
            None => line.to_owned(),
        })
        .collect();
    if lines.len() <= FIRST + LAST {
        return lines.join("\n");
    }
    let between = lines.len() - FIRST - LAST;
    let first = lines[..FIRST].join("\n");
    let last = lines[FIRST + between..].join("\n");
    format!("{first}\n… {between} lines …\n{last}")
}
