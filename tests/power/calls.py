"""What a program did to the files below a directory, and what it said meanwhile, as strace saw it."""

import re
import subprocess
from typing import NamedTuple

CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range,sendfile,"
    "fsync,fdatasync,sync_file_range,sync,syncfs,msync,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat"
)

LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)(?:<.*>(?:\(deleted\))?)?(?: .*)?$")
UNFINISHED = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)$")
FILE = re.compile(r"(\d+)<([^>]*)>(\(deleted\))?")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Event(NamedTuple):
    """One change. `path` is the file or directory; of `data`, `at` and `to` what the kind needs."""

    kind: str  # created, written, cut, synced, renamed, linked, removed, said
    path: str
    data: bytes = b""
    at: int = 0
    to: str = ""


def is_possible():
    """Why strace cannot watch a program here, or nothing."""
    try:
        tried = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True)
    except FileNotFoundError:
        return "strace is not installed"
    return tried.stderr.strip() if tried.returncode else ""


def watch(command, directory, log, environment):
    """Runs a command; its exit code, its words, and its events, in order."""
    strace = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-o", log, "-e", "trace=" + CALLS]
    ran = subprocess.run(strace + command, env=environment, capture_output=True, text=True, timeout=300)
    with open(log, encoding="ascii") as lines:
        events = list(read(lines, directory))
    return ran.returncode, ran.stdout + ran.stderr, events


def read(lines, directory):
    """The events of a log of strace. A message counts from when it was begun, all else once it is done."""
    begun, said = {}, b""
    for line in lines:
        line = line.rstrip("\n")
        if unfinished := UNFINISHED.match(line):
            pid, call, arguments = unfinished.groups()
            words = message(call, arguments)
            said += words
            begun[pid] = (call, arguments, bool(words))
            if said.endswith(b"\n"):
                yield Event("said", "", said)
                said = b""
            continue
        was_told = False
        if resumed := RESUMED.match(line):
            pid, call, rest = resumed.groups()
            first, arguments, was_told = begun.pop(pid)
            assert first == call, line
            line = f"{pid} {call}({arguments}{rest}"
        done = LINE.match(line)
        if not done or was_told:
            # Signals, ends of threads, and calls that were cut off by the end of the process.
            continue
        _, call, arguments, result = done.groups()
        if int(result) < 0:
            continue
        words = message(call, arguments)
        said += words
        # A line may be said in many pieces.
        if said.endswith(b"\n"):
            yield Event("said", "", said)
            said = b""
        event = not words and change(call, arguments, directory)
        if event:
            yield event


def message(call, arguments):
    """What is said on standard output or standard error."""
    is_said = call == "write" and re.match(r"[12]<", arguments)
    return unhex(STRING.search(arguments)[1]) if is_said else b""


def change(call, arguments, directory):
    """The event of a call that succeeded, if it is about a file below the directory."""
    names = [text(name) for name in STRING.findall(arguments)] if call not in ("write", "pwrite64") else []
    file = FILE.match(arguments)
    path = text(file[2]) if file else ""
    below = [name for name in names + [path] if name.startswith(directory)]
    if not below or (file and file[3]):
        # What has no name any more is lost in any case.
        return None
    if call in ("openat", "open", "creat"):
        if "O_TRUNC" in arguments or call == "creat":
            return Event("created", below[0], at=1)
        return Event("created", below[0]) if "O_CREAT" in arguments else None
    if call == "pwrite64":
        return Event("written", path, unhex(STRING.search(arguments)[1]), int(arguments.rsplit(", ", 1)[1]))
    if call == "write":
        return Event("written", path, unhex(STRING.search(arguments)[1]), -1)
    if call == "ftruncate":
        return Event("cut", path, at=int(arguments.rsplit(", ", 1)[1]))
    if call in ("fsync", "fdatasync"):
        return Event("synced", path)
    if call.startswith("rename"):
        return Event("renamed", names[0], to=names[1])
    if call.startswith("link"):
        return Event("linked", names[0], to=names[1])
    if call.startswith("unlink"):
        return Event("removed", names[0])
    raise SystemExit(f"FAILED: the simulator knows nothing of {call}({arguments[:200]}")


def unhex(string):
    """The bytes of a string in the log."""
    return bytes.fromhex(string.replace("\\x", ""))


def text(string):
    """A name in the log."""
    return unhex(string).decode() if string.startswith("\\x") else string
