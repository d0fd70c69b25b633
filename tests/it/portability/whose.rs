//! Nothing secret without `--reveal`, and with it only what the user owns.

use std::{fs, path::Path};

use super::{
    ADDRESS, NOTE, OLD_ADDRESS, WATCHLIST_TOKEN, busy, day, export, files, holds, import, rich,
};
use crate::{
    farm::{ALICE, TOKEN},
    scene::{Scene, ask_sqlite},
};

/// The key of the hashes, as text and as bytes.
fn hash_key(scene: &Scene) -> String {
    scene.value("select lower(hex(key)) from hash_key")
}

fn find(directory: &Path, text: &str) -> Vec<String> {
    let found = files(directory)
        .into_iter()
        .filter(|(_, bytes)| holds(bytes, text));
    found.map(|(path, _)| path.display().to_string()).collect()
}

#[test]
fn nothing_secret_is_exported_unless_it_is_revealed() {
    let scene = busy();
    let key = hash_key(&scene);
    let secrets = [
        TOKEN,
        WATCHLIST_TOKEN,
        NOTE,
        &key,
        OLD_ADDRESS,
        ADDRESS,
        "alice.new",
    ];
    for options in [
        &["--history"][..],
        &[],
        &["--at", "3"],
        &["--format", "enterprise"],
    ] {
        let name = options.join("");
        let directory = export(&scene, &format!("out{name}"), options);
        assert!(files(&directory).len() > 4);
        for secret in secrets {
            let found = find(&directory, secret);
            assert!(found.is_empty(), "{options:?}: {secret} is in {found:?}");
        }
    }
    // Control: the database holds the address, and whoever reveals it gets it; never the rest.
    assert!(holds(&fs::read(scene.database()).expect("a file"), ADDRESS));
    let directory = export(&scene, "revealed", &["--history", "--reveal"]);
    for secret in [OLD_ADDRESS, ADDRESS] {
        assert!(find(&directory, secret).contains(&"history.jsonl".to_owned()));
    }
    assert_eq!(find(&directory, &key), ["secrets.json"]);
    for secret in [TOKEN, WATCHLIST_TOKEN, NOTE] {
        assert!(find(&directory, secret).is_empty(), "{secret}");
    }
}

#[test]
fn of_two_users_each_gets_only_what_is_theirs() {
    const BOB: &str = "Bob Oblomov";
    let scene = rich();
    let farm = &scene.farm;
    farm.add_user(BOB, 60_002, &["enwiki", "dewiki"]);
    farm.set_email(BOB, "bob@elsewhere.example", None);
    farm.set_preference(BOB, "enwiki", "language", "\"oblomovish\"");
    farm.set_preference(BOB, "enwiki", "userjs-notes", "\"bobs secret\"");
    let token = "bobs-token.of-his.own-secret";
    farm.add_token(BOB, token, &["basic", "privateinfo"]);
    let file = scene.token_file().with_file_name("bob.token");
    fs::copy(scene.token_file(), &file).expect("a private file");
    fs::write(&file, token).expect("a token");
    scene.edit_config(
        "[[user]]",
        &format!("[[user]]\nname = \"{BOB}\"\nauth = \"oauth2\"\ncredential_file = \"bob.token\"\n[[user]]"),
    );
    scene.at(&day(10), &["snapshot", "--user", BOB]).succeeds();
    farm.grant(
        "enwiki",
        BOB,
        "sysop",
        None,
        "Bureau Kratin",
        "Oblomov is trusted",
    );
    scene.at(&day(11), &["snapshot", "--user", BOB]).succeeds();
    scene.run(&["export", "nobody"]).says(1, &["--user"]);

    let options = ["--history", "--reveal", "--user"];
    let alice = export(&scene, "alice", &[&options[..], &[ALICE]].concat());
    for his in [BOB, "Oblomov", "bob@", "oblomovish", "60002", "bobs secret"] {
        assert!(find(&alice, his).is_empty(), "{his}");
    }
    let bob = export(&scene, "bob", &[&options[..], &[BOB]].concat());
    assert!(!find(&bob, "oblomovish").is_empty() && !find(&bob, "bob@elsewhere").is_empty());
    for hers in [ALICE, "Alice", ADDRESS, "50001", "rollbacker"] {
        assert!(find(&bob, hers).is_empty(), "{hers}");
    }
    // The key opens both their hashes, so neither gets it; the next run begins anew with them.
    let key = hash_key(&scene);
    assert!(find(&alice, &key).is_empty() && find(&bob, &key).is_empty());
    let restored = import(&scene, &bob, "bob.db");
    let path = restored.to_str().expect("UTF-8");
    scene
        .at(&day(12), &["--database", path, "snapshot", "--user", BOB])
        .succeeds();
    let changes = "select name from changes where run > 10";
    assert!(ask_sqlite(&restored, changes, true).is_empty());
    fs::remove_file(file).expect("the token goes");
}
