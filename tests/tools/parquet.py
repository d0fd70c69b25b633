"""Holds Parquet exports against the databases they were made of, by DuckDB and Python's own sqlite3:

    parquet.py read DATABASE USER DIRECTORY [masked]   every view: its columns, their types, its rows
    parquet.py holds DIRECTORY TEXT...                 how many values of text hold one of these
    parquet.py shards DIRECTORY DATABASE...            the queries of docs/performance.md: what DuckDB says of
                                                       DIRECTORY/shards, sqlite3 has to say of the databases
"""

import os
import re
import sqlite3
import sys
from pathlib import Path

import duckdb

DOCS = Path(__file__).parents[2] / "docs"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
INSTANT_TYPE = "TIMESTAMP WITH TIME ZONE"


def views():
    """The views that docs/database.md promises."""
    return re.findall(r"^\| `(\w+)` \| \w", (DOCS / "database.md").read_text(), re.MULTILINE)


def opened(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def types(file):
    described = duckdb.sql(f"describe select * from read_parquet('{file}')").fetchall()
    return {name: kind for name, kind, *_ in described}


def of_parquet(file, kinds):
    def column(name):
        if kinds[name] == INSTANT_TYPE:
            return f"""strftime(make_timestamp(epoch_us("{name}")), '%Y-%m-%dT%H:%M:%SZ')"""
        return f'"{name}"'

    return duckdb.sql(f"select {', '.join(map(column, kinds))} from read_parquet('{file}')").fetchall()


def of_database(database, view, user):
    names = [row[1] for row in database.execute(f"pragma table_info({view})")]
    ours = "user = ?1" if "user" in names else "run in (select run from runs where user = ?1)"
    return names, database.execute(f"select * from {view} where {ours}", [user]).fetchall()


def type_of(values):
    """The type that a column with these values has to have; none where there are no values."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    if all(isinstance(value, int) for value in values):
        return "BIGINT"
    return INSTANT_TYPE if all(INSTANT.fullmatch(str(value)) for value in values) else "VARCHAR"


def comparable(rows, kinds, masked):
    """The rows in an order; without the addresses, if they are to be masked."""

    def row_of(values):
        row = dict(zip(kinds, values))
        for name, kind in kinds.items():
            # A name that is a number is one in SQLite.
            if kind == "VARCHAR" and row[name] is not None:
                row[name] = str(row[name])
        if masked and (row.get("kind"), row.get("name")) == ("identity", "email"):
            row.update((name, "an address") for name in ("value", "before", "after") if row.get(name))
        return tuple(row.values())

    return sorted(map(row_of, rows), key=lambda row: [(value is not None, str(value)) for value in row])


def read(path, user, directory, masked=""):
    database, directory = opened(path), Path(directory)
    found = {file.stem for file in directory.glob("*.parquet")}
    complaints = [] if found == set(views()) else [f"the views are {sorted(found)}"]
    rows = columns = 0
    for view in sorted(found & set(views())):
        file = directory / f"{view}.parquet"
        kinds = types(file)
        names, expected = of_database(database, view, user)
        if list(kinds) != names:
            complaints.append(f"{view}: the columns are {list(kinds)}, not {names}")
            continue
        for at, name in enumerate(names):
            kind = type_of([row[at] for row in expected])
            columns += kind is not None
            if kind not in (None, kinds[name]):
                complaints.append(f"{view}.{name}: is {kinds[name]}, not {kind}")
        got = of_parquet(file, kinds)
        rows += len(got)
        if comparable(got, kinds, masked) != comparable(expected, kinds, masked):
            complaints.append(f"{view}: {len(got)} rows are not the {len(expected)} of the database")
        if not expected:
            complaints.append(f"{view}: shows nothing, since the database has no such rows")
    print(*complaints, f"{rows} rows, {columns} columns", sep="\n")
    return bool(complaints)


def holds(directory, *texts):
    found = 0
    for file in Path(directory).glob("*.parquet"):
        names = [name for name, kind in types(file).items() if kind == "VARCHAR"]
        for row in duckdb.sql(f"from read_parquet('{file}')").select(*[f'"{n}"' for n in names]).fetchall():
            found += sum(text in value for value in row if value for text in texts)
    print(found)


def shards(directory, *databases):
    page = (DOCS / "performance.md").read_text()
    everywhere = re.search(r"^```duckdb\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[1]
    attached = re.search(r"^```sqlite\n(attach .*?)^```", page, re.MULTILINE | re.DOTALL)[1]
    os.chdir(directory)
    for place, database in zip(re.findall(r"attach '([^']*)'", attached), databases, strict=True):
        attached = attached.replace(f"'{place}'", f"'file:{database}?mode=ro'")
    by_duckdb = duckdb.sql(everywhere).fetchall()
    sqlite = sqlite3.connect("file::memory:", uri=True)
    *before, question = [part for part in attached.split(";") if part.strip()]
    for statement in before:
        sqlite.execute(statement)
    by_sqlite = sqlite.execute(question).fetchall()
    print(by_duckdb)
    if by_duckdb != by_sqlite or not by_duckdb:
        print(f"is not what sqlite3 says: {by_sqlite}")
        return True


if __name__ == "__main__":
    does = {"read": read, "holds": holds, "shards": shards}[sys.argv[1]]
    sys.exit(does(*sys.argv[2:]))
