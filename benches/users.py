#!/usr/bin/env python3
"""What one process costs that watches several users: users.py PROGRAM FARM [USERS [WIKIS]]

A daemon takes a run of each of USERS (10) users over WIKIS (500) wikis of a simulated farm, without any limit: a
first one, and one on which nothing has changed. After each round: wall and processor seconds, the peak of its
memory, the size of the database; thirty seconds later, what it holds while it idles.
"""

import datetime
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

program, farm = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
users = int(sys.argv[3]) if len(sys.argv) > 3 else 10
wikis = int(sys.argv[4]) if len(sys.argv) > 4 else 500


def memory(pid, key):
    """A size of the process, in MiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024
    return 0


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def begin_farm(home):
    """The simulated farm, its section of the configuration, and the tokens by user."""
    words = ["--wikis", str(wikis), "--users", str(users), "--port", "0"]
    process = subprocess.Popen([farm, *words], stdout=open(home / "farm", "w", encoding="utf-8"))
    while (home / "farm").read_text().count("another user") < users - 1 or "insecure" not in (home / "farm").read_text():
        time.sleep(0.1)
    text = (home / "farm").read_text()
    tokens = {"Alice Example": next(line.split()[-1] for line in text.splitlines() if line.startswith("bearer token"))}
    for line in text.splitlines():
        if line.startswith("another user"):
            name, token = line.removeprefix("another user").strip().split(": ")
            tokens[name] = token
    return process, text[text.index("[farm]") : text.index("[[user]]")], tokens


def configure(home, section, tokens):
    """A tick of all users in ten seconds, and then none before tomorrow."""
    tick = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=10)
    text = (
        'contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"\n'
        f"{section}\n[pace]\nrequests_per_minute = 60000\n[daemon]\njitter_minutes = 0\n"
    )
    for number, (name, token) in enumerate(tokens.items()):
        file = home / f"{number}.token"
        file.touch(mode=0o600)
        file.write_text(token)
        text += f'[[user]]\nname = "{name}"\nauth = "oauth2"\ncredential_file = "{number}.token"\n'
        text += f'schedule = "{tick:%S %M %H} * * *"\n'
    (home / "config.toml").write_text(text)


def look(database):
    """How many runs there are, and how many are over; fails if one read too little."""
    if not database.exists():
        return 0, 0
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    runs = connection.execute("select status, accounts, failed from runs").fetchall()
    connection.close()
    over = [run for run in runs if run[0] != "running"]
    for run in over:
        assert run == ("finished", wikis, 0), run
    return len(runs), len(over)


with tempfile.TemporaryDirectory() as directory:
    home = pathlib.Path(directory)
    simulation, section, tokens = begin_farm(home)
    configure(home, section, tokens)
    database = home / "sultrail.db"
    daemon = subprocess.Popen(
        [program, "--config", str(home / "config.toml"), "--database", str(database), "daemon"],
        env={"HOME": str(home)},
        stderr=open(home / "log", "w", encoding="utf-8"),
    )
    print(f"{users} users, {wikis} wikis each, in one process")
    print("round      wall s  processor s  peak MiB  resident MiB  anonymous MiB  database MB")
    for number, name in enumerate(["first", "unchanged"]):
        while look(database)[0] <= number * users:
            time.sleep(0.05)
            if daemon.poll() is not None:
                sys.exit((home / "log").read_text())
        begun, spent = time.monotonic(), processor_seconds(daemon.pid)
        while look(database)[1] < (number + 1) * users:
            time.sleep(0.05)
        wall, spent = time.monotonic() - begun, processor_seconds(daemon.pid) - spent
        time.sleep(30)
        sizes = [memory(daemon.pid, key) for key in ("VmHWM", "VmRSS", "RssAnon")]
        size = sum(file.stat().st_size for file in home.glob("sultrail.db*")) / 1e6
        print(f"{name:<10} {wall:>6.1f}  {spent:>11.2f}  {sizes[0]:>8.1f}  {sizes[1]:>12.1f}  {sizes[2]:>13.1f}  {size:>11.1f}",
              flush=True)
        if number == 0:
            configure(home, section, tokens)
            daemon.send_signal(1)
    daemon.terminate()
    daemon.wait()
    simulation.kill()
