//! Changes and runs along time: four lanes of bars, and the same as a table.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::words::{Words, counted, number};
use super::{Axis, Page, strip};

/// How many changes of each sort a run found, and how it went.
#[derive(Clone, Copy, Debug)]
pub struct RunMark {
    /// When it began.
    pub at: DateTime<Utc>,
    /// How it went.
    pub result: RunResult,
    /// Changes of the account itself: name, e-mail, lock, blocks.
    pub account: usize,
    /// Changes of groups, local and global.
    pub rights: usize,
    /// Changes of preferences, by the user as far as is known.
    pub preferences: usize,
    /// Changes of preferences that came with the software or with a wiki's default.
    pub defaults: usize,
}

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunResult {
    /// It read all it was to read.
    Complete,
    /// Some wikis could not be read.
    Partial,
    /// It failed, or was cut short.
    Failed,
}

/// The runs, in any order, and how time is cut.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The buckets of everything on the page that goes along time.
    pub axis: Axis,
    /// The runs.
    pub runs: Vec<RunMark>,
}

/// What happened in one bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    account: usize,
    rights: usize,
    preferences: usize,
    defaults: usize,
    complete: usize,
    partial: usize,
    failed: usize,
}

/// A lane: what it says, its class, what it shows of a bucket.
type Lane = (&'static str, &'static str, fn(&Bucket) -> usize);

const LANES: [Lane; 4] = [
    (
        "Account: name, e-mail, locks, blocks",
        "account",
        |bucket| bucket.account,
    ),
    ("Rights", "right", |bucket| bucket.rights),
    ("Preferences", "preference", |bucket| bucket.preferences),
    (
        "Preferences, by new defaults or software",
        "standard",
        |bucket| bucket.defaults,
    ),
];

const LANE_HEIGHT: f64 = 36.0;

pub(super) fn write(out: &mut dyn Write, page: &Page) -> io::Result<()> {
    let axis = &page.timeline.axis;
    let buckets = buckets(&page.timeline);
    let runs = page.timeline.runs.len();
    if runs == 0 {
        return writeln!(out, r#"<p class="note">There is no run yet.</p>"#);
    }
    let unit = axis.unit();
    writeln!(
        out,
        r#"<p class="note">Found by {}, a bar a {unit}. Each lane has its own scale, and heights are logarithmic: twice as high is far more than twice as many.</p>"#,
        counted(runs, "run")
    )?;
    writeln!(out, "<figure>")?;
    writeln!(out, "{}", strip::labels(axis, 20))?;
    for (title, class, count) in LANES {
        write_lane(out, axis, &buckets, (title, class, count))?;
    }
    write_runs(out, axis, &buckets)?;
    writeln!(
        out,
        "<figcaption>Runs: a low grey mark read all wikis, a middle one not all, a high one none. Where there is no mark there was no run.</figcaption>"
    )?;
    writeln!(out, "</figure>")?;
    write_table(out, axis, &buckets, Words::of(page))
}

fn buckets(timeline: &Timeline) -> Vec<Bucket> {
    let mut buckets = vec![Bucket::default(); timeline.axis.len()];
    for run in &timeline.runs {
        let Some(at) = timeline.axis.bucket_of(run.at) else {
            continue;
        };
        let bucket = &mut buckets[at];
        bucket.account += run.account;
        bucket.rights += run.rights;
        bucket.preferences += run.preferences;
        bucket.defaults += run.defaults;
        match run.result {
            RunResult::Complete => bucket.complete += 1,
            RunResult::Partial => bucket.partial += 1,
            RunResult::Failed => bucket.failed += 1,
        }
    }
    buckets
}

#[expect(clippy::cast_precision_loss, reason = "a height of pixels")]
fn write_lane(
    out: &mut dyn Write,
    axis: &Axis,
    buckets: &[Bucket],
    (title, class, count): Lane,
) -> io::Result<()> {
    let most = buckets.iter().map(count).max().unwrap_or_default();
    let sum: usize = buckets.iter().map(count).sum();
    let unit = axis.unit();
    let said = match most {
        0 => "none".to_owned(),
        most => format!("{} in all, at most {} a {unit}", number(sum), number(most)),
    };
    writeln!(
        out,
        r#"<p class="lane"><b>{title}</b> <span>{said}</span></p>"#
    )?;
    open(out, axis, class, &format!("{title}: {said}"), LANE_HEIGHT)?;
    for (at, bucket) in buckets.iter().enumerate() {
        let count = count(bucket);
        if count > 0 {
            let share = (1.0 + count as f64).ln() / (1.0 + most as f64).ln();
            let height = (share * LANE_HEIGHT).max(3.0);
            bar(out, axis, at, class, height, LANE_HEIGHT)?;
        }
    }
    close(out, LANE_HEIGHT)
}

fn write_runs(out: &mut dyn Write, axis: &Axis, buckets: &[Bucket]) -> io::Result<()> {
    let of = |count: fn(&Bucket) -> usize| buckets.iter().map(count).sum::<usize>();
    let said = format!(
        "{} read all wikis, {} not all, {} failed",
        number(of(|bucket| bucket.complete)),
        number(of(|bucket| bucket.partial)),
        number(of(|bucket| bucket.failed))
    );
    writeln!(
        out,
        r#"<p class="lane"><b>Runs</b> <span>{said}</span></p>"#
    )?;
    open(out, axis, "runs", &format!("Runs: {said}"), 18.0)?;
    for (at, bucket) in buckets.iter().enumerate() {
        if bucket.complete > 0 {
            bar(out, axis, at, "good", 4.0, 18.0)?;
        }
        if bucket.partial > 0 {
            bar(out, axis, at, "partly", 10.0, 18.0)?;
        }
        if bucket.failed > 0 {
            bar(out, axis, at, "bad", 18.0, 18.0)?;
        }
    }
    close(out, 18.0)
}

fn open(out: &mut dyn Write, axis: &Axis, id: &str, title: &str, height: f64) -> io::Result<()> {
    let (buckets, unit) = (axis.len(), axis.unit());
    writeln!(
        out,
        r#"<svg height="{height}" role="img" aria-labelledby="{id}-title {id}-desc"><title id="{id}-title">{title}</title><desc id="{id}-desc">{}, from left to right. The table below says the same.</desc>"#,
        counted(buckets, unit)
    )?;
    for (bucket, _) in axis.labels() {
        let x = axis.percent(bucket);
        write!(
            out,
            r#"<line class="grid" x1="{x:.2}%" x2="{x:.2}%" y1="0" y2="{height}"/>"#
        )?;
    }
    Ok(())
}

fn close(out: &mut dyn Write, height: f64) -> io::Result<()> {
    writeln!(
        out,
        r#"<line class="grid" x1="0" x2="100%" y1="{height}" y2="{height}"/></svg>"#
    )
}

/// A bar of a height at the bottom of a lane, with a little air on its right.
fn bar(
    out: &mut dyn Write,
    axis: &Axis,
    bucket: usize,
    class: &str,
    height: f64,
    lane: f64,
) -> io::Result<()> {
    let (x, y) = (axis.percent(bucket), lane - height);
    let width = (axis.percent(bucket + 1) - x) * 0.82;
    write!(
        out,
        r#"<rect class="{class}" x="{x:.2}%" y="{y:.1}" width="{width:.2}%" height="{height:.1}"/>"#
    )
}

fn write_table(
    out: &mut dyn Write,
    axis: &Axis,
    buckets: &[Bucket],
    words: Words,
) -> io::Result<()> {
    let unit = axis.unit();
    writeln!(
        out,
        r#"<details><summary>The same as a table</summary>
<div class="scroll" role="region" aria-label="Changes and runs as a table" tabindex="0">
<table><caption>Changes and runs a {unit}, the latest first; a {unit} without any is left out</caption>
<thead><tr><th scope="col">{unit} of</th><th scope="col" class="number">account</th><th scope="col" class="number">rights</th><th scope="col" class="number">preferences</th><th scope="col" class="number">defaults, software</th><th scope="col" class="number">runs: all read</th><th scope="col" class="number">not all</th><th scope="col" class="number">failed</th></tr></thead>
<tbody>"#
    )?;
    for (at, bucket) in buckets.iter().enumerate().rev() {
        let cells = [
            bucket.account,
            bucket.rights,
            bucket.preferences,
            bucket.defaults,
            bucket.complete,
            bucket.partial,
            bucket.failed,
        ];
        if cells.iter().all(|count| *count == 0) {
            continue;
        }
        write!(
            out,
            r#"<tr><th scope="row" class="when">{}</th>"#,
            axis.name(at, &words)
        )?;
        for count in cells {
            let shown = if count == 0 {
                "–".to_owned()
            } else {
                number(count)
            };
            write!(out, r#"<td class="number">{shown}</td>"#)?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div></details>")
}
