"""Other ways to keep the days of benches/beside/history.py: each records a day, tells its size, and answers."""

import json
import os
import resource
import sqlite3
import subprocess
import time
from pathlib import Path

# When the first day begins, as benches/history/record.rs has it.
FIRST = 1735701420


def measured(act):
    """What it returned, and what it took: wall and processor seconds, of child processes too."""
    def processor():
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in both)

    wall, cpu = time.perf_counter(), processor()
    answer = act()
    return answer, {"wall": time.perf_counter() - wall, "cpu": processor() - cpu}


def text(of_wiki, indent=None):
    """The state of a wiki as a JSON object, a property a line where it is indented."""
    separator, end = (",\n", "\n") if indent else (",", "")
    return "{" + end + separator.join(f"{json.dumps(key)}:{value}" for key, value in of_wiki.items()) + end + "}"


def rows_of(wiki, document):
    """`[wiki, property, JSON text]` of a wiki's document."""
    return [[wiki, key, json.dumps(value)] for key, value in json.loads(document).items()]


def differences(day, wiki, before, after):
    """What changed between two documents of a wiki: `[day, wiki, property, before, after]`."""
    if before == after:
        return []
    was, now = json.loads(before), json.loads(after)
    nothing = object()
    found = []
    for key in was.keys() | now.keys():
        then, since = was.get(key, nothing), now.get(key, nothing)
        # To Python true is 1, and so it is within lists.
        if type(then) is type(since) and then == since and not isinstance(then, list | dict):
            continue
        then, since = (None if one is nothing else json.dumps(one) for one in (then, since))
        if then != since:
            found.append([day, wiki, key, then, since])
    return found


class Keeper:
    """Records through `keep`, and answers through `one`, `all` and `changes` and what makes rows of them."""

    def __init__(self, home, python):
        self.home, self.python = Path(home), Path(python)
        self.days = 0
        self.begin()

    def record(self, day, state, changes):
        """`day` is None on the days after the last: then nothing has changed."""
        material = self.prepare(state, changes)
        day, self.days = self.days, self.days + 1
        return measured(lambda: self.keep(day, material))[1]

    def ask(self, question):
        kind, *words = question
        answer, cost = measured(lambda: getattr(self, kind)(*words))
        yield self.name, cost, getattr(self, f"rows_{kind}")(answer, *words)


class Rows(Keeper):
    """A row a wiki and day in SQLite, with the whole state as JSON."""

    name = "JSON rows in SQLite"

    def begin(self):
        self.file = self.home / "rows.db"
        self.database = sqlite3.connect(self.file, isolation_level=None)
        self.database.execute("pragma journal_mode = wal")
        self.database.execute("create table state (wiki text, day integer, json text, primary key (wiki, day))")

    def prepare(self, state, _changes):
        return [(wiki, text(of_wiki)) for wiki, of_wiki in state.items()]

    def keep(self, day, material):
        self.database.execute("begin")
        self.database.executemany(f"insert into state values (?, {day}, ?)", material)
        self.database.execute("commit")

    def size(self):
        self.database.execute("pragma wal_checkpoint(truncate)")
        return self.file.stat().st_size

    def one(self, wiki, day):
        return self.database.execute("select wiki, json from state where wiki = ? and day = ?", (wiki, day)).fetchall()

    def all(self, day):
        # Without an index that begins with the day: wiki by wiki, by the key.
        wikis = self.database.execute("select distinct wiki from state where day >= 0").fetchall()
        return [self.one(wiki, day)[0] for wiki, in wikis]

    def changes(self, first, last):
        """Neighbouring days differ in their text; only then are they read."""
        found = []
        rows = self.database.execute(
            "select wiki, day, json from state where day between ? and ? order by wiki, day", (first, last)
        )
        before = (None, None, None)
        for row in rows:
            if row[0] == before[0]:
                found += differences(row[1], row[0], before[2], row[2])
            before = row
        return found

    def rows_one(self, answer, *_):
        return [row for wiki, document in answer for row in rows_of(wiki, document)]

    rows_all = rows_one

    def rows_changes(self, answer, *_):
        return answer


class Git(Keeper):
    """A repository with a file a wiki, a line a property; a commit a day, on days without changes too."""

    name = "git"

    def begin(self):
        self.place = self.home / "git"
        (self.place / "wikis").mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        # Or git would begin to collect on its own, somewhere in the middle.
        self.git("config", "gc.auto", "0")

    def git(self, *words, day=None, stdin=None):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        for who in ["AUTHOR", "COMMITTER"]:
            environment[f"GIT_{who}_NAME"] = environment[f"GIT_{who}_EMAIL"] = "alice"
            if day is not None:
                environment[f"GIT_{who}_DATE"] = f"{FIRST + day * 86400} +0000"
        return subprocess.run(
            ["git", *words], cwd=self.place, env=environment, input=stdin, check=True, stdout=subprocess.PIPE
        ).stdout

    def prepare(self, state, _changes):
        return [(wiki, text(of_wiki, indent=True)) for wiki, of_wiki in state.items()]

    def keep(self, day, material):
        for wiki, document in material:
            (self.place / "wikis" / f"{wiki}.json").write_text(document)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "day", day=day)

    def size(self):
        """What git keeps, without the files of today; as bytes, not as blocks."""
        files = (self.place / ".git").rglob("*")
        return sum(file.stat().st_size for file in files if file.is_file() and file.name != "index")

    def collect_garbage(self):
        self.git("gc", "--quiet", "--aggressive", "--prune=now")
        return self.size()

    def commit(self, day):
        noon = FIRST + day * 86400 + 32400
        return self.git("rev-list", "-1", f"--before={noon}", "main").decode().strip()

    def one(self, wiki, day):
        return [(wiki, self.git("show", f"{self.commit(day)}:wikis/{wiki}.json"))]

    def all(self, day):
        listed = self.git("ls-tree", "-r", self.commit(day), "wikis/").decode().splitlines()
        blobs = [line.split()[2] for line in listed]
        names = [Path(line.split("\t")[1]).stem for line in listed]
        return list(zip(names, self.contents(blobs)))

    def contents(self, blobs):
        out = self.git("cat-file", "--batch", stdin="\n".join(blobs).encode() + b"\n")
        at, found = 0, []
        for _ in blobs:
            end = out.index(b"\n", at)
            size = int(out[at:end].split()[2])
            found.append(out[end + 1:end + 1 + size])
            at = end + size + 2
        return found

    def changes(self, first, last):
        """The files that changed in each commit, before and after; then their properties are compared."""
        log = self.git("log", "--reverse", "--format=%x00%ct", "--raw", "--no-abbrev", "--no-renames",
                       f"{self.commit(first)}..{self.commit(last)}").decode()
        pairs = []
        for commit in log.split("\0")[1:]:
            when, *lines = commit.split("\n")
            day = (int(when) - FIRST) // 86400
            pairs += [(day, Path(line.split("\t")[1]).stem, *line.split()[2:4]) for line in lines if line]
        blobs = sorted({blob for pair in pairs for blob in pair[2:]})
        content = dict(zip(blobs, self.contents(blobs)))
        return [change for day, wiki, before, after in pairs
                for change in differences(day, wiki, content[before], content[after])]

    rows_one = rows_all = Rows.rows_one
    rows_changes = Rows.rows_changes


class SqliteHistory(Keeper):
    """A table with a row a property, and the triggers of sqlite-history; indexes by wiki and time added."""

    name = "sqlite-history"

    def begin(self):
        self.file = self.home / "sqlite-history.db"
        self.database = sqlite3.connect(self.file, isolation_level=None)
        self.database.execute("pragma journal_mode = wal")
        # Without `autoincrement` the history of a row that went would go on in another row that came.
        self.database.execute(
            "create table state (id integer primary key autoincrement, wiki text, key text, value text,"
            " unique (wiki, key))"
        )
        subprocess.run([self.python, "-m", "sqlite_history", self.file, "state"], check=True)
        for column in ["wiki", "_updated"]:
            self.database.execute(f"create index history_by{column} on _state_history ({column})")
        # Noons in real time: the triggers know no other.
        self.noons = {}

    def prepare(self, state, _changes):
        return [(wiki, key, value) for wiki, of_wiki in state.items() for key, value in of_wiki.items()]

    def keep(self, day, material):
        run = self.database.execute
        run("begin")
        run("create temp table today (wiki text, key text, value text, primary key (wiki, key)) without rowid")
        self.database.executemany("insert into today values (?, ?, ?)", material)
        run("delete from state where (wiki, key) not in (select wiki, key from today)")
        run("insert into state (wiki, key, value) select wiki, key, value from today where true"
            " on conflict do update set value = excluded.value where value is not excluded.value")
        run("drop table today")
        run("commit")
        time.sleep(0.002)
        self.noons[day] = time.time() * 1000
        time.sleep(0.002)

    size = Rows.size

    # A row of the history holds what changed; who it is about stands in the first row of its number.
    STATE = """
        with wanted as (select _rowid as id, wiki, key from _state_history where _version = 1 {of_wiki})
        select w.wiki, w.key, (
            select value from _state_history h
            where h._rowid = w.id and h.value is not null and h._updated <= :noon
            order by h._version desc limit 1
        ) as value
        from wanted w
        where value is not null and not exists (
            select 1 from _state_history e where e._rowid = w.id and e._mask = -1 and e._updated <= :noon
        )
    """

    def one(self, wiki, day):
        sql = self.STATE.format(of_wiki="and wiki = :wiki")
        return self.database.execute(sql, {"wiki": wiki, "noon": self.noons[day]}).fetchall()

    def all(self, day):
        return self.database.execute(self.STATE.format(of_wiki=""), {"noon": self.noons[day]}).fetchall()

    def changes(self, first, last):
        sql = """
            select h._updated, b.wiki, b.key, iif(h._version = 1, null, (
                select value from _state_history p
                where p._rowid = h._rowid and p._version < h._version and p.value is not null
                order by p._version desc limit 1
            )), iif(h._mask = -1, null, h.value)
            from _state_history h
            join _state_history b on b._rowid = h._rowid and b._version = 1
            where h._updated > ? and h._updated <= ?
        """
        return self.database.execute(sql, (self.noons[first], self.noons[last])).fetchall()

    def rows_one(self, answer, *_):
        return answer

    rows_all = rows_one

    def rows_changes(self, answer, first, last):
        days = range(first + 1, last + 1)
        return [[next(day for day in days if at <= self.noons[day]), *rest] for at, *rest in answer]


class GitHistory(Keeper):
    """One file with all wikis in a git repository, read by git-history after each commit.

    A wiki is an item and its state one column: with a column a property, null and absent would be one, and the
    1,660 names that a thousand wikis have come near the 2,000 columns of SQLite.
    """

    name = "git-history"

    def begin(self):
        self.file = self.home / "git-history.db"
        self.place = self.home / "git-history"
        self.place.mkdir()
        Git.git(self, "init", "--quiet", "--initial-branch", "main")

    def prepare(self, state, _changes):
        items = (f'{{"wiki":{json.dumps(wiki)},"state":{text(of_wiki)}}}' for wiki, of_wiki in state.items())
        return "[" + ",\n".join(items) + "]"

    def keep(self, day, material):
        (self.place / "wikis.json").write_text(material)
        Git.git(self, "add", "--all")
        Git.git(self, "commit", "--quiet", "--allow-empty", "--message", "day", day=day)
        tool = self.python.with_name("git-history")
        subprocess.run([tool, "file", self.file, "wikis.json", "--repo", self.place, "--id", "wiki", "--silent"],
                       check=True, cwd=self.place)

    def size(self):
        return self.file.stat().st_size

    def query(self, sql, *words):
        database = sqlite3.connect(self.file)
        try:
            return database.execute(sql, words).fetchall()
        finally:
            database.close()

    STATE = """
        select i.wiki, (
            select v.state from item_version v join commits c on c.id = v._commit
            where v._item = i._id and v.state is not null and c.commit_at <= ? order by v._version desc limit 1
        ) from item i
    """

    @staticmethod
    def instant(day):
        return time.strftime("%Y-%m-%dT12:00:00+00:00", time.gmtime(FIRST + day * 86400))

    def one(self, wiki, day):
        return self.query(self.STATE + " where i.wiki = ?", self.instant(day), wiki)

    def all(self, day):
        return self.query(self.STATE, self.instant(day))

    def changes(self, first, last):
        """It tells that the state of a wiki changed, but not which property: the two are compared here."""
        rows = self.query("""
            select c.commit_at, i.wiki, p.state, v.state
            from item_version v
            join commits c on c.id = v._commit
            join item i on i._id = v._item
            join item_version p on p._item = v._item and p._version = v._version - 1
            where c.commit_at > ? and c.commit_at <= ?
        """, self.instant(first), self.instant(last))
        return [change for at, wiki, before, after in rows for change in differences(at, wiki, before, after)]

    rows_one = rows_all = Rows.rows_one

    def rows_changes(self, answer, first, last):
        days = {self.instant(day)[:10]: day for day in range(first, last + 1)}
        return [[days[at[:10]], *rest] for at, *rest in answer]


BY_NAME = {"rows": Rows, "git": Git, "sqlite-history": SqliteHistory, "git-history": GitHistory}
