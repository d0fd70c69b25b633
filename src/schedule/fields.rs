//! What the fields of an expression name, read as `crontab` reads them and written as the crate
//! `cron` wants them: with seconds, in plain numbers, weekdays from 1 for Sunday.

use std::collections::BTreeSet;

/// A schedule as the crate `cron` reads it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields {
    /// One expression of seven fields, or two of which either is enough.
    pub(super) expressions: Vec<String>,
    /// Whether the hour field names all hours.
    pub(super) every_hour: bool,
}

impl Fields {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let line = if text.starts_with('@') {
            line_for(text)?
        } else {
            text
        };
        let parts: Vec<&str> = line.split_whitespace().collect();
        match *parts {
            [minute, hour, day, month, weekday] => {
                let days = if restricts(day) && restricts(weekday) {
                    vec![(day, "*"), ("*", weekday)]
                } else {
                    vec![(day, weekday)]
                };
                Self::read(
                    ["0", minute, hour, day, month, weekday, "*"],
                    &CRONTAB_WEEKDAY,
                    &days,
                )
            }
            [second, minute, hour, day, month, weekday] => {
                let all = [second, minute, hour, day, month, weekday, "*"];
                Self::read(all, &WEEKDAY, &[(day, weekday)])
            }
            [second, minute, hour, day, month, weekday, year] => {
                let all = [second, minute, hour, day, month, weekday, year];
                Self::read(all, &WEEKDAY, &[(day, weekday)])
            }
            _ => Err(format!(
                "it does not have five, six or seven fields, but {}. Give five (minute, hour, day of the month, month, day of the \
                 week, as in \"17 3 * * *\"), or six with the second in front, or seven with the \
                 year at the end, or {WORDS}",
                parts.len()
            )),
        }
    }

    /// `days` are the pairs of day of the month and day of the week of which any is enough.
    fn read(all: [&str; 7], weekday: &Field, days: &[(&str, &str)]) -> Result<Self, String> {
        let [second, minute, hour, _, month, _, year] = all;
        let second = SECOND.read(second)?;
        let minute = MINUTE.read(minute)?;
        let hour = HOUR.read(hour)?;
        let month = MONTH.read(month)?;
        let year = YEAR.read(year)?;
        let mut expressions = Vec::new();
        for (day, day_of_week) in days {
            let expression = [
                SECOND.write(&second),
                MINUTE.write(&minute),
                HOUR.write(&hour),
                DAY.write(&DAY.read(day)?),
                MONTH.write(&month),
                weekday.write(&weekday.read(day_of_week)?),
                YEAR.write(&year),
            ];
            expressions.push(expression.join(" "));
        }
        Ok(Self {
            expressions,
            every_hour: hour.len() == 24,
        })
    }
}

const WORDS: &str = "@hourly, @daily (or @midnight), @weekly, @monthly, @yearly (or @annually)";

/// The line that a word stands for, as in crontab(5).
fn line_for(word: &str) -> Result<&'static str, String> {
    match word.to_ascii_lowercase().as_str() {
        "@hourly" => Ok("0 * * * *"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@monthly" => Ok("0 0 1 * *"),
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        _ => Err(format!("there is no word {word:?}; there are {WORDS}")),
    }
}

/// As in crontab(5): a field that begins with a star leaves the choice of the day to the other one.
fn restricts(day: &str) -> bool {
    !day.starts_with(['*', '?'])
}

/// One of the fields: its name, and what it may say.
struct Field {
    name: &'static str,
    first: u32,
    last: u32,
    /// What `last` may also be called: 7 for Sunday.
    alias: u32,
    names: &'static [&'static str],
    /// The number of the first name.
    named_from: u32,
    /// Whether the numbers are crontab's, one less than the crate's.
    from_zero: bool,
    allowed: &'static str,
}

const fn plain(name: &'static str, first: u32, last: u32, allowed: &'static str) -> Field {
    Field {
        name,
        first,
        last,
        alias: last,
        names: &[],
        named_from: 0,
        from_zero: false,
        allowed,
    }
}

const SECOND: Field = plain("second", 0, 59, "0 to 59");
const MINUTE: Field = plain("minute", 0, 59, "0 to 59");
const HOUR: Field = plain("hour", 0, 23, "0 to 23");
const DAY: Field = plain("day of the month", 1, 31, "1 to 31");
const YEAR: Field = plain("year", 1970, 2100, "1970 to 2100");
const MONTH: Field = Field {
    names: &[
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    named_from: 1,
    ..plain("month", 1, 12, "1 to 12 or jan to dec")
};
const WEEKDAYS: &[&str] = &[
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];
const CRONTAB_WEEKDAY: Field = Field {
    names: WEEKDAYS,
    alias: 7,
    from_zero: true,
    ..plain(
        "day of the week",
        0,
        6,
        "0 to 7 (0 and 7 are Sunday) or sun to sat",
    )
};
const WEEKDAY: Field = Field {
    names: WEEKDAYS,
    named_from: 1,
    ..plain(
        "day of the week",
        1,
        7,
        "sun to sat, or 1 to 7 (with six or seven fields, 1 is Sunday)",
    )
};

impl Field {
    /// The numbers that a list such as `1-5,10,*/20` names.
    fn read(&self, text: &str) -> Result<BTreeSet<u32>, String> {
        let mut numbers = BTreeSet::new();
        for item in text.split(',') {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(self.step(step, item)?)),
                None => (item, None),
            };
            let (first, last) = self.range(range, step.is_some(), item)?;
            numbers.extend((first..=last).step_by(step.unwrap_or(1)));
        }
        if self.alias != self.last && numbers.remove(&self.alias) {
            numbers.insert(self.first);
        }
        Ok(numbers)
    }

    fn range(&self, range: &str, has_step: bool, item: &str) -> Result<(u32, u32), String> {
        let any_day = range == "?" && self.name.starts_with("day");
        if range == "*" || any_day {
            return Ok((self.first, self.last));
        }
        let Some((first, last)) = range.split_once('-') else {
            let first = self.number(range, item)?;
            let last = if has_step { self.last } else { first };
            return Ok((first, last.max(first)));
        };
        let (first, mut last) = (self.number(first, item)?, self.number(last, item)?);
        if self.alias != self.last && last == self.first && first > last {
            // Up to Sunday.
            last = self.alias;
        }
        if first > last {
            return Err(format!(
                "the {} {item:?} runs backwards; write it as a list of two, \
                 such as {first}-{},{}-{last}",
                self.name, self.last, self.first
            ));
        }
        Ok((first, last))
    }

    fn step(&self, step: &str, item: &str) -> Result<usize, String> {
        let last = self.alias;
        let step = step.parse().ok().filter(|step| (1..=last).contains(step));
        let step = step.and_then(|step| usize::try_from(step).ok());
        step.ok_or_else(|| {
            let name = self.name;
            format!("the step of the {name} {item:?} is not a number from 1 to {last}")
        })
    }

    fn number(&self, text: &str, item: &str) -> Result<u32, String> {
        let number = if text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().ok()
        } else {
            self.named(text)
        };
        let number = number.filter(|number| (self.first..=self.alias).contains(number));
        number.ok_or_else(|| {
            format!(
                "the {} is {item:?}; it takes {}, a list (a,b), a range (a-b), a step (*/n, a-b/n), \
                 or *",
                self.name, self.allowed
            )
        })
    }

    /// By its name in full or by the first three letters.
    fn named(&self, text: &str) -> Option<u32> {
        let text = text.to_ascii_lowercase();
        let matches = |name: &str| name == text || (text.len() == 3 && name.starts_with(&text));
        let index = self.names.iter().position(|name| matches(name))?;
        u32::try_from(index)
            .ok()
            .map(|index| index + self.named_from)
    }

    /// The numbers as the crate wants them.
    fn write(&self, numbers: &BTreeSet<u32>) -> String {
        let all = self.last - self.first + 1;
        if u32::try_from(numbers.len()) == Ok(all) {
            return "*".to_owned();
        }
        let shift = u32::from(self.from_zero);
        let numbers = numbers.iter().map(|number| (number + shift).to_string());
        numbers.collect::<Vec<_>>().join(",")
    }
}
