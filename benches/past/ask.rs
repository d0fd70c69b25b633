//! Questions, asked as users ask them: through the program, from its start to its last line, and through plain SQL on
//! the public views.

use std::{
    fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};

/// Each question is asked so often; the figures are medians.
const TIMES: usize = 5;
/// No answer may take more memory.
const MOST_MIB: f64 = 100.0;

/// A question, and how long the answer may take.
struct Question {
    name: &'static str,
    milliseconds: u64,
    arguments: &'static [&'static str],
}

const fn question(
    name: &'static str,
    milliseconds: u64,
    arguments: &'static [&'static str],
) -> Question {
    Question {
        name,
        milliseconds,
        arguments,
    }
}

/// The history begins in November 2023; half of it is over in May 2025.
const THEN: &str = "2025-05-20";

const QUESTIONS: [Question; 16] = [
    question(
        "preferences of one wiki then",
        10,
        &["prefs", "--wiki", "dewiki", "--at", THEN],
    ),
    question(
        "everything of one wiki, ever",
        1_000,
        &["history", "--wiki", "dewiki"],
    ),
    question(
        "preferences of all wikis then",
        300,
        &["prefs", "--at", THEN],
    ),
    question("preferences of all wikis now", 300, &["prefs"]),
    question("groups of all wikis then", 300, &["groups", "--at", THEN]),
    question("accounts then", 300, &["accounts", "--at", THEN]),
    question(
        "changes of the first month",
        50,
        &["diff", "1", "31", "--counters"],
    ),
    question(
        "changes of a month",
        50,
        &["diff", "2025-05-01", "2025-06-01", "--counters"],
    ),
    question(
        "changes of the last month",
        50,
        &["diff", "31d", "--counters"],
    ),
    question("changes of last night", 1_000, &["diff"]),
    question(
        "changes of all three years",
        1_000,
        &["diff", "1", "latest"],
    ),
    question(
        "one property, on all wikis",
        1_000,
        &["history", "--name", "skin"],
    ),
    question("groups, ever", 1_000, &["history", "--kind", "group"]),
    question("report", 1_000, &["report", "--since", "31d"]),
    question("drift", 1_000, &["drift"]),
    question(
        "page",
        3_000,
        &["report", "--since", "31d", "--format", "html"],
    ),
];

/// The same for those who ask by `sqlite3`.
const SQL: [Question; 6] = [
    question(
        "preferences of one wiki then",
        10,
        &["select name, value from preferences where wiki = 'dewiki' \
         and valid_from <= '2025-05-20' and (valid_to is null or valid_to > '2025-05-20')"],
    ),
    question(
        "history of one wiki",
        100,
        &["select * from history where wiki = 'dewiki'"],
    ),
    question(
        "preferences of all wikis then",
        300,
        &["select wiki, name, value from preferences \
         where valid_from <= '2025-05-20' and (valid_to is null or valid_to > '2025-05-20')"],
    ),
    question(
        "changes of a month, by run",
        50,
        &["select * from changes where run > 526 and run <= 557"],
    ),
    question(
        "changes of a month, by time",
        50,
        &["select * from changes where happened_by >= '2025-05-01' and happened_by < '2025-06-01'"],
    ),
    question(
        "groups now",
        50,
        &["select * from groups where valid_to is null"],
    ),
];

/// What an answer took.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    peak_mib: f64,
    lines: usize,
}

/// Asks all questions of the file.
pub(crate) async fn ask(file: &Path) -> Result<()> {
    let start = median(|| program(file, &["--version"]))?.wall;
    println!(
        "\n{}; median of {TIMES}; the program alone takes {:.1} ms to start",
        machine(),
        ms(start)
    );
    println!("\nThrough the program, with --format csv:\n");
    println!("| question | lines | ms | of its start | MiB | at most ms |");
    println!("|---|--:|--:|--:|--:|--:|");
    for question in &QUESTIONS {
        let help = program(file, &[question.arguments[0], "--help"]);
        if help.is_err() {
            println!(
                "| {} | | not there yet | | | {} |",
                question.name, question.milliseconds
            );
            continue;
        }
        let mut arguments = question.arguments.to_vec();
        if !arguments.contains(&"--format") && question.name != "report" {
            arguments.extend(["--format", "csv"]);
        }
        let cost = median(|| program(file, &arguments))?;
        print(question, cost, start);
    }
    println!("\nThrough SQL on the views, all rows fetched:\n");
    println!("| question | lines | ms | of its start | MiB | at most ms |");
    println!("|---|--:|--:|--:|--:|--:|");
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    for question in &SQL {
        let mut costs = Vec::new();
        for _ in 0..=TIMES {
            let mut connection = SqliteConnection::connect_with(&options).await?;
            let started = Instant::now();
            // Counted inside, every column made: row by row would measure the driver.
            let counted = format!(
                "with answer as materialized ({}) select count(*) from answer",
                question.arguments[0]
            );
            let rows = sqlx::query(sqlx::AssertSqlSafe(counted))
                .fetch_one(&mut connection)
                .await?;
            let lines: i64 = rows.get(0);
            let wall = started.elapsed();
            costs.push(Cost {
                wall,
                peak_mib: 0.0,
                lines: usize::try_from(lines)?,
            });
        }
        costs.remove(0);
        costs.sort_by_key(|cost| cost.wall);
        print(question, costs[TIMES / 2], start);
    }
    Ok(())
}

fn print(question: &Question, cost: Cost, start: Duration) {
    let limit = question.milliseconds;
    let is_over = cost.wall > Duration::from_millis(limit) || cost.peak_mib > MOST_MIB;
    println!(
        "| {} | {} | {:.1} | {:.1} | {:.1} | {limit}{} |",
        question.name,
        cost.lines,
        ms(cost.wall),
        cost.wall.as_secs_f64() / start.as_secs_f64(),
        cost.peak_mib,
        if is_over { " **over**" } else { "" }
    );
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn median(mut ask: impl FnMut() -> Result<Cost>) -> Result<Cost> {
    ask()?;
    let mut costs = (0..TIMES).map(|_| ask()).collect::<Result<Vec<_>>>()?;
    costs.sort_by_key(|cost| cost.wall);
    let peak_mib = costs.iter().map(|cost| cost.peak_mib).fold(0.0, f64::max);
    Ok(Cost {
        peak_mib,
        ..costs[TIMES / 2]
    })
}

/// Starts the program and reads all it says.
fn program(file: &Path, arguments: &[&str]) -> Result<Cost> {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sultrail"))
        .arg("--database")
        .arg(file)
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut out = child.stdout.take().context("standard output")?;
    let status = format!("/proc/{}/status", child.id());
    let watch = std::thread::spawn(move || peak(&status));
    let mut text = Vec::new();
    out.read_to_end(&mut text)?;
    let code = child.wait()?;
    let wall = started.elapsed();
    let peak_mib = watch.join().unwrap_or_default();
    ensure!(code.success(), "{arguments:?}: {code}");
    let lines = String::from_utf8_lossy(&text).lines().count();
    Ok(Cost {
        wall,
        peak_mib,
        lines,
    })
}

/// The most memory that a process has held; it is looked at each millisecond until it ends.
fn peak(status: &str) -> f64 {
    let mut peak = 0.0;
    while let Ok(status) = fs::read_to_string(status) {
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let Some(kib) = line.and_then(|line| line.split_whitespace().next()?.parse::<u32>().ok())
        else {
            break;
        };
        peak = f64::from(kib) / 1024.0;
        sleep(Duration::from_millis(1));
    }
    peak
}

fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{model}, {cores} cores")
}
