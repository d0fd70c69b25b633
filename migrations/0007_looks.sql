-- A look that found nothing new takes less again, and is found sooner: its key is one number. The
-- views say what they said before.

-- The number of an account among those of its user, from 1 on: one half of the key of a look.
alter table account add column ordinal integer not null default 0 check (ordinal between 0 and 32767);

update account set ordinal = n.ordinal
from (select id, row_number() over (partition by user order by id) as ordinal from account) n
where n.id = account.id;

create unique index account_by_ordinal on account (user, ordinal);

-- Whoever adds an account need not know of it. Accounts go only when all those of their user do.
create trigger account_has_ordinal after insert on account when new.ordinal = 0 begin
    update account set ordinal = (select max(ordinal) + 1 from account where user = new.user)
    where id = new.id;
end;

-- They look in `snapshot`.
drop view observations;
drop view spans;
drop view snapshots;
drop view runs;
drop view requests;
drop view changes;

create temp table old_snapshot as select * from snapshot;
drop table snapshot;

-- Run and account share the key, as in `held`, and pages are filled to their ends. A run has one user, so
-- the ordinal is enough, and the account is found by run.user and that. The key takes 3 bytes up to run 63
-- and 4 up to run 8,191. There is room for 32,767 accounts of a user.
create table snapshot (
    -- run << 15 | account.ordinal
    id integer primary key,
    run integer not null generated always as (id >> 15) virtual references run (id),
    -- When the answer came, counted from the start of the run.
    after_ms integer not null,
    -- The request that brought it, what is usual in the three lowest bytes: 10 bits of duration_ms,
    -- 13 of waited_ms; then the 6 and 7 that are left of them, and more_bytes from bit 36 on. Null
    -- where `request` holds it (a repeated try, or too much for so few bits) or once pruned.
    figures integer,
    duration_ms integer generated always as
        ((figures & 1023) | (((figures >> 23) & 63) << 10)) virtual,
    waited_ms integer generated always as
        (((figures >> 10) & 8191) | (((figures >> 29) & 127) << 13)) virtual,
    -- How many more than account.answer_bytes.
    more_bytes integer generated always as (figures >> 36) virtual
) strict;

insert into snapshot (id, after_ms, figures)
select (s.run << 15) | a.ordinal, s.after_ms,
    (s.duration_ms & 1023) | ((s.waited_ms & 8191) << 10)
        | ((s.duration_ms >> 10) << 23) | ((s.waited_ms >> 13) << 29) | (s.more_bytes << 36)
from old_snapshot s
join account a on a.id = s.account
order by s.run, a.ordinal;

drop table old_snapshot;

-- When a run observed an account. Global preferences are asked at the end of a run: `by` is then.
-- Not part of the contract.
create view observations as
select r.id as run, a.id as account, r.started_at + s.after_ms / 1000 as at,
    coalesce(r.finished_at, r.started_at + s.after_ms / 1000) as by
from run r
cross join account a on a.user = r.user
cross join snapshot s on s.id = (r.id << 15) | a.ordinal;

-- Every value an account has held: the current ones, and those that a change ended. Not part of the
-- contract; the views below are made of it. `gone_run` is a number even while the value holds, so
-- that the state after a run is one range of each half.
create view spans as
select u.id as user_id, u.name as user, a.id as account, a.wiki, p.kind, p.name, v.json as value,
    nullif(v.is_default, -1) as is_default,
    coalesce(h.from_run, a.first_run) as first_run, 9223372036854775807 as gone_run,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference' and fr.finished_at is not null,
            fr.finished_at, fr.started_at + fs.after_ms / 1000), 'unixepoch') as valid_from,
    strftime('%Y-%m-%dT%H:%M:%SZ', sr.started_at + ss.after_ms / 1000, 'unixepoch') as seen_until,
    null as valid_to
from account a
cross join user u on u.id = a.user
cross join held h on h.id >= a.id << 18 and h.id < (a.id + 1) << 18
cross join property p on p.id = h.id & 262143
cross join property_value v on v.id = h.value
cross join run fr on fr.id = coalesce(h.from_run, a.first_run)
cross join snapshot fs on fs.id = (fr.id << 15) | a.ordinal
left join out_of_sight o on o.account = a.id and o.subject = p.subject
cross join run sr on sr.id = coalesce(o.seen_run, a.observed_run)
cross join snapshot ss on ss.id = (sr.id << 15) | a.ordinal
union all
select u.id, u.name, a.id, a.wiki, p.kind, p.name, v.json,
    nullif(v.is_default, -1),
    c.before_from, c.run,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference' and fr.finished_at is not null,
            fr.finished_at, fr.started_at + fs.after_ms / 1000), 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%SZ', sr.started_at + ss.after_ms / 1000, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference' and gr.finished_at is not null,
            gr.finished_at, gr.started_at + gs.after_ms / 1000), 'unixepoch')
from account a
join change c on c.account = a.id
cross join user u on u.id = a.user
cross join property p on p.id = c.property
cross join property_value v on v.id = c.before
cross join snapshot fs on fs.id = (c.before_from << 15) | a.ordinal
cross join run fr on fr.id = c.before_from
cross join snapshot ss on ss.id = (c.before_seen << 15) | a.ordinal
cross join run sr on sr.id = c.before_seen
cross join snapshot gs on gs.id = (c.run << 15) | a.ordinal
cross join run gr on gr.id = c.run;

create view changes as
select c.run, u.name as user, a.wiki, p.kind, p.name,
    case when c.before is null then '+' when c.after is null then '-' else '~' end as change,
    b.json as before, n.json as after,
    strftime('%Y-%m-%dT%H:%M:%SZ', sr.started_at + ss.after_ms / 1000, 'unixepoch')
        as happened_after,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference' and fr.finished_at is not null,
            fr.finished_at, fr.started_at + fs.after_ms / 1000), 'unixepoch') as happened_by,
    w.cause, l.performer, l.comment
from change c
join account a on a.id = c.account
cross join user u on u.id = a.user
cross join property p on p.id = c.property
cross join cause w on w.id = c.cause
cross join snapshot fs on fs.id = (c.run << 15) | a.ordinal
cross join run fr on fr.id = c.run
cross join snapshot ss on ss.id = (c.before_seen << 15) | a.ordinal
cross join run sr on sr.id = c.before_seen
left join property_value b on b.id = c.before
left join property_value n on n.id = c.after
left join log_event l on l.id = c.log_event;

-- Every observation, as `snapshots` tells it, which is more than SQLite would search through for each
-- row of `runs`. Not part of the contract.
create view looks as
select r.id as run, u.name as user, a.wiki,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.started_at + s.after_ms / 1000, 'unixepoch') as taken_at,
    case
        when a.first_run = r.id then 'first_seen'
        when exists (
            select 1 from change c join property p on p.id = c.property
            where c.run = r.id and c.account = a.id and p.kind <> 'counter'
        ) then 'changed'
        else 'unchanged'
    end as outcome,
    (
        select count(*) from change c join property p on p.id = c.property
        where c.run = r.id and c.account = a.id and p.kind <> 'counter'
    ) as changes
from run r
cross join snapshot s on s.id >= r.id << 15 and s.id < (r.id + 1) << 15
cross join account a on a.user = r.user and a.ordinal = s.id & 32767
cross join user u on u.id = r.user;

create view snapshots as
select run, user, wiki, taken_at, outcome, changes, null as error
from looks
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
        select count(*) from looks l
        where l.run = r.id and l.wiki <> 'global' and l.outcome = 'unchanged'
    )) as unchanged,
    coalesce(r.changed, (
        select count(*) from looks l
        where l.run = r.id and l.wiki <> 'global' and l.outcome = 'changed'
    )) as changed,
    coalesce(r.first_seen, (
        select count(*) from looks l
        where l.run = r.id and l.wiki <> 'global' and l.outcome = 'first_seen'
    )) as first_seen,
    coalesce(r.failed, (
        select count(*) from failure f join account a on a.id = f.account
        where f.run = r.id and a.wiki <> 'global'
    )) as failed,
    coalesce(r.requests,
        (
            select count(*) from snapshot s
            where s.id >= r.id << 15 and s.id < (r.id + 1) << 15 and s.figures is not null
        )
        + (select count(*) from request q where q.run = r.id)
    ) as requests,
    r.error
from run r
join user u on u.id = r.user;

-- Every HTTP request. `at` is when it was sent, in whole seconds; `at_ms` the same in Unix
-- milliseconds, for those who count requests in a window.
create view requests as
select q.run,
    strftime('%Y-%m-%dT%H:%M:%SZ', q.sent_ms / 1000, 'unixepoch') as at,
    q.host, q.purpose, q.status, q.duration_ms, q.bytes, q.attempt, q.waited_ms,
    q.sent_ms as at_ms
from request q
union all
select r.id,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        (r.started_at * 1000 + s.after_ms - s.duration_ms) / 1000, 'unixepoch'),
    a.host,
    case a.wiki when 'global' then 'globaluserinfo' else 'userinfo' end,
    200, s.duration_ms, a.answer_bytes + s.more_bytes, 1, s.waited_ms,
    r.started_at * 1000 + s.after_ms - s.duration_ms
from run r
cross join snapshot s on s.id >= r.id << 15 and s.id < (r.id + 1) << 15
cross join account a on a.user = r.user and a.ordinal = s.id & 32767
where s.figures is not null;
