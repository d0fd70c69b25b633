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

/// Which instants to ask for: runs and the accounts that were observed in them.
#[derive(Default)]
pub(super) struct Wanted(BTreeMap<i64, Vec<i64>>);

impl Wanted {
    /// Adds when this account was observed in this run.
    pub(super) fn add(&mut self, run: i64, account: i64) {
        self.0.entry(run).or_default().push(account);
    }

    /// Asks for them.
    pub(super) async fn ask(self, connection: &mut SqliteConnection) -> sqlx::Result<Instants> {
        let ranges = self.0.into_iter().map(|(run, mut accounts)| {
            accounts.sort_unstable();
            (run, ranges(&accounts))
        });
        let ranges: BTreeMap<_, _> = ranges.collect();
        let ranges = serde_json::json!(ranges).to_string();
        let runs = sqlx::query!(
            r#"
            select r.id, r.started_at, (
                select group_concat((s.account << 34) + s.after_ms / 1000)
                from json_each(asked.value) range
                cross join snapshot s on s.run = r.id and s.account
                    between range.value >> 16 and (range.value >> 16) + (range.value & 65535)
            ) as "observed: String"
            from json_each(?1) asked
            cross join run r on r.id = asked.key
            "#,
            ranges
        )
        .fetch_all(connection)
        .await?;
        let runs = runs.into_iter().map(|run| {
            let observed = entries(run.observed.as_deref().unwrap_or_default());
            let instants = observed.map(|[packed]| {
                // The seconds may be negative: clocks are set while a run goes on.
                let account = (packed + (1 << 33)) >> 34;
                (account, run.started_at + packed - (account << 34))
            });
            (run.id, instants.collect())
        });
        Ok(Instants {
            observed: runs.collect(),
            texts: HashMap::new(),
        })
    }
}

/// Those that are near each other: the first, `<< 16 |` how far the last is from it.
fn ranges(accounts: &[i64]) -> Vec<i64> {
    let mut ranges: Vec<[i64; 2]> = Vec::new();
    for account in accounts {
        match ranges.last_mut() {
            Some([first, last]) if account - *last <= NEAR && account - *first < 1 << 16 => {
                *last = *account;
            }
            _ => ranges.push([*account; 2]),
        }
    }
    let packed = |[first, last]: [i64; 2]| (first << 16) | (last - first);
    ranges.into_iter().map(packed).collect()
}

/// When accounts were observed.
pub(super) struct Instants {
    /// Accounts and Unix seconds by run, each list in the order of the accounts.
    observed: BTreeMap<i64, Vec<(i64, i64)>>,
    /// A run takes minutes, so it has few seconds for all its accounts.
    texts: HashMap<i64, Arc<str>>,
}

impl Instants {
    /// When this account was observed in this run, if that was asked for.
    pub(super) fn at(&mut self, run: i64, account: i64) -> Option<Arc<str>> {
        let observed = self.observed.get(&run)?;
        let at = observed.binary_search_by_key(&account, |(account, _)| *account);
        let (_, seconds) = observed[at.ok()?];
        Some(self.text(seconds))
    }

    /// Unix seconds as the views write them.
    pub(super) fn text(&mut self, seconds: i64) -> Arc<str> {
        let text = self.texts.entry(seconds);
        Arc::clone(text.or_insert_with(|| instant(seconds).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_read_in_a_row() {
        let packed = [[1, 8], [15, 0], [40, 0]].map(|[first, more]| (first << 16) | more);
        assert_eq!(ranges(&[1, 2, 2, 4, 9, 15, 40]), packed);
        let all: Vec<i64> = (1..=65_540).collect();
        assert_eq!(ranges(&all), [(1 << 16) | 65_535, (65_537 << 16) | 3]);
        assert!(ranges(&[]).is_empty());
    }
}
