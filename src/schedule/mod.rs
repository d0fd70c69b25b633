//! Cron expression and time zone in, next tick out. Pure.
//!
//! The crate `cron` searches the calendar; it knows no time zone here, only wall-clock time. What an
//! expression means (`fields`) and what daylight-saving time does to it (this file) is ours.
//!
//! A **tick** is an instant that the schedule names. Where clocks are put forward or back:
//!
//! - A schedule that names only some hours (`17 3 * * *`, `@daily`, `0 */6 * * *`) goes by the
//!   **wall clock**: a tick in the hour that is left out comes at once after it, one for all that
//!   were in it; in the hour that comes twice it counts the first time only. So a nightly run is
//!   neither skipped nor doubled.
//! - A schedule that names all hours (`17 * * * *`, `@hourly`, `*/5 * * * *`) goes by **real time**:
//!   it ticks in both of the hours that look alike, and has nothing to make up for in the hour that
//!   never was.
//!
//! Cron of Debian does the same, but tells the kinds apart by whether the hour or the minute begins
//! with `*`; there, `*/20 2 * * *` is skipped once a year.

mod fields;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};

use crate::model::Zone;
use fields::Fields;

/// When something is to be done, again and again, in one time zone.
///
/// Read from a line of `crontab` (minute, hour, day of the month, month, day of the week), from one
/// with seconds in front and perhaps the year at the end, or from a word such as `@daily`:
///
/// | written as | weekdays | day of the month **and** of the week given |
/// |---|---|---|
/// | five fields | 0–7, 0 and 7 are Sunday | either is enough, as in crontab(5) |
/// | six or seven fields | 1–7, 1 is Sunday, as in the crate `cron` and in Quartz | both must hold |
///
/// Names (`mon`, `Monday`, `jan`) mean the same everywhere. Ticks end with the year 2100.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    text: String,
    zone: Zone,
    /// A tick is what any of these names.
    calendars: Vec<cron::Schedule>,
    by_real_time: bool,
}

impl Schedule {
    /// Reads a schedule. The error says which field is wrong and what is allowed there.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, ParseScheduleError> {
        let wrong = |reason| ParseScheduleError {
            text: text.to_owned(),
            reason,
        };
        let fields = Fields::parse(text).map_err(wrong)?;
        let calendars: Result<_, _> = fields.expressions.iter().map(|e| e.parse()).collect();
        let schedule = Self {
            text: text.trim().to_owned(),
            zone,
            calendars: calendars.map_err(|error: cron::error::Error| wrong(error.to_string()))?,
            by_real_time: fields.every_hour,
        };
        if schedule.next_local(NaiveDateTime::MIN).is_none() {
            return Err(wrong("there is no such day in any year".to_owned()));
        }
        Ok(schedule)
    }

    /// The first tick later than this instant; `None` if there is none any more.
    pub fn next_after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.by_real_time {
            self.next_by_real_time(instant)
        } else {
            self.next_by_wall_clock(instant)
        }
    }

    /// The last tick that is not later than this instant; `None` if there was none.
    pub fn last_until(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Looks back twice as far each time, so that it never passes many ticks on its way.
        let mut back = TimeDelta::minutes(1);
        let first = loop {
            let tick = self.next_after(instant - back);
            if let Some(tick) = tick.filter(|tick| *tick <= instant) {
                break tick;
            }
            back = back * 2;
            if back > TimeDelta::days(400 * 366) {
                return None;
            }
        };
        let ticks = std::iter::successors(Some(first), |tick| self.next_after(*tick));
        ticks.take_while(|tick| *tick <= instant).last()
    }

    /// The zone whose wall clock the schedule goes by.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Each local time is taken for one instant, and later ones for no earlier instant.
    fn next_by_wall_clock(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut local = self.local(instant);
        loop {
            local = self.next_local(local)?;
            // In the second of two like hours, the first times found are over.
            let tick = self.zone.first_instant(local);
            if tick > instant {
                return Some(tick);
            }
        }
    }

    fn next_by_real_time(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut seen = instant;
        let mut local = self.local(instant);
        let mut offset = self.offset(instant);
        loop {
            let next = self.next_local(local)?;
            let tick = (next - offset).and_utc();
            // At most a day at a time, so that no change of the offset goes unseen.
            let horizon = tick.min(seen + TimeDelta::days(1));
            if self.offset(horizon) != offset {
                let change = self.first_instant_of_another_offset(seen, horizon);
                seen = change - TimeDelta::seconds(1);
                offset = self.offset(change);
                local = seen.naive_utc() + offset;
            } else if horizon == tick {
                return Some(tick);
            } else {
                seen = horizon;
                local = self.local(horizon);
            }
        }
    }

    /// The first local time later than this one that the fields name.
    fn next_local(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        // What the crate can count from.
        let first = DateTime::UNIX_EPOCH - TimeDelta::seconds(1);
        let local = local.max(first.naive_utc());
        if local.year() > 2100 {
            return None;
        }
        let nexts = self.calendars.iter();
        let nexts = nexts.filter_map(|calendar| calendar.after(&local.and_utc()).next());
        nexts.min().map(|next| next.naive_utc())
    }

    fn first_instant_of_another_offset(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let offset = self.offset(from);
        let (mut same, mut other) = (from.timestamp(), until.timestamp());
        while other - same > 1 {
            let middle = same + (other - same) / 2;
            match DateTime::from_timestamp(middle, 0) {
                Some(instant) if self.offset(instant) == offset => same = middle,
                _ => other = middle,
            }
        }
        DateTime::from_timestamp(other, 0).unwrap_or(until)
    }

    fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        instant.with_timezone(&self.zone).naive_local()
    }

    fn offset(&self, instant: DateTime<Utc>) -> chrono::FixedOffset {
        let offset = self.zone.offset_from_utc_datetime(&instant.naive_utc());
        offset.fix()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a schedule: {reason}")]
pub struct ParseScheduleError {
    text: String,
    reason: String,
}
