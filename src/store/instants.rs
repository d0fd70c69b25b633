//! When accounts answered. Whoever tells of thousands of values or changes needs thousands of these
//! instants, and SQLite reads neighbours in a row for a fifth of what it takes to look for each.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sqlx::SqliteConnection;

use super::numbers::{entries, instant};

/// Accounts that are asked for in one run are read in a row as long as no more of their neighbours than
/// this lie between two of them (measured: to find a snapshot takes as long as to read five).
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
    pub(super) async fn ask(mut self, connection: &mut SqliteConnection) -> sqlx::Result<Instants> {
        let ranges = self.0.iter_mut().map(|(run, accounts)| {
            accounts.sort_unstable();
            (run.to_string(), ranges(accounts).into())
        });
        let ranges = serde_json::Value::Object(ranges.collect()).to_string();
        let runs = sqlx::query!(
            r#"
            select r.id, r.started_at, (
                select group_concat((s.account << 34) + s.after_ms / 1000)
                from json_each(asked.value) range
                cross join snapshot s on s.run = r.id
                    and s.account between range.value ->> 0 and range.value ->> 1
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

/// The first and the last of each that are near each other.
fn ranges(accounts: &[i64]) -> Vec<[i64; 2]> {
    let mut ranges: Vec<[i64; 2]> = Vec::new();
    for account in accounts {
        match ranges.last_mut() {
            Some([_, last]) if account - *last <= NEAR => *last = *account,
            _ => ranges.push([*account; 2]),
        }
    }
    ranges
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
        // Read in a row, they mostly lie so far from the first as they were numbered.
        let from_first = account.checked_sub(observed.first()?.0)?;
        let guess = usize::try_from(from_first).ok();
        let guess = guess.filter(|at| observed.get(*at).is_some_and(|look| look.0 == account));
        let found = || observed.binary_search_by_key(&account, |look| look.0).ok();
        let (_, seconds) = observed[guess.or_else(found)?];
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
        assert_eq!(
            ranges(&[1, 2, 2, 4, 9, 15, 40]),
            [[1, 9], [15, 15], [40, 40]]
        );
        assert!(ranges(&[]).is_empty());
    }
}
