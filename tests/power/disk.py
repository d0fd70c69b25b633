"""A disk that keeps for sure only what was synced, and loses its power.

A file's content is sure once it was synced; its name once its directory was. Of what came later, any write may
be kept, torn at sectors of 512 bytes, become garbage or be lost, in any order; changes of names come in their
order, as journals of file systems keep it, up to any one of them.
"""

import os

SECTOR = 512


class File:
    """Content: what is sure, and what was done since."""

    def __init__(self):
        self.sure = bytearray()
        self.since = []

    def sync(self):
        for change in self.since:
            apply(self.sure, change)
        self.since = []

    def size(self):
        size = len(self.sure)
        for kind, at, data in self.since:
            size = at if kind == "cut" else max(size, at + len(data))
        return size


class Disk:
    """Names and files, as the running program sees them and as they are for sure."""

    def __init__(self, files=()):
        self.names = {}
        self.sure_names = {}
        self.since = []
        for path, content in files:
            file = File()
            file.sure += content
            self.names[path] = self.sure_names[path] = file

    def apply(self, event):
        """One event of a trace."""
        path = event.path
        if event.kind == "created":
            if path not in self.names:
                self.rename_by(("add", path, File()))
            elif event.at:
                self.names[path].since.append(("cut", 0, b""))
        elif event.kind == "written":
            file = self.names[path]
            at = event.at if event.at >= 0 else file.size()
            file.since.append(("write", at, event.data))
        elif event.kind == "cut":
            self.names[path].since.append(("cut", event.at, b""))
        elif event.kind == "synced":
            self.sync(path)
        elif event.kind == "linked":
            self.rename_by(("add", event.to, self.names[path]))
        elif event.kind == "removed":
            self.rename_by(("remove", path, None))
        elif event.kind == "renamed":
            self.rename_by(("rename", path, event.to))

    def sync(self, path):
        """Makes sure of a file, or of the names in a directory."""
        if path in self.names:
            self.names[path].sync()
            return
        kept = []
        for change in self.since:
            if os.path.dirname(change[1]) == path:
                rename(self.sure_names, change)
            else:
                kept.append(change)
        self.since = kept

    def rename_by(self, change):
        rename(self.names, change)
        self.since.append(change)

    def as_seen(self):
        """What the running program sees: path to content."""
        return {path: bytes(content(file, file.since)) for path, file in self.names.items()}

    def after_power_cut(self, dice, mode):
        """What may be found after the power was cut now, and how many changes were lost or spoilt.

        `mode` is "lose" for all that was not synced, "keep" for nothing, "any" for as the dice fall."""
        names, lost = dict(self.sure_names), 0
        kept = {"lose": 0, "keep": len(self.since), "any": dice.randint(0, len(self.since))}[mode]
        for change in self.since[:kept]:
            rename(names, change)
        lost += len(self.since) - kept
        found, contents = {}, {}
        for path, file in names.items():
            if id(file) not in contents:
                changes, spoilt = survivors(file.since, dice, mode)
                contents[id(file)] = bytes(content(file, changes))
                lost += spoilt
            found[path] = contents[id(file)]
        return found, lost


def survivors(since, dice, mode):
    """Which changes reach the disk, in which shape, and how many do not or not whole."""
    if mode != "any":
        return (since, 0) if mode == "keep" else ([], len(since))
    reached, lost = [], 0
    for kind, at, data in since:
        fate = dice.random()
        if kind == "cut":
            if fate < 0.5:
                reached.append((kind, at, data))
            lost += fate >= 0.5
            continue
        if fate < 0.4:
            reached.append((kind, at, data))
            continue
        lost += 1
        sectors = range(0, len(data), SECTOR)
        if fate < 0.7:
            some = [first for first in sectors if dice.random() < 0.5]
            reached += [(kind, at + first, data[first : first + SECTOR]) for first in some]
        elif fate < 0.78:
            first = dice.choice(sectors) if sectors else 0
            reached.append((kind, at + first, dice.randbytes(len(data[first : first + SECTOR]))))
    return reached, lost


def content(file, changes):
    """A file after some changes."""
    bytes_now = bytearray(file.sure)
    for change in changes:
        apply(bytes_now, change)
    return bytes_now


def apply(content, change):
    kind, at, data = change
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    if kind == "cut":
        del content[at:]
    else:
        content[at : at + len(data)] = data


def rename(names, change):
    kind, path, what = change
    if kind == "add":
        names[path] = what
    elif kind == "remove":
        names.pop(path, None)
    elif path in names:
        names[what] = names.pop(path)
