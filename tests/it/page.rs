//! The page of a user: what it says, what it never says, and how the daemon puts it down.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::{
    farm::{ALICE, parse_time},
    scene::Scene,
};

const HTML: [&str; 3] = ["report", "--format", "html"];

/// Two nights on three wikis; in between, things happened.
fn two_nights() -> Scene {
    let scene = Scene::of(3);
    scene.at("2026-11-18T03:17:00Z", &["snapshot"]).succeeds();
    let expiry = parse_time("2026-12-24T18:00:00Z");
    let farm = &scene.farm;
    farm.grant("dewiki", ALICE, "sysop", expiry, "Steward", "a trial");
    farm.set_email(ALICE, "alice.new@example.net", farm.now().into());
    farm.set_preference(ALICE, "dewiki", "skin", "\"monobook\"");
    scene.at("2026-11-19T03:17:00Z", &["snapshot"]).succeeds();
    scene
}

fn page(scene: &Scene, options: &[&str]) -> String {
    let arguments: Vec<&str> = HTML.iter().chain(options).copied().collect();
    scene.at("2026-11-19T12:00:00Z", &arguments).succeeds().out
}

#[test]
fn a_page_has_its_parts_in_order_and_each_is_labelled() {
    let page = page(&two_nights(), &[]);
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert_eq!(page.matches("<h1>").count(), 1);
    let mut rest = page.as_str();
    for part in [
        "<a class=\"skip\" href=\"#main\">",
        "<header>",
        "<h1><bdi>Alice Example</bdi></h1>",
        "<nav aria-label=\"Parts of this page\">",
        "<main id=\"main\">",
        ">What changed</h2>",
        "e-mail changed",
        "sysop</bdi></span> gained",
        "until 2026-12-24 18:00",
        "a trial",
        ">Timeline</h2>",
        "<title id=\"right-title\">Rights: 1 in all, at most 1 a day</title>",
        ">Rights over time</h2>",
        "<th class=\"group\" scope=\"rowgroup\"",
        ">What ends</h2>",
        "24 Dec 2026, 18:00",
        ">Preferences that differ</h2>",
        ">Coverage</h2>",
        "<footer>",
    ] {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part} in its place: {page}"));
        rest = &rest[at..];
    }
    for table in page.split("<table").skip(1) {
        assert!(
            table
                .split("<thead>")
                .next()
                .is_some_and(|start| start.contains("<caption>"))
        );
    }
    assert!(!page.contains("<th>"), "every header has a scope");
}

#[test]
fn a_page_asks_nobody_for_anything() {
    let page = page(&two_nights(), &[]);
    let (_, policy) = page
        .split_once("http-equiv=\"Content-Security-Policy\" content=\"")
        .expect("a policy");
    let policy = policy.split('"').next().unwrap_or_default();
    let parts: Vec<&str> = policy.split("; ").collect();
    let [none, style, image, base, form] = parts.as_slice() else {
        panic!("{policy}");
    };
    assert_eq!(*none, "default-src 'none'");
    assert!(
        style.starts_with("style-src 'sha256-") && !style.contains("unsafe"),
        "{style}"
    );
    assert_eq!(*image, "img-src data:");
    assert_eq!((*base, *form), ("base-uri 'none'", "form-action 'none'"));
    for forbidden in [
        "<script",
        "<img",
        "<iframe",
        " src=",
        "@import",
        " style=",
        "javascript:",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    // The only addresses are names of formats, parts of the page, and the picture of the tab.
    for address in page.split("href=\"").skip(1) {
        assert!(
            address.starts_with('#') || address.starts_with("data:"),
            "{address:.60}"
        );
    }
    assert_eq!(
        page.matches("http").count(),
        page.matches("http-equiv").count() + 1
    );
}

#[test]
fn an_address_is_masked_unless_it_is_to_be_revealed() {
    let scene = two_nights();
    let masked = page(&scene, &[]);
    assert!(masked.contains("a***@example.net"), "{masked}");
    assert!(!masked.contains("alice.new@"));
    assert!(masked.contains("E-mail addresses are masked."));
    let revealed = page(&scene, &["--reveal"]);
    assert!(revealed.contains("alice.new@example.net"));
    assert!(revealed.contains("do not hand this page on"));
}

#[test]
fn what_wikis_write_is_text() {
    let scene = two_nights();
    let evil = "</style></title></table><script>alert(1)</script><img src=x onerror=\"a\" '\u{202e}\u{1b}[1m";
    let quoted = evil.replace('\'', "''");
    let json = serde_json::Value::from(evil)
        .to_string()
        .replace('\'', "''");
    for statement in [
        format!("update user set name = '{quoted}'"),
        format!("update account set wiki = '{quoted}' where wiki = 'dewiki'"),
        format!("update property set name = '{quoted}1' where name = 'sysop'"),
        format!("update property set name = '{quoted}2' where name = 'skin'"),
        format!("update property_value set json = '{json}' where json = '\"monobook\"'"),
        format!("update log_event set comment = '{quoted}', performer = '{quoted}'"),
        format!(
            "insert into failure select 2, id, 0, '{quoted}' from account where wiki = 'enwiki'"
        ),
        "update account set failing_since = 1763521000 where wiki = 'enwiki'".to_owned(),
    ] {
        scene.tamper(&statement);
    }
    let page = page(&scene, &[]);
    let escaped = "&lt;/style&gt;&lt;/title&gt;&lt;/table&gt;&lt;script&gt;alert(1)&lt;/script&gt;\
                   &lt;img src=x onerror=&quot;a&quot; &#39;\\u{202e}\\x1b[1m";
    // Title and heading, wiki, group, preference, its value, performer, comment, and why a wiki failed.
    assert!(page.matches(escaped).count() >= 10, "{page}");
    assert!(!page.contains("<script") && !page.contains("<img"));
    assert!(!page.contains(['\u{202e}', '\u{1b}']));
    assert_eq!(page.matches("</style>").count(), 1);
}

#[test]
fn an_old_page_says_so_first() {
    let scene = two_nights();
    let fresh = page(&scene, &[]);
    assert!(!fresh.contains("Out of date"));
    let old = scene.at("2026-11-28T12:00:00Z", &HTML).succeeds().out;
    assert!(old.contains("<title>Out of date: Alice Example"));
    let (_, header) = old.split_once("<header>\n").expect("a header");
    let first = "<p class=\"late\"><strong>Out of date.</strong> The last good run was on ";
    assert!(header.starts_with(first), "{header:.300}");
}

#[test]
fn a_night_that_nobody_saw_is_neither_held_nor_gone() {
    let scene = Scene::of(3);
    let farm = &scene.farm;
    farm.set_now(parse_time("2026-11-17T03:17:00Z").expect("an instant"));
    farm.grant("dewiki", ALICE, "sysop", None, "Steward", "");
    scene.at("2026-11-18T03:17:00Z", &["snapshot"]).succeeds();
    // A day without any run, then a day on which only this wiki fails.
    let rule = crate::farm::Rule::new(crate::farm::Fault::NotFound404).on("dewiki");
    scene.farm.misbehave(rule);
    scene.at("2026-11-20T03:17:00Z", &["snapshot"]);
    let page = scene.at("2026-11-20T12:00:00Z", &HTML).succeeds().out;
    let (_, row) = page
        .split_once("<th scope=\"row\"><bdi>dewiki</bdi></th>")
        .expect("a row");
    let strip = row.split("</svg>").next().unwrap_or_default();
    assert!(
        strip.contains("class=\"held\" stroke-width=\"12\" d=\"M0 6h1\""),
        "{strip}"
    );
    assert!(
        strip.contains("class=\"unknown\"") && strip.contains("d=\"M1 6h2\""),
        "{strip}"
    );
    assert!(page.contains("1 wiki cannot be read"));
}

/// Lets the daemon run once a second until a file is there or something was said.
fn daemon(scene: &Scene, until: &str) -> crate::scene::Run {
    scene.edit_config(
        "auth = \"oauth2\"",
        "auth = \"oauth2\"\nschedule = \"* * * * * *\"",
    );
    let script = format!(
        "\"$0\" daemon 2>log & pid=$!
         for turn in $(seq 600); do
             if {until}; then break; fi
             sleep 0.05
         done
         kill -TERM $pid; wait $pid; code=$?; cat log >&2; exit $code"
    );
    scene.shell(&format!("cd \"$HOME\"; {script}"))
}

fn write_pages_to(scene: &Scene, directory: &str) {
    let section =
        format!("[daemon]\njitter_minutes = 0\nreport_directory = \"{directory}\"\n\n[[user]]");
    scene.edit_config("[[user]]", &section);
}

#[test]
fn the_daemon_writes_a_private_page_after_each_run() {
    let scene = Scene::of(3);
    // Relative to the configuration, as the token is; another user has no schedule.
    write_pages_to(&scene, "pages");
    scene.edit_config(
        "[[user]]",
        "[[user]]\nname = \"Bob Example\"\nauth = \"none\"\n[[user]]",
    );
    let directory = scene.config_file().with_file_name("pages");
    fs::create_dir(&directory).expect("a directory");
    // Neither what was left over nor what somebody put in the way is written to.
    let victim = scene.home().join("victim");
    fs::write(&victim, "untouched").expect("a file");
    for name in ["1.html", ".1.html.new"] {
        std::os::unix::fs::symlink(&victim, directory.join(name)).expect("a link");
    }
    let run = daemon(&scene, "grep -qs '</html>' .config/sultrail/pages/1.html");
    run.says(0, &["run 1 finished"]);
    assert!(!run.err.contains("no page"), "{run:#?}");
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "untouched");
    let file = directory.join("1.html");
    let metadata = fs::symlink_metadata(&file).expect("a page");
    assert!(metadata.is_file());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("a page");
    assert!(text.contains("<h1><bdi>Alice Example</bdi></h1>"));
    assert!(text.ends_with("</html>\n"));
    assert!(text.contains("E-mail addresses are masked."));
    let files: Vec<_> = fs::read_dir(&directory)
        .expect("a directory")
        .flatten()
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[test]
fn users_who_share_a_directory_are_listed() {
    let scene = Scene::of(3);
    write_pages_to(&scene, "pages");
    scene
        .farm
        .add_user("Bob Example", 60_002, &["metawiki", "enwiki"]);
    scene.edit_config(
        "[[user]]",
        "[[user]]\nname = \"Bob Example\"\nauth = \"none\"\nschedule = \"* * * * * *\"\n[[user]]",
    );
    let run = daemon(&scene, "grep -qs 2.html .config/sultrail/pages/index.html");
    run.says(0, &[]);
    let index = scene.config_file().with_file_name("pages/index.html");
    let index = fs::read_to_string(index).expect("an index");
    for part in [
        "href=\"1.html\"",
        "href=\"2.html\"",
        "Alice Example",
        "Bob Example",
    ] {
        assert!(index.contains(part), "{part} in {index}");
    }
}

#[test]
fn a_page_that_cannot_be_written_is_a_warning_and_the_run_is_good() {
    for (directory, why) in [
        ("/nonexistent/pages", "No such file"),
        ("blocked", "blocked"),
    ] {
        let scene = Scene::of(2);
        write_pages_to(&scene, directory);
        fs::write(scene.config_file().with_file_name("blocked"), "a file").expect("a file");
        let run = daemon(&scene, "grep -qs 'no page was written' log");
        run.says(0, &["run 1 finished", "no page was written into", why]);
        assert_eq!(
            scene.value("select status from runs where run = 1"),
            "finished"
        );
    }
}
