//! Long answers. A row that leaves SQLite is copied from its thread to ours value by value, which takes
//! several times as long as to find it. What is asked for by the hundred thousand comes as numbers
//! instead, all those of an account or of a run in one text, and is put into words here.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::DateTime;
use sqlx::SqliteConnection;

use crate::model::utc_text;

/// What a number of `property_value` stands for.
pub(super) struct Text {
    /// As JSON.
    pub(super) json: Arc<str>,
    /// Whether it is the wiki's default, where that means something.
    pub(super) is_default: Option<bool>,
}

/// The entries of a text as `group_concat` makes it, each of so many numbers. What is null, or missing
/// at the end of an entry, is none.
pub(super) fn entries<const N: usize>(
    packed: Option<&str>,
) -> impl Iterator<Item = [Option<i64>; N]> {
    let entries = packed.into_iter().flat_map(|packed| packed.split(','));
    entries.map(|entry| {
        let mut numbers = entry.split(' ').map(|number| number.parse().ok());
        std::array::from_fn(|_| numbers.next().flatten())
    })
}

/// What these numbers of `property_value` stand for.
pub(super) async fn texts(
    connection: &mut SqliteConnection,
    numbers: &BTreeSet<i64>,
) -> sqlx::Result<HashMap<i64, Text>> {
    let numbers = serde_json::json!(numbers).to_string();
    let rows = sqlx::query!(
        r#"
        select id, json, nullif(is_default, -1) as "is_default: bool"
        from property_value where id in (select value from json_each(?1))
        "#,
        numbers
    )
    .fetch_all(connection)
    .await?;
    let texts = rows.into_iter().map(|row| {
        let text = Text {
            json: row.json.into(),
            is_default: row.is_default,
        };
        (row.id, text)
    });
    Ok(texts.collect())
}

/// Unix seconds as the views write them.
pub(super) fn instant(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).map_or_else(String::new, utc_text)
}
