#!/usr/bin/env python3
"""Cuts the power at random moments of the real program's work, and looks at what is left.

    python3 tests/power/cut.py target/debug/sultrail target/debug/examples/farm --images 20000

The program runs under strace: first and further snapshots, a backup, `forget`, and the upgrade of an old history.
Each image is the disk after a power cut (disk.py). It must hold exactly what some commit left, none earlier than
the last that the program had told of; now and then the program itself must open it and go on. At the end the same
is done without the syncs of the log: that must be found out.
"""

import argparse
import collections
import pathlib
import random
import sys
import tempfile
import time

import calls
from disk import Disk
from history import History, fingerprint
from scenes import scenes


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program")
    arguments.add_argument("farm")
    arguments.add_argument("--images", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--opened", type=int, default=0, help="images the program opens (one in fifty)")
    arguments = arguments.parse_args()
    impossible = calls.is_possible()
    if impossible:
        print(f"SKIPPED: strace cannot watch a program here: {impossible}")
        return
    begun = time.monotonic()
    # In memory where that can be: an image is read once.
    shared = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=shared) as place:
        place = pathlib.Path(place).resolve()
        tempfile.tempdir = str(place)
        for scene in scenes(arguments.program, arguments.farm, place):
            with scene:
                images = max(1, round(arguments.images * scene.share))
                opened = max(1, round((arguments.opened or arguments.images / 50) * scene.share))
                prove(scene, images, opened, random.Random(arguments.seed))
    print(f"ok: {time.monotonic() - begun:.0f} s")


def prove(scene, images, opened, dice):
    """Records a scene, then cuts its power so many times."""
    scene.play()
    history = History(scene)
    told = len(history.told)
    print(f"{scene.name}: {len(scene.events)} events, {history.length()} states, {told} times told of one")
    if len(scene.events) < scene.least_events or told < scene.least_told:
        fail(f"so little proves nothing: {collections.Counter(event.kind for event in scene.events)}")
    tally = cut(scene, history, images, dice, every=max(1, images // opened))
    print("  " + ", ".join(f"{count} {what}" for what, count in tally.items()))
    if tally["with something lost"] * 4 < images or not tally["opened by the program"]:
        fail("so few losses prove nothing")
    if tally["faults"]:
        fail(f"{scene.name}: {tally['faults']} of {images} images")
    weak = cut(scene, history, max(100, images // 10), dice, every=0, log_is_synced=False)
    print(f"  control, the log never synced: {weak['faults']} of {weak['images']} images found out")
    if not weak["faults"]:
        fail("without the syncs of the log, too, nothing was lost: this proves nothing")


def cut(scene, history, images, dice, every, log_is_synced=True):
    """So many power cuts; what came of them."""
    tally = collections.Counter()
    known = {}
    disk, done = Disk(scene.before), 0
    end = len(scene.events)
    # Now and then all is done and told.
    moments = [end if dice.random() < 0.05 else dice.randint(1, end) for _ in range(images)]
    for number, moment in enumerate(sorted(moments)):
        for event in scene.events[done:moment]:
            if log_is_synced or not (event.kind == "synced" and event.path.endswith("-wal")):
                disk.apply(event)
        done = moment
        mode = dice.choice(["lose", "any", "any", "keep"])
        found, lost = disk.after_power_cut(dice, mode)
        tally["images"] += 1
        tally["with something lost"] += lost > 0
        tally["after something was told"] += history.must_hold(moment) > 0
        image = {path: content for path, content in found.items() if not path.endswith("-shm")}
        key = hash(tuple(sorted(image.items())))
        if key not in known:
            known[key] = fingerprint(image, scene)
        fault = history.fault(known[key], moment)
        if not fault and every and number % every == 0:
            fault = scene.fault_of_program(image, known[key], dice)
            tally["opened by the program"] += 1
        if fault:
            tally["faults"] += 1
            if log_is_synced and tally["faults"] <= 5:
                print(f"  event {moment} ({scene.events[moment - 1].kind}), {mode}: {fault}", file=sys.stderr)
    tally["different"] = len(known)
    return tally


def fail(why):
    raise SystemExit(f"FAILED: {why}")


if __name__ == "__main__":
    main()
