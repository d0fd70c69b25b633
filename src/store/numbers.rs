//! Long answers. A row that leaves SQLite is copied from its thread to ours value by value, which takes
//! several times as long as to find it. What is asked for by the hundred thousand comes as numbers
//! instead, all those of a run or of some accounts in one text, and is put into words here.

use std::sync::Arc;

use chrono::DateTime;
use sqlx::{SqliteConnection, types::Json};

use super::{Filter, questions::glob};
use crate::model::{Kind, utc_text};

/// What stands for a number that an entry does not have. No row and no instant has it.
pub(super) const NONE: i64 = i64::MIN;

/// The entries of a text as `group_concat` makes it: commas between them, and blanks between their
/// numbers. None has more than `N` of them; those that an entry lacks at its end are [`NONE`].
pub(super) fn entries<const N: usize>(packed: &str) -> impl Iterator<Item = [i64; N]> {
    let mut bytes = packed.as_bytes().iter();
    std::iter::from_fn(move || {
        if bytes.as_slice().is_empty() {
            return None;
        }
        let mut numbers = [NONE; N];
        for place in &mut numbers {
            let (mut number, mut is_negative) = (0_i64, false);
            let end = loop {
                match bytes.next() {
                    Some(byte @ b'0'..=b'9') => {
                        let digit = i64::from(byte - b'0');
                        number = number.wrapping_mul(10).wrapping_add(digit);
                    }
                    Some(b'-') => is_negative = true,
                    end => break end,
                }
            };
            *place = if is_negative {
                number.wrapping_neg()
            } else {
                number
            };
            if end != Some(&b' ') {
                break;
            }
        }
        Some(numbers)
    })
}

/// Words in their order, by the numbers of the rows that they are for. These are counted up by SQLite,
/// so they have places in a list.
pub(super) struct Ranked<T> {
    words: Vec<T>,
    ranks: Vec<u32>,
}

impl<T> FromIterator<(i64, T)> for Ranked<T> {
    /// They are in their order already.
    fn from_iter<I: IntoIterator<Item = (i64, T)>>(rows: I) -> Self {
        let (mut words, mut ranks) = (Vec::new(), Vec::new());
        for ((number, word), rank) in rows.into_iter().zip(0..) {
            let number = usize::try_from(number).unwrap_or_default();
            if ranks.len() <= number {
                ranks.resize(number + 1, u32::MAX);
            }
            ranks[number] = rank;
            words.push(word);
        }
        Self { words, ranks }
    }
}

impl<T> Ranked<T> {
    /// The place of a row; none where it is not asked for.
    pub(super) fn rank(&self, number: i64) -> Option<usize> {
        let rank = *self.ranks.get(usize::try_from(number).ok()?)?;
        (rank != u32::MAX).then_some(rank as usize)
    }

    /// In their order.
    pub(super) fn words(&self) -> &[T] {
        &self.words
    }

    /// What a row stands for.
    pub(super) fn word(&self, number: i64) -> Option<&T> {
        self.words.get(self.rank(number)?)
    }

    /// The least and the greatest number.
    pub(super) fn bounds(&self) -> Option<(i64, i64)> {
        let is_one = |rank: &u32| *rank != u32::MAX;
        let first = self.ranks.iter().position(is_one)?;
        let last = self.ranks.iter().rposition(is_one)?;
        i64::try_from(first).ok().zip(i64::try_from(last).ok())
    }
}

/// Pairs of words, in order.
pub(super) type Pairs = Ranked<(Arc<str>, Arc<str>)>;

impl Pairs {
    /// Puts rows of a number and two words in order, for less than SQLite would take.
    pub(super) fn sorted(mut rows: Vec<(i64, String, String)>) -> Self {
        rows.sort_unstable_by(|a, b| (&a.1, &a.2).cmp(&(&b.1, &b.2)));
        let rows = rows.into_iter();
        rows.map(|(number, first, second)| (number, (first.into(), second.into())))
            .collect()
    }
}

/// An account, as far as long answers tell of it.
pub(super) struct Account {
    pub(super) user: Arc<str>,
    pub(super) wiki: Arc<str>,
    /// Its number in the keys of looks.
    pub(super) ordinal: i64,
    pub(super) first_run: i64,
}

/// The accounts of a user and a wiki, or of all, that have ever been observed, in the order of users and
/// wikis.
pub(super) async fn accounts(
    connection: &mut SqliteConnection,
    filter: &Filter,
) -> sqlx::Result<Ranked<Account>> {
    let rows = sqlx::query_scalar!(
        r#"
        select json_group_array(json_array(a.id, u.name, a.wiki, a.ordinal, a.first_run))
            as "accounts!: Json<Vec<(i64, String, String, i64, i64)>>"
        from account a
        join user u on u.id = a.user
        where (?1 is null or a.user = ?1) and (?2 is null or a.wiki = ?2)
            and a.first_run is not null
        "#,
        filter.user,
        filter.wiki
    )
    .fetch_one(connection)
    .await?;
    let mut rows = rows.0;
    rows.sort_unstable_by(|a, b| (&a.1, &a.2).cmp(&(&b.1, &b.2)));
    let accounts = rows
        .into_iter()
        .map(|(id, user, wiki, ordinal, first_run)| {
            let account = Account {
                user: user.into(),
                wiki: wiki.into(),
                ordinal,
                first_run,
            };
            (id, account)
        });
    Ok(accounts.collect())
}

/// Kind and name of the properties of a kind, or of all, that have a name as is asked for.
pub(super) async fn properties(
    connection: &mut SqliteConnection,
    kind: Option<Kind>,
    filter: &Filter,
) -> sqlx::Result<Pairs> {
    let kind = kind.map(Kind::as_str);
    let pattern = filter.name.as_deref().map(glob);
    let rows = sqlx::query_scalar!(
        r#"
        select json_group_array(json_array(id, kind, name))
            as "properties!: Json<Vec<(i64, String, String)>>"
        from property
        where (?1 is null or kind = ?1) and (?2 is null or name glob ?2)
        "#,
        kind,
        pattern
    )
    .fetch_one(connection)
    .await?;
    Ok(Pairs::sorted(rows.0))
}

/// Numbers of rows, each once.
#[derive(Default)]
pub(super) struct Numbers {
    has: Vec<bool>,
    all: Vec<i64>,
}

impl Numbers {
    /// Adds a number, if it is one of a row.
    pub(super) fn add(&mut self, number: i64) {
        let Ok(place) = usize::try_from(number) else {
            return;
        };
        if self.has.len() <= place {
            self.has.resize(place + 1, false);
        }
        if !std::mem::replace(&mut self.has[place], true) {
            self.all.push(number);
        }
    }

    /// As a JSON list.
    pub(super) fn json(&self) -> String {
        serde_json::json!(self.all).to_string()
    }
}

/// What a row of `property_value` stands for.
pub(super) struct Text {
    /// As JSON.
    pub(super) json: Arc<str>,
    /// Whether it is the wiki's default, where that means something.
    pub(super) is_default: Option<bool>,
}

/// What these rows of `property_value` stand for.
pub(super) async fn texts(
    connection: &mut SqliteConnection,
    numbers: &Numbers,
) -> sqlx::Result<Ranked<Text>> {
    let numbers = numbers.json();
    let rows = sqlx::query_scalar!(
        r#"
        select json_group_array(json_array(v.id, v.json, v.is_default))
            as "rows!: Json<Vec<(i64, String, i8)>>"
        from json_each(?1) j
        cross join property_value v on v.id = j.value
        "#,
        numbers
    )
    .fetch_one(connection)
    .await?;
    let texts = rows.0.into_iter().map(|(id, json, is_default)| {
        let text = Text {
            json: json.into(),
            is_default: (is_default >= 0).then_some(is_default == 1),
        };
        (id, text)
    });
    Ok(texts.collect())
}

/// Unix seconds as the views write them.
pub(super) fn instant(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).map_or_else(String::new, utc_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_were_packed() {
        let read: Vec<[i64; 3]> = entries("1,-1 20 300,4 5 6").collect();
        assert_eq!(read, [[1, NONE, NONE], [-1, 20, 300], [4, 5, 6]]);
        assert_eq!(entries::<1>("").count(), 0);
    }

    #[test]
    fn words_are_found_by_their_rows() {
        let words: Ranked<char> = [(7, 'a'), (0, 'b'), (9, 'c')].into_iter().collect();
        assert_eq!(words.words(), ['a', 'b', 'c']);
        assert_eq!((words.rank(9), words.word(0)), (Some(2), Some(&'b')));
        assert_eq!(
            (words.rank(8), words.rank(-1), words.rank(10)),
            (None, None, None)
        );
        assert_eq!(words.bounds(), Some((0, 9)));
        assert_eq!(Ranked::<char>::from_iter([]).bounds(), None);
    }
}
