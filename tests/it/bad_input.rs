//! What users get wrong: the configuration, the token, the name, the command line. A message that
//! says what to do, the exit code of the contract, and nothing asked or stored.

use crate::{
    farm::{ALICE, FarmOptions, TOKEN},
    scene::Scene,
};

/// Asserts that a snapshot is refused before anything is asked or created.
#[track_caller]
fn refused(scene: &Scene, code: i32, parts: &[&str]) {
    let run = scene.run(&["snapshot"]);
    run.says(code, parts);
    assert_eq!(run.out, "");
    assert!(run.err.starts_with("sultrail: "), "{}", run.err);
    assert_eq!(scene.farm.requests(), 0, "nothing is asked");
    assert!(!scene.database().exists(), "nothing is created");
}

#[test]
fn an_unknown_key_is_named_with_its_file_and_the_nearest_key() {
    let scene = Scene::of(2);
    scene.edit_config("max_in_flight", "max_inflight");
    let file = scene.config_file().display().to_string();
    let key = "unknown key \"pace.max_inflight\"; did you mean \"pace.max_in_flight\"?";
    refused(&scene, 78, &[key, &file, "line 10"]);
}

#[test]
fn an_unknown_key_in_a_user_and_an_unknown_section_are_named_too() {
    let scene = Scene::of(2);
    scene.edit_config("credential_file", "credentials_file");
    refused(
        &scene,
        78,
        &["user.credentials_file", "user.credential_file"],
    );
    scene.edit_config("credentials_file", "credential_file");
    scene.edit_config("[pace]", "[paces]");
    refused(&scene, 78, &["unknown key", "paces", "\"pace"]);
}

#[test]
fn an_unknown_key_in_the_environment_is_named() {
    let scene = Scene::of(2);
    let run = scene.shell("SULTRAIL__PACE__MAX_IN_FLIHGT=2 exec \"$0\" snapshot");
    run.says(78, &["SULTRAIL__PACE__MAX_IN_FLIHGT", "pace.max_in_flight"]);
    let run = scene.shell("SULTRAIL__PACE__MAX_IN_FLIGHT=2 exec \"$0\" snapshot");
    run.says(0, &["2 wikis"]);
}

#[test]
fn values_that_cannot_be_are_refused_and_said() {
    for (part, by, said) in [
        ("max_in_flight = 3", "max_in_flight = 4", "max_in_flight"),
        (
            "[[user]]",
            "[retention]\nrequests_days = 999999999\n[[user]]",
            "retention.requests_days: 999999999 is too much; 36500",
        ),
        (
            "[[user]]",
            "[daemon]\nresume_hours = 8761\n[[user]]",
            "daemon.resume_hours: 8761 is too much; 8760 (a year)",
        ),
        (
            "[[user]]",
            "[daemon]\njitter_minutes = 1441\n[[user]]",
            "daemon.jitter_minutes: 1441 is too much; 1440 (a day)",
        ),
        ("60000", "0", "requests_per_minute"),
        ("60000", "\"fast\"", "requests_per_minute"),
        ("\"oauth2\"", "\"oauth3\"", "there are oauth2, oauth1"),
        (
            "name = \"Alice Example\"",
            "name = \" \"",
            "user.name is empty",
        ),
        (
            "contact = ",
            "time_zone = \"Mars/Olympus\"\ncontact = ",
            "Mars/Olympus",
        ),
        (
            "credential_file = \"alice.token\"\n",
            "",
            "needs credential_file",
        ),
        ("hosts = [", "hosts = 7 # [", "hosts"),
        ("insecure_http = true", "", "insecure_http = true"),
        ("[farm]", "[farm", "is not TOML"),
    ] {
        let scene = Scene::of(1);
        scene.edit_config(part, by);
        refused(&scene, 78, &[said]);
    }
}

#[test]
fn a_contact_that_reaches_nobody_is_refused() {
    for contact in [
        "",
        "you@example.com",
        "https://example.org/me",
        "me",
        "User:YOUR_NAME",
    ] {
        let scene = Scene::of(1);
        scene.edit_config(
            "https://meta.wikimedia.org/wiki/User:Alice_Example",
            contact,
        );
        refused(
            &scene,
            78,
            &["contact", "your e-mail address or your user page"],
        );
    }
}

#[test]
fn without_a_configuration_the_user_is_told_how_to_begin() {
    let scene = Scene::of(1);
    scene.forget_config();
    refused(
        &scene,
        78,
        &["no user is configured", "sultrail init", "--user"],
    );
    let run = scene.run(&["runs"]);
    run.says(1, &["there is no database", "sultrail snapshot"]);
    let run = scene.run(&["--config", "/nowhere/config.toml", "snapshot"]);
    run.says(78, &["/nowhere/config.toml"]);
    assert!(!scene.database().exists(), "asking creates nothing");
}

#[test]
fn a_token_that_others_may_read_is_refused_with_the_command_that_helps() {
    for mode in [0o644, 0o640, 0o604, 0o620] {
        let scene = Scene::of(1);
        scene.write_token(TOKEN, mode);
        let help = format!("chmod 600 {}", scene.token_file().display());
        refused(&scene, 78, &["others may read", &help]);
    }
}

#[test]
fn line_breaks_and_spaces_around_a_token_are_not_part_of_it() {
    for text in [format!("{TOKEN}\n"), format!("  {TOKEN}\r\n\n")] {
        let scene = Scene::of(1);
        scene.write_token(&text, 0o600);
        scene.run(&["snapshot"]).says(0, &["1 first seen"]);
        let sent = format!("Bearer {TOKEN}");
        assert_eq!(scene.farm.records()[1].authorization(), sent);
    }
}

#[test]
fn a_token_that_is_none_is_refused_without_being_said() {
    let file = |scene: &Scene| scene.token_file().display().to_string();
    for (text, said) in [
        (String::new(), "is empty"),
        (" \n".to_owned(), "is empty"),
        (format!("{TOKEN} and more"), "credential"),
        (format!("{TOKEN}\n{TOKEN}"), "credential"),
        (format!("{TOKEN}\u{7f}"), "credential"),
    ] {
        let scene = Scene::of(1);
        scene.write_token(&text, 0o600);
        refused(&scene, 78, &[said]);
    }
    let scene = Scene::of(1);
    std::fs::write(scene.token_file(), b"\xff\xfe\x00").expect("a file");
    refused(&scene, 78, &["is not text", &file(&scene)]);
    std::fs::remove_file(scene.token_file()).expect("the token");
    refused(&scene, 78, &["cannot read the credential", &file(&scene)]);
    std::fs::create_dir(scene.token_file()).expect("a directory");
    refused(&scene, 78, &["is not a plain file", &file(&scene)]);
}

#[test]
fn a_token_the_wikis_do_not_know_is_refused_once_and_nothing_is_stored() {
    let scene = Scene::of(6);
    scene.write_token(&TOKEN.replace("eyJ0", "eyJ1"), 0o600);
    let run = scene.run(&["snapshot"]);
    run.says(77, &["the wikis refuse the credential", "Make a new one"]);
    assert_eq!(scene.farm.requests(), 1, "no second try");
    assert_eq!(scene.value("select count(*) from snapshots"), "0");
    assert_eq!(
        scene.lines("select status, requests from runs"),
        ["failed 1"]
    );
}

#[test]
fn a_token_of_another_account_is_refused_and_nothing_is_stored_of_it() {
    for wikis in [1, 2, 8] {
        let scene = Scene::of(wikis);
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI1MDAwMiJ9.bobs-secret";
        scene.farm.add_user("Bob Example", 50_002, &[]);
        scene
            .farm
            .add_token("Bob Example", token, &["basic", "privateinfo"]);
        scene.write_token(token, 0o600);
        let run = scene.run(&["snapshot"]);
        run.says(77, &["another account"]);
        assert!(!run.err.contains("bobs-secret"));
        let private = "select count(*) from history where wiki <> 'global'";
        assert_eq!(scene.value(private), "0", "on {wikis} wikis");
        assert!(scene.farm.requests() < 7, "the rest is not asked");
    }
}

#[test]
fn a_lost_login_stops_a_run_and_keeps_what_was_known() {
    let scene = Scene::of(6);
    scene.run(&["snapshot"]).succeeds();
    let known = "select wiki, kind, name, value from history order by 1, 2, 3";
    let before = scene.lines(known);
    scene.farm.revoke_token(ALICE);
    scene
        .run(&["snapshot"])
        .says(77, &["refuse the credential"]);
    assert_eq!(scene.lines(known), before);
    assert_eq!(scene.value("select count(*) from changes"), "0");
    scene.farm.restore_token(ALICE);
    scene
        .run(&["snapshot"])
        .says(0, &["6 unchanged, 0 changed"]);
}

#[test]
fn a_name_that_nobody_has_or_can_have_is_said_so() {
    for name in [
        "Nobody Example",
        "Alice#Example",
        "A|B",
        "<script>",
        "127.0.0.1",
        "\u{1b}[31m",
    ] {
        let scene = Scene::of(2);
        let escaped = name
            .escape_default()
            .to_string()
            .replace("\\u{1b}", "\\u001b");
        scene.edit_config("name = \"Alice Example\"", &format!("name = \"{escaped}\""));
        let run = scene.run(&["snapshot"]);
        run.says(1, &["check the spelling"]);
        assert!(!run.err.contains('\u{1b}'), "nothing that moves a cursor");
        assert_eq!(scene.value("select count(*) from snapshots"), "0");
        assert_eq!(scene.farm.requests_to("enwiki"), 0);
    }
}

#[test]
fn a_central_wiki_that_is_down_or_is_none_is_said_so() {
    let scene = Scene::of(2);
    scene.edit_config(&scene.farm.port().to_string(), "1");
    let run = scene.at("2026-11-18T03:17:00Z", &["snapshot"]);
    run.says(69, &["the central wiki cannot be reached", "no connection"]);
    let scene = Scene::with(FarmOptions {
        wikis: 2,
        ..FarmOptions::default()
    });
    scene.edit_config("/w/api.php", "/index.html");
    let run = scene.run(&["snapshot"]);
    run.says(69, &["the central wiki cannot be reached", "HTTP 404"]);
    assert_eq!(scene.lines("select status from runs"), ["failed"]);
    assert!(scene.value("select error from runs").contains("404"));
}

#[test]
fn wrong_usage_is_2_and_help_is_0() {
    let scene = Scene::of(1);
    for arguments in [
        &["snapshoot"][..],
        &[],
        &["snapshot", "--everything"],
        &["snapshot", "--wiki", "en wiki"],
        &["-v", "-q", "snapshot"],
        &["prefs", "--format", "xml"],
        &["prefs", "--at", "yesterday"],
        &["diff", "1", "2", "3"],
        &["history", "--kind", "gruop"],
        &["completions", "tcsh"],
    ] {
        let run = scene.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:#?}");
        assert_eq!(run.out, "", "{arguments:?}");
        assert!(!run.err.is_empty(), "{arguments:?}");
    }
    scene.run(&["snapshoot"]).says(2, &["snapshot"]);
    let run = scene.run(&["prefs", "--at", "yesterday"]);
    run.says(2, &["not a point in time", "latest~1", "7d"]);
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["diff", "--help"],
        &["help", "prefs"],
    ] {
        let run = scene.run(arguments).succeeds();
        assert!(!run.out.is_empty() && run.err.is_empty(), "{arguments:?}");
    }
    assert_eq!(scene.farm.requests(), 0);
}

#[test]
fn init_writes_what_is_missing_and_overwrites_nothing() {
    let scene = Scene::of(1);
    let own = std::fs::read(scene.config_file()).expect("a configuration");
    let run = scene.run(&["init"]);
    run.says(
        0,
        &[
            "config.toml: already there, left as it is",
            "sultrail.db: written",
        ],
    );
    assert_eq!(std::fs::read(scene.config_file()).expect("it"), own);
    std::fs::remove_file(scene.config_file()).expect("the configuration");
    let database = std::fs::read(scene.database()).expect("a database");
    let run = scene.shell("umask 000; exec \"$0\" init");
    run.says(
        0,
        &[
            "config.toml: written",
            "sultrail.db: already there, left as it is",
        ],
    );
    assert_eq!(std::fs::read(scene.database()).expect("it"), database);
    let mode = std::os::unix::fs::PermissionsExt::mode;
    let metadata = std::fs::metadata(scene.config_file()).expect("the configuration");
    assert_eq!(mode(&metadata.permissions()) & 0o777, 0o600);
    // What was written is a configuration: all that is missing is the contact and the token.
    let contact = "wiki/User:YOUR_NAME\" is a placeholder";
    scene.run(&["snapshot"]).says(78, &[contact]);
    scene.edit_config("YOUR_NAME", "Alice_Example");
    scene.write_token("", 0o600);
    scene.run(&["snapshot"]).says(78, &["alice.token is empty"]);
}
