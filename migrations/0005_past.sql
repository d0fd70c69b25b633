-- What was before the first snapshot, and what a snapshot does not show: what the logs say about the
-- user, the user's own edits and logged actions, and the answers themselves.
--
--   reading        how far a list of a wiki has been read. A page of a list and this row are written
--                  in one transaction, so a program that is killed asks for that page again: nothing
--                  twice, nothing left out. Lists are read from the oldest entry on, so what has been
--                  read is always one piece, from the beginning up to `read_until`.
--   edit, action   what the user did (opt-in). Small rows: an account may have made 100,000 edits.
--   answer         what a wiki answered, byte for byte but for the secrets (opt-in).

create table reading (
    id integer primary key,
    user integer not null references user (id),
    -- The wiki that is asked.
    asked_on text not null,
    -- `log`: what a log says about a page; `edits`, `actions`: what the user did there.
    list text not null check (list in ('log', 'edits', 'actions')),
    -- The page a log is read about; empty for what the user did.
    about text not null,
    -- The newest entry that was read.
    read_until integer,
    -- Where the wiki wants to be asked to go on; null at the end of the list, or before it.
    go_on text,
    -- When the end of the list was last reached; null while it is read once more.
    finished_at integer,
    -- The number of edits that the central wiki told then.
    edit_count integer,
    unique (user, asked_on, list, about)
) strict;

-- Bits: 1 what was done, 2 by whom, 4 why; 8: even from administrators. For edits 1 is the text.
alter table log_event add column hidden integer not null default 0;

create index log_event_by_time on log_event (user, logged_at);

-- The first edit that can be seen; an earlier one may have been deleted.
create table first_edit (
    account integer primary key references account (id),
    revision integer not null,
    made_at integer not null
) strict;

-- Page titles by the number of the page, as they were last told: a number takes four bytes and needs
-- no index of texts.
create table page (
    account integer not null references account (id),
    page integer not null,
    namespace integer not null,
    title text not null,
    primary key (account, page)
) strict, without rowid;

create table tag_list (
    id integer primary key,
    json text not null unique check (json_valid(json))
) strict;

insert into tag_list (id, json) values (0, '[]');

create table edit (
    account integer not null references account (id),
    revision integer not null,
    -- Null: not told.
    parent integer,
    page integer,
    made_at integer not null,
    size integer,
    size_diff integer,
    -- Bits: 1 it made the page, 2 minor.
    flags integer not null,
    hidden integer not null,
    tags integer not null references tag_list (id),
    comment text,
    primary key (account, revision)
) strict, without rowid;

create table action_kind (
    id integer primary key,
    type text not null,
    action text not null,
    unique (type, action)
) strict;

create table action (
    account integer not null references account (id),
    log_id integer not null,
    done_at integer not null,
    kind integer not null references action_kind (id),
    hidden integer not null,
    tags integer not null references tag_list (id),
    -- Null: hidden.
    namespace integer,
    title text,
    comment text,
    params text not null check (json_valid(params)),
    primary key (account, log_id)
) strict, without rowid;

-- A body that others resemble: they are compressed with it as their dictionary. Itself compressed.
create table answer_dictionary (
    id integer primary key,
    -- It goes when the user goes, and nobody else's answers depend on it.
    user integer not null references user (id),
    purpose text not null,
    content blob not null
) strict;

create table answer (
    id integer primary key,
    run integer not null references run (id),
    account integer not null references account (id),
    purpose text not null,
    received_ms integer not null,
    -- Null: compressed on its own.
    dictionary integer references answer_dictionary (id),
    -- zstd: a line of JSON (address, status, headers, what was cut out), then the body.
    content blob not null,
    unique (run, account, purpose)
) strict;

create index answer_by_dictionary on answer (dictionary);

-- ---------------------------------------------------------------------------------------------
-- The views.
-- ---------------------------------------------------------------------------------------------

drop view log_events;

create view log_events as
select u.name as user, l.wiki, l.log_id, l.type, l.action,
    strftime('%Y-%m-%dT%H:%M:%SZ', l.logged_at, 'unixepoch') as logged_at,
    l.performer, l.comment, l.params, l.logged_on,
    nullif(rtrim(
        iif(l.hidden & 1, 'action ', '') || iif(l.hidden & 2, 'user ', '')
        || iif(l.hidden & 4, 'comment ', '') || iif(l.hidden & 8, 'suppressed', '')
    ), '') as hidden
from log_event l
join user u on u.id = l.user;

create view first_edits as
select u.name as user, a.wiki, f.revision as rev_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', f.made_at, 'unixepoch') as made_at
from first_edit f
join account a on a.id = f.account
join user u on u.id = a.user;

create view contributions as
select u.name as user, a.wiki, e.revision as rev_id, e.parent as parent_id, e.page as page_id,
    p.namespace, p.title,
    strftime('%Y-%m-%dT%H:%M:%SZ', e.made_at, 'unixepoch') as made_at,
    e.comment, e.size, e.size_diff, e.flags & 1 as is_new, (e.flags & 2) / 2 as is_minor,
    t.json as tags,
    nullif(rtrim(
        iif(e.hidden & 1, 'text ', '') || iif(e.hidden & 2, 'user ', '')
        || iif(e.hidden & 4, 'comment ', '') || iif(e.hidden & 8, 'suppressed', '')
    ), '') as hidden
from edit e
join account a on a.id = e.account
join user u on u.id = a.user
join tag_list t on t.id = e.tags
left join page p on p.account = e.account and p.page = e.page;

create view logged_actions as
select u.name as user, a.wiki, l.log_id, k.type, k.action, l.namespace, l.title,
    strftime('%Y-%m-%dT%H:%M:%SZ', l.done_at, 'unixepoch') as done_at,
    l.comment, l.params, t.json as tags,
    nullif(rtrim(
        iif(l.hidden & 1, 'action ', '') || iif(l.hidden & 2, 'user ', '')
        || iif(l.hidden & 4, 'comment ', '') || iif(l.hidden & 8, 'suppressed', '')
    ), '') as hidden
from action l
join account a on a.id = l.account
join user u on u.id = a.user
join action_kind k on k.id = l.kind
join tag_list t on t.id = l.tags;

create view contributions_by_month as
with done as (
    select account, made_at as at, 1 as edit, flags & 1 as is_new, (flags & 2) / 2 as is_minor,
        coalesce(size_diff, 0) as size_diff
    from edit
    union all
    select account, done_at, 0, 0, 0, 0 from action
)
select u.name as user, a.wiki, strftime('%Y-%m', d.at, 'unixepoch') as month,
    sum(d.edit) as edits, sum(d.is_new) as new_pages, sum(d.is_minor) as minor_edits,
    sum(d.size_diff) as size_diff, count(*) - sum(d.edit) as actions
from done d
join account a on a.id = d.account
join user u on u.id = a.user
group by u.id, a.id, month;

-- How far each list has been read: everything up to `read_until`, unless it was hidden then.
create view readings as
select u.name as user, r.asked_on as wiki, r.list, r.about,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.read_until, 'unixepoch') as read_until,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.finished_at, 'unixepoch') as finished_at
from reading r
join user u on u.id = r.user;

create view answers as
select w.run, u.name as user, a.wiki, w.purpose,
    strftime('%Y-%m-%dT%H:%M:%SZ', w.received_ms / 1000, 'unixepoch') as received_at,
    length(w.content) as stored_bytes
from answer w
join account a on a.id = w.account
join user u on u.id = a.user;
