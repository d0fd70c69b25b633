"""Days of 1,000 wikis, 300 preferences each, kept by sultrail and by what a user would take instead.

    python3 benches/beside/history.py

Two in a thousand preferences change a day. Every contender is given the same days in turn, then asked three
questions: the state of one wiki at noon of a day, that of all wikis, and every change of 20 days. It fails if
two answers differ. Times are medians of five rounds, processor time of the days also as a ratio.

  --days 31,365     how many days, one set after the other
  --wikis 1000      how many wikis
  --only NAME,…     only these, and sultrail: rows, git, sqlite-history, git-history
  --no-gc           without `git gc --aggressive`
  --profile NAME    dev for a quick look at whether it works (release)
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import keepers
import sweep

ROUNDS = 5
# Over so many days git-history is not run: it takes seconds for each (docs/performance.md).
MOST_DAYS = {"git-history": 31}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--days", default="31,365")
    arguments.add_argument("--wikis", type=int, default=1000)
    arguments.add_argument("--only", default="rows,git,sqlite-history,git-history")
    arguments.add_argument("--no-gc", action="store_true")
    arguments.add_argument("--profile", default="release")
    options = arguments.parse_args()
    python = sweep.environment()
    print(f"{options.wikis} wikis; {platform.machine()}, {os.cpu_count()} cores, {platform.system()} "
          f"{platform.release()}", flush=True)
    for days in map(int, options.days.split(",")):
        home = sweep.TARGET / "history"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        only = [name for name in options.only.split(",") if days <= MOST_DAYS.get(name, days)]
        one_set(home, days, options, [keepers.BY_NAME[name](home, python) for name in only])
        shutil.rmtree(home)


def one_set(home, days, options, others):
    """Records the days, then asks."""
    with Sultrail(home / "sultrail.db", options) as ours:
        contenders = [ours, *others]
        figures = {one.name: {"cpu": []} for one in contenders}
        state = {}
        for day in range(days):
            changes = ours.live()
            apply(state, changes)
            for one in contenders:
                cost = one.record(day, state, changes)
                figures[one.name]["cpu"].append(cost["cpu"])
                if day in (0, days - 1):
                    figures[one.name][f"bytes {'first' if day == 0 else 'last'}"] = one.size()
        changed = changed_wikis(home)
        ask_all(contenders, figures, state, days, options)
        for _ in range(10):
            for one in contenders:
                one.record(None, state, [])
        for one in contenders:
            figures[one.name]["bytes unchanged"] = one.size()
        if not options.no_gc:
            for one in others:
                if isinstance(one, keepers.Git):
                    figures[one.name]["bytes gc"] = one.collect_garbage()
    show(figures, days, options.wikis, changed)


def apply(state, changes):
    """`state`: wiki, then property, then JSON text."""
    for wiki, key, _, after in changes:
        of_wiki = state.setdefault(wiki, {})
        if after is None:
            del of_wiki[key]
        else:
            of_wiki[key] = after
    for wiki in {change[0] for change in changes}:
        state[wiki] = dict(sorted(state[wiki].items()))


def changed_wikis(home):
    """How many wikis changed, on average of all days but the first."""
    import sqlite3

    database = sqlite3.connect(f"file:{home}/sultrail.db?mode=ro", uri=True)
    return database.execute(
        "select count(distinct run || ' ' || wiki) * 1.0 / max(1, (select max(run) - 1 from runs)) from changes"
    ).fetchone()[0]


class Sultrail:
    """The program's own library, in a process that is told what to do a line at a time."""

    name = "sultrail"

    def __init__(self, file, options):
        self.file = file
        command = ["cargo", "bench", "--profile", options.profile, "--bench", "history", "--",
                   "--file", str(file), "--wikis", str(options.wikis)]
        self.process = subprocess.Popen(
            command, cwd=sweep.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.program = self.tell("program")["path"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def tell(self, line):
        print(line, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def live(self):
        return self.tell("live")

    def record(self, _day, _state, _changes):
        return self.tell("record")

    def size(self):
        return self.tell("close")["bytes"]

    def ask(self, question):
        """Through the library, through the views, and through the program: name, cost, rows."""
        for door in ["library", "views"]:
            cost = self.tell(" ".join(["ask", door, *map(str, question)]))
            rows = json.loads(self.file.with_suffix(".answer").read_text())
            yield f"sultrail, {door}", cost, rows
        yield "sultrail, program", *self.ask_program(question)

    def ask_program(self, question):
        match question:
            case ["one", wiki, day]:
                words = ["prefs", "--wiki", wiki, "--at", noon(day)]
            case ["all", day]:
                words = ["prefs", "--at", noon(day)]
            case ["changes", first, last]:
                # It tells the net change of each property: its rows are compared as such.
                words = ["diff", "--counters", noon(first), noon(last)]
        command = [self.program, "--quiet", "--database", self.file, *words, "--format", "jsonl"]
        answer = self.file.with_suffix(".lines")
        with answer.open("w") as out:
            _, cost = keepers.measured(lambda: subprocess.run(command, stdout=out, check=True))
        rows = [json.loads(line) for line in answer.read_text().splitlines()]
        if question[0] == "changes":
            return cost, [
                [None, row["wiki"], f"{row['kind']}/{row['name']}", row["before"], row["after"]] for row in rows
            ]
        return cost, [[row["wiki"], f"preference/{row['name']}", row["value"]] for row in rows]


def noon(day):
    return time.strftime("%Y-%m-%dT12:00:00Z", time.gmtime(keepers.FIRST + day * 86400))


def ask_all(contenders, figures, state, days, options):
    """Asks everybody everything, in rounds; the answers have to be the same."""
    middle, last = days // 2, days - 1
    wikis = sorted(state)
    for question in [["one", wikis[len(wikis) // 3], middle], ["all", middle], ["changes", last - 20, last]]:
        costs, answers = {}, {}
        for _ in range(ROUNDS):
            for one in contenders:
                for name, cost, rows in one.ask(question):
                    costs.setdefault(name, []).append(cost)
                    answers[name] = rows
        compare(question, answers)
        for name, rounds in costs.items():
            figures.setdefault(name, {})[question[0]] = {
                key: statistics.median(cost[key] for cost in rounds) for key in ["wall", "cpu"]
            }
            figures[name][question[0]]["rows"] = len(answers[name])


def compare(question, answers):
    """What the views of sultrail say is what everybody has to say."""
    expected = normal(answers["sultrail, views"])
    assert expected, question
    for name, rows in answers.items():
        theirs, ours = normal(rows), expected
        if question[0] != "changes" and name in ["sultrail, library", "sultrail, program"]:
            ours = [row for row in expected if row[1].startswith("preference/")]
        if question[0] == "changes" and name == "sultrail, program":
            ours = net(expected)
        if theirs != ours:
            difference = [row for row in theirs if row not in ours][:3], [row for row in ours if row not in theirs][:3]
            raise SystemExit(f"{name} answers {question} otherwise: {difference}")


def normal(rows):
    """Rows in order; their values are JSON texts written one way. Texts, since to Python true is 1.

    Only sultrail has the global account too.
    """
    rows = [row for row in rows if "global" not in row[:2]]

    def value(text):
        if text is None:
            return "absent"
        return json.dumps(json.loads(text), sort_keys=True)

    if rows and len(rows[0]) == 5:
        return sorted([day if day is not None else -1, wiki, key, value(before), value(after)]
                      for day, wiki, key, before, after in rows)
    return sorted([wiki, key, value(text)] for wiki, key, text in rows)


def net(changes):
    """From the first to the last value of each property, where they differ."""
    ends = {}
    for _, wiki, key, before, after in changes:
        first = ends.get((wiki, key), (before,))[0]
        ends[wiki, key] = (first, after)
    return sorted([-1, wiki, key, before, after] for (wiki, key), (before, after) in ends.items() if before != after)


def show(figures, days, wikis, changed):
    print(f"\n{days} days; {changed:.0f} of {wikis} wikis change a day\n")
    print("| kept by | processor s a day | ÷ sultrail | day 0, MB | bytes a wiki and day | of a changed one "
          "| unchanged check, bytes a wiki | all, MB | after gc, MB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    ours = statistics.mean(figures["sultrail"]["cpu"][1:])
    for name, of_one in figures.items():
        if "bytes first" not in of_one:
            continue
        cpu = statistics.mean(of_one["cpu"][1:])
        first, last, more = (of_one[f"bytes {when}"] for when in ["first", "last", "unchanged"])
        daily = (last - first) / (days - 1)
        unchanged = (more - last) / 10
        of_changed = (daily - unchanged * (wikis - changed) / wikis) / changed
        packed = f"{of_one['bytes gc'] / 1e6:.2f}" if "bytes gc" in of_one else ""
        print(f"| {name} | {cpu:.3f} | {cpu / ours:.1f} | {first / 1e6:.2f} | {daily / wikis:.0f} | {of_changed:.0f} "
              f"| {unchanged / wikis:.1f} | {last / 1e6:.1f} | {packed} |")
    print("\n| asked | one wiki, ms | (processor) | all, ms | (processor) | changes of 20 days, ms | (processor) |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, of_one in figures.items():
        if "one" not in of_one:
            continue
        cells = [f"{of_one[question][key] * 1000:.1f}" for question in ["one", "all", "changes"] for key in ["wall", "cpu"]]
        print(f"| {name} | {' | '.join(cells)} |")
    rows = figures["sultrail, views"]
    print(f"\nRows: {rows['one']['rows']}, {rows['all']['rows']}, {rows['changes']['rows']}. All answers are the same. "
          f"Peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB.", flush=True)


if __name__ == "__main__":
    main()
