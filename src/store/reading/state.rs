//! What the user was at one point in time: what was held after a run.

use super::{Reading, hand_over};
use crate::store::{
    BlockLine, EditorRow, GroupChangeLine, GroupLine, IdentityLine, PreferenceLine, StoreError,
};

impl Reading {
    /// Who the user was on each wiki, and as the global account.
    pub async fn each_identity<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(IdentityLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            IdentityLine,
            r#"
            with fact as (
                select h.account, p.kind, p.name, json_extract(v.json, '$') as value,
                    json_type(v.json) as type
                from held_values h
                join account a on a.id = h.account
                join property p on p.id = h.property
                join property_value v on v.id = h.value
                where a.user = ?1 and h.from_run <= ?2
                    and (h.ended_run is null or h.ended_run > ?2)
                    and (
                        p.kind in ('identity', 'lock')
                        or (p.kind = 'counter' and p.name in ('edit_count', 'latest_edit_at'))
                    )
            )
            select u.name as "user!", a.wiki as "wiki!", u.central_user_id,
                max(f.value) filter (where f.name = 'local_user_id' and f.type = 'integer')
                    as "local_user_id?: i64",
                max(f.value) filter (where f.name = 'name' and f.type = 'text')
                    as "name?: String",
                max(f.value) filter (where f.name = 'registered_at' and f.type = 'text')
                    as "registered_at?: String",
                (
                    select strftime('%Y-%m-%dT%H:%M:%SZ', e.made_at, 'unixepoch')
                    from first_edit e where e.account = a.id
                ) as "first_edit_at?: String",
                max(f.value) filter (where f.name = 'latest_edit_at' and f.type = 'text')
                    as "latest_edit_at?: String",
                max(f.value) filter (where f.name = 'edit_count' and f.type = 'integer')
                    as "edit_count?: i64",
                max(f.value) filter (where f.name = 'email' and f.type = 'text')
                    as "email?: String",
                max(f.value) filter (where f.name = 'email_confirmed_at' and f.type = 'text')
                    as "email_confirmed_at?: String",
                max(f.value) filter (where f.name = 'home_wiki' and f.type = 'text')
                    as "home_wiki?: String",
                count(*) filter (where f.kind = 'lock' and f.name = 'locked') > 0
                    as "locked!: bool",
                count(*) filter (where f.kind = 'lock' and f.name = 'hidden') > 0
                    as "hidden!: bool"
            from fact f
            join account a on a.id = f.account
            join user u on u.id = a.user
            group by a.id
            order by a.wiki <> 'global', a.wiki
            "#,
            self.user,
            self.run
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// The groups: given, implicit and global ones.
    pub async fn each_group<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(GroupLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            GroupLine,
            r#"
            select u.name as "user!", a.wiki as "wiki!", p.kind as "kind!",
                p.name as "group_name!",
                case when v.json like '"2%' then json_extract(v.json, '$') end
                    as "expires_at: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', found.at, 'unixepoch') as "valid_from!: String",
                strftime(
                    '%Y-%m-%dT%H:%M:%SZ', gone_in.started_at + gone.after_ms / 1000, 'unixepoch'
                ) as "valid_to: String"
            from held_values h
            join account a on a.id = h.account
            join user u on u.id = a.user
            join property p on p.id = h.property
            join property_value v on v.id = h.value
            join observations found on found.run = h.from_run and found.account = h.account
            left join run gone_in on gone_in.id = h.ended_run
            left join snapshot gone on gone.id = (gone_in.id << 15) | a.ordinal
            where a.user = ?1 and h.from_run <= ?2 and (h.ended_run is null or h.ended_run > ?2)
                and p.kind in ('group', 'global_group', 'implicit_group')
            order by a.wiki, p.kind, p.name
            "#,
            self.user,
            self.run
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// The preferences of the wikis, those too in which software notes what the user has seen.
    pub async fn each_preference<E: From<StoreError>>(
        &mut self,
        is_global: bool,
        each: impl FnMut(PreferenceLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            PreferenceLine,
            r#"
            select u.name as "user!", a.wiki as "wiki!", p.kind as "kind!", p.name as "name!",
                v.json as "value!", nullif(v.is_default, -1) as "is_default: bool",
                strftime('%Y-%m-%dT%H:%M:%SZ', iif(?3, found.by, found.at), 'unixepoch')
                    as "valid_from!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ',
                    iif(?3 and gone_in.finished_at is not null,
                        gone_in.finished_at, gone_in.started_at + gone.after_ms / 1000), 'unixepoch')
                    as "valid_to: String"
            from held_values h
            join account a on a.id = h.account
            join user u on u.id = a.user
            join property p on p.id = h.property
            join property_value v on v.id = h.value
            join observations found on found.run = h.from_run and found.account = h.account
            left join run gone_in on gone_in.id = h.ended_run
            left join snapshot gone on gone.id = (gone_in.id << 15) | a.ordinal
            where a.user = ?1 and h.from_run <= ?2 and (h.ended_run is null or h.ended_run > ?2)
                and iif(
                    ?3,
                    p.kind = 'global_preference',
                    p.kind = 'preference' or (
                        p.kind = 'counter' and p.name not in ('edit_count', 'latest_edit_at')
                    )
                )
            order by a.wiki, p.name, p.kind
            "#,
            self.user,
            self.run,
            is_global
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// Every block that had been observed by then, those too that had ended.
    pub async fn each_block<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(BlockLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            BlockLine,
            r#"
            select u.name as "user!", a.wiki as "wiki!", p.name as "block_id!",
                v.json ->> '$.by' as "blocked_by: String",
                v.json ->> '$.reason' as "reason: String",
                v.json ->> '$.timestamp' as "blocked_at: String",
                nullif(v.json ->> '$.expiry', 'infinity') as "expires_at: String",
                v.json ->> '$.partial' as "is_partial: bool",
                v.json as "value!",
                strftime('%Y-%m-%dT%H:%M:%SZ', found.at, 'unixepoch') as "valid_from!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as "seen_until!: String",
                strftime(
                    '%Y-%m-%dT%H:%M:%SZ', gone_in.started_at + gone.after_ms / 1000, 'unixepoch'
                ) as "valid_to: String"
            from held_values h
            join account a on a.id = h.account
            join user u on u.id = a.user
            join property p on p.id = h.property
            join property_value v on v.id = h.value
            join observations found on found.run = h.from_run and found.account = h.account
            join observations seen on seen.run = h.seen_run and seen.account = h.account
            left join run gone_in on gone_in.id = h.ended_run
            left join snapshot gone on gone.id = (gone_in.id << 15) | a.ordinal
            where a.user = ?1 and h.from_run <= ?2 and p.kind = 'block'
            order by a.wiki, p.name, h.from_run, h.ended_run is null, h.ended_run
            "#,
            self.user,
            self.run
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// How the given groups, local and global, had changed by then, who did it and why.
    pub async fn each_group_change<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(GroupChangeLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            GroupChangeLine,
            r#"
            select c.id as "run!", v.user as "user!", v.wiki as "wiki!", v.kind as "kind!",
                v.name as "group_name!", v.change as "change!: String", v.before as "before: String",
                v.after as "after: String", v.happened_after as "happened_after!: String",
                v.happened_by as "happened_by!: String", v.cause as "cause!", v.performer, v.comment
            from run c
            join changes v on v.run = c.id
            where c.user = ?1 and c.id <= ?2 and v.kind in ('group', 'global_group')
            order by v.run, v.wiki, v.kind, v.name
            "#,
            self.user,
            self.run
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// The attached accounts as editors of their wikis.
    pub async fn each_editor<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(EditorRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            EditorRow,
            r#"
            with fact as (
                select h.account, p.kind, p.name, json_extract(v.json, '$') as value,
                    json_type(v.json) as type
                from held_values h
                join account a on a.id = h.account
                join property p on p.id = h.property
                join property_value v on v.id = h.value
                where a.user = ?1 and a.wiki <> 'global' and h.from_run <= ?2
                    and (h.ended_run is null or h.ended_run > ?2)
                    and p.kind in ('identity', 'counter', 'group', 'implicit_group')
            ),
            flag as (
                select f.account, e.flag
                from fact f join editor_flag e on f.kind = 'group' and e.group_name = f.name
            )
            select a.wiki as "wiki!", a.api_url as "api_url!",
                max(f.value) filter (
                    where f.kind = 'identity' and f.name = 'local_user_id' and f.type = 'integer'
                ) as "identifier: i64",
                max(f.value) filter (
                    where f.kind = 'identity' and f.name = 'name' and f.type = 'text'
                ) as "name: String",
                max(f.value) filter (
                    where f.kind = 'counter' and f.name = 'edit_count' and f.type = 'integer'
                ) as "edit_count: i64",
                json_group_array(f.name order by f.kind, f.name) filter (
                    where f.kind in ('group', 'implicit_group')
                ) as "groups!: String",
                max(f.value) filter (
                    where f.kind = 'identity' and f.name = 'registered_at' and f.type = 'text'
                ) as "date_started: String",
                (a.id, 'is_bot') in (select account, flag from flag) as "is_bot!: bool",
                (a.id, 'is_admin') in (select account, flag from flag) as "is_admin!: bool",
                (a.id, 'is_patroller') in (select account, flag from flag)
                    as "is_patroller!: bool",
                (a.id, 'has_advanced_rights') in (select account, flag from flag)
                    as "has_advanced_rights!: bool"
            from fact f
            join account a on a.id = f.account
            group by a.id
            order by a.wiki
            "#,
            self.user,
            self.run
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }
}
