"""docs/datasette.json: what tables, views and columns mean, for Datasette.

The texts are those of docs/database.md (views) and migrations/ (tables). `datasette_metadata.py` says whether the file is
fresh, `datasette_metadata.py --write` writes it anew.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs/datasette.json"
# What a row is called where another table refers to it.
LABELS = {"user": "name", "account": "wiki", "property": "name", "property_value": "json", "cause": "cause"}


def views():
    page = (ROOT / "docs/database.md").read_text(encoding="utf-8")
    section = page.split("## Columns, one by one")[1].split("\n## ")[0]
    found = {}
    for part in re.split(r"^\*\*", section, flags=re.M)[1:]:
        name, text = part.split("** – ", 1)
        description, *columns = text.split("\n- ")
        pairs = (re.match(r"`(\w+)`: (.*)", " ".join(column.split())) for column in columns)
        found[name] = {
            "description": " ".join(description.split()),
            "columns": {pair[1]: pair[2] for pair in pairs},
        }
    return found


def tables():
    found = {}
    for file in sorted((ROOT / "migrations").glob("*.sql")):
        comment, table = [], None
        for line in file.read_text(encoding="utf-8").splitlines():
            line = line.strip()
            if line.startswith("--"):
                comment.append(line.removeprefix("--").strip())
                continue
            if start := re.match(r"create table (\w+) \(", line):
                table = found[start[1]] = {"description": " ".join(comment), "columns": {}}
            elif line.startswith(")"):
                table = None
            elif table is not None and comment and (column := re.match(r"(\w+) (integer|text|blob)", line)):
                table["columns"][column[1]] = " ".join(comment)
            comment = []
    for name, table in found.items():
        table["description"] = table["description"] or "One of the program's own tables: ask the views instead."
        if name in LABELS:
            table["label_column"] = LABELS[name]
    return found


def metadata():
    return {
        "title": "sultrail",
        "description": "The history of a user's accounts on every wiki. Tables are the program's own; the views are the contract.",
        "databases": {"sultrail": {"tables": {**tables(), **views()}}},
    }


def fresh():
    return json.dumps(metadata(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(fresh(), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != fresh():
        sys.exit(f"{FILE} is stale: tests/tools/datasette_metadata.py --write")
    else:
        print("docs/datasette.json is fresh")
