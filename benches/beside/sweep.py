"""One sweep over 1,000 wikis without any limit, beside what a user would write instead.

    cargo build --release --bins --examples && python3 benches/beside/sweep.py

Five rounds; in each, every contender sweeps the same simulated farm once, so that what else the
machine does falls on all of them alike. Printed are medians, and processor seconds as ratios.
The others only fetch: they store nothing, compare nothing and explain nothing.

  --wikis N     how many wikis (1000)
  --rounds N    how many rounds (5)
"""

import argparse
import json
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import loopback  # noqa: F401

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# What sultrail asks of each wiki (src/mediawiki/user_info.rs).
QUESTION = {
    "action": "query",
    "meta": "userinfo|siteinfo",
    "uiprop": "options|groups|groupmemberships|implicitgroups|editcount|email|registrationdate|"
    "centralids|latestcontrib",
    "siprop": "general|defaultoptions",
    "list": "users",
    "ususers": "Alice Example",
    "usprop": "blockinfo|groups|groupmemberships|registration|centralids",
    "format": "json",
    "formatversion": "2",
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--wikis", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    python = environment()
    with tempfile.TemporaryDirectory() as home:
        with Farm(options.wikis) as farm:
            contenders = prepare(farm, Path(home), python)
            results = {name: [] for name, _, _ in contenders}
            for _ in range(options.rounds):
                for name, command, stdin in contenders:
                    results[name].append(measure(farm, command, stdin, home))
                    assert answered(name, home) == options.wikis, Path(home, "errors").read_text()[-2000:]
    show(results, options)


def environment():
    """A virtual environment with the others in it; returns its Python."""
    place = TARGET / "beside"
    python = place / "bin" / "python"
    wanted = (HERE / "requirements.txt").read_text()
    mark = place / "requirements.txt"
    if not mark.exists() or mark.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
        subprocess.run(pip, check=True)
        mark.write_text(wanted)
    return python


class Farm:
    """The simulated farm, in a process of its own."""

    def __init__(self, wikis, *more):
        command = [TARGET / "release/examples/farm", "--wikis", str(wikis), "--port", "0", *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.said = ""
        while "credential_file" not in self.said:
            self.said += self.process.stdout.readline()
        self.central_api = re.search(r"central API\s+(\S+)", self.said)[1]
        self.token = re.search(r"bearer token\s+(\S+)", self.said)[1]
        self.counts_url = re.search(r"counts\s+(\S+)", self.said)[1]
        self.config = self.said[self.said.index("[farm]"):]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, url):
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def counts(self):
        return self.ask(self.counts_url)

    def accounts(self):
        query = "?action=query&meta=globaluserinfo&guiuser=Alice%20Example&guiprop=merged"
        answer = self.ask(self.central_api + query + "&format=json&formatversion=2")
        merged = answer["query"]["globaluserinfo"]["merged"]
        return [(account["wiki"], account["url"] + "/w/api.php") for account in merged]


def prepare(farm, home, python, requests_per_minute="60000"):
    """Name, command and standard input of every contender. They print `200` for every wiki that answered."""
    os.umask(0o077)
    (home / "alice.token").write_text(farm.token)
    contact = 'contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"\n'
    pace = f"[pace]\nrequests_per_minute = {requests_per_minute}\n"
    (home / "config.toml").write_text(contact + pace + farm.config)
    accounts = farm.accounts()
    wikis = "".join(f"{wiki} {url}\n" for wiki, url in accounts)
    query = urllib.parse.urlencode(QUESTION)
    urls = "".join(f'url = "{url}?{query}"\noutput = "/dev/null"\n' for _, url in accounts)
    (home / "urls").write_text(f'header = "Authorization: Bearer {farm.token}"\n' + urls)
    os.environ["TOKEN"] = farm.token
    os.environ["QUESTION"] = "\n".join(f"{key}={value}" for key, value in QUESTION.items())
    sultrail = [TARGET / "release/sultrail", "--config", "config.toml", "--quiet", "--database"]
    curl = ["curl", "--silent", "--fail", "--parallel", "--parallel-max", "3", "--config", "urls"]
    curl += ["--write-out", "%{http_code}\n"]
    return [
        ("sultrail, first run", sultrail + ["first.db", "snapshot"], None),
        ("sultrail, unchanged", sultrail + ["again.db", "snapshot"], None),
        ("curl --parallel", curl, None),
        ("mwclient", [python, HERE / "fetch_mwclient.py"], wikis),
        ("pywikibot", [python, HERE / "fetch_pywikibot.py"], wikis),
    ]


def measure(farm, command, stdin, home):
    """Requests, wall seconds, processor seconds, peak memory in MiB of one process."""
    if "first.db" in command:
        for file in Path(home).glob("first.db*"):
            file.unlink()
    if "again.db" in command and not (Path(home) / "again.db").exists():
        subprocess.run(command, cwd=home, check=True)
    before, started = farm.counts()["requests"], time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command], cwd=home, text=True,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=open(Path(home) / "out", "w"), stderr=open(Path(home) / "errors", "w"),
    )
    if stdin:
        process.stdin.write(stdin)
        process.stdin.close()
    peak, ended = 0, 0
    while not ended:
        # The kernel's own maximum is no use: it begins with what the parent had when it forked.
        peak = max(peak, highest(process.pid))
        time.sleep(0.005)
        ended, _, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = 0
    wall = time.monotonic() - started
    requests = farm.counts()["requests"] - before
    return requests, wall, usage.ru_utime + usage.ru_stime, peak / 1024


def highest(process):
    """The most memory that a process has had, in KiB; 0 once it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except ProcessLookupError:
        return 0
    most = re.search(r"VmHWM:\s+(\d+)", status)
    return int(most[1]) if most else 0


def answered(name, home):
    """Of how many wikis there is an answer, after the contender has run."""
    if not name.startswith("sultrail"):
        return sum(line.startswith("200") for line in (Path(home) / "out").read_text().splitlines())
    file = Path(home) / ("first.db" if "first" in name else "again.db")
    with sqlite3.connect(file) as database:
        counts = "select unchanged + changed + first_seen from runs order by run desc limit 1"
        return database.execute(counts).fetchone()[0]


def show(results, options):
    print(f"{options.wikis} wikis, median of {options.rounds} rounds; {platform.machine()}, "
          f"{os.cpu_count()} cores, {platform.system()} {platform.release()}")
    print(f"{'':<22}{'requests':>9}{'wall s':>8}{'cpu s':>8}{'peak MiB':>10}")
    medians = {}
    for name, rounds in results.items():
        medians[name] = [statistics.median(column) for column in zip(*rounds)]
        requests, wall, cpu, peak = medians[name]
        print(f"{name:<22}{requests:>9.0f}{wall:>8.2f}{cpu:>8.2f}{peak:>10.1f}")
    ours = medians["sultrail, unchanged"][2]
    for other in ["curl --parallel", "mwclient", "pywikibot"]:
        print(f"processor time, unchanged run ÷ {other}: {ours / medians[other][2]:.2f}")


if __name__ == "__main__":
    main()
