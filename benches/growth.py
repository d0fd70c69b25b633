#!/usr/bin/env python3
"""How answers and runs grow with a history: growth.py PROGRAM FARM DATABASE...

PROGRAM is the release build, FARM the simulated farm (`cargo build --release --example farm`), each DATABASE made by
`cargo bench --bench past -- --only-generate`. Of each: rows, bytes, what the main questions about its middle user take
(median of five; processor time, and the most memory of any), and what a run over 300 unchanged wikis of one more
user takes, on a copy.
"""

import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

TIMES = 5
WIKIS = 300
TABLES = ("snapshot", "failure", "change", "held", "run", "account", "log_event", "property", "property_value")
QUESTIONS = {
    "preferences of one wiki on a day": ["prefs", "--wiki", "dewiki", "--at", "2025-05-20"],
    "preferences of all wikis on a day": ["prefs", "--at", "2025-05-20"],
    "groups of all wikis on a day": ["groups", "--at", "2025-05-20"],
    "changes of a month": ["diff", "2025-05-01", "2025-06-01", "--counters"],
    "report of the last 31 nights": ["report", "--since", "31d"],
    "runs": ["runs"],
    "status": ["status"],
}


def run(program, home, database, arguments):
    """Wall and processor seconds, and the most memory in MiB."""
    started = time.monotonic()
    child = subprocess.Popen(
        [program, "--config", str(home / "config.toml"), "--database", str(database), "--quiet", *arguments],
        env={"HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"{arguments}: {said.decode()}")
    return time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def median(program, home, database, arguments):
    taken = [run(program, home, database, arguments) for _ in range(TIMES)]
    wall, processor, peak = zip(*taken)
    return statistics.median(wall), statistics.median(processor), max(peak)


def begin_farm(farm, home):
    """The simulated farm; leaves a configuration that asks it without a pause."""
    out = home / "farm"
    process = subprocess.Popen([farm, "--wikis", str(WIKIS), "--port", "0"], stdout=open(out, "w"))
    while "insecure_http" not in out.read_text():
        time.sleep(0.1)
    text = out.read_text()
    (home / "token").touch(mode=0o600)
    (home / "token").write_text(next(x.split()[-1] for x in text.splitlines() if x.startswith("bearer token")))
    (home / "config.toml").write_text(
        'contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"\n'
        f"{text[text.index('[farm]'):text.index('[[user]]')]}\n[pace]\nrequests_per_minute = 60000\n"
        '[[user]]\nname = "Alice Example"\nauth = "oauth2"\ncredential_file = "token"\n'
    )
    return process


def unchanged(program, home, database):
    """Processor milliseconds and bytes that a wiki takes, of five runs in which nothing changes."""
    copy = database.with_suffix(".copy")
    shutil.copyfile(database, copy)
    run(program, home, copy, ["snapshot", "--user", "Alice Example"])
    before = copy.stat().st_size
    taken = [run(program, home, copy, ["snapshot", "--user", "Alice Example"])[1] for _ in range(TIMES)]
    grown = copy.stat().st_size - before
    for file in copy.parent.glob(copy.name + "*"):
        file.unlink()
    return 1000 * statistics.median(taken) / WIKIS, grown / TIMES / WIKIS


def main(program, farm, *databases):
    with tempfile.TemporaryDirectory() as directory:
        home = pathlib.Path(directory)
        simulation = begin_farm(farm, home)
        for database in map(pathlib.Path, databases):
            reader = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
            rows = {table: reader.execute(f"select count(*) from {table}").fetchone()[0] for table in TABLES}
            users = [name for name, in reader.execute("select name from user order by id")]
            reader.close()
            size, total = database.stat().st_size, sum(rows.values())
            print(f"\n{database}: {len(users)} users, {total} rows, {size} bytes, {size / total:.1f} a row\n{rows}")
            print("| question | wall, ms | processor, ms | peak, MiB |\n|---|--:|--:|--:|")
            for name, arguments in QUESTIONS.items():
                user = ["--user", users[len(users) // 2]] if name != "status" else []
                wall, processor, peak = median(program, home, database, arguments + user)
                print(f"| {name} | {1000 * wall:.0f} | {1000 * processor:.0f} | {peak:.0f} |", flush=True)
            processor, grown = unchanged(program, home, database)
            print(f"an unchanged wiki: {processor:.2f} ms of processor, {grown:.1f} bytes", flush=True)
        simulation.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
