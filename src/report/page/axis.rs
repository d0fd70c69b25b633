//! Time cut into buckets: days, weeks or months, whichever fit on a page.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};

use super::words::Words;
use crate::model::Zone;

/// At most so many days are shown as days, and so many as weeks; beyond, there are months.
const DAYS: i64 = 92;
const WEEKS: i64 = 7 * 209;

/// A history older than this is cut; a run of 1970 is a wrong clock.
const OLDEST: TimeDelta = TimeDelta::days(366 * 60);

/// How long a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
}

/// A row of buckets without gaps, at least one.
#[derive(Clone, Debug)]
pub struct Axis {
    /// When each bucket begins.
    starts: Vec<DateTime<Utc>>,
    unit: Unit,
    zone: Zone,
}

impl Axis {
    /// The buckets from the one that holds `first` to the one that holds `last`. They begin at midnight
    /// in `zone`, weeks on Monday.
    pub fn over(first: DateTime<Utc>, last: DateTime<Utc>, zone: Zone) -> Self {
        let first = first.clamp(last - OLDEST, last);
        let unit = match (last - first).num_days() {
            days if days <= DAYS => Unit::Day,
            days if days <= WEEKS => Unit::Week,
            _ => Unit::Month,
        };
        let date = first.with_timezone(&zone).date_naive();
        let mut next = match unit {
            Unit::Day => Some(date),
            Unit::Week => {
                date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday())))
            }
            Unit::Month => date.with_day(1),
        };
        let mut starts = Vec::new();
        while let Some(date) = next {
            let start = midnight(date, zone);
            if start > last {
                break;
            }
            starts.push(start);
            next = match unit {
                Unit::Day => date.checked_add_days(Days::new(1)),
                Unit::Week => date.checked_add_days(Days::new(7)),
                Unit::Month => date.checked_add_months(Months::new(1)),
            };
        }
        if starts.is_empty() {
            starts.push(first);
        }
        Self { starts, unit, zone }
    }

    /// How many buckets there are, at least one.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// The bucket that holds an instant. What comes later belongs to the last one; `None`: it is earlier
    /// than the first one.
    pub fn bucket_of(&self, at: DateTime<Utc>) -> Option<usize> {
        self.starts
            .partition_point(|start| *start <= at)
            .checked_sub(1)
    }

    /// Where a bucket begins, in hundredths of the width.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred buckets")]
    pub(super) fn percent(&self, bucket: usize) -> f64 {
        bucket as f64 * 100.0 / self.len() as f64
    }

    /// `day`, `week` or `month`.
    pub(super) fn unit(&self) -> &'static str {
        match self.unit {
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
        }
    }

    /// The name of a bucket, such as `16 Nov 2026` or, for a month, `Nov 2026`.
    pub(super) fn name(&self, bucket: usize, words: &Words) -> String {
        match self.unit {
            Unit::Month => words.month(self.starts[bucket]),
            Unit::Day | Unit::Week => words.day(self.starts[bucket]),
        }
    }

    /// At most six buckets to be labelled, and what the labels say.
    pub(super) fn labels(&self) -> Vec<(usize, String)> {
        let dates: Vec<NaiveDate> = self
            .starts
            .iter()
            .map(|start| start.with_timezone(&self.zone).date_naive())
            .collect();
        let months: Vec<usize> = (0..dates.len())
            .filter(|at| match at.checked_sub(1) {
                None => dates[0].day() == 1,
                Some(before) => dates[*at].month() != dates[before].month(),
            })
            .collect();
        if months.len() < 3 {
            let step = dates.len().div_ceil(6).max(1);
            let step = if step > 3 { 7 } else { step };
            return (0..dates.len())
                .step_by(step)
                .take(6)
                .map(|at| (at, dates[at].format("%-d %b").to_string()))
                .collect();
        }
        let step = [1, 2, 3, 6, 12, 24, 60, 120]
            .into_iter()
            .find(|step| months.len() <= 6 * *step)
            .unwrap_or(240);
        months
            .into_iter()
            .filter(|at| {
                let year = usize::try_from(dates[*at].year()).unwrap_or_default();
                let month = year * 12 + dates[*at].month0() as usize;
                month.is_multiple_of(step)
            })
            .map(|at| (at, dates[at].format("%b %Y").to_string()))
            .collect()
    }
}

/// The first instant of a day.
fn midnight(date: NaiveDate, zone: Zone) -> DateTime<Utc> {
    zone.first_instant(date.and_time(chrono::NaiveTime::MIN))
}
