//! When accounts answered. Whoever tells of thousands of values or changes needs thousands of these
//! instants, and SQLite reads neighbours in a row for a fifth of what it takes to look for each.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sqlx::SqliteConnection;

use super::numbers::{entries, instant};

/// Accounts that are asked for in one run are read in a row while each is at most so far from the one
/// before: to find a snapshot takes as long as to read some five.
const NEAR: i64 = 5;

/// Which instants to ask for: runs, and the ordinals of the accounts that were observed in them.
#[derive(Default)]
pub(super) struct Wanted(BTreeMap<i64, Vec<i64>>);

impl Wanted {
    /// Adds when the account of this ordinal was observed in this run.
    pub(super) fn add(&mut self, run: i64, ordinal: i64) {
        let ordinals = self.0.entry(run).or_default();
        // What a run tells of an account comes together, so most repeats follow each other; `ranges` bears
        // the others.
        if ordinals.last() != Some(&ordinal) {
            ordinals.push(ordinal);
        }
    }

    /// Asks for them.
    pub(super) async fn ask(self, connection: &mut SqliteConnection) -> sqlx::Result<Instants> {
        let ranges = self.0.into_iter().map(|(run, mut ordinals)| {
            ordinals.sort_unstable();
            (run, ranges(&ordinals))
        });
        let ranges: BTreeMap<_, _> = ranges.collect();
        let ranges = serde_json::json!(ranges).to_string();
        let runs = sqlx::query!(
            r#"
            select r.id, r.started_at, (
                select group_concat(s.after_ms * 32768 + s.id)
                from json_each(asked.value) range
                cross join snapshot s on s.id between (r.id << 15) + (range.value >> 16)
                    and (r.id << 15) + (range.value >> 16) + (range.value & 65535)
            ) as "observed: String"
            from json_each(?1) asked
            cross join run r on r.id = asked.key
            "#,
            ranges
        )
        .fetch_all(connection)
        .await?;
        let mut instants = Instants::default();
        // A run takes minutes, so it has few seconds for all its accounts; neighbours often share one.
        let mut places: HashMap<i64, u32> = HashMap::new();
        let (mut last_second, mut place) = (i64::MIN, MISSING);
        for run in runs {
            let observed = entries(run.observed.as_deref().unwrap_or_default());
            let mut row = Row::default();
            for [packed] in observed {
                let packed = packed - (run.id << 15);
                // Negative where the clock was set while the run went on.
                let (ordinal, after_ms) = (packed & 0x7fff, packed >> 15);
                let seconds = run.started_at + after_ms / 1000;
                if seconds != last_second {
                    last_second = seconds;
                    place = *places.entry(seconds).or_insert_with(|| {
                        instants.texts.push(instant(seconds).into());
                        u32::try_from(instants.texts.len() - 1).unwrap_or(MISSING)
                    });
                }
                row.push(ordinal, place);
            }
            instants.observed.insert(run.id, row);
        }
        Ok(instants)
    }
}

/// Those that are near each other: the first, `<< 16 |` how far the last is from it.
fn ranges(ordinals: &[i64]) -> Vec<i64> {
    let mut ranges: Vec<[i64; 2]> = Vec::new();
    for ordinal in ordinals {
        match ranges.last_mut() {
            Some([_, last]) if ordinal - *last <= NEAR => *last = *ordinal,
            _ => ranges.push([*ordinal; 2]),
        }
    }
    let packed = |[first, last]: [i64; 2]| (first << 16) | (last - first);
    ranges.into_iter().map(packed).collect()
}

/// When accounts were observed, as the views write it.
#[derive(Default)]
pub(super) struct Instants {
    observed: BTreeMap<i64, Row>,
    texts: Vec<Arc<str>>,
}

/// What is known of a run: for each ordinal from the first on, the place of its text.
#[derive(Default)]
struct Row {
    first: i64,
    places: Vec<u32>,
}

/// No text has this place.
const MISSING: u32 = u32::MAX;

impl Row {
    /// They come in order.
    fn push(&mut self, ordinal: i64, place: u32) {
        if self.places.is_empty() {
            self.first = ordinal;
        }
        let at = usize::try_from(ordinal - self.first).unwrap_or_default();
        debug_assert!(at >= self.places.len(), "in order");
        self.places.resize(at, MISSING);
        self.places.push(place);
    }
}

impl Instants {
    /// When the account of this ordinal was observed in this run, if that was asked for.
    pub(super) fn at(&self, run: i64, ordinal: i64) -> Option<&Arc<str>> {
        let row = self.observed.get(&run)?;
        let at = usize::try_from(ordinal - row.first).ok()?;
        self.texts.get(*row.places.get(at)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_read_in_a_row() {
        let packed = [[1, 8], [15, 0], [40, 0]].map(|[first, more]| (first << 16) | more);
        assert_eq!(ranges(&[1, 2, 2, 4, 9, 15, 40]), packed);
        let all: Vec<i64> = (1..=32_767).collect();
        assert_eq!(ranges(&all), [(1 << 16) | 0x7ffe]);
        assert!(ranges(&[]).is_empty());
    }
}
