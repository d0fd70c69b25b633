-- What `report --since-last` has told already.

-- The last run whose changes a user was told of, in a format: whoever reads the page and whoever
-- reads the mail are told everything once each.
create table report_mark (
    user integer not null references user (id) on delete cascade,
    format text not null,
    run integer not null,
    primary key (user, format)
) strict, without rowid;

-- Changes that were told before their cause was known. Once it is, they are told again.
create table report_open (
    user integer not null references user (id) on delete cascade,
    format text not null,
    run integer not null,
    account integer not null references account (id) on delete cascade,
    property integer not null,
    -- What was told as the cause.
    cause integer not null references cause (id),
    primary key (user, format, run, account, property)
) strict, without rowid;
