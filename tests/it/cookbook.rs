//! The questions of `docs/database.md` and their answers on the database of the demo. Both are asked here and, where
//! there is one, of the `sqlite3` of this machine; so neither the SQL nor the answers rot.
//!
//! `UPDATE_DOCS=1 cargo test --test it cookbook` writes the answers of today into the page.

#[path = "../../examples/demo/story.rs"]
mod story;

use std::{fs, path::Path, process::Command};

use sqlx::{
    AssertSqlSafe, Column, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions,
};
use story::{Demo, NIGHTS};

const PAGE: &str = "docs/database.md";

#[test]
fn the_cookbook_answers_what_it_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let demo = Demo::new(directory.path()).expect("a demo");
    for night in 1..=NIGHTS {
        demo.live_through(night);
        assert_eq!(demo.sultrail(&["snapshot", "--quiet"]), 0, "night {night}");
    }
    let page = fs::read_to_string(PAGE).expect("the page");
    let mut fresh = page.clone();
    let (mut asked, mut answered) = (0, 0);
    for recipe in recipes(&page) {
        let rows = ask(&demo.database, recipe.question);
        let answer = drawn(&rows);
        asked += 1;
        answered += usize::from(rows.len() > 1);
        fresh = fresh.replace(recipe.whole, &recipe.with(&answer));
        if let Some(plain) = ask_sqlite3(&demo.database, recipe.question) {
            assert_eq!(plain, answer, "what sqlite3 says of {}", recipe.question);
        }
    }
    assert!(asked >= 20, "the test reads questions: {asked}");
    assert_eq!(asked, answered, "each question has an answer in the demo");
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the test asks for it"
    )]
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, fresh).expect("a page that can be written");
    } else {
        assert_eq!(
            page, fresh,
            "{PAGE} is stale: UPDATE_DOCS=1 cargo test --test it cookbook"
        );
    }
}

/// A question of the page with the answer below it.
struct Recipe<'a> {
    whole: &'a str,
    question: &'a str,
}

impl Recipe<'_> {
    fn with(&self, answer: &str) -> String {
        format!("```sql\n{}\n```\n\n```text\n{answer}```", self.question)
    }
}

fn recipes(page: &str) -> Vec<Recipe<'_>> {
    let starts = page
        .match_indices("```sql\n")
        .map(|(start, _)| &page[start..]);
    let recipe = |text: &'_ str| -> Option<(usize, usize)> {
        let question = text.find("\n```\n\n```text\n")?;
        let end = text[question + 14..].find("```")? + question + 17;
        Some((question, end))
    };
    starts
        .filter_map(|text| {
            let (question, end) = recipe(text)?;
            Some(Recipe {
                whole: &text[..end],
                question: &text[7..question],
            })
        })
        .collect()
}

/// The header and the rows, every value as text and null as "".
fn ask(database: &Path, question: &str) -> Vec<Vec<String>> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let rows = runtime.expect("a runtime").block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::query(AssertSqlSafe(question.to_owned()))
            .fetch_all(&mut connection)
            .await
    });
    let rows = rows.unwrap_or_else(|error| panic!("{question}: {error}"));
    let header = rows.first().map(|row| {
        let names = row.columns().iter().map(|column| column.name().to_owned());
        names.collect()
    });
    let text = |row: &sqlx::sqlite::SqliteRow, at| {
        let text = row.try_get_unchecked::<Option<String>, _>(at);
        text.expect("text").unwrap_or_default()
    };
    let values = rows
        .iter()
        .map(|row| (0..row.len()).map(|at| text(row, at)).collect());
    header.into_iter().chain(values).collect()
}

/// As `sqlite3 -box` draws it.
fn drawn(rows: &[Vec<String>]) -> String {
    let Some((header, rows)) = rows.split_first() else {
        return String::new();
    };
    let length = |text: &String| text.chars().count();
    let widths: Vec<usize> = (0..header.len())
        .map(|at| {
            rows.iter()
                .chain([header])
                .map(|row| length(&row[at]))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let rule = |left, middle, right| {
        let lines: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
        format!("{left}{}{right}\n", lines.join(middle))
    };
    let cells = |cells: Vec<String>| format!("│ {} │\n", cells.join(" │ "));
    let centred = header.iter().zip(&widths).map(|(name, &width)| {
        let before = (width - length(name)) / 2;
        format!(
            "{}{name}{}",
            " ".repeat(before),
            " ".repeat(width - length(name) - before)
        )
    });
    let mut text = rule("┌", "┬", "┐") + &cells(centred.collect()) + &rule("├", "┼", "┤");
    for row in rows {
        let padded = row.iter().zip(&widths);
        let padded = padded.map(|(value, &width)| format!("{value:<width$}"));
        text += &cells(padded.collect());
    }
    text + &rule("└", "┴", "┘")
}

/// The same from the `sqlite3` of this machine; `None` where there is none, or one that draws in another way.
fn ask_sqlite3(database: &Path, question: &str) -> Option<String> {
    let version = Command::new("sqlite3").arg("--version").output().ok()?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    if !version.starts_with("3.40.") {
        return None;
    }
    let output = Command::new("sqlite3")
        .arg("-box")
        .arg(database)
        .arg(question)
        .output()
        .ok()?;
    assert!(
        output.status.success(),
        "{question}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).ok()
}
