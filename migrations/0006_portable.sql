-- Exports and what is restored from them; and the editor object as Wikimedia Enterprise has it.

-- Values that are not known here: the export from which the account was restored showed an e-mail
-- address masked, or a hash whose key it did not give away. The next answer tells them anew, and
-- that is no change.
create table withheld (
    id integer primary key references held (id) on delete cascade
) strict;

create trigger held_is_known after update of holds on held begin
    delete from withheld where id = new.id;
end;

-- As before, but each group once and in order, and with the implicit ones, which the object has too.
-- Its flags follow from the groups that are given and taken.
drop view editors;

create view editors as
with facts as (
    select h.account,
        max(json_extract(v.json, '$')) filter (where p.name = 'local_user_id') as identifier,
        max(json_extract(v.json, '$')) filter (where p.name = 'name') as name,
        max(json_extract(v.json, '$')) filter (where p.name = 'edit_count') as edit_count,
        max(json_extract(v.json, '$')) filter (where p.name = 'registered_at') as date_started
    from held h
    join property p on p.id = h.property
    join property_value v on v.id = h.value
    where (p.kind = 'identity' and p.name in ('local_user_id', 'name', 'registered_at'))
        or (p.kind = 'counter' and p.name = 'edit_count')
    group by h.account
),
flags as (
    select h.account,
        max(e.flag = 'is_bot') as is_bot,
        max(e.flag = 'is_admin') as is_admin,
        max(e.flag = 'is_patroller') as is_patroller,
        max(e.flag = 'has_advanced_rights') as has_advanced_rights
    from held h
    join property p on p.id = h.property and p.kind = 'group'
    join editor_flag e on e.group_name = p.name
    group by h.account
)
select u.name as user, a.wiki, facts.identifier, coalesce(facts.name, u.name) as name,
    coalesce(facts.edit_count, 0) as edit_count,
    (
        select json_group_array(g.name)
        from (
            select p.name
            from held h
            join property p on p.id = h.property
            where h.id >= a.id << 18 and h.id < (a.id + 1) << 18
                and p.kind in ('group', 'implicit_group')
            order by p.kind, p.name
        ) g
    ) as groups,
    facts.date_started,
    -- An account has a number, a temporary one too: only an IP address has none.
    0 as is_anonymous,
    coalesce(flags.is_bot, 0) as is_bot,
    coalesce(flags.is_admin, 0) as is_admin,
    coalesce(flags.is_patroller, 0) as is_patroller,
    coalesce(flags.has_advanced_rights, 0) as has_advanced_rights
from account a
join user u on u.id = a.user
join facts on facts.account = a.id
left join flags on flags.account = a.id
where a.wiki <> 'global';
