"""What the program does while the power is cut: the commands, and what it says of them."""

import json
import os
import pathlib
import re
import sqlite3
import subprocess
import time

import calls
from history import MISSING, opened

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIKIS = 12


def scenes(program, farm, place):
    """Every scene, each in a directory of its own."""
    program, farm = str(pathlib.Path(program).resolve()), str(pathlib.Path(farm).resolve())
    yield Nights(program, farm, place / "nights")
    yield Upgrade(program, farm, place / "upgrade")


class Scene:
    """A home, a place for the database, and a farm."""

    def __init__(self, program, farm, place):
        self.program, self.farm, self.place = program, farm, place
        self.database = place / "data" / "sultrail.db"
        self.copy = place / "data" / "copy.db"
        self.before, self.events = [], []
        self.port, self.running = 0, None
        self.environment = {"HOME": str(place), "PATH": os.environ["PATH"]}

    def __enter__(self):
        # Directories are taken to be there before anything happens.
        self.database.parent.mkdir(parents=True)
        self.start_farm()
        return self

    def __exit__(self, *_):
        self.stop_farm()

    def start_farm(self, *arguments):
        """Starts the farm again on its port, as these arguments make it."""
        self.stop_farm()
        command = [self.farm, "--wikis", str(WIKIS), "--options", "30", "--port", str(self.port), *arguments]
        self.running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        said = []
        while "credential_file" not in (said[-1] if said else ""):
            said.append(self.running.stdout.readline())
            assert said[-1], "the farm does not start"
        said = "".join(said)
        self.port = int(re.search(r"central API +http://[^:]+:(\d+)", said)[1])
        (self.place / "alice.token").touch(mode=0o600)
        (self.place / "alice.token").write_text(re.search(r"bearer token +(\S+)", said)[1])
        contact = 'contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"\n'
        pace = "[pace]\nrequests_per_minute = 60000\n"
        (self.place / "config.toml").write_text(contact + said[said.index("[farm]") :] + pace)

    def stop_farm(self):
        if self.running:
            self.running.terminate()
            self.running.wait()
            self.running.stdout.close()

    def command(self, database, *arguments):
        config = str(self.place / "config.toml")
        return [self.program, "--config", config, "--database", str(database), *arguments]

    def do(self, *arguments):
        """A command whose every event is kept; at its end it has told that it is done."""
        command = self.command(self.database, "-vv", "--log-format", "json", *arguments)
        log = self.place / "strace"
        code, said, events = calls.watch(command, str(self.database.parent), log, self.environment)
        if code:
            raise SystemExit(f"FAILED: {arguments} ended with {code}: {said}")
        self.events += events
        self.events.append(calls.Event("said", "", f"done: {arguments[0]}".encode()))

    def ask(self, database, *arguments):
        """What the program says to a command on an image."""
        command = self.command(database, "--quiet", *arguments)
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=300)

    def facts(self, image):
        """What can be promised: snapshots, ends of runs, the copy, the schema, that nobody is known any more."""
        if str(self.database) not in image:
            return set()
        with opened(image, str(self.database)) as (connection, _):
            facts = facts_of(connection)
        copy = image.get(str(self.copy))
        return facts | ({("copy",)} if copy else set())

    def fault_of_program(self, image, held, dice):
        """Lets the program itself open an image and go on with it; what is wrong then, or nothing."""
        with opened(image, str(self.database)) as (connection, database):
            was = held.database != MISSING and facts_of(connection)
            rows = was and connection.execute("select count(*) from history").fetchone()[0]
            connection.close()
            for ending in ("", "-wal"):
                pathlib.Path(str(database) + ending).unlink(missing_ok=True)
                if content := image.get(str(self.database) + ending):
                    pathlib.Path(str(database) + ending).write_bytes(content)
            return self.fault_of_commands(database, was, rows, dice)

    def fault_of_commands(self, database, was, rows, dice):
        reading = self.ask(database, *dice.choice([["status"], ["runs"], ["accounts"]]))
        nothing = "there is no database" if not was else "there is no run yet"
        has_runs = was and any(fact[0] in ("snapshot", "end") for fact in was)
        refused = reading.returncode == 1 and nothing in reading.stderr and not has_runs
        if not refused and (reading.returncode or not was):
            return f"to read it: {reading.returncode} {reading.stderr}"
        if was:
            history = self.ask(database, "history", "--format", "jsonl")
            if history.returncode or len(history.stdout.splitlines()) != rows:
                return f"not the history of {rows} rows: {history.returncode} {history.stderr}"
        going_on = self.ask(database, *self.goes_on)
        if going_on.returncode:
            return f"to go on: {going_on.returncode} {going_on.stderr}"
        connection = sqlite3.connect(database)
        try:
            sound = connection.execute("pragma integrity_check").fetchone()[0]
            lost = (was or set()) - facts_of(connection) - {("nobody",)}
            whole = self.is_whole(connection)
        finally:
            connection.close()
        if sound != "ok" or lost or not whole:
            return f"after going on: {sound}, lost {lost}, " + ("" if whole else "not whole")
        return None


class Nights(Scene):
    """First and further snapshots, a backup, and `forget`."""

    name, share, goes_on = "nights", 0.85, ["snapshot"]
    least_events, least_told = 1000, 3 * WIKIS

    def play(self):
        self.do("snapshot")
        self.start_farm("--flip-after", "0")
        time.sleep(0.2)
        self.do("snapshot")
        # Nothing has changed: these looks are recorded together.
        self.do("snapshot")
        self.do("backup", str(self.copy))
        self.start_farm()
        self.do("snapshot")
        self.do("prune")
        self.do("forget", "--user", "Alice Example")

    def promises(self, said):
        """What a message of the program promises."""
        promised = set()
        for line in said.decode().splitlines():
            if line == "done: backup":
                promised.add(("copy",))
            elif line == "done: forget":
                promised.add(("nobody",))
            elif line.startswith("{"):
                told = json.loads(line)
                text = told.get("message", "")
                if text.endswith(" was read"):
                    promised.add(("snapshot", told["run"], told["wiki"]))
                elif ended := re.match(r"run (\d+) done", text):
                    promised.add(("end", int(ended[1])))
        return promised

    def is_whole(self, connection):
        """Whether the newest run read every wiki."""
        read = "select count(*) from snapshots where run = (select max(run) from runs) and wiki <> 'global'"
        return connection.execute(read).fetchone()[0] == WIKIS


class Upgrade(Scene):
    """A history of the first schema comes up to date."""

    name, share, goes_on = "upgrade", 0.15, ["init"]
    least_events, least_told = 100, 1
    newest = len(list((ROOT / "migrations").glob("*.sql")))

    def play(self):
        sql = (ROOT / "tests/it/upgrades/schema-1.sql").read_text().replace("{port}", str(self.port))
        made = self.place / "made.db"
        connection = sqlite3.connect(made, isolation_level=None)
        connection.executescript(f"begin;\n{sql}commit;pragma journal_mode = wal")
        connection.close()
        content = made.read_bytes()
        self.database.write_bytes(content)
        self.database.chmod(0o600)
        self.before = [(str(self.database), content)]
        self.do("init")

    def promises(self, said):
        return {("schema", self.newest)} if said == b"done: init" else set()

    def is_whole(self, connection):
        return ("schema", self.newest) in facts_of(connection)


def facts_of(connection):
    """See `Scene.facts`."""
    found = {("snapshot", *row) for row in connection.execute("select run, wiki from snapshots where error is null")}
    found |= {("end", run) for (run,) in connection.execute("select run from runs where status = 'finished'")}
    if not connection.execute("select count(*) from user").fetchone()[0]:
        found.add(("nobody",))
    schema = connection.execute("select max(version) from _sqlx_migrations").fetchone()[0]
    return found | {("schema", version) for version in range(1, schema + 1)}
