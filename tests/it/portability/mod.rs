//! Take it with you: an account of many kinds of things, exported, looked at, and put back.

mod folder;
mod hostile;
mod parquet;
mod round_trip;
mod validator;
mod whose;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::{
    farm::{ALICE, Farm, FarmOptions, Fault, Rule, parse_time},
    scene::{Run, Scene, files_below},
};

/// What must never be seen: of the watchlist token a hash is kept, and no address is shown in full.
const WATCHLIST_TOKEN: &str = "77aa0c1de5f0beef77aa0c1de5f0beef0badcafe";
const NOTE: &str = "a private note of hers";
const OLD_ADDRESS: &str = "alice@example.org";
const ADDRESS: &str = "alice.new@mail.example.net";

/// A comment that a spreadsheet, a page and a terminal would each like to obey.
const HOSTILE: &str = "=HYPERLINK(\"http://x\")<script>alert(1)</script>\u{1b}[31m\u{202e}";

/// The morning of a day in November, for `Scene::at`.
fn day(day: u32) -> String {
    format!("2026-11-{day:02}T03:17:00Z")
}

/// Some nights in which everything happens that an export tells of.
fn rich() -> Scene {
    let wikis = [
        "metawiki",
        "enwiki",
        "dewiki",
        "frwiki",
        "commonswiki",
        "wikidatawiki",
        "be_x_oldwiki",
    ];
    let scene = Scene::with(FarmOptions {
        wiki_ids: wikis.map(str::to_owned).to_vec(),
        options_per_wiki: 30,
        multiblocks: true,
        home_edits: 60,
        simulated_time: true,
        now: parse_time(&day(1)),
        ..FarmOptions::default()
    });
    live_through(&scene);
    scene
}

fn live_through(scene: &Scene) {
    let farm = &scene.farm;
    let in_days = |days: i64| Some(farm.now() + days * 86_400);
    let take = |on: u32| scene.at(&day(on), &["snapshot"]);
    let quoted = |text: &str| Json::from(text).to_string();
    farm.set_preference(ALICE, "enwiki", "watchlisttoken", &quoted(WATCHLIST_TOKEN));
    farm.set_preference(ALICE, "enwiki", "userjs-notes", &quoted(NOTE));
    farm.set_preference(ALICE, "dewiki", "echo-last-seen", "\"20261101000000\"");
    farm.set_global_preference(ALICE, "language", "\"de\"");
    take(2).succeeds();
    farm.grant(
        "dewiki",
        ALICE,
        "sysop",
        in_days(3),
        "Bureau Kratin",
        HOSTILE,
    );
    farm.grant_from_meta("frwiki", ALICE, "bot", None, "Steward Ess", "[[SRB]]");
    farm.grant(
        "metawiki",
        ALICE,
        "checkuser",
        None,
        "Steward Ess",
        "elected",
    );
    farm.grant(
        "commonswiki",
        ALICE,
        "reviewer",
        in_days(90),
        "Bureau Kratin",
        "for a while",
    );
    farm.set_global_group(ALICE, "global-rollbacker", true, None);
    farm.block("commonswiki", ALICE, "Admin", "edit war", in_days(9), true);
    farm.set_global_preference(ALICE, "language", "\"fr\"");
    take(3).succeeds();
    farm.unblock("commonswiki", ALICE, "Admin", "sorry");
    farm.block("frwiki", ALICE, "Admin", "again", None, false);
    farm.revoke("enwiki", ALICE, "rollbacker", "Bureau Kratin", "on request");
    farm.set_email(ALICE, ADDRESS, in_days(0));
    farm.set_default(&[], "rclimit", "100");
    farm.set_preference(ALICE, "enwiki", "userjs-notes", "\"another note\"");
    farm.edit(ALICE, "enwiki");
    take(4).succeeds();
    // The address goes out of sight, and comes back.
    farm.set_token_grants(ALICE, &["basic"]);
    take(5).succeeds();
    farm.set_token_grants(ALICE, &["basic", "privateinfo"]);
    farm.edit(ALICE, "dewiki");
    scene.at(&day(6), &["snapshot", "--pulse"]).succeeds();
    farm.detach(ALICE, "wikidatawiki");
    farm.misbehave(Rule::new(Fault::Anonymous200).on("be_x_oldwiki"));
    take(7).says(3, &["be_x_oldwiki"]);
    take(8).says(3, &["be_x_oldwiki"]);
    scene
        .at(&day(9), &["snapshot", "--wiki", "enwiki"])
        .succeeds();
}

/// The same, and what the logs say of the time before, and what she did.
fn busy() -> Scene {
    let scene = rich();
    scene.edit_config(
        "auth = \"oauth2\"",
        "auth = \"oauth2\"\ncontributions = true",
    );
    let farm = &scene.farm;
    farm.behave();
    let at = parse_time("2015-01-01T00:00:00Z").expect("an instant");
    let params = "{\"duration\":\"infinity\",\"sitewide\":true}";
    let entry = farm.log_at(
        at,
        "enwiki",
        ("block", "block"),
        ALICE,
        params,
        "Admin",
        HOSTILE,
    );
    farm.hide_log_entry("enwiki", entry, &["comment"]);
    farm.log_at(
        at,
        "dewiki",
        ("move", "move"),
        "A page",
        "{}",
        ALICE,
        "a better title",
    );
    farm.hide_edit(ALICE, "enwiki", 1003, &["text", "comment"]);
    scene.at("2026-11-09T05:00:00Z", &["backfill"]).succeeds();
    scene.at("2026-11-09T06:00:00Z", &["snapshot"]).succeeds();
    scene
}

/// The answers recorded from real wikis, before and after a grant.
fn recorded() -> Scene {
    let scene = Scene::on(Farm::recorded());
    scene.at("2026-11-21T09:27:00Z", &["snapshot"]).succeeds();
    scene.farm.apply_recorded("grant");
    scene.at("2026-11-21T09:40:00Z", &["snapshot"]).succeeds();
    scene
}

/// Exports into a directory below the scene's home.
fn export(scene: &Scene, name: &str, options: &[&str]) -> PathBuf {
    let directory = scene.home().join(name);
    run_export(scene, &directory, options).succeeds();
    directory
}

fn run_export(scene: &Scene, directory: &Path, options: &[&str]) -> Run {
    let directory = directory.to_str().expect("UTF-8");
    scene.at(&day(10), &[&["export", directory], options].concat())
}

/// Imports into a database of its own.
fn import(scene: &Scene, directory: &Path, name: &str) -> PathBuf {
    let database = scene.home().join(name);
    run_import(scene, directory, &database).succeeds();
    database
}

fn run_import(scene: &Scene, directory: &Path, database: &Path) -> Run {
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let (directory, database) = (text(directory), text(database));
    scene.at(&day(10), &["--database", &database, "import", &directory])
}

/// Every file below a directory, by its path in there.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let relative = |path: PathBuf| {
        let bytes = fs::read(&path).expect("a file");
        let path = path.strip_prefix(directory).expect("below").to_owned();
        (path, bytes)
    };
    files_below(directory).into_iter().map(relative).collect()
}

/// The lines of a file.
fn lines(directory: &Path, name: &str) -> Vec<Json> {
    let text = fs::read_to_string(directory.join(name)).expect("a file");
    let line = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(line).collect()
}

/// The only line in which these fields have these values.
#[track_caller]
fn line<'a>(lines: &'a [Json], fields: &[(&str, &str)]) -> &'a Json {
    let is_it = |line: &&Json| fields.iter().all(|(name, value)| line[name] == *value);
    let mut found = lines.iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(line), None) => line,
        other => panic!("one line with {fields:?}: {other:?}"),
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    bytes.windows(text.len()).any(|window| window == text)
}

/// SHA-256, as the manifest has it.
fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("text");
    }
    text
}
