//! Somebody else's validator reads the exports: `jsonschema` of `PyPI`, by
//! `tests/tools/portability.py`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use super::{busy, export, recorded};
use crate::scene::Scene;

/// Where `tests/tools/portability` puts Python with `jsonschema`.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/portability/bin/python");
    if python.exists() {
        return Some(python);
    }
    #[expect(
        clippy::print_stderr,
        reason = "a test that did not test anything says so"
    )]
    {
        eprintln!("SKIPPED: no jsonschema here; tests/tools/portability installs it");
    }
    None
}

fn validate(scene: &Scene, python: &Path, arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/portability.py");
    let mut command = scene.command(python.to_str().expect("UTF-8"));
    command.arg(script).args(arguments);
    command.output().expect("Python")
}

#[test]
fn an_independent_validator_finds_everything_and_nothing_else() {
    let Some(python) = python() else { return };
    for (scene, contents) in [(busy(), "rich"), (recorded(), "recorded")] {
        let mut all: Vec<String> = Vec::new();
        let kinds: [(&str, &[&str]); 4] = [
            ("state", &["--reveal"]),
            ("history", &["--history", "--reveal"]),
            ("masked", &["--history"]),
            ("enterprise", &["--format", "enterprise", "--at", "2"]),
        ];
        for (name, options) in kinds {
            let directory = export(&scene, name, options);
            all.push(directory.display().to_string());
        }
        let mut arguments = vec![contents];
        arguments.extend(all.iter().map(String::as_str));
        let output = validate(&scene, &python, &arguments);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains("lines are valid"), "{said}");
        controls(&scene, &python, &all[1]);
    }
}

/// What is wrong is found.
fn controls(scene: &Scene, python: &Path, directory: &str) {
    let path = Path::new(directory).join("groups.jsonl");
    let text = fs::read_to_string(&path).expect("lines");
    for (from, to, said) in [
        ("\"valid_from\":\"", "\"valid_from\":\"x", "groups.jsonl"),
        ("\"kind\":\"group\"", "\"kind\":\"grape\"", "groups.jsonl"),
        ("{", "{\"more\":1,", "groups.jsonl"),
    ] {
        fs::write(&path, text.replacen(from, to, 1)).expect("lines");
        let output = validate(scene, python, &["controls", directory]);
        let found = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success(), "{from} -> {to} was not found");
        assert!(found.contains(said) && found.contains("digest"), "{found}");
        assert!(found.contains("schema"), "{found}");
    }
    fs::write(&path, text).expect("lines");
}
