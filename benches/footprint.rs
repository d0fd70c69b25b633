//! How much a run costs: requests, time, processor, memory, bytes in the database.
//!
//! `cargo bench --bench footprint` — 1,000 wikis of about 300 preferences, a first run and eleven
//! unchanged ones; then how many bytes of the file an unchanged look takes. The farm runs in this
//! process, sultrail in its own.

#[path = "../tests/it/farm/mod.rs"]
mod farm;
#[path = "../tests/it/scene.rs"]
#[expect(dead_code, reason = "only its way to ask SQLite is needed")]
mod scene;

use std::{
    fs,
    io::{self, Write, stdout},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use farm::{ALICE, Farm, FarmOptions, Recording};
use scene::ask_sqlite;

const WIKIS: usize = 1_000;
const UNCHANGED_RUNS: usize = 11;

/// The pages of the table of looks, in bytes and for each of its rows.
const LOOKS: &str = "with looks as (
        select (select sum(pgsize) from dbstat where name = 'snapshot') as bytes,
            (select count(*) from snapshot) as rows
    )
    select format('%.1f', 1.0 * bytes / rows), bytes, rows from looks";

/// What one run took.
struct Cost {
    wall: Duration,
    /// Processor time, in hundredths of a second.
    ticks: u64,
    peak_kib: u64,
}

fn main() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let farm = Farm::start(FarmOptions {
        recording: Recording::Counts,
        ..FarmOptions::wikis(WIKIS)
    });
    configure(&farm, directory.path())?;
    let database = directory.path().join("sultrail.db");
    let mut before = 0;
    let mut out = stdout();
    writeln!(
        out,
        "run        requests  wall s  cpu s  peak MiB  database bytes     growth"
    )?;
    for run in 0..=UNCHANGED_RUNS {
        farm.reset_counts();
        let cost = snapshot(directory.path())?;
        let size = fs::metadata(&database)?.len();
        let name = if run == 0 { "first" } else { "unchanged" };
        writeln!(
            out,
            "{name:<10} {:>8}  {:>6.2}  {:>5.2}  {:>8.1}  {size:>14}  {:>9}",
            farm.requests(),
            cost.wall.as_secs_f64(),
            Duration::from_millis(cost.ticks * 10).as_secs_f64(),
            f64::from(u32::try_from(cost.peak_kib).unwrap_or(u32::MAX)) / 1024.0,
            size - before,
        )?;
        before = size;
    }
    for look in ask_sqlite(&database, LOOKS, true) {
        writeln!(
            out,
            "a look: {} bytes ({} of {})",
            look[0], look[1], look[2]
        )?;
    }
    Ok(())
}

fn snapshot(directory: &Path) -> io::Result<Cost> {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sultrail"))
        .args([
            "--config",
            "config.toml",
            "--database",
            "sultrail.db",
            "--quiet",
            "snapshot",
        ])
        .current_dir(directory)
        .stdin(Stdio::null())
        .spawn()?;
    let (ticks, peak_kib) = watch(&mut child)?;
    let wall = started.elapsed();
    assert!(child.wait()?.success(), "the run was complete");
    Ok(Cost {
        wall,
        ticks,
        peak_kib,
    })
}

/// Looks at a process until it ends: both figures only grow, so the last look is right to within
/// its distance from the end.
fn watch(child: &mut Child) -> io::Result<(u64, u64)> {
    let (mut ticks, mut peak_kib) = (0, 0);
    while child.try_wait()?.is_none() {
        let process = format!("/proc/{}", child.id());
        if let Ok(stat) = fs::read_to_string(format!("{process}/stat")) {
            // Behind the name in brackets: utime and stime are the 12th and 13th.
            let fields = stat
                .rsplit(')')
                .next()
                .unwrap_or_default()
                .split_whitespace();
            let now: u64 = fields
                .skip(11)
                .take(2)
                .filter_map(|field| field.parse::<u64>().ok())
                .sum();
            ticks = ticks.max(now);
        }
        if let Ok(status) = fs::read_to_string(format!("{process}/status")) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            peak_kib = kib.unwrap_or(peak_kib).max(peak_kib);
        }
        sleep(Duration::from_millis(5));
    }
    Ok((ticks, peak_kib))
}

fn configure(farm: &Farm, directory: &Path) -> io::Result<()> {
    let text = format!(
        r#"contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"
[farm]
central_api = "{}"
hosts = ["{}"]
insecure_http = true
[pace]
requests_per_minute = 60000
[[user]]
name = "{ALICE}"
auth = "oauth2"
credential_file = "alice.token"
"#,
        farm.central_api(),
        farm.hosts()
    );
    for (name, text) in [
        ("config.toml", text.as_str()),
        ("alice.token", farm.token()),
    ] {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options
            .open(directory.join(name))?
            .write_all(text.as_bytes())?;
    }
    Ok(())
}
