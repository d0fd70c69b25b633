-- Smaller rows for the two tables that grow: a state of 300 preferences, and a look that found nothing
-- new. The views say what they said before (measured on 1,000 wikis, docs/performance.md).

-- Most preferences are 0 or 1 by default. The numbers 0 and 1 need no byte in SQLite's record format
-- (https://www.sqlite.org/fileformat2.html, serial types 8 and 9), so in a new file these two get them.
insert into property_value (id, json, is_default) values (0, '0', 1), (1, '1', 1)
on conflict do nothing;

-- How long the first answer was. Those of later ones are told from here, since they hardly differ.
alter table account add column answer_bytes integer not null default 0;

update account set answer_bytes = coalesce(
    (select s.bytes from snapshot s where s.run = account.first_run and s.account = account.id), 0
);

create temp table old_held as select id, value, from_run from held;
create temp table old_snapshot as select * from snapshot;

drop table held;
drop table snapshot;

-- Account and property share the key: the rows of an account lie together, and there is room for
-- 262,143 properties. Value and run share a number: an account's first values need no run.
create table held (
    id integer primary key,
    account integer not null generated always as (id >> 18) virtual references account (id),
    property integer not null generated always as (id & 262143) virtual references property (id),
    -- value | from_run << 32; without a run where it is account.first_run.
    holds integer not null,
    value integer not null generated always as (holds & 4294967295) virtual
        references property_value (id),
    -- The run that first observed the value; null where it is account.first_run.
    from_run integer generated always as (nullif(holds >> 32, 0)) virtual references run (id)
) strict;

insert into held (id, holds)
select h.id, h.value | (iif(h.from_run = a.first_run, 0, h.from_run) << 32)
from old_held h
join account a on a.id = h.id >> 18
order by h.id;

create table snapshot (
    run integer not null references run (id),
    account integer not null references account (id),
    -- When the answer came, counted from the start of the run.
    after_ms integer not null,
    -- The request that brought it: duration_ms | waited_ms << 16 | more_bytes << 36. Null where
    -- `request` holds it (a repeated try, or too much for so few bits) or once pruned.
    figures integer,
    duration_ms integer generated always as (figures & 65535) virtual,
    waited_ms integer generated always as ((figures >> 16) & 1048575) virtual,
    -- How many more than account.answer_bytes.
    more_bytes integer generated always as (figures >> 36) virtual,
    primary key (run, account)
) strict, without rowid;

insert into request (
    run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms
)
select s.run, r.started_at * 1000 + s.after_ms - s.duration_ms, a.host,
    iif(a.wiki = 'global', 'globaluserinfo', 'userinfo'), 200, s.duration_ms, s.bytes, 1, s.waited_ms
from old_snapshot s
join run r on r.id = s.run
join account a on a.id = s.account
where s.duration_ms >= 65536 or s.waited_ms >= 1048576;

insert into snapshot (run, account, after_ms, figures)
select s.run, s.account, s.after_ms,
    iif(s.duration_ms < 65536 and s.waited_ms < 1048576,
        s.duration_ms | (s.waited_ms << 16) | ((s.bytes - a.answer_bytes) << 36), null)
from old_snapshot s
join account a on a.id = s.account
order by s.run, s.account;

drop table old_held;
drop table old_snapshot;

-- Between this migration and the next, too, every view says what it said.
drop view held_values;

create view held_values as
select h.account, h.property, h.value, coalesce(h.from_run, a.first_run) as from_run,
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

drop view requests;

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
    200, s.duration_ms, a.answer_bytes + s.more_bytes, 1, s.waited_ms,
    r.started_at * 1000 + s.after_ms - s.duration_ms
from snapshot s
join run r on r.id = s.run
join account a on a.id = s.account
where s.figures is not null;
