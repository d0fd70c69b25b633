#!/usr/bin/env python3
"""Instructions per wiki, counted by valgrind: the same on every quiet or noisy machine.

    python3 benches/instructions.py           compare with benches/instructions.txt, fail above 110 %
    python3 benches/instructions.py --write   write that file anew

Each kind of work is done FEW and MANY times; the difference has no part in it of starting and ending.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIGURES = HERE / "instructions.txt"
FEW, MANY = 20, 120
ALLOWED = 1.10


def program():
    """Builds the bench; returns its path."""
    build = ["cargo", "build", "--quiet", "--release", "--bench", "instructions", "--message-format=json"]
    said = subprocess.run(build, cwd=HERE.parent, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in said.splitlines()]
    return next(one["executable"] for one in messages if one.get("target", {}).get("name") == "instructions")


def count(bench, work, times):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", bench, work, str(times)]
    # The seed of hash maps and the size of the environment are of no interest here.
    run = subprocess.run(command, env={"PATH": os.environ["PATH"]}, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 0, run.stderr
    return int(re.search(r"Collected : (\d+)", run.stderr)[1])


def main():
    bench = program()
    last = dict(line.split() for line in FIGURES.read_text().splitlines()) if FIGURES.exists() else {}
    now, is_worse = {}, False
    kinds = ["decode", "again", "compare", "record"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = [[pool.submit(count, bench, work, times) for times in (MANY, FEW)] for work in kinds]
    for work, (many, few) in zip(kinds, counts):
        now[work] = (many.result() - few.result()) // (MANY - FEW)
        ratio = now[work] / int(last.get(work, now[work]))
        is_worse |= ratio > ALLOWED
        print(f"{work:<8} {now[work]:>11,} instructions a wiki, {ratio:.0%} of last time")
    if "--write" in sys.argv:
        FIGURES.write_text("".join(f"{work} {figure}\n" for work, figure in now.items()))
    elif is_worse:
        sys.exit("more than 110 %: find out why, or accept it with --write")


if __name__ == "__main__":
    main()
