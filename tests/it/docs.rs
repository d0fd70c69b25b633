//! What the documentation says is so: commands, options, configuration, views, questions, links.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use sultrail::{cli, config::Settings};

use crate::{farm::Farm, scene::Scene};

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages for people; the README as soon as there is one.
fn pages() -> Vec<(PathBuf, String)> {
    let docs = fs::read_dir("docs").expect("docs").flatten();
    let mut paths: Vec<PathBuf> = docs.map(|entry| entry.path()).collect();
    paths.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from));
    paths.retain(|path| path.extension().is_some_and(|end| end == "md") && path.exists());
    assert!(paths.len() > 5, "{paths:?}");
    paths
        .into_iter()
        .map(|path| (path.clone(), read(path)))
        .collect()
}

/// The first two cells of each row of a page's tables.
fn rows(page: &str) -> Vec<(&str, &str)> {
    let row = |line| {
        let cells: Vec<&str> = str::split(line, " | ").collect();
        let (first, second) = (cells.first()?.strip_prefix("| ")?, cells.get(1)?);
        Some((first, second.trim_end_matches(" |")))
    };
    page.lines().filter_map(row).collect()
}

#[test]
fn every_command_and_option_is_documented_and_no_other() {
    let page = read("docs/commands.md");
    let mut command = cli::command();
    command.build();
    let documented: BTreeMap<String, &str> = rows(&page)
        .into_iter()
        .flat_map(|(cell, _)| cell.split(", ").map(move |part| (part, cell)))
        .filter_map(|(part, cell)| {
            let name = part.strip_prefix('`')?.split([' ', '`']).next()?;
            Some((name.to_owned(), cell))
        })
        .collect();
    let mut options = 0;
    for subcommand in command
        .get_subcommands()
        .filter(|one| one.get_name() != "help")
    {
        let name = subcommand.get_name();
        let cell = documented.get(name);
        let cell = cell.unwrap_or_else(|| panic!("docs/commands.md does not name {name}"));
        for argument in subcommand.get_arguments() {
            let Some(long) = argument.get_long() else {
                continue;
            };
            options += 1;
            let option = format!("--{long}");
            let is_general =
                ["--help", "--user", "--reveal", "--format"].contains(&option.as_str());
            let is_named = cell.contains(&option) || argument.is_global_set() || is_general;
            assert!(
                is_named,
                "docs/commands.md does not name {option} of {name}"
            );
            assert!(
                page.contains(&option) || long == "help" || long == "verbose" || long == "quiet"
            );
        }
    }
    assert!(options > 30, "the test reads options: {options}");
    for name in documented.keys() {
        assert!(
            command.find_subcommand(name).is_some(),
            "there is no command {name}"
        );
    }
}

#[test]
fn every_exit_code_is_in_the_help() {
    let help = cli::command().render_help().to_string();
    let page = read("docs/commands.md");
    let codes: Vec<&str> = rows(&page)
        .into_iter()
        .map(|(code, _)| code)
        .filter(|code| code.parse::<u8>().is_ok())
        .collect();
    assert_eq!(codes, ["0", "1", "2", "3", "69", "75", "77", "78"]);
    let (_, help) = help.split_once("Exit codes:").expect("exit codes");
    for code in codes {
        assert!(
            help.contains(&format!("{code} ")),
            "{code} is not in the help"
        );
    }
}

#[test]
fn the_configurations_that_are_shown_can_be_read() {
    let none = BTreeMap::new();
    let example =
        Settings::read(Some(Path::new("config/example.toml")), &none).expect("a configuration");
    assert_eq!(example.users.len(), 1);
    let default =
        Settings::read(Some(Path::new("config/default.toml")), &none).expect("a configuration");
    assert!(default.users.is_empty() && !default.farm.hosts.is_empty());
    // What the pages show too.
    let directory = tempfile::tempdir().expect("a directory");
    for (path, text) in pages() {
        for block in blocks(&text, "toml") {
            let file = directory.path().join("config.toml");
            fs::write(&file, block).expect("a file");
            let settings = Settings::read(Some(&file), &none);
            assert!(settings.is_ok(), "{}: {settings:?}", path.display());
        }
    }
}

/// The fenced blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let parts = page.split(fence.as_str()).skip(1);
    parts.filter_map(|part| part.split("```").next()).collect()
}

#[test]
fn every_question_in_the_pages_can_be_asked() {
    let scene = Scene::on(Farm::of(3));
    scene.run(&["snapshot"]).succeeds();
    let (mut asked, mut answered) = (0, 0);
    for (_, text) in pages() {
        let fenced = blocks(&text, "sql")
            .into_iter()
            .flat_map(|block| block.split(";\n"));
        let shell = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once("sqlite3 ")?;
            rest.split_once('"')?.1.split('"').next()
        });
        for question in fenced
            .chain(shell)
            .filter(|question| question.contains("select"))
        {
            asked += 1;
            // A question that cannot be asked panics.
            answered += usize::from(!scene.sql(question).is_empty());
        }
    }
    assert!(
        asked >= 4 && answered >= 2,
        "the test reads questions: {asked}, {answered}"
    );
}

#[test]
fn the_views_have_just_the_columns_that_the_page_promises() {
    let scene = Scene::of(1);
    scene.run(&["init"]).succeeds();
    let page = read("docs/database.md");
    let mut views = 0;
    for (view, promised) in rows(&page)
        .into_iter()
        .filter(|(view, _)| view.starts_with('`'))
    {
        views += 1;
        let view = view.trim_matches('`');
        let mut depth = 0;
        let without_values: String = promised
            .chars()
            .filter(|c| {
                depth += i32::from(*c == '(');
                let is_kept = depth == 0;
                depth -= i32::from(*c == ')');
                is_kept
            })
            .collect();
        let promised: Vec<&str> = without_values.split(',').map(str::trim).collect();
        assert_eq!(scene.columns(view), promised, "{view}");
    }
    assert_eq!(views, 17);
}

#[test]
fn links_and_paths_in_the_pages_lead_somewhere() {
    let mut links = 0;
    for (path, text) in pages() {
        let base = path.parent().expect("a directory");
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            links += 1;
            assert!(base.join(target).exists(), "{}: {target}", path.display());
        }
        let quoted = text.split('`').skip(1).step_by(2);
        let is_path = |word: &&str| {
            let of_ours = [
                "src/",
                "docs/",
                "tests/",
                "config/",
                "deploy/",
                "migrations/",
                "benches/",
            ];
            of_ours.iter().any(|start| word.starts_with(start))
                && !word.contains(['*', ' ', '…', '\n'])
        };
        for target in quoted.filter(is_path) {
            links += 1;
            assert!(Path::new(target).exists(), "{}: {target}", path.display());
        }
    }
    assert!(links > 5, "the test reads links: {links}");
}

#[test]
fn the_readme_is_short_and_shows_the_first_two_commands() {
    if !Path::new("README.md").exists() {
        #[expect(
            clippy::print_stderr,
            reason = "a test that did not test anything says so"
        )]
        {
            eprintln!("SKIPPED: there is no README.md yet");
        }
        return;
    }
    let text = read("README.md");
    assert!(text.lines().count() < 120);
    for command in [
        "cargo run --release --example demo",
        "cargo test",
        "--user",
        "--contact",
    ] {
        assert!(text.contains(command), "{command}");
    }
}
