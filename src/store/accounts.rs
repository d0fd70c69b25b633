//! Users and their accounts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::SqliteConnection;

use super::{Store, StoreError};
use crate::model::{AttachedAccount, CentralUserId, Enumeration, WikiId, same_name};

/// A wiki has to be missing from the list for so long before its account counts as detached: renames
/// take accounts off the list and put them back for hours, and replicas lag.
const DETACHED_AFTER: TimeDelta = TimeDelta::hours(6);

/// A user, as the database knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The number of the row.
    pub id: i64,
    /// The current name.
    pub name: String,
    /// What the configuration or the command line called them first.
    pub asked_as: String,
    /// The number of the global account, once the central wiki has answered.
    pub central_user_id: Option<CentralUserId>,
}

/// A row of the table.
struct UserRow {
    id: i64,
    name: String,
    asked_as: String,
    central_user_id: Option<i64>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            asked_as: row.asked_as,
            central_user_id: row
                .central_user_id
                .map(|id| CentralUserId(id.unsigned_abs())),
        }
    }
}

impl User {
    /// Whether a name means this user: the current one, or the one they were first asked for by.
    pub fn is_called(&self, name: &str) -> bool {
        same_name(&self.name, name) || same_name(&self.asked_as, name)
    }
}

/// What is known of an account that the central wiki shows too: if it looks different there, the
/// account is worth a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Local groups.
    pub groups: BTreeSet<String>,
    /// Edits.
    pub edit_count: u64,
    /// Blocks.
    pub blocks: u32,
    /// Whether the last try to read it failed.
    pub is_failing: bool,
}

/// An account to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The number of the row.
    pub id: i64,
    /// Where it is.
    pub wiki: WikiId,
    /// The fingerprint of the last answer about it; `None` where the next one has to be compared.
    /// `mediawiki::user_info::Told` makes it; for the global account, `model::Snapshot`.
    pub fingerprint: Option<[u8; 16]>,
}

impl Store {
    /// The key for the hashes that stand for redacted values.
    pub async fn hash_key(&self) -> Result<[u8; 32], StoreError> {
        let key = sqlx::query_scalar!("select key from hash_key")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        key.try_into()
            .map_err(|_| StoreError::Foreign(self.path.clone()))
    }

    /// The user whom the configuration calls by this name, or whose current name it is, in any
    /// spelling that MediaWiki takes for the same.
    pub async fn user(&self, central_api: &str, name: &str) -> Result<Option<User>, StoreError> {
        let rows = sqlx::query_as!(
            UserRow,
            r#"
            select id as "id!", name, asked_as, central_user_id from user
            where central_api = ?1 order by id
            "#,
            central_api
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let users: Vec<User> = rows.into_iter().map(User::from).collect();
        let asked_as = users.iter().find(|user| same_name(&user.asked_as, name));
        let called = asked_as.or_else(|| users.iter().find(|user| same_name(&user.name, name)));
        Ok(called.cloned())
    }

    /// Another user of the same farm as this one who has this number.
    pub async fn user_of_id(
        &self,
        user: i64,
        id: CentralUserId,
    ) -> Result<Option<User>, StoreError> {
        let id = id.0.cast_signed();
        let row = sqlx::query_as!(
            UserRow,
            r#"
            select id as "id!", name, asked_as, central_user_id from user
            where central_user_id = ?2 and id <> ?1
                and central_api = (select central_api from user where id = ?1)
            "#,
            user,
            id
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(row.map(User::from))
    }

    /// Gives the run of a user who turned out to be another one to that one, and forgets the first.
    pub async fn merge_user(&self, user: i64, known: i64) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let merged = async {
            let connection = &mut *transaction;
            sqlx::query!("update run set user = ?2 where user = ?1", user, known)
                .execute(&mut *connection)
                .await?;
            sqlx::query!("delete from user where id = ?1", user)
                .execute(connection)
                .await
        };
        merged.await.map_err(|error| self.error(error))?;
        tracing::info!("a user is known by another name");
        self.commit(transaction).await
    }

    /// Every user the database knows.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query_as!(
            UserRow,
            r#"select id as "id!", name, asked_as, central_user_id from user order by name, id"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// The user of this name, noted down if there is none yet.
    pub async fn user_or_new(&self, central_api: &str, name: &str) -> Result<User, StoreError> {
        if let Some(user) = self.user(central_api, name).await? {
            return Ok(user);
        }
        let id = sqlx::query!(
            "insert into user (name, asked_as, central_api) values (?1, ?1, ?2)",
            name,
            central_api
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?
        .last_insert_rowid();
        Ok(User {
            id,
            name: name.to_owned(),
            asked_as: name.to_owned(),
            central_user_id: None,
        })
    }

    /// The outlines of a user's observed accounts, by wiki.
    pub async fn outlines(&self, user: i64) -> Result<BTreeMap<WikiId, Outline>, StoreError> {
        let rows = sqlx::query!(
            r#"
            select a.wiki, a.failing_since is not null as "is_failing!: bool",
                json_group_array(p.name) filter (where p.kind = 'group') as "groups!: String",
                coalesce(max(json_extract(v.json, '$')) filter (where p.kind = 'counter'), 0)
                    as "edit_count!: i64",
                count(*) filter (where p.kind = 'block') as "blocks!: u32"
            from account a
            left join held h on h.id >= a.id << 18 and h.id < (a.id + 1) << 18
            left join property p on p.id = h.property
                and (p.kind in ('group', 'block') or (p.kind = 'counter' and p.name = 'edit_count'))
            left join property_value v on v.id = h.value
            where a.user = ?1 and a.wiki <> 'global' and a.first_run is not null
            group by a.id
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let outlines = rows.into_iter().filter_map(|row| {
            let outline = Outline {
                groups: serde_json::from_str(&row.groups).unwrap_or_default(),
                edit_count: row.edit_count.unsigned_abs(),
                blocks: row.blocks,
                is_failing: row.is_failing,
            };
            Some((row.wiki.parse().ok()?, outline))
        });
        Ok(outlines.collect())
    }

    /// The wikis with an attached account, as the list named them last, with the address of each.
    pub async fn listed_wikis(&self, user: i64) -> Result<Vec<(WikiId, String)>, StoreError> {
        let rows = sqlx::query!(
            r#"
            select wiki, api_url from account
            where user = ?1 and wiki <> 'global' and listed_until is null order by id
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let wikis = rows.into_iter();
        Ok(wikis
            .filter_map(|row| Some((row.wiki.parse().ok()?, row.api_url)))
            .collect())
    }

    /// Until when the servers want to be left alone by this user.
    pub async fn paused_until(&self, user: i64) -> Result<Option<DateTime<Utc>>, StoreError> {
        let until = sqlx::query_scalar!("select paused_until from user where id = ?1", user)
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        Ok(until.and_then(|until| DateTime::from_timestamp(until, 0)))
    }

    /// Notes until when the servers want to be left alone. Rounded up: never a request early.
    pub async fn record_pause(&self, user: i64, until: DateTime<Utc>) -> Result<(), StoreError> {
        let until = until.timestamp() + 1;
        sqlx::query!(
            "update user set paused_until = ?2 where id = ?1",
            user,
            until
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// The fingerprint of the credential that was refused for good, if one was.
    pub async fn refused_credential(&self, user: i64) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar!("select refused_credential from user where id = ?1", user)
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.error(error))
    }

    /// Notes that a credential was refused for good.
    pub async fn record_refusal(&self, user: i64, fingerprint: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "update user set refused_credential = ?2 where id = ?1",
            user,
            fingerprint
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Which of these wikis' accounts are known and not in the list: a rename may be running, or
    /// they were detached.
    pub async fn absent_accounts(
        &self,
        user: i64,
        enumeration: &Enumeration,
    ) -> Result<u32, StoreError> {
        let listed: Vec<&str> = enumeration
            .attached
            .iter()
            .map(|account| account.wiki.as_str())
            .collect();
        let listed = serde_json::Value::from(listed).to_string();
        sqlx::query_scalar!(
            r#"
            select count(*) as "count!: u32" from account
            where user = ?1 and wiki <> 'global' and detached_at is null
                and wiki not in (select value from json_each(?2))
            "#,
            user,
            listed
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The row of the user's global account.
    pub async fn global_account(&self, user: i64) -> Result<i64, StoreError> {
        sqlx::query_scalar!(
            r#"select id as "id!" from account where user = ?1 and wiki = 'global'"#,
            user
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// Notes what the central wiki says: name and number of the user, and which accounts there are.
    /// `api_url` tells where an account's questions go. The global account comes first.
    ///
    /// An account that is not listed any more is kept; it counts as detached once it has stayed away
    /// for six hours, and never while a rename runs.
    pub async fn record_enumeration(
        &self,
        user: &User,
        enumeration: &Enumeration,
        api_url: impl Fn(&AttachedAccount) -> String,
        central_api: &str,
        now: DateTime<Utc>,
        rename_runs: bool,
    ) -> Result<Vec<Account>, StoreError> {
        let now = now.timestamp();
        let mut transaction = self.begin().await?;
        let recorded = async {
            let connection = &mut *transaction;
            rename_user(connection, user, enumeration, now).await?;
            let mut rows = vec![json!([WikiId::GLOBAL, central_api, host(central_api)])];
            rows.extend(enumeration.attached.iter().map(|account| {
                let url = api_url(account);
                let attached_at = account.attached_at.map(|at| at.timestamp());
                let host = host(&url);
                json!([
                    account.wiki.as_str(),
                    url,
                    host,
                    attached_at,
                    account.attached_by
                ])
            }));
            upsert_accounts(connection, user.id, &rows, now).await?;
            note_absent_accounts(connection, user.id, enumeration, now, rename_runs).await?;
            listed_accounts(connection, user.id).await
        }
        .await
        .map_err(|error| self.error(error))?;
        self.commit(transaction).await?;
        Ok(recorded)
    }
}

async fn rename_user(
    connection: &mut SqliteConnection,
    user: &User,
    enumeration: &Enumeration,
    now: i64,
) -> sqlx::Result<()> {
    let central_user_id = enumeration.account.id.0.cast_signed();
    let name = &enumeration.account.name;
    sqlx::query!(
        "update user set name = ?2, central_user_id = ?3, listed_at = ?4 where id = ?1",
        user.id,
        name,
        central_user_id,
        now
    )
    .execute(connection)
    .await
    .map(drop)
}

/// All accounts of the list in one statement; a row is written only where something is new.
async fn upsert_accounts(
    connection: &mut SqliteConnection,
    user: i64,
    accounts: &[serde_json::Value],
    now: i64,
) -> sqlx::Result<()> {
    let accounts = serde_json::Value::from(accounts).to_string();
    sqlx::query!(
        r#"
        insert into account (user, wiki, api_url, host, attached_at, attached_by, listed_from)
        select ?1, j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, ?3
        from json_each(?2) j
        where true
        on conflict (user, wiki) do update set
            api_url = excluded.api_url,
            host = excluded.host,
            attached_at = coalesce(attached_at, excluded.attached_at),
            attached_by = coalesce(excluded.attached_by, attached_by),
            listed_until = null,
            detached_at = null
        where api_url <> excluded.api_url
            or attached_at is not coalesce(attached_at, excluded.attached_at)
            or attached_by is not coalesce(excluded.attached_by, attached_by)
            or listed_until is not null
        "#,
        user,
        accounts,
        now
    )
    .execute(connection)
    .await
    .map(drop)
}

async fn note_absent_accounts(
    connection: &mut SqliteConnection,
    user: i64,
    enumeration: &Enumeration,
    now: i64,
    rename_runs: bool,
) -> sqlx::Result<()> {
    let listed: Vec<&str> = enumeration
        .attached
        .iter()
        .map(|account| account.wiki.as_str())
        .collect();
    let listed = serde_json::Value::from(listed).to_string();
    sqlx::query!(
        r#"
        update account set listed_until = coalesce(listed_until, ?3)
        where user = ?1 and wiki <> 'global' and detached_at is null
            and wiki not in (select value from json_each(?2))
        "#,
        user,
        listed,
        now
    )
    .execute(&mut *connection)
    .await?;
    if rename_runs {
        return Ok(());
    }
    let gone_since = now - DETACHED_AFTER.num_seconds();
    sqlx::query!(
        r#"
        update account set detached_at = ?2
        where user = ?1 and detached_at is null and listed_until <= ?3
        "#,
        user,
        now,
        gone_since
    )
    .execute(connection)
    .await
    .map(drop)
}

async fn listed_accounts(
    connection: &mut SqliteConnection,
    user: i64,
) -> sqlx::Result<Vec<Account>> {
    let rows = sqlx::query!(
        r#"
        select id as "id!", wiki, fingerprint
        from account
        where user = ?1 and listed_until is null
        order by wiki <> 'global', id
        "#,
        user
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            Some(Account {
                id: row.id,
                wiki: row.wiki.parse().ok()?,
                fingerprint: row.fingerprint.and_then(|bytes| bytes.try_into().ok()),
            })
        })
        .collect())
}

/// The host of a URL without its port, as the ledger has it.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split([':', '/', '?', '#']).next().unwrap_or_default()
}
