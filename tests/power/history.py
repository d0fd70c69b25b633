"""The states that a history went through, and which of them an image may hold."""

import bisect
import collections
import hashlib
import pathlib
import shutil
import sqlite3
import tempfile
from typing import NamedTuple

from disk import Disk

MISSING = "there is no file"
EMPTY = "the file is empty"

# What observations found: values first held, and changes. Global preferences are asked at the end of a run.
OBSERVED = """
select h.from_run, h.account, p.kind, p.name, h.value, null
from held_values h join property p on p.id = h.property where p.kind <> 'global_preference'
union all
select c.run, c.account, p.kind, p.name, c.before, c.after
from change c join property p on p.id = c.property where p.kind <> 'global_preference'
"""


class Held(NamedTuple):
    """What an image holds: of the database, and of its copy, where the scene makes one."""

    database: str
    copy: str


class History:
    """The states in their order, and from which event on which of them has been told of."""

    def __init__(self, scene):
        self.changed_at, self.states, contents = [], [], []
        self.told, self.observed = [], {}
        disk = Disk(scene.before)
        self.add(0, fingerprint(seen(disk), scene), contents, disk, scene)
        for number, event in enumerate(scene.events, 1):
            disk.apply(event)
            if event.kind in ("synced", "renamed", "linked", "removed"):
                self.add(number, fingerprint(seen(disk), scene), contents, disk, scene)
            elif event.kind == "said":
                self.tell(number, scene.promises(event.data), contents)

    def length(self):
        return len(self.states)

    def add(self, number, held, contents, disk, scene):
        """A state, if it is another than the one before. Each must make sense by itself."""
        if is_fault(held.database) or is_fault(held.copy):
            raise SystemExit(f"FAILED: without any power cut, at event {number}: {held}")
        if not self.states or self.states[-1] != held:
            self.changed_at.append(number)
            self.states.append(held)
            contents.append(scene.facts(seen(disk)))
            self.check_observations(number, seen(disk), str(scene.database))

    def check_observations(self, number, image, path):
        """An observation comes whole, and stays as it was."""
        if path not in image:
            return
        with opened(image, path) as (connection, _):
            known = set(connection.execute("select run, account from observations"))
            told = collections.defaultdict(set)
            for run, account, *row in connection.execute(OBSERVED):
                told[run, account].add(tuple(row))
        half = [key for key in told if key not in known]
        half += [key for key in known & self.observed.keys() if told[key] != self.observed[key]]
        if half:
            raise SystemExit(f"FAILED: without any power cut, half recorded at event {number}: {half}")
        self.observed = {key: told[key] for key in known}

    def tell(self, number, promises, contents):
        """Promises are kept from the first state that holds all of them."""
        if not promises:
            return
        first = next((at for at, facts in enumerate(contents) if at >= self.last_told() and promises <= facts), None)
        if first is None:
            raise SystemExit(f"FAILED: told at event {number}, and not stored then: {promises}")
        if not self.told or self.told[-1][1] < first:
            self.told.append((number, first))

    def last_told(self):
        return self.told[-1][1] if self.told else 0

    def must_hold(self, moment):
        """The earliest state that may be left when the power is cut after so many events."""
        at = bisect.bisect_right(self.told, (moment, len(self.states)))
        return self.told[at - 1][1] if at else 0

    def fault(self, held, moment):
        """What is wrong with an image, or nothing."""
        for part in held:
            if is_fault(part):
                return part
        first = self.must_hold(moment)
        last = bisect.bisect_right(self.changed_at, moment)
        # What is being written may be whole already and not be seen yet.
        for state in self.states[first : last + 1]:
            if held.database == state.database:
                break
        else:
            whole = any(held.database == state.database for state in self.states)
            return f"lost: older than state {first}" if whole else "half recorded: no commit left this"
        copies = {state.copy for state in self.states[first : last + 1]}
        # Its name is taken by an empty file before it gets it.
        if held.copy not in copies | ({EMPTY, MISSING} if MISSING in copies else set()):
            return f"the copy: {held.copy}, and not {copies}"
        return None


def is_fault(part):
    return part.startswith("broken: ")


def seen(disk):
    return disk.as_seen()


def fingerprint(image, scene):
    """What an image holds, opened as anybody with SQLite opens it."""
    copy = str(scene.copy)
    return Held(digest(image, str(scene.database)), digest(image, copy))


def digest(image, path):
    """A digest of all that a database holds, or why there is none."""
    if path not in image:
        return MISSING
    if not image[path]:
        return EMPTY
    with opened(image, path) as (connection, _):
        try:
            sound = connection.execute("pragma integrity_check").fetchone()[0]
            if sound != "ok":
                return f"broken: {sound}"
            if connection.execute("pragma foreign_key_check").fetchone():
                return "broken: a row that is referred to is missing"
            everything = hashlib.sha256()
            tables = connection.execute("select name, sql from sqlite_schema order by name").fetchall()
            everything.update(repr(tables).encode())
            for (name,) in connection.execute("select name from sqlite_schema where type = 'table' order by name"):
                everything.update(repr(connection.execute(f'select * from "{name}"').fetchall()).encode())
            return everything.hexdigest()
        except sqlite3.Error as error:
            return f"broken: {error}"


class opened:
    """A database of an image, on the disk for as long as it is looked at."""

    def __init__(self, image, path):
        self.image, self.path = image, path

    def __enter__(self):
        self.place = tempfile.mkdtemp(dir=tempfile.tempdir)
        file = pathlib.Path(self.place, "image.db")
        for ending in ("", "-wal", "-journal"):
            content = self.image.get(self.path + ending)
            if content is not None:
                pathlib.Path(str(file) + ending).write_bytes(content)
        self.connection = sqlite3.connect(file, isolation_level=None)
        # Of a damaged file, anything may be said.
        self.connection.text_factory = lambda text: text.decode(errors="backslashreplace")
        return self.connection, file

    def __exit__(self, *_):
        self.connection.close()
        shutil.rmtree(self.place)
