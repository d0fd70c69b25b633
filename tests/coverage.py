"""Reads the counts of `tests/coverage.sh`: the share of lines that were reached, by room."""

import collections
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# docs/endurance.md
WANTED = 90.0
LINE = re.compile(r"\s*(\d+)\|\s*(\d*)\|")


def main():
    target = Path(sys.argv[1])
    counts = collections.defaultdict(dict)
    kept, broken = 0, 0
    instrumented = list(objects())
    for profile in sorted((target / "counts").glob("*.profraw")):
        shown = subprocess.run(
            ["cov", "show", "--instr-profile", profile, *instrumented], capture_output=True, text=True, errors="replace"
        )
        if shown.returncode:
            # Its process was killed while it wrote.
            broken += 1
            continue
        kept += 1
        add(counts, shown.stdout)
    print(f"{kept} files of counts, {broken} that broke off")
    tell(counts)


def objects():
    """What was instrumented: the tests, and the program."""
    message = subprocess.run(
        ["cargo", "test", "--no-run", "--message-format", "json"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    for line in message.splitlines():
        told = json.loads(line)
        if told.get("executable") and told["target"]["name"] in ("sultrail", "it"):
            yield from ("--object", told["executable"])


def add(counts, text):
    """The largest count of a line: one file shows only what its own processes reached."""
    file = None
    for line in text.splitlines():
        if line.startswith("/"):
            path = Path(line.strip())
            file = path.relative_to(ROOT / "src") if path.is_relative_to(ROOT / "src") else None
        elif file and (found := LINE.match(line)) and found[2]:
            number, count = int(found[1]), int(found[2])
            counts[file][number] = max(counts[file].get(number, 0), count)


def tell(counts):
    lines, reached = collections.Counter(), collections.Counter()
    for file, of_file in counts.items():
        if "tests" in (file.stem, *file.parts):
            continue
        tests = tests_begin(file)
        room = file.parts[0]
        lines[room] += sum(number < tests for number in of_file)
        reached[room] += sum(number < tests and count > 0 for number, count in of_file.items())
    for room in sorted(lines):
        print(f"{room:<14} {reached[room]:>6} of {lines[room]:>6}  {100 * reached[room] / lines[room]:.1f} %")
    outside = [room for room in lines if room != "cli"]
    all_lines, all_reached = sum(lines[room] for room in outside), sum(reached[room] for room in outside)
    share = 100 * all_reached / max(all_lines, 1)
    print(f"outside cli: {all_reached} of {all_lines} lines, {share:.1f} %")
    if share < WANTED:
        raise SystemExit(f"fewer than {WANTED} %")


def tests_begin(file):
    """The line on which the tests of a file begin: they are not counted."""
    text = (ROOT / "src" / file).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(text, 1):
        if line == "#[cfg(test)]" and number < len(text) and text[number].startswith("mod tests {"):
            return number
    return len(text) + 1


main()
