//! A report for programs: one row a line, with a column that names the section.

use super::Report;
use crate::{
    cli::history::private,
    findings::digest::Line,
    model::utc_text,
    report::{Cell, Column, ColumnKind, Listing},
};

pub(super) fn listing(report: &Report) -> Listing {
    let columns = vec![
        Column::new("section", "section", ColumnKind::Word),
        Column::new("user", "user", ColumnKind::Text),
        Column::new("event", "event", ColumnKind::Word),
        Column::new("kind", "kind", ColumnKind::Word),
        Column::new("name", "name", ColumnKind::Text),
        Column::new("change", "change", ColumnKind::Change),
        Column::new("before", "before", ColumnKind::Json),
        Column::new("after", "after", ColumnKind::Json),
        Column::new("count", "count", ColumnKind::Number),
        Column::new("wikis", "wikis", ColumnKind::Json),
        Column::new("happened_after", "happened after", ColumnKind::Time),
        Column::new("happened_by", "happened by", ColumnKind::Time),
        Column::new("cause", "cause", ColumnKind::Word),
        Column::new("performer", "performer", ColumnKind::Text),
        Column::new("comment", "comment", ColumnKind::Text),
    ];
    let mut listing = Listing::new("Report", columns, "No run yet.");
    let mut push = |row: Row| listing.push(row.cells(&report.user.name));
    for line in &report.lines {
        push(of_line(line.subject.as_str(), line));
    }
    for line in &report.explained {
        push(of_line("explained", line));
    }
    for one in &report.expiring {
        push(Row {
            kind: one.kind.as_str().into(),
            name: one.name.as_str().into(),
            after: serde_json::Value::from(utc_text(one.expires_at))
                .to_string()
                .into(),
            count: one.days_left.into(),
            wikis: wikis([&one.wiki]),
            happened_after: utc_text(one.seen_until).into(),
            happened_by: utc_text(one.expires_at).into(),
            ..Row::new("expiring", one.state.as_str())
        });
    }
    coverage(report, push);
    listing
}

fn of_line(section: &'static str, line: &Line) -> Row {
    Row {
        kind: line.kind.as_str().into(),
        name: line.name.as_str().into(),
        change: line.change().into(),
        before: private(&line.kind, &line.name, line.before.clone()),
        after: private(&line.kind, &line.name, line.after.clone()),
        count: i64::try_from(line.wikis.len()).unwrap_or(i64::MAX).into(),
        wikis: wikis(&line.wikis),
        happened_after: line.happened_after.clone().into(),
        happened_by: line.happened_by.as_str().into(),
        cause: line.cause.clone().into(),
        performer: line.performer.clone().into(),
        comment: line.comment.clone().into(),
        ..Row::new(section, line.event)
    }
}

/// What was read at all: the runs, the wikis, and those of which nothing is known.
fn coverage(report: &Report, mut push: impl FnMut(Row)) {
    let coverage = &report.coverage;
    for (event, count) in [
        ("runs finished", coverage.finished),
        ("wikis attached", coverage.accounts),
        ("wikis read", coverage.read),
    ] {
        push(Row {
            count: count.into(),
            happened_after: coverage.since.clone().into(),
            happened_by: coverage.until.clone().into(),
            ..Row::new("coverage", event)
        });
    }
    for row in &report.unread {
        push(Row {
            count: 1_i64.into(),
            wikis: wikis([&row.wiki]),
            happened_after: row.since.as_str().into(),
            comment: row.error.clone().into(),
            ..Row::new("coverage", "wiki not read")
        });
    }
    for row in &report.bad_runs {
        let event = match row.status.as_str() {
            "failed" => "runs failed",
            "running" => "runs under way",
            _ => "runs interrupted",
        };
        push(Row {
            count: row.runs.into(),
            happened_after: row.first_at.as_str().into(),
            happened_by: row.last_at.as_str().into(),
            comment: row.error.clone().into(),
            ..Row::new("coverage", event)
        });
    }
}

/// A JSON list, as text.
fn wikis<'a>(wikis: impl IntoIterator<Item = &'a String>) -> Cell {
    let wikis: Vec<&String> = wikis.into_iter().collect();
    serde_json::json!(wikis).to_string().into()
}

/// One row, its cells by name.
struct Row {
    section: &'static str,
    event: &'static str,
    kind: Cell,
    name: Cell,
    change: Cell,
    before: Cell,
    after: Cell,
    count: Cell,
    wikis: Cell,
    happened_after: Cell,
    happened_by: Cell,
    cause: Cell,
    performer: Cell,
    comment: Cell,
}

impl Row {
    fn new(section: &'static str, event: &'static str) -> Self {
        Self {
            section,
            event,
            kind: Cell::Null,
            name: Cell::Null,
            change: Cell::Null,
            before: Cell::Null,
            after: Cell::Null,
            count: Cell::Null,
            wikis: Cell::Null,
            happened_after: Cell::Null,
            happened_by: Cell::Null,
            cause: Cell::Null,
            performer: Cell::Null,
            comment: Cell::Null,
        }
    }

    fn cells(self, user: &str) -> Vec<Cell> {
        vec![
            self.section.into(),
            user.into(),
            self.event.into(),
            self.kind,
            self.name,
            self.change,
            self.before,
            self.after,
            self.count,
            self.wikis,
            self.happened_after,
            self.happened_by,
            self.cause,
            self.performer,
            self.comment,
        ]
    }
}
