//! Answers as they came, each compressed with one that resembles it: accounts on a thousand wikis have
//! much the same preferences.

use std::io::Read;

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use sqlx::SqliteConnection;

use super::{Store, StoreError};
use crate::model::{KeptAnswer, RunNumber};

/// Slow to write and small: an answer is written once.
const LEVEL: i32 = 15;
/// With a dictionary that fits, an answer takes less than a sixth; if it does not, it is the next
/// dictionary itself.
const FITS: usize = 6;
/// Short answers make no dictionaries.
const SHORTEST_DICTIONARY: usize = 4096;
/// Twice what any answer and its head may take.
const LONGEST: u64 = 40 << 20;

/// An answer that is kept, and what it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRow {
    /// The run that asked.
    pub run: i64,
    /// Whose account.
    pub user: String,
    /// Where; `global` for the global account.
    pub wiki: String,
    /// The answer.
    pub answer: KeptAnswer,
}

impl Store {
    /// The numbers of the answers that are kept, oldest first.
    pub async fn answers(&self, user: Option<i64>) -> Result<Vec<i64>, StoreError> {
        sqlx::query_scalar!(
            r#"
            select w.id as "id!" from answer w join account a on a.id = w.account
            where ?1 is null or a.user = ?1 order by w.received_ms, w.id
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// One answer, unpacked.
    pub async fn answer(&self, id: i64) -> Result<AnswerRow, StoreError> {
        let row = sqlx::query!(
            r#"
            select w.run, u.name, a.wiki, w.purpose, w.received_ms, w.content,
                d.content as "dictionary?"
            from answer w
            join account a on a.id = w.account
            join user u on u.id = a.user
            left join answer_dictionary d on d.id = w.dictionary
            where w.id = ?1
            "#,
            id
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let broken = || StoreError::NotFound(format!("answer {id} cannot be unpacked"));
        let dictionary = match row.dictionary {
            Some(dictionary) => unpack(&dictionary, &[]).ok_or_else(broken)?,
            None => Vec::new(),
        };
        let content = unpack(&row.content, &dictionary).ok_or_else(broken)?;
        let received_at = DateTime::from_timestamp_millis(row.received_ms).unwrap_or_default();
        let answer = from_content(&content, row.purpose, received_at).ok_or_else(broken)?;
        Ok(AnswerRow {
            run: row.run,
            user: row.name,
            wiki: row.wiki,
            answer,
        })
    }

    /// Forgets answers that came before an instant, and the dictionaries that nothing needs then.
    pub async fn forget_answers(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        let before = before.timestamp_millis();
        let mut transaction = self.begin().await?;
        let forgotten = async {
            sqlx::query!("delete from answer where received_ms < ?1", before)
                .execute(&mut *transaction)
                .await?;
            sqlx::query!(
                r#"
                delete from answer_dictionary
                where id not in (select dictionary from answer where dictionary is not null)
                "#
            )
            .execute(&mut *transaction)
            .await
        };
        forgotten.await.map_err(|error| self.error(error))?;
        self.commit(transaction).await
    }
}

/// Keeps an answer beside the observation that it led to.
pub(super) async fn insert_answer(
    connection: &mut SqliteConnection,
    run: RunNumber,
    account: i64,
    answer: &KeptAnswer,
) -> sqlx::Result<()> {
    let content = to_content(answer);
    let (dictionary, packed) = pack(connection, account, &answer.purpose, &content).await?;
    let received_ms = answer.received_at.timestamp_millis();
    sqlx::query!(
        r#"
        insert into answer (run, account, purpose, received_ms, dictionary, content)
        values (?1, ?2, ?3, ?4, ?5, ?6)
        on conflict do update set received_ms = excluded.received_ms,
            dictionary = excluded.dictionary, content = excluded.content
        "#,
        run.0,
        account,
        answer.purpose,
        received_ms,
        dictionary,
        packed
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Compressed, and the dictionary that is needed to unpack it: an earlier answer of the same user.
async fn pack(
    connection: &mut SqliteConnection,
    account: i64,
    purpose: &str,
    content: &[u8],
) -> sqlx::Result<(Option<i64>, Vec<u8>)> {
    let newest = sqlx::query!(
        r#"
        select id as "id!", content from answer_dictionary
        where purpose = ?1 and user = (select user from account where id = ?2)
        order by id desc limit 1
        "#,
        purpose,
        account
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(newest) = newest
        && let Some(dictionary) = unpack(&newest.content, &[])
    {
        let packed = compress(content, &dictionary)?;
        if packed.len() * FITS < content.len() || content.len() < SHORTEST_DICTIONARY {
            return Ok((Some(newest.id), packed));
        }
    }
    let alone = compress(content, &[])?;
    if content.len() < SHORTEST_DICTIONARY {
        return Ok((None, alone));
    }
    let id = sqlx::query!(
        r#"
        insert into answer_dictionary (user, purpose, content)
        select user, ?2, ?3 from account where id = ?1
        "#,
        account,
        purpose,
        alone
    )
    .execute(connection)
    .await?
    .last_insert_rowid();
    Ok((Some(id), compress(content, content)?))
}

fn compress(content: &[u8], dictionary: &[u8]) -> sqlx::Result<Vec<u8>> {
    let compressed = zstd::bulk::Compressor::with_dictionary(LEVEL, dictionary)
        .and_then(|mut compressor| compressor.compress(content));
    compressed.map_err(sqlx::Error::Io)
}

fn unpack(packed: &[u8], dictionary: &[u8]) -> Option<Vec<u8>> {
    let decoder = zstd::stream::Decoder::with_dictionary(packed, dictionary).ok()?;
    let mut content = Vec::new();
    decoder.take(LONGEST).read_to_end(&mut content).ok()?;
    Some(content)
}

/// A line of JSON with all but the body, then the body.
fn to_content(answer: &KeptAnswer) -> Vec<u8> {
    let head = json!({
        "url": answer.url,
        "request_headers": answer.request_headers,
        "status": answer.status,
        "headers": answer.headers,
        "cut": answer.cut,
    });
    let mut content = head.to_string().into_bytes();
    content.push(b'\n');
    content.extend_from_slice(&answer.body);
    content
}

fn from_content(content: &[u8], purpose: String, received_at: DateTime<Utc>) -> Option<KeptAnswer> {
    let end = content.iter().position(|byte| *byte == b'\n')?;
    let head: Json = serde_json::from_slice(&content[..end]).ok()?;
    let headers = |name: &str| serde_json::from_value(head.get(name)?.clone()).ok();
    Some(KeptAnswer {
        purpose,
        url: head.get("url")?.as_str()?.to_owned(),
        request_headers: headers("request_headers")?,
        status: u16::try_from(head.get("status")?.as_u64()?).ok()?,
        headers: headers("headers")?,
        body: content[end + 1..].to_vec(),
        cut: serde_json::from_value(head.get("cut")?.clone()).ok()?,
        received_at,
    })
}
