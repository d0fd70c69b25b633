-- The history of one or more global accounts, kept so that plain sqlite3 can read it.
--
-- Tables are singular and ours to change. Views are plural and the contract with users
-- (docs/database.md). How the tables hold a history:
--
--   held       what each account holds now, a row a property. Written when an account is first
--              seen, then only where something changed: an unchanged night adds nothing here.
--   change     one row a change. It also keeps the value that ended, and from when to when that
--              was seen; so the past is exactly this table and needs no copy of its own.
--   snapshot   one small row each time an account was observed, with the figures of the request
--              that brought it. An account that could not be read has a row in `failure` instead,
--              and nothing else: unknown is never a change.
--
-- Instants are Unix seconds; `..._ms` are milliseconds. Runs are ordered by their number only,
-- since a clock may jump.

-- Marks the file as ours ("sult"): another program's database is refused before anything is written.
pragma application_id = 1937075316;

-- The secret of this database: the key of the hashes that stand for redacted values.
create table hash_key (
    id integer primary key check (id = 1),
    key blob not null check (length(key) = 32)
) strict;

insert into hash_key (id, key) values (1, randomblob(32));

create table user (
    id integer primary key,
    -- The current name; it follows renames.
    name text not null,
    -- The name the configuration or the command line used when the user was first asked for.
    asked_as text not null,
    central_api text not null,
    -- Survives renames. Null until the central wiki has answered once.
    central_user_id integer,
    -- When the list of accounts was last read.
    listed_at integer,
    -- Until when the servers want to be left alone; kept so that a restart asks no earlier.
    paused_until integer,
    -- Fingerprint of a bot password that was refused: it is never tried again.
    refused_credential text,
    unique (central_api, asked_as),
    unique (central_api, central_user_id)
) strict;

create table run (
    -- Never given twice, not even after the newest run was deleted.
    id integer primary key autoincrement,
    user integer not null references user,
    scope text not null check (scope in ('full', 'pulse', 'wikis')),
    trigger text not null check (trigger in ('schedule', 'command')),
    status text not null check (status in ('running', 'finished', 'interrupted', 'failed')),
    started_at integer not null,
    finished_at integer,
    -- How many accounts the run is to read; null until the list is known.
    accounts integer,
    -- The tally, written when the run ends; until then the view counts.
    unchanged integer,
    changed integer,
    first_seen integer,
    failed integer,
    requests integer,
    -- Why it failed, for people.
    error text
) strict;

create index run_by_user on run (user, id);

create table account (
    id integer primary key,
    user integer not null references user,
    -- The wiki ID, or 'global' for the global account itself.
    wiki text not null,
    api_url text not null,
    host text not null,
    attached_at integer,
    attached_by text,
    -- When the list first named it, and when it was last there; null while it still is.
    listed_from integer not null,
    listed_until integer,
    -- Set once the absence has lasted and no rename explains it.
    detached_at integer,
    -- The first and the latest run that observed it.
    first_run integer references run,
    observed_run integer references run,
    -- Since when every try failed; null while it can be read.
    failing_since integer,
    -- Bit set of the subjects that have ever been observed (model::Subject).
    coverage integer not null default 0,
    -- Of the last answer (model::Snapshot): when the next one is the same, there is nothing to
    -- compare.
    fingerprint blob check (length(fingerprint) = 16),
    unique (user, wiki)
) strict;

create table snapshot (
    run integer not null references run,
    account integer not null references account,
    -- When the answer came, counted from the start of the run.
    after_ms integer not null,
    -- The request that brought it. Null where `request` holds it (a repeated try) or once pruned.
    duration_ms integer,
    bytes integer,
    waited_ms integer,
    primary key (run, account)
) strict, without rowid;

create table failure (
    run integer not null references run,
    account integer not null references account,
    after_ms integer not null,
    error text not null,
    primary key (run, account)
) strict, without rowid;

-- Every request that is not told by a row of `snapshot`.
create table request (
    id integer primary key,
    -- Null: `plan` or `check` asked, outside any run.
    run integer references run,
    sent_ms integer not null,
    host text not null,
    purpose text not null,
    -- The HTTP status; null where no answer came.
    status integer,
    duration_ms integer not null,
    bytes integer not null,
    attempt integer not null,
    waited_ms integer not null
) strict;

create index request_by_run on request (run);

create table property (
    -- The key of `held` has room for so many.
    id integer primary key check (id < 262144),
    kind text not null,
    name text not null,
    -- The bit of account.coverage that says whether it can be seen.
    subject integer not null,
    unique (kind, name)
) strict;

-- Most preferences are alike on a thousand wikis, so each value is kept once.
-- `is_default`: whether it is the wiki's default; -1 where that means nothing.
create table property_value (
    id integer primary key,
    json text not null check (json_valid(json)),
    is_default integer not null check (is_default in (-1, 0, 1)),
    unique (json, is_default)
) strict;

-- Account and property share the integer key, so the rows of an account lie together and a row
-- takes 12 bytes: 3.6 MB for 1,000 wikis x 300 preferences instead of 4.3 MB with a key of two
-- columns (measured). It has room for 262,143 properties and 35 million million accounts.
create table held (
    id integer primary key,
    account integer not null generated always as (id >> 18) virtual references account,
    property integer not null generated always as (id & 262143) virtual references property,
    value integer not null references property_value,
    from_run integer not null references run
) strict;

create table cause (
    id integer primary key,
    cause text not null unique
) strict;

insert into cause (id, cause) values
    (0, 'unknown'), (1, 'user'), (2, 'wiki-default'), (3, 'software'),
    (4, 'global-preference'), (5, 'rights-log'), (6, 'expiry');

create table log_event (
    id integer primary key,
    user integer not null references user,
    -- The wiki whose log it stands in, and the one it is about (stewards act from Meta).
    logged_on text not null,
    wiki text not null,
    log_id integer not null,
    type text not null,
    action text not null,
    logged_at integer not null,
    performer text,
    comment text,
    params text not null check (json_valid(params)),
    unique (user, logged_on, log_id)
) strict;

create table change (
    run integer not null references run,
    account integer not null references account,
    property integer not null references property,
    -- Null: it was not there before, or is not there any more.
    before integer references property_value,
    after integer references property_value,
    -- The run that first observed `before`; null where `before` is.
    before_from integer references run,
    -- The last run before this one that observed the account (and could see this property).
    before_seen integer not null references run,
    cause integer not null references cause,
    log_event integer references log_event,
    -- A log or the global preferences may tell the cause and have not answered yet.
    is_open integer not null default 0 check (is_open in (0, 1)),
    primary key (run, account, property),
    check (before is not null or after is not null),
    check ((before is null) = (before_from is null))
) strict, without rowid;

create index change_by_account on change (account, property, run);
create index change_open on change (run) where is_open = 1;

-- What the credential could see once and cannot see now: neither there nor gone, but unknown.
create table out_of_sight (
    account integer not null references account,
    subject integer not null,
    -- The last run that saw it.
    seen_run integer not null references run,
    primary key (account, subject)
) strict, without rowid;

-- Which local groups set which flag of the editor object of Wikimedia Enterprise (its own lists).
create table editor_flag (
    flag text not null,
    group_name text not null,
    primary key (flag, group_name)
) strict, without rowid;

insert into editor_flag (flag, group_name) values
    ('is_bot', 'bot'),
    ('is_admin', 'sysop'),
    ('is_patroller', 'rollback'), ('is_patroller', 'abusefilter'), ('is_patroller', 'patroller'),
    ('is_patroller', 'reviewer'), ('is_patroller', 'autoreview'), ('is_patroller', 'autoreviewer'),
    ('is_patroller', 'editor'), ('is_patroller', 'autoeditor'), ('is_patroller', 'eliminator'),
    ('has_advanced_rights', 'checkuser'), ('has_advanced_rights', 'bureaucrat'),
    ('has_advanced_rights', 'oversight'), ('has_advanced_rights', 'steward');

-- ---------------------------------------------------------------------------------------------
-- The views. Times are ISO 8601 text in UTC, values are JSON text.
-- ---------------------------------------------------------------------------------------------

-- When a run observed an account. Global preferences are asked at the end of a run: `by` is then.
-- Not part of the contract.
create view observations as
select s.run, s.account, r.started_at + s.after_ms / 1000 as at,
    coalesce(r.finished_at, r.started_at + s.after_ms / 1000) as by
from snapshot s
join run r on r.id = s.run;

-- Every value an account has held: the current ones, and those that a change ended. Not part of
-- the contract: it names rows by number; `history` says the same in words.
create view held_values as
select h.account, h.property, h.value, h.from_run,
    coalesce(o.seen_run, a.observed_run) as seen_run,
    null as ended_run
from held h
join account a on a.id = h.account
join property p on p.id = h.property
left join out_of_sight o on o.account = h.account and o.subject = p.subject
union all
select account, property, before, before_from, before_seen, run
from change
where before is not null;

create view history as
select u.name as user, a.wiki, p.kind, p.name, v.json as value,
    nullif(v.is_default, -1) as is_default,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference', found.by, found.at), 'unixepoch') as valid_from,
    strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as seen_until,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference', gone.by, gone.at), 'unixepoch') as valid_to
from held_values h
join account a on a.id = h.account
join user u on u.id = a.user
join property p on p.id = h.property
join property_value v on v.id = h.value
join observations found on found.run = h.from_run and found.account = h.account
join observations seen on seen.run = h.seen_run and seen.account = h.account
left join observations gone on gone.run = h.ended_run and gone.account = h.account;

create view changes as
select c.run, u.name as user, a.wiki, p.kind, p.name,
    case when c.before is null then '+' when c.after is null then '-' else '~' end as change,
    b.json as before, n.json as after,
    strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as happened_after,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference', found.by, found.at), 'unixepoch') as happened_by,
    w.cause, l.performer, l.comment
from change c
join account a on a.id = c.account
join user u on u.id = a.user
join property p on p.id = c.property
join cause w on w.id = c.cause
join observations found on found.run = c.run and found.account = c.account
join observations seen on seen.run = c.before_seen and seen.account = c.account
left join property_value b on b.id = c.before
left join property_value n on n.id = c.after
left join log_event l on l.id = c.log_event;

create view groups as
select user, wiki, name as group_name,
    case when value like '"2%' then json_extract(value, '$') end as expires_at,
    valid_from, valid_to
from history
where kind in ('group', 'global_group');

create view preferences as
select user, wiki, name, value, is_default, valid_from, valid_to
from history
where kind = 'preference';

create view snapshots as
select s.run, u.name as user, a.wiki,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.started_at + s.after_ms / 1000, 'unixepoch') as taken_at,
    case
        when a.first_run = s.run then 'first_seen'
        when exists (
            select 1 from change c join property p on p.id = c.property
            where c.run = s.run and c.account = s.account and p.kind <> 'counter'
        ) then 'changed'
        else 'unchanged'
    end as outcome,
    (
        select count(*) from change c join property p on p.id = c.property
        where c.run = s.run and c.account = s.account and p.kind <> 'counter'
    ) as changes,
    null as error
from snapshot s
join run r on r.id = s.run
join account a on a.id = s.account
join user u on u.id = a.user
union all
select f.run, u.name, a.wiki,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.started_at + f.after_ms / 1000, 'unixepoch'),
    'failed', 0, f.error
from failure f
join run r on r.id = f.run
join account a on a.id = f.account
join user u on u.id = a.user;

-- The tally counts attached accounts; the global account is told by `snapshots` alone.
create view runs as
select r.id as run, u.name as user, r.scope, r.trigger, r.status,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.started_at, 'unixepoch') as started_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.finished_at, 'unixepoch') as finished_at,
    r.accounts,
    coalesce(r.unchanged, (
        select count(*) from snapshots s
        where s.run = r.id and s.wiki <> 'global' and s.outcome = 'unchanged'
    )) as unchanged,
    coalesce(r.changed, (
        select count(*) from snapshots s
        where s.run = r.id and s.wiki <> 'global' and s.outcome = 'changed'
    )) as changed,
    coalesce(r.first_seen, (
        select count(*) from snapshots s
        where s.run = r.id and s.wiki <> 'global' and s.outcome = 'first_seen'
    )) as first_seen,
    coalesce(r.failed, (
        select count(*) from failure f join account a on a.id = f.account
        where f.run = r.id and a.wiki <> 'global'
    )) as failed,
    coalesce(r.requests,
        (select count(*) from snapshot s where s.run = r.id and s.duration_ms is not null)
        + (select count(*) from request q where q.run = r.id)
    ) as requests,
    r.error
from run r
join user u on u.id = r.user;

create view accounts as
select u.name as user, u.central_user_id, a.wiki, a.api_url,
    (
        select json_extract(v.json, '$') from property p
        join held h on h.id = (a.id << 18) | p.id
        join property_value v on v.id = h.value
        where p.kind = 'identity' and p.name = 'local_user_id'
    ) as local_user_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', a.attached_at, 'unixepoch') as attached_at,
    a.attached_by,
    (
        select json_extract(v.json, '$') from property p
        join held h on h.id = (a.id << 18) | p.id
        join property_value v on v.id = h.value
        where p.kind = 'identity' and p.name = 'registered_at'
    ) as registered_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', a.listed_from, 'unixepoch') as first_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(a.listed_until, u.listed_at), 'unixepoch') as last_seen_at,
    case
        when a.detached_at is not null then 'detached'
        when a.failing_since is not null then 'unreachable'
        else 'attached'
    end as state
from account a
join user u on u.id = a.user
where a.wiki <> 'global';

create view log_events as
select u.name as user, l.wiki, l.log_id, l.type, l.action,
    strftime('%Y-%m-%dT%H:%M:%SZ', l.logged_at, 'unixepoch') as logged_at,
    l.performer, l.comment, l.params
from log_event l
join user u on u.id = l.user;

-- Every HTTP request. `at` is when it was sent, in whole seconds; `at_ms` the same in Unix
-- milliseconds, for those who count requests in a window.
create view requests as
select q.run,
    strftime('%Y-%m-%dT%H:%M:%SZ', q.sent_ms / 1000, 'unixepoch') as at,
    q.host, q.purpose, q.status, q.duration_ms, q.bytes, q.attempt, q.waited_ms,
    q.sent_ms as at_ms
from request q
union all
select s.run,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        (r.started_at * 1000 + s.after_ms - s.duration_ms) / 1000, 'unixepoch'),
    a.host,
    case a.wiki when 'global' then 'globaluserinfo' else 'userinfo' end,
    200, s.duration_ms, s.bytes, 1, s.waited_ms,
    r.started_at * 1000 + s.after_ms - s.duration_ms
from snapshot s
join run r on r.id = s.run
join account a on a.id = s.account
where s.duration_ms is not null;

-- The editor object of Wikimedia Enterprise, for the accounts as they are now. Its groups are the
-- local ones; a temporary account counts as named there too.
create view editors as
with facts as (
    select h.account, p.kind, p.name, json_extract(v.json, '$') as value
    from held h
    join property p on p.id = h.property
    join property_value v on v.id = h.value
    where p.kind in ('group', 'identity', 'counter')
)
select u.name as user, a.wiki,
    max(f.value) filter (where f.kind = 'identity' and f.name = 'local_user_id') as identifier,
    coalesce(
        max(f.value) filter (where f.kind = 'identity' and f.name = 'name'), u.name
    ) as name,
    coalesce(max(f.value) filter (where f.kind = 'counter' and f.name = 'edit_count'), 0)
        as edit_count,
    json_group_array(f.name) filter (where f.kind = 'group') as groups,
    max(f.value) filter (where f.kind = 'identity' and f.name = 'registered_at') as date_started,
    0 as is_anonymous,
    coalesce(max(e.flag = 'is_bot'), 0) as is_bot,
    coalesce(max(e.flag = 'is_admin'), 0) as is_admin,
    coalesce(max(e.flag = 'is_patroller'), 0) as is_patroller,
    coalesce(max(e.flag = 'has_advanced_rights'), 0) as has_advanced_rights
from account a
join user u on u.id = a.user
join facts f on f.account = a.id
left join editor_flag e on f.kind = 'group' and e.group_name = f.name
where a.wiki <> 'global'
group by a.id;
