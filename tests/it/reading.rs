//! How answers read: a screen at a time, on a wiki page, after an update of the program.

use std::{fs, path::Path};

use crate::{
    farm::{ALICE, Farm},
    scene::Scene,
};

/// Runs the program on a terminal of forty columns and ten lines, with this `$PAGER`. `script` of util-linux makes the
/// terminal.
fn on_a_small_terminal(scene: &Scene, pager: &str, arguments: &str) -> Option<String> {
    if !["/usr/bin/script", "/bin/script"]
        .iter()
        .any(|path| Path::new(path).exists())
    {
        #[expect(
            clippy::print_stderr,
            reason = "a test that did not test anything says so"
        )]
        {
            eprintln!("SKIPPED: there is no script(1) here to make a terminal");
        }
        return None;
    }
    let variables = format!("TERM=xterm COLUMNS=120 LINES=10 NO_COLOR=1 {pager}");
    let line =
        format!("export {variables}; exec script -qec \"$0 {arguments}\" /dev/null </dev/null");
    Some(scene.shell(&line).succeeds().out)
}

#[test]
fn long_answers_go_through_the_pager_on_a_terminal_only() {
    let scene = Scene::of(2);
    scene.run(&["snapshot"]).succeeds();
    let pager = "PAGER='sed s/^/P:/'";
    let ask = |pager, arguments| on_a_small_terminal(&scene, pager, arguments);
    let Some(long) = ask(pager, "prefs") else {
        return;
    };
    assert!(
        long.lines().count() > 20 && long.lines().all(|line| line.starts_with("P:")),
        "{long}"
    );
    for (pager, arguments, why) in [
        (pager, "runs", "it is short"),
        (pager, "prefs --format json", "programs read it"),
        (pager, "prefs --format csv", "programs read it"),
        (pager, "--no-pager prefs", "it was not wanted"),
        ("PAGER=", "prefs", "there is none"),
        ("PAGER=cat", "prefs", "there is none"),
        (
            "PAGER='sed s/^/P:/' TERM=dumb",
            "prefs",
            "there is no screen",
        ),
        ("PAGER=no-such-pager-anywhere", "prefs", "it is not there"),
    ] {
        let out = ask(pager, arguments).unwrap_or_default();
        let is_whole = arguments == "runs" || out.lines().count() > 20;
        assert!(
            is_whole && !out.contains("P:"),
            "{pager} {arguments}, {why}: {out}"
        );
    }
    let out = ask("PAGER='head -n 2'", "prefs").unwrap_or_default();
    assert_eq!(
        out.lines().count(),
        2,
        "a pager that is left early is no error: {out}"
    );
    let piped = scene.shell("export TERM=xterm LINES=10 PAGER='sed s/^/P:/'; \"$0\" prefs");
    assert!(!piped.succeeds().out.contains("P:"));
}

#[test]
fn wikitext_links_to_the_pages_of_the_user() {
    let scene = Scene::of(3);
    scene.run(&["snapshot"]).succeeds();
    for (wiki, host) in [
        ("dewiki", "de.wikipedia.org"),
        ("metawiki", "meta.wikimedia.org"),
    ] {
        scene.tamper(&format!(
            "update account set api_url = 'https://{host}/w/api.php' where wiki = '{wiki}'"
        ));
    }
    let page = scene
        .run(&["accounts", "--format", "wikitext"])
        .succeeds()
        .out;
    for link in [
        "| [[:w:de:User:Alice Example|dewiki]]\n",
        "| [[:m:User:Alice Example|metawiki]]\n",
        "/w/index.php?title=User:Alice%5FExample enwiki]\n",
    ] {
        assert!(page.contains(link), "{link} in {page}");
    }
    let global = scene.run(&["history", "--wiki", "global", "--format", "wikitext"]);
    assert!(
        global.succeeds().out.contains("| global\n"),
        "no wiki, no link"
    );
}

/// Leaves the wikitext of every command for `tests/tools/wikitext.py`, which reads it with a real parser.
#[test]
fn wikitext_of_a_hostile_history_is_left_for_a_real_parser() {
    let scene = Scene::on(Farm::of(4));
    scene.run(&["snapshot"]).succeeds();
    let hostile = [
        "{{delete}}",
        "[[Category:Living people]]",
        "[http://evil.example click]",
        "http://evil.example",
        "</nowiki><script>alert(1)</script>",
        "<!-- hidden",
        "== heading ==",
        "{{{1|}}}",
        "'''bold'''",
        "|}\n{{x}}",
        "|-\n| cell",
        "|| cell",
        "!! cell",
        "~~~~",
        "__NOTOC__",
        "-{zh:a}-",
        "RFC 2324 ISBN 0123456789",
        "&lt;b&gt; &#91;",
        "<ref>x</ref>",
        "שלום\u{202e}",
        "日本|語",
    ];
    for (at, text) in hostile.iter().enumerate() {
        let json = serde_json::Value::from(*text).to_string();
        scene
            .farm
            .set_preference(ALICE, "enwiki", &format!("hostile{at}"), &json);
        scene.farm.set_preference(ALICE, "dewiki", text, "\"1\"");
    }
    scene
        .farm
        .grant("enwiki", ALICE, "sysop", None, "[[Evil]]", hostile[4]);
    scene.farm.grant(
        "dewiki",
        ALICE,
        "{{bot}}",
        None,
        "{{Evil}}",
        "[[SRB]] {{done}}",
    );
    scene
        .farm
        .block("frwiki", ALICE, "{{Admin}}", hostile[1], None, true);
    scene.run(&["snapshot"]).succeeds();
    scene.tamper(
        "update account set api_url = 'https://' || replace(wiki, 'wiki', '.wikipedia.org/w/api.php')
        where wiki in ('dewiki', 'enwiki')",
    );
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wikitext");
    _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory");
    for (name, arguments) in [
        ("diff", &["diff"][..]),
        ("history", &["history"]),
        ("prefs", &["prefs"]),
        ("groups", &["groups"]),
        ("matrix", &["groups", "--matrix"]),
        ("accounts", &["accounts"]),
        ("runs", &["runs"]),
        ("status", &["status"]),
        ("report", &["report"]),
        ("drift", &["drift"]),
        ("expiring", &["expiring", "--within", "9999d"]),
        ("tenure", &["tenure"]),
        ("explain", &["explain", "enwiki", "hostile0"]),
    ] {
        let run = scene.run(&[arguments, &["--format", "wikitext"]].concat());
        let text = run.succeeds().out;
        assert!(
            !text.is_empty() && !text.contains("{{delete}}"),
            "{name}: {text}"
        );
        fs::write(directory.join(format!("{name}.wiki")), text).expect("a file");
    }
}
