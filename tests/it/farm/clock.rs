//! The farm's own time: a monotonic part for the gateway, a wall clock for what the answers say.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

type Follow = Box<dyn Fn() -> Duration + Send>;

/// Real time by default. It stands still once it was set, and then moves only by `advance`.
pub struct Clock {
    started: Instant,
    simulated: bool,
    advanced: Duration,
    follow: Option<Follow>,
    /// The wall clock was set to this when `moved` had that value.
    wall: Option<(i64, Duration)>,
}

impl Clock {
    pub fn new(simulated: bool, now: Option<i64>) -> Self {
        let now = now.or_else(|| simulated.then(system_now));
        Self {
            started: Instant::now(),
            simulated,
            advanced: Duration::ZERO,
            follow: None,
            wall: now.map(|unix| (unix, Duration::ZERO)),
        }
    }

    /// Monotonic time since the farm started: what the gateway measures its minutes by.
    pub fn elapsed(&self) -> Duration {
        if self.simulated || self.follow.is_some() {
            self.moved()
        } else {
            self.started.elapsed() + self.moved()
        }
    }

    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        match self.wall {
            Some((unix, mark)) => unix + (self.moved().saturating_sub(mark)).as_secs() as i64,
            None => system_now() + self.moved().as_secs() as i64,
        }
    }

    pub fn set_now(&mut self, unix: i64) {
        self.wall = Some((unix, self.moved()));
    }

    pub fn advance(&mut self, by: Duration) {
        self.advanced += by;
    }

    pub fn follow(&mut self, elapsed: Follow) {
        self.follow = Some(elapsed);
    }

    fn moved(&self) -> Duration {
        self.advanced
            + self
                .follow
                .as_ref()
                .map_or(Duration::ZERO, |elapsed| elapsed())
    }
}

fn system_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64)
}

/// `2026-11-21T03:17:04Z`
pub fn iso(unix: i64) -> String {
    let (y, mo, d, h, mi, s) = parts(unix);
    format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
}

/// `20261121031704`, the database's form, used in `continue` and in the OAuth profile.
pub fn compact(unix: i64) -> String {
    let (y, mo, d, h, mi, s) = parts(unix);
    format!("{y:04}{mo:02}{d:02}{h:02}{mi:02}{s:02}")
}

/// `09:04, 21 November 2026`, as block messages print it.
pub fn prose(unix: i64) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (y, mo, d, h, mi, _) = parts(unix);
    format!("{h:02}:{mi:02}, {d} {} {y}", MONTHS[(mo - 1) as usize])
}

/// Reads `2026-11-21T03:17:04Z` or `20261121031704`.
pub fn parse(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() != 14 {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits[range].parse::<i64>().ok();
    let days = days_from_civil(part(0..4)?, part(4..6)?, part(6..8)?);
    Some(days * 86_400 + part(8..10)? * 3600 + part(10..12)? * 60 + part(12..14)?)
}

fn parts(unix: i64) -> (i64, i64, i64, i64, i64, i64) {
    let (days, rest) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let (y, m, d) = civil_from_days(days);
    (y, m, d, rest / 3600, rest / 60 % 60, rest % 60)
}

// Howard Hinnant's calendar arithmetic; eras of 400 years from 1 March of year 0.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (
        yoe + era * 400 + i64::from(month <= 2),
        month,
        doy - (153 * mp + 2) / 5 + 1,
    )
}

fn days_from_civil(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let (era, yoe) = (y.div_euclid(400), y.rem_euclid(400));
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}
