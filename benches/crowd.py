#!/usr/bin/env python3
"""Makes of one user's history that of many who live alike, one run after the other: crowd.py ONE MANY USERS

ONE is made by `cargo bench --bench past -- --only-generate ONE`; MANY must not be there yet. Names of properties and
their values are shared, as they would be; everything else is every user's own, and is written in the order of time.
"""

import pathlib
import sqlite3
import sys
import time

# What is about nobody, or about everybody.
SHARED = {"_sqlx_migrations", "hash_key", "property", "property_value", "cause", "editor_flag", "tag_list", "action_kind"}
RUNS = {"run", "from_run", "before_from", "before_seen", "first_run", "observed_run", "seen_run"}


def begin(one, many):
    """The schema of the one file in the other; the tables that have rows."""
    source = sqlite3.connect(f"file:{one}?mode=ro", uri=True)
    target = sqlite3.connect(many, isolation_level=None)
    for setting in ("page_size", "auto_vacuum", "application_id", "user_version"):
        target.execute(f"pragma {setting} = {source.execute(f'pragma {setting}').fetchone()[0]}")
    target.execute("pragma synchronous = off")
    target.execute("pragma journal_mode = off")
    target.execute("pragma cache_size = -300000")
    order = "case type when 'table' then 0 when 'index' then 1 when 'view' then 2 else 3 end, rowid"
    made = "select sql from sqlite_schema where sql is not null and name not like 'sqlite%' order by "
    for sql, in source.execute(made + order).fetchall():
        target.execute(sql)
    tables = [name for name, in source.execute("select name from sqlite_schema where type = 'table'")]
    tables = [name for name in tables if not name.startswith("sqlite")]
    return target, [name for name in tables if source.execute(f"select 1 from {name} limit 1").fetchone()]


def copy(target, table, users, accounts, events):
    """The rows of a table, for every user."""
    columns = [row[1] for row in target.execute(f"pragma table_info({table})")]

    def of_user(column):
        name = f"t.{column}"
        if column in RUNS or (table, column) == ("run", "id"):
            return f"({name} - 1) * {users} + 1 + k.n"
        if column == "account" or (table, column) == ("account", "id"):
            return f"{name} + k.n * {accounts}"
        if column == "log_event" or (table, column) == ("log_event", "id"):
            return f"{name} + k.n * {events}"
        if column == "holds":
            # value | from_run << 32; without a run where it is the account's first.
            of_run = f"(((({name} >> 32) - 1) * {users} + 1 + k.n) << 32)"
            return f"(({name} & 4294967295) | iif({name} >> 32 = 0, 0, {of_run}))"
        if (table, column) == ("snapshot", "id"):
            # run << 15 | account.ordinal
            return f"(((({name} >> 15) - 1) * {users} + 1 + k.n) << 15 | ({name} & 32767))"
        if (table, column) == ("held", "id"):
            return f"{name} + (k.n * {accounts} << 18)"
        if column in ("user", "central_user_id") or (table, column) == ("user", "id"):
            return f"{name} + k.n"
        if table == "user" and column in ("name", "asked_as"):
            return f"iif(k.n = 0, {name}, {name} || ' ' || (k.n + 1))"
        return name

    if table in SHARED:
        target.execute(f"insert or replace into {table} select * from one.{table}")
        return
    if "user" not in columns and not {"run", "account"} & set(columns) and table not in ("user", "held", "snapshot"):
        sys.exit(f"whose are the rows of {table}?")
    numbers = f"(with recursive k (n) as (select 0 union all select n + 1 from k where n < {users} - 1) select n from k)"
    # One run after the other, and in it one user after the other.
    source = f"{numbers} k cross join one.{table} t"
    if "run" in columns:
        source = f"one.run r cross join {numbers} k cross join one.{table} t on t.run = r.id"
    if table == "snapshot":
        source = f"one.run r cross join {numbers} k cross join one.snapshot t on t.id >= r.id << 15 and t.id < (r.id + 1) << 15"
    listed = ", ".join(map(of_user, columns))
    target.execute(f"insert into {table} ({', '.join(columns)}) select {listed} from {source}")


def main(one, many, users):
    if pathlib.Path(many).exists():
        sys.exit(f"{many} is there already")
    started = time.monotonic()
    target, tables = begin(one, many)
    target.execute("attach ? as one", [str(one)])
    accounts = target.execute("select max(id) from one.account").fetchone()[0]
    events = target.execute("select coalesce(max(id), 0) + 1 from one.log_event").fetchone()[0]
    rows = 0
    for table in tables:
        copy(target, table, users, accounts, events)
        rows += target.execute(f"select count(*) from {table}").fetchone()[0]
    target.execute("detach one")
    target.execute("pragma journal_mode = wal")
    wrong = target.execute("pragma foreign_key_check").fetchall()
    target.close()
    size = pathlib.Path(many).stat().st_size
    print(f"{users} users, {rows} rows, {size} bytes, {time.monotonic() - started:.0f} s")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
