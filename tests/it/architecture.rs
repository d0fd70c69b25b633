//! The floor plan of docs/architecture.md holds.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A row of the table: floor, room, and what it may import.
struct Room {
    floor: u32,
    name: String,
    imports: String,
}

#[test]
fn a_room_imports_only_what_the_plan_allows() {
    let rooms = plan();
    let names: Vec<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
    let mut imports_seen = 0;
    for room in &rooms {
        for (path, text) in sources(&room.name) {
            for imported in crate_imports(&text) {
                if imported == room.name || !names.contains(&imported.as_str()) {
                    continue;
                }
                imports_seen += 1;
                let is_allowed = room.imports.split(", ").any(|allowed| allowed == imported)
                    || room.imports == "all of the above";
                assert!(is_allowed, "{} imports {imported}", path.display());
            }
        }
    }
    assert!(imports_seen > 30, "the test reads imports: {imports_seen}");
}

#[test]
fn what_a_room_may_import_is_below_it() {
    let rooms = plan();
    let floors: BTreeMap<&str, u32> = rooms
        .iter()
        .map(|room| (room.name.as_str(), room.floor))
        .collect();
    for room in &rooms {
        for imported in room
            .imports
            .split(", ")
            .filter(|name| floors.contains_key(name))
        {
            assert!(
                floors[imported] < room.floor,
                "{} imports {imported}",
                room.name
            );
        }
    }
}

#[test]
fn the_plan_names_every_room() {
    let mut planned: Vec<String> = plan().into_iter().map(|room| room.name).collect();
    planned.sort();
    let text = fs::read_to_string("src/lib.rs").expect("src/lib.rs");
    let mut declared: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "))
        .filter_map(|line| line.split(';').next())
        .map(str::to_owned)
        .collect();
    declared.sort();
    assert_eq!(planned, declared);
}

#[test]
fn only_one_room_knows_each_outside_thing() {
    for (word, home) in [
        ("reqwest::", "mediawiki"),
        ("governor::", "mediawiki"),
        ("sqlx::", "store"),
        ("clap::", "cli"),
        ("println!", "nobody"),
        ("env::var", "nobody"),
    ] {
        for room in plan().iter().filter(|room| room.name != home) {
            for (path, text) in sources(&room.name) {
                let code = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                let used = code.into_iter().any(|line| line.contains(word));
                assert!(!used, "{} names {word}", path.display());
            }
        }
    }
}

#[test]
fn every_file_begins_with_its_caption() {
    let mut files = 0;
    for (path, text) in sources("") {
        files += 1;
        assert!(
            text.starts_with("//! "),
            "{} has no caption",
            path.display()
        );
    }
    assert!(files > 30, "the test reads files: {files}");
}

/// The table in docs/architecture.md.
fn plan() -> Vec<Room> {
    let text = fs::read_to_string("docs/architecture.md").expect("docs/architecture.md");
    let rooms: Vec<Room> = text
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, floor, name, _, imports, _] = cells[..] else {
                return None;
            };
            Some(Room {
                floor: floor.parse().ok()?,
                name: name.trim_matches('`').to_owned(),
                imports: imports.to_owned(),
            })
        })
        .collect();
    assert!(rooms.len() >= 9, "the table is there");
    rooms
}

/// The files of a room, of all rooms if it is empty, with their text.
fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let file = PathBuf::from(format!("src/{room}.rs"));
    if file.exists() {
        read(&file, &mut found);
    }
    read(&Path::new("src").join(room), &mut found);
    found
}

fn read(path: &Path, found: &mut Vec<(PathBuf, String)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a directory") {
            read(&entry.expect("an entry").path(), found);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = fs::read_to_string(path).expect("a source file");
        found.push((path.to_owned(), text));
    }
}

/// The rooms after `crate::`, in any of the ways to write it.
fn crate_imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (_, rest) in text
        .match_indices("crate::")
        .map(|(at, word)| (at, &text[at + word.len()..]))
    {
        match rest.strip_prefix('{') {
            None => found.push(first_word(rest)),
            Some(group) => {
                let mut depth = 1;
                let mut item = String::new();
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 1 => {
                            found.push(first_word(item.trim()));
                            item.clear();
                            continue;
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                    item.push(c);
                }
                found.push(first_word(item.trim()));
            }
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}
