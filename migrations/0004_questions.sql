-- Questions to a long history: the same views as before, with the same rows, in a form that SQLite
-- answers from the account or the run that is asked for, instead of making the whole past first.
--
-- What each part is for (measured on 1,000 wikis and three years, docs/performance.md):
--
--   union all at the top     A condition on the view reaches both halves. Joined from outside, the
--                            union was made in full before a row was looked at.
--   no view on the right     of a left join: it was made in full too, a row a snapshot.
--   cross join               SQLite keeps to the order of the tables: who, what, then when. Its own
--                            guess began with the runs.

-- Foreign keys name their column. To SQLite `references account` says the same, and programs such as
-- Datasette stumble over it. Only the text of the schema changes, no row: this is the way that
-- https://www.sqlite.org/lang_altertable.html shows for such changes.
pragma writable_schema = on;
update sqlite_schema set sql =
    replace(replace(replace(replace(replace(replace(replace(replace(sql,
        'references user,', 'references user (id),'),
        'references run,', 'references run (id),'),
        'references run' || char(10), 'references run (id)' || char(10)),
        'references account,', 'references account (id),'),
        'references property,', 'references property (id),'),
        'references property_value,', 'references property_value (id),'),
        'references cause,', 'references cause (id),'),
        'references log_event,', 'references log_event (id),')
where type = 'table';
pragma writable_schema = reset;

drop view groups;
drop view preferences;
drop view history;
drop view changes;
drop view held_values;

create view held_values as
select a.id as account, h.id & 262143 as property, h.value,
    coalesce(h.from_run, a.first_run) as from_run, coalesce(o.seen_run, a.observed_run) as seen_run,
    null as ended_run
from account a
cross join held h on h.id >= a.id << 18 and h.id < (a.id + 1) << 18
cross join property p on p.id = h.id & 262143
left join out_of_sight o on o.account = a.id and o.subject = p.subject
union all
select account, property, before, before_from, before_seen, run
from change
where before is not null;

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
cross join snapshot fs on fs.run = coalesce(h.from_run, a.first_run) and fs.account = a.id
cross join run fr on fr.id = fs.run
left join out_of_sight o on o.account = a.id and o.subject = p.subject
cross join snapshot ss on ss.run = coalesce(o.seen_run, a.observed_run) and ss.account = a.id
cross join run sr on sr.id = ss.run
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
cross join snapshot fs on fs.run = c.before_from and fs.account = a.id
cross join run fr on fr.id = c.before_from
cross join snapshot ss on ss.run = c.before_seen and ss.account = a.id
cross join run sr on sr.id = c.before_seen
cross join snapshot gs on gs.run = c.run and gs.account = a.id
cross join run gr on gr.id = c.run;

create view history as
select user, wiki, kind, name, value, is_default, valid_from, seen_until, valid_to
from spans;

-- The same by the number of the run, without its instants: the quick way to the state of all accounts
-- after run N, `first_run <= N and gone_run > N`.
create view states as
select u.name as user, a.wiki, p.kind, p.name, v.json as value,
    nullif(v.is_default, -1) as is_default,
    coalesce(h.from_run, a.first_run) as first_run, coalesce(o.seen_run, a.observed_run) as seen_run,
    9223372036854775807 as gone_run
from account a
cross join user u on u.id = a.user
cross join held h on h.id >= a.id << 18 and h.id < (a.id + 1) << 18
cross join property p on p.id = h.id & 262143
cross join property_value v on v.id = h.value
left join out_of_sight o on o.account = a.id and o.subject = p.subject
union all
select u.name, a.wiki, p.kind, p.name, v.json, nullif(v.is_default, -1),
    c.before_from, c.before_seen, c.run
from account a
join change c on c.account = a.id
cross join user u on u.id = a.user
cross join property p on p.id = c.property
cross join property_value v on v.id = c.before;

create view groups as
select user, wiki, name as group_name,
    case when value like '"2%' then json_extract(value, '$') end as expires_at,
    valid_from, valid_to
from spans
where kind in ('group', 'global_group');

create view preferences as
select user, wiki, name, value, is_default, valid_from, valid_to
from spans
where kind = 'preference';

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
cross join snapshot fs on fs.run = c.run and fs.account = c.account
cross join run fr on fr.id = c.run
cross join snapshot ss on ss.run = c.before_seen and ss.account = c.account
cross join run sr on sr.id = c.before_seen
left join property_value b on b.id = c.before
left join property_value n on n.id = c.after
left join log_event l on l.id = c.log_event;
