//! A point in time as users write it.

use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta, Timelike, Utc};

/// A point in time: by run, or by clock.
///
/// Written as a run number (`42`), `latest`, `latest~N`, a date `2026-11-21` (its first instant,
/// UTC), an RFC 3339 instant, `now`, or an age (`90m`, `36h`, `7d`, `2w`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Right after this run.
    Run(i64),
    /// Right after the run so many runs before the newest one.
    Latest(u32),
    /// At this instant.
    At(DateTime<Utc>),
    /// So long before now.
    Ago(TimeDelta),
}

impl Moment {
    /// The newest run.
    pub const LATEST: Self = Self::Latest(0);
}

impl FromStr for Moment {
    type Err = ParseMomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "latest" {
            return Ok(Self::LATEST);
        }
        if text == "now" {
            return Ok(Self::Ago(TimeDelta::zero()));
        }
        if let Some(back) = text.strip_prefix("latest~") {
            return back.parse().map(Self::Latest).map_err(|_| ParseMomentError);
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().map(Self::Run).map_err(|_| ParseMomentError);
        }
        if let Ok(date) = text.parse::<NaiveDate>() {
            return Ok(Self::At(date.and_time(chrono::NaiveTime::MIN).and_utc()));
        }
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(instant.to_utc()));
        }
        parse_age(text).map(Self::Ago)
    }
}

/// Reads an age or a period such as `90m`, `36h`, `7d`, `2w`; at most a hundred years.
pub fn parse_age(text: &str) -> Result<TimeDelta, ParseMomentError> {
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or(ParseMomentError)?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ParseMomentError);
    }
    let number: i64 = number.parse().map_err(|_| ParseMomentError)?;
    let minutes = match unit {
        "m" => Some(1),
        "h" => Some(60),
        "d" => Some(60 * 24),
        "w" => Some(60 * 24 * 7),
        _ => None,
    };
    minutes
        .and_then(|unit: i64| unit.checked_mul(number))
        .filter(|minutes| *minutes <= 100 * 366 * 24 * 60)
        .and_then(TimeDelta::try_minutes)
        .ok_or(ParseMomentError)
}

/// An instant as the database and all machine-read output write it: `2026-11-21T03:17:04Z`.
pub fn utc_text(instant: DateTime<Utc>) -> String {
    let in_digits = (0..=9999).contains(&instant.year());
    let is_leap_second = instant.timestamp_subsec_nanos() >= 1_000_000_000;
    if !in_digits || is_leap_second {
        return instant.to_rfc3339_opts(SecondsFormat::Secs, true);
    }
    // The same, without what makes that slow: long answers are full of instants.
    let mut text = *b"0000-00-00T00:00:00Z";
    let year = instant.year().unsigned_abs();
    for (place, number) in [
        (0, year / 100),
        (2, year % 100),
        (5, instant.month()),
        (8, instant.day()),
        (11, instant.hour()),
        (14, instant.minute()),
        (17, instant.second()),
    ] {
        let [number, ..] = number.to_le_bytes();
        text[place] += number / 10;
        text[place + 1] += number % 10;
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The text is no point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a point in time: give a run number (42), latest, latest~1, a date (2026-11-21), \
     an instant (2026-11-21T03:17:04Z), now, or an age (90m, 36h, 7d, 2w)"
)]
pub struct ParseMomentError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_moment_is_read() {
        let midnight = "2026-11-21T00:00:00Z".parse().expect("an instant");
        for (text, moment) in [
            ("42", Moment::Run(42)),
            ("latest", Moment::Latest(0)),
            ("latest~3", Moment::Latest(3)),
            ("2026-11-21", Moment::At(midnight)),
            ("2026-11-21T01:00:00+01:00", Moment::At(midnight)),
            ("now", Moment::Ago(TimeDelta::zero())),
            ("36h", Moment::Ago(TimeDelta::hours(36))),
            ("2w", Moment::Ago(TimeDelta::days(14))),
        ] {
            assert_eq!(text.parse(), Ok(moment), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "latest~",
            "latest~-1",
            "-5h",
            "h",
            "7y",
            "2026-13-01",
            "99999999999999w",
            "ä",
            "1ä",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(ParseMomentError), "{text}");
        }
    }
}
