//! Numbers, times and names as people read them, safe within an element or a quoted attribute.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::html::escape;
use super::Page;
use crate::model::{Zone, utc_text};

/// How times are told: in which zone, and what now is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    zone: Zone,
    now: DateTime<Utc>,
}

impl Words {
    pub(super) fn of(page: &Page) -> Self {
        Self::at(page.written_at, page.zone)
    }

    pub(super) fn at(now: DateTime<Utc>, zone: Zone) -> Self {
        Self { zone, now }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    pub(super) fn zone(&self) -> Zone {
        self.zone
    }

    /// `21 Nov 2026`, without markup.
    pub(super) fn day(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%-d %b %Y").to_string()
    }

    /// `Nov 2026`, without markup.
    pub(super) fn month(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%b %Y").to_string()
    }

    /// A `time` element that shows the day.
    pub(super) fn date(&self, at: DateTime<Utc>) -> String {
        format!(
            r#"<time datetime="{}">{}</time>"#,
            utc_text(at),
            self.day(at)
        )
    }

    /// A `time` element that shows day, hour and minute.
    pub(super) fn instant(&self, at: DateTime<Utc>) -> String {
        let shown = at.with_timezone(&self.zone).format("%-d %b %Y, %H:%M");
        format!(r#"<time datetime="{}">{shown}</time>"#, utc_text(at))
    }

    /// From when to when, as short as it can be said: one day, or `20 – 21 Nov 2026`.
    pub(super) fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        if self.day(from) == self.day(to) {
            return self.date(to);
        }
        let (a, b) = (from.with_timezone(&self.zone), to.with_timezone(&self.zone));
        let form = if a.format("%b %Y").to_string() == b.format("%b %Y").to_string() {
            "%-d"
        } else if a.format("%Y").to_string() == b.format("%Y").to_string() {
            "%-d %b"
        } else {
            "%-d %b %Y"
        };
        let (from, shown) = (utc_text(from), a.format(form));
        format!(
            r#"<time datetime="{from}">{shown}</time> – {}"#,
            self.date(to)
        )
    }

    /// How long until then: `3 days`.
    pub(super) fn left(&self, at: DateTime<Utc>) -> String {
        length(at - self.now)
    }

    /// How long ago.
    pub(super) fn age(&self, at: DateTime<Utc>) -> TimeDelta {
        self.now - at
    }
}

/// `5 minutes`, `3 hours`, `9 days`, `14 months`, rounded down.
pub(super) fn length(time: TimeDelta) -> String {
    match time {
        time if time < TimeDelta::hours(2) => counted(time.num_minutes().max(0), "minute"),
        time if time < TimeDelta::days(2) => counted(time.num_hours(), "hour"),
        time if time < TimeDelta::days(120) => counted(time.num_days(), "day"),
        time if time < TimeDelta::days(730) => counted(time.num_days() * 100 / 3044, "month"),
        time => counted(time.num_days() * 100 / 36_525, "year"),
    }
}

/// `1 wiki`, `1,000 wikis`.
pub(super) fn counted(count: impl TryInto<i64>, thing: &str) -> String {
    let count = count.try_into().unwrap_or(i64::MAX);
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", number(count))
}

/// `1,000`.
pub(super) fn number(count: impl TryInto<i64>) -> String {
    let digits = count.try_into().unwrap_or(i64::MAX).to_string();
    let mut grouped = String::with_capacity(digits.len() + 4);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0
            && digit != '-'
            && (digits.len() - at).is_multiple_of(3)
            && !grouped.ends_with('-')
        {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A name from a wiki: it keeps its direction to itself.
pub(super) fn name(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

/// Names after each other, at most so many, and how many more there are.
pub(super) fn names<'a>(all: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let left = all.len().saturating_sub(most);
    // Most wiki IDs are of letters that have one direction.
    let short = |text: &str| {
        if text.is_ascii() {
            escape(text)
        } else {
            name(text)
        }
    };
    let mut list: Vec<String> = all.take(most).map(short).collect();
    if left > 0 {
        list.push(format!("and {} more", number(left)));
    }
    list.join(", ")
}
