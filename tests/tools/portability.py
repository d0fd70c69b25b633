#!/usr/bin/env python3
"""Reads exports as anybody may: portability.py rich|recorded|controls DIRECTORY...

Every digest of the manifest, every line against its schema (formats too), every item of the list of
2018 and every field of the editor object. Knows nothing of sultrail but what the folders say.
"""

import csv
import hashlib
import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker

complaints = []


def complain(kind, where, what):
    complaints.append(f"{kind}: {where}: {what}")


def validator(directory, name):
    schema = json.loads((directory / "schemas" / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    objects = [schema] + [s for s in walk(schema) if s.get("type") == "object" and "properties" in s]
    for part in objects:
        if part.get("additionalProperties") is not False:
            complain("schema", name, "lets unknown fields pass")
        for field, described in part["properties"].items():
            if not described.get("description"):
                complain("schema", f"{name}.{field}", "is not described")
    return Draft202012Validator(schema, format_checker=FormatChecker()), schema


def walk(schema):
    if isinstance(schema, dict):
        for value in schema.values():
            if isinstance(value, dict):
                yield value
            yield from walk(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from walk(value)


def read(directory):
    """Checks one folder; its lines by subject."""
    manifest = json.loads((directory / "manifest.json").read_text())
    checker, _ = validator(directory, "manifest")
    for error in checker.iter_errors(manifest):
        complain("schema", f"{directory.name}/manifest.json", error.message)
    told = {"manifest.json"}
    subjects = {}
    for entry in manifest["files"]:
        path = directory / entry["path"]
        told.add(entry["path"])
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != entry["sha256"] or len(data) != entry["bytes"]:
            complain("digest", f"{directory.name}/{entry['path']}", "is not what the manifest says")
        if path.suffix == ".jsonl":
            subjects[path.stem] = read_lines(directory, path)
        elif entry["path"] == "secrets.json":
            checker, _ = validator(directory, "secrets")
            for error in checker.iter_errors(json.loads(data)):
                complain("schema", entry["path"], error.message)
    found = {str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file()}
    if found != told:
        complain("files", directory.name, f"{found ^ told} are told or found, and not both")
    for path in directory.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if len(rows) != len(subjects[path.stem]):
            complain("table", path.name, "has not as many rows as there are lines")
        for row, line in zip(rows, subjects[path.stem]):
            if list(row) != list(line):
                complain("table", path.name, "has not the fields of the lines")
                break
    return manifest, subjects


def read_lines(directory, path):
    checker, schema = validator(directory, path.stem)
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").split("\n")[:-1], 1):
        line = json.loads(text)
        for error in checker.iter_errors(line):
            complain("schema", f"{directory.name}/{path.name}:{number}", error.message)
        order = [field for field in schema["properties"] if field in line]
        if list(line) != order + [field for field in line if field not in order]:
            complain("order", f"{path.name}:{number}", "its fields are in another order")
        for field in ("value", "before", "after", "params", "tags"):
            if isinstance(line.get(field), str):
                json.loads(line[field])
        lines.append(line)
    return lines


def need(what, items, holds=lambda item: True):
    if not any(holds(item) for item in items):
        complain("missing", what, "is nowhere")


def has(field):
    return lambda line: line.get(field) not in (None, "", [], 0)


def list_of_2018(subjects, kind):
    identity = subjects["identity"]
    attached = [line for line in identity if line["wiki"] != "global"]
    need("user ID", attached, has("local_user_id"))
    need("global user ID", identity, has("central_user_id"))
    need("user name", attached, has("name"))
    need("e-mail", attached, has("email"))
    need("e-mail's verification date", attached, has("email_confirmed_at"))
    need("registration", attached, has("registered_at"))
    need("latest edit", attached, has("latest_edit_at"))
    need("edits", attached, has("edit_count"))
    need("wikis with an account", subjects["accounts"], has("attached_at"))
    need("groups joined", subjects["groups"], lambda line: line["kind"] == "group")
    need("groups that end", subjects["groups"], lambda line: line["kind"] == "group" and line["expires_at"])
    need("implicit groups", subjects["groups"], lambda line: line["kind"] == "implicit_group")
    need("global groups", subjects["groups"], lambda line: line["kind"] == "global_group")
    need("preferences", subjects["preferences"], has("value"))
    need("hidden preferences", subjects["preferences"], lambda line: line["name"].startswith("userjs-"))
    need("global preferences", subjects["global_preferences"], has("value")) if kind == "rich" else None
    need("blocks", subjects["blocks"], has("reason"))
    need("who blocked", subjects["blocks"], has("blocked_by"))
    need("group changes", subjects["group_changes"], has("performer"))
    need("their comments", subjects["group_changes"], has("comment"))
    need("log entries", subjects["log_events"], has("params"))
    if kind == "rich":
        need("first edit", attached, has("first_edit_at"))
        need("first edit's revision", subjects["first_edits"], has("rev_id"))
        need("blocks in the log", subjects["log_events"], lambda line: line["type"] == "block" and line["action"] == "block")
        need("hidden comments", subjects["log_events"], lambda line: line["hidden"] and line["comment"] is None)
        need("edits one by one", subjects["contributions"], has("title"))
        need("hidden edits", subjects["contributions"], has("hidden"))
        need("logged actions", subjects["logged_actions"], has("action"))
    need("runs", subjects["runs"], has("finished_at"))


def history(subjects, kind):
    need("intervals", subjects["history"], has("seen_until"))
    need("values that ended", subjects["history"] + [{}], lambda line: line.get("valid_to") or kind != "rich")
    need("changes", subjects["changes"], has("happened_after"))
    need("observations", subjects["snapshots"], has("taken_at"))
    need("coverage", subjects["coverage"], has("subjects"))
    need("lists that were read", subjects["readings"] + [{}], lambda line: line.get("finished_at") or kind != "rich")


def editors(subjects, kind):
    lines = subjects["editors"]
    for field in ("identifier", "name", "edit_count", "groups", "date_started"):
        need(f"editor.{field}", lines, has(field))
    for flag in ("is_bot", "is_admin", "has_advanced_rights", "is_patroller"):
        if kind == "rich" or flag in ("is_bot", "is_admin"):
            need(f"editor.{flag}", lines, has(flag))
    for line in lines:
        if any(value in (0, False, "", [], None) for value in line.values()):
            complain("editor", line["name"], "tells what is zero")
    if any("is_anonymous" in line for line in lines):
        complain("editor", "is_anonymous", "an account is never anonymous")
    if len(lines) != len(subjects["wikis"]):
        complain("editor", "wikis.jsonl", "has not as many lines")


def main(kind, directories):
    count = 0
    for directory in map(Path, directories):
        manifest, subjects = read(directory)
        count += sum(len(lines) for lines in subjects.values())
        if kind == "controls":
            continue
        if manifest["contents"] == "enterprise":
            editors(subjects, kind)
        else:
            list_of_2018(subjects, kind)
        if manifest["contents"] == "history":
            history(subjects, kind)
    for complaint in complaints:
        print(complaint)
    print(f"{count} lines are valid" if not complaints else f"{len(complaints)} complaints")
    return bool(complaints) or count == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
