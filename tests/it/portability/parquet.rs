//! The views as Parquet files, where the program was built with them: somebody else's program (`DuckDB` of
//! `PyPI`, by `tests/tools/parquet.py`) finds in them what is in the database.

use super::{rich, run_export};

const PARQUET: [&str; 2] = ["--format", "parquet"];

#[test]
#[cfg(not(feature = "parquet"))]
fn a_program_without_parquet_says_how_to_get_one() {
    let scene = rich();
    let directory = scene.home().join("out");
    run_export(&scene, &directory, &PARQUET).says(1, &["--features parquet", "--format folder"]);
    assert!(!directory.exists());
}

#[cfg(feature = "parquet")]
mod with_it {
    use std::{
        fs,
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
    };

    use super::{
        super::{
            ADDRESS, HOSTILE, NOTE, OLD_ADDRESS, WATCHLIST_TOKEN, busy, day, export, files,
            recorded,
        },
        PARQUET, rich, run_export,
    };
    use crate::{
        farm::{ALICE, TOKEN},
        scene::Scene,
    };

    /// Where `tests/tools/parquet` puts Python with `DuckDB`.
    fn python() -> Option<PathBuf> {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/parquet/bin/python");
        if python.exists() {
            return Some(python);
        }
        #[expect(
            clippy::print_stderr,
            reason = "a test that did not test anything says so"
        )]
        {
            eprintln!("SKIPPED: no DuckDB here; tests/tools/parquet installs it");
        }
        None
    }

    /// What `tests/tools/parquet.py` says, and whether it is content.
    fn ask(scene: &Scene, python: &Path, arguments: &[&str]) -> (bool, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/parquet.py");
        let mut command = scene.command(python.to_str().expect("UTF-8"));
        let output = command.arg(script).args(arguments).output();
        let output = output.expect("Python");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.success(), said)
    }

    fn text(path: &Path) -> &str {
        path.to_str().expect("UTF-8")
    }

    #[test]
    fn the_files_are_private_the_same_each_time_and_there_whole_or_not_at_all() {
        let scene = rich();
        let first = files(&export(&scene, "first", &PARQUET));
        let second = files(&export(&scene, "second", &PARQUET));
        assert!(
            first == second,
            "the same database has given two sorts of bytes"
        );
        assert_eq!(first.len(), 19, "17 views, the manifest and its schema");
        for path in first.keys() {
            let file = scene.home().join("first").join(path);
            let mode = fs::metadata(file).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
        let taken = scene.home().join("first");
        run_export(&scene, &taken, &PARQUET).says(1, &["is there already"]);
        let directory = scene.home().join("third");
        let at = ["--format", "parquet", "--at", "2"];
        run_export(&scene, &directory, &at).says(2, &["--at"]);
        // One that breaks half-way leaves nothing.
        scene.tamper("drop view readings");
        run_export(&scene, &directory, &PARQUET).says(1, &[]);
        let left = fs::read_dir(scene.home()).expect("a directory").flatten();
        let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with("third"));
        assert_eq!(left.count(), 0);
        // The views tell users by their names.
        scene.tamper(
            "insert into user (name, asked_as, central_api) \
             select name, asked_as, 'https://elsewhere.example/w/api.php' from user",
        );
        let ours = ["--format", "parquet", "--user", ALICE];
        run_export(&scene, &directory, &ours).says(1, &["two users", "different farms"]);
    }

    #[test]
    fn duckdb_finds_the_views_of_the_database() {
        let Some(python) = python() else { return };
        let scene = busy();
        let privacy = "[privacy]\nkeep_answers = \"all\"\n\n[[user]]";
        scene.edit_config("[[user]]", privacy);
        scene.at("2026-11-09T07:00:00Z", &["snapshot"]).succeeds();
        let database = scene.database();
        for (name, options, masked) in [("plain", &["--reveal"][..], ""), ("masked", &[], "masked")]
        {
            let directory = export(&scene, name, &[&PARQUET, options].concat());
            let ours = ["read", text(&database), ALICE, text(&directory), masked];
            let (is_content, said) = ask(&scene, &python, &ours);
            assert!(is_content, "{said}");
        }
        // Control: of a database that has gone on, it is not content.
        let plain = scene.home().join("plain");
        scene.at(&day(12), &["snapshot"]).succeeds();
        let ours = ["read", text(&database), ALICE, text(&plain)];
        let (is_content, said) = ask(&scene, &python, &ours);
        assert!(!is_content && said.contains("snapshots: "), "{said}");
    }

    #[test]
    fn nothing_secret_is_in_the_files_unless_it_is_revealed() {
        let Some(python) = python() else { return };
        let scene = busy();
        let found = |name: &str, options: &[&str], texts: &[&str]| {
            let directory = export(&scene, name, &[&PARQUET, options].concat());
            let (is_content, said) = ask(
                &scene,
                &python,
                &[&["holds", text(&directory)], texts].concat(),
            );
            assert!(is_content, "{said}");
            said.trim().parse::<usize>().expect("a number")
        };
        let never = [TOKEN, WATCHLIST_TOKEN, NOTE];
        let masked = [OLD_ADDRESS, ADDRESS, "alice.new"];
        assert_eq!(found("1", &[], &[never, masked].concat()), 0);
        assert_eq!(found("2", &["--reveal"], &never), 0);
        // Control: they are found where they are.
        assert!(found("3", &["--reveal"], &masked) > 3);
        assert!(found("4", &[], &[HOSTILE]) > 0);
    }

    #[test]
    fn the_query_over_all_shards_says_what_the_attached_databases_say() {
        let Some(python) = python() else { return };
        let scenes = [busy(), recorded()];
        let together = tempfile::tempdir().expect("a directory");
        fs::create_dir(together.path().join("shards")).expect("a directory");
        for (scene, name) in scenes.iter().zip(["one", "two"]) {
            let directory = together.path().join("shards").join(name);
            run_export(scene, &directory, &PARQUET).succeeds();
        }
        let databases = scenes.each_ref().map(Scene::database);
        let [one, two] = databases.each_ref().map(|path| text(path));
        let ours = ["shards", text(together.path()), one, two];
        let (is_content, said) = ask(&scenes[0], &python, &ours);
        assert!(is_content, "{said}");
        // Control: with a shard left out, the answers differ.
        fs::remove_dir_all(together.path().join("shards/two")).expect("a directory");
        let (is_content, said) = ask(&scenes[0], &python, &ours);
        assert!(!is_content, "{said}");
    }
}
