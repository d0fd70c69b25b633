//! Time zones by their names in the IANA database, for `chrono`.
//!
//! `jiff` brings the database as 180 KB of data. `chrono-tz` has it as tables that the loader has to
//! patch at each start: 1.6 MB of memory for a program that mostly waits.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use chrono::{
    DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc,
    offset::LocalResult,
};
use jiff::{Timestamp, tz};
use serde::Deserialize;

/// A time zone.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone(&'static tz::TimeZone);

/// There is no such time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone {0:?}; it needs a name such as Europe/Berlin")]
pub struct ParseZoneError(String);

/// Zones that were asked for. They are few, and live as long as the program.
static KNOWN: Mutex<BTreeMap<String, Zone>> = Mutex::new(BTreeMap::new());

impl Zone {
    /// The zone in which the history is kept.
    pub const UTC: Self = {
        static UTC: tz::TimeZone = tz::TimeZone::UTC;
        Self(&UTC)
    };

    /// Its name in the IANA database.
    pub fn name(self) -> &'static str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The instant that a local time names: the first of two, and for none the end of the gap.
    pub fn first_instant(self, local: NaiveDateTime) -> DateTime<Utc> {
        let by = |offset: tz::Offset| {
            let utc = local.checked_sub_offset(fixed(offset));
            utc.unwrap_or(local).and_utc()
        };
        match self.ambiguous(local) {
            tz::AmbiguousOffset::Unambiguous { offset }
            | tz::AmbiguousOffset::Fold { before: offset, .. } => by(offset),
            tz::AmbiguousOffset::Gap { before, .. } => {
                let after = timestamp(by(before).timestamp().saturating_add(1));
                let change = self.0.preceding(after).next();
                let at = change
                    .and_then(|change| DateTime::from_timestamp(change.timestamp().as_second(), 0));
                at.unwrap_or_else(|| by(before))
            }
        }
    }

    fn ambiguous(self, local: NaiveDateTime) -> tz::AmbiguousOffset {
        let seconds = local.and_utc().timestamp();
        let local = tz::Offset::UTC.to_datetime(timestamp(seconds));
        // At the very ends of what `jiff` counts a local time has no instant, but an offset.
        self.0.to_ambiguous_timestamp(local).offset()
    }

    fn offset(self, offset: tz::Offset, local: NaiveDateTime) -> ZoneOffset {
        let offset = fixed(offset);
        ZoneOffset {
            zone: self,
            offset,
            unix: local.and_utc().timestamp() - i64::from(offset.local_minus_utc()),
        }
    }
}

/// Seconds since 1970; the years −9999 to 9999 are known.
fn timestamp(seconds: i64) -> Timestamp {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(seconds.clamp(first, last)).unwrap_or_default()
}

fn fixed(offset: tz::Offset) -> FixedOffset {
    FixedOffset::east_opt(offset.seconds()).unwrap_or_else(|| Utc.fix())
}

impl FromStr for Zone {
    type Err = ParseZoneError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = known.get(name) {
            return Ok(*zone);
        }
        let zone = tz::TimeZone::get(name).map_err(|_| ParseZoneError(name.to_owned()))?;
        // As the database spells it, and not `Etc/Unknown`, which is no zone.
        if zone.iana_name() != Some(name) {
            return Err(ParseZoneError(name.to_owned()));
        }
        let zone = Self(Box::leak(Box::new(zone)));
        known.insert(name.to_owned(), zone);
        Ok(zone)
    }
}

impl TryFrom<String> for Zone {
    type Error = ParseZoneError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a zone is ahead of UTC at one time. Shown as what it is called then: `CEST`, `+03`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ZoneOffset {
    zone: Zone,
    offset: FixedOffset,
    unix: i64,
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.offset
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.zone.0.to_offset_info(timestamp(self.unix));
        f.write_str(info.abbreviation())
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        match self.ambiguous(*local) {
            tz::AmbiguousOffset::Unambiguous { offset } => {
                LocalResult::Single(self.offset(offset, *local))
            }
            tz::AmbiguousOffset::Gap { .. } => LocalResult::None,
            tz::AmbiguousOffset::Fold { before, after } => {
                LocalResult::Ambiguous(self.offset(before, *local), self.offset(after, *local))
            }
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        let unix = utc.and_utc().timestamp();
        ZoneOffset {
            zone: *self,
            offset: fixed(self.0.to_offset(timestamp(unix))),
            unix,
        }
    }
}

/// A zone that is known to be one.
#[cfg(test)]
pub(crate) fn zone(name: &str) -> Zone {
    name.parse().expect("a time zone")
}
