#!/usr/bin/env python3
"""What a daemon costs that has nothing to do: idle.py PROGRAM FARM [SECONDS [WIKIS]]

Two daemons, one without a watchdog and one that is watched as in the unit (WatchdogSec=2min), each
take one run over WIKIS (1000) wikis of a simulated farm. Thirty seconds after it, they are watched
for SECONDS (300): resident memory, and how often the processor was handed to them (voluntary
context switches of all threads, of which each wake-up makes at least one).
"""

import datetime
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

program, farm = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 300
wikis = sys.argv[4] if len(sys.argv) > 4 else "1000"


def status(pid, key):
    """The sum over all threads of a number in /proc/PID/task/*/status."""
    total = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for line in (thread / "status").read_text().splitlines():
            if line.startswith(key + ":"):
                total += int(line.split()[1])
    return total


def memory(pid, key):
    """A size of the process, in KiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0


def begin_farm(home):
    """The simulated farm, and its section of the configuration."""
    out = open(home / "farm", "w", encoding="utf-8")
    process = subprocess.Popen([farm, "--wikis", wikis, "--port", "0"], stdout=out)
    while "insecure_http" not in (home / "farm").read_text():
        time.sleep(0.1)
    text = (home / "farm").read_text()
    token = next(line.split()[-1] for line in text.splitlines() if line.startswith("bearer token"))
    return process, text[text.index("[farm]") : text.index("[[user]]")], token


def begin_daemon(home, section, token, variables):
    home.mkdir()
    (home / "alice.token").touch(mode=0o600)
    (home / "alice.token").write_text(token)
    # Soon, and then not before tomorrow.
    tick = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=10)
    (home / "config.toml").write_text(
        'contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"\n'
        f"{section}\n[pace]\nrequests_per_minute = 60000\n[daemon]\njitter_minutes = 0\n"
        '[[user]]\nname = "Alice Example"\nauth = "oauth2"\ncredential_file = "alice.token"\n'
        f'schedule = "{tick:%S %M %H} * * *"\n'
    )
    return subprocess.Popen(
        [program, "--config", str(home / "config.toml"), "daemon"],
        env={"HOME": str(home), **variables},
        stderr=open(home / "log", "w", encoding="utf-8"),
    )


with tempfile.TemporaryDirectory() as directory:
    home = pathlib.Path(directory)
    simulation, section, token = begin_farm(home)
    systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    systemd.bind(str(home / "notify"))
    systemd.setblocking(False)
    watched = {"NOTIFY_SOCKET": str(home / "notify"), "WATCHDOG_USEC": "120000000"}
    daemons = {
        "no watchdog": begin_daemon(home / "alone", section, token, {}),
        "watchdog": begin_daemon(home / "watched", section, token, watched),
    }
    for name, place in [("no watchdog", "alone"), ("watchdog", "watched")]:
        while " finished" not in (home / place / "log").read_text():
            time.sleep(0.5)
            if daemons[name].poll() is not None:
                sys.exit((home / place / "log").read_text())
    simulation.kill()
    time.sleep(30)

    def messages():
        count = 0
        while True:
            try:
                count += b"WATCHDOG=1" in systemd.recv(4096)
            except BlockingIOError:
                return count

    messages()
    before = {name: status(one.pid, "voluntary_ctxt_switches") for name, one in daemons.items()}
    time.sleep(seconds)
    fed = messages()
    print(f"{os.path.basename(program)} after a run over {wikis} wikis, idle for {seconds} s")
    print("daemon       resident KiB  anonymous KiB  highest KiB  threads  switches  messages")
    for name, one in daemons.items():
        switches = status(one.pid, "voluntary_ctxt_switches") - before[name]
        sizes = [memory(one.pid, key) for key in ("VmRSS", "RssAnon", "VmHWM", "Threads")]
        told = fed if name == "watchdog" else 0
        print(f"{name:<12} {sizes[0]:>12}  {sizes[1]:>13}  {sizes[2]:>11}  {sizes[3]:>7}  {switches:>8}  {told:>8}")
    for one in daemons.values():
        one.terminate()
        one.wait()
