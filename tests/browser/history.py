#!/usr/bin/env python3
"""Fills a new database with a long history of many wikis, for looking at the page at its full size.

    history.py DATABASE [--wikis 1000] [--nights 1095] [--until 2026-11-21T03:17:00Z] [--hostile]

The database is one that `sultrail init` has made. 0.2 % of all preferences change a night, half of
them where a wiki changes its default; rights come, go and are renewed; now and then wikis, and whole
nights, cannot be read. With --hostile, every name that a wiki chooses tries to break out of the page.
"""

import argparse
import datetime
import json
import random
import sqlite3

DAY = 86_400
SUBJECTS = {"group": 1, "implicit_group": 2, "global_group": 4, "preference": 8, "block": 64, "identity": 4096}
CAUSES = {"unknown": 0, "user": 1, "wiki-default": 2, "software": 3, "rights-log": 5, "expiry": 6}
RIGHTS = ["sysop", "rollbacker", "autopatrolled", "interface-admin", "bureaucrat", "filemover", "templateeditor", "import"]
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=http://127.0.0.1:9/x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "'--></style></title></details></table><iframe src=//127.0.0.1:9></iframe>",
    "&lt;b&gt;\u202etxet desrever\u202c\x1b[31m",
    "javascript:alert(1)//<a href=javascript:alert(1)>",
]


class History:
    """What is held now, and what is written when it changes."""

    def __init__(self, database, hostile):
        self.database = database
        self.hostile = hostile
        self.properties, self.held, self.gone, self.changes = {}, {}, {}, []
        # A new database has the two commonest values, as 0 and 1.
        rows = database.execute("select json, is_default, id from property_value")
        self.values = {(json_text, is_default): number for json_text, is_default, number in rows}

    def value(self, value, is_default=-1):
        key = (json.dumps(value, ensure_ascii=False), is_default)
        if key not in self.values:
            self.values[key] = len(self.values)
            self.database.execute("insert into property_value values (?, ?, ?)", (self.values[key], *key))
        return self.values[key]

    def property(self, kind, name):
        if (kind, name) not in self.properties:
            self.properties[kind, name] = len(self.properties) + 1
            row = (self.properties[kind, name], kind, name, SUBJECTS[kind])
            self.database.execute("insert into property values (?, ?, ?, ?)", row)
        return self.properties[kind, name]

    def begin(self, account, property, value):
        self.held[account, property] = (value, 1)

    def change(self, run, seen, account, property, after, cause, event=None):
        before, since = self.held.get((account, property), (None, self.gone.get((account, property))))
        if before == after or since == run:
            return
        row = (run, account, property, before, after, None if before is None else since, seen, CAUSES[cause], event)
        self.changes.append(row)
        if after is None:
            del self.held[account, property]
            self.gone[account, property] = run
        else:
            self.held[account, property] = (after, run)

    def write(self):
        self.database.executemany(
            "insert into change (run, account, property, before, after, before_from, before_seen, cause, log_event)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            sorted(self.changes),
        )
        rows = ((account << 18 | property, value | run << 32) for (account, property), (value, run) in self.held.items())
        self.database.executemany("insert into held (id, holds) values (?, ?)", sorted(rows))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("database")
    arguments.add_argument("--wikis", type=int, default=1000)
    arguments.add_argument("--nights", type=int, default=1095)
    arguments.add_argument("--preferences", type=int, default=300)
    arguments.add_argument("--until", default=None)
    arguments.add_argument("--hostile", action="store_true")
    arguments = arguments.parse_args()
    until = datetime.datetime.now(datetime.timezone.utc)
    if arguments.until:
        until = datetime.datetime.fromisoformat(arguments.until.replace("Z", "+00:00"))
    until = int(until.timestamp()) - 3 * 3600
    fate = random.Random(20261121)
    database = sqlite3.connect(arguments.database)
    database.execute("pragma foreign_keys = off")
    history = History(database, arguments.hostile)

    def name(word):
        return f"{fate.choice(HOSTILE)}{word}" if arguments.hostile else word

    nights = arguments.nights
    first = until - (nights - 1) * DAY
    wikis = arguments.wikis
    user = name("Alice Example")
    database.execute(
        "insert into user (id, name, asked_as, central_api, central_user_id, listed_at) values (1, ?, 'Alice Example', ?, 50001, ?)",
        (user, "https://meta.wikimedia.org/w/api.php", until),
    )

    # Since when a wiki cannot be read; and which nights brought nothing at all.
    languages = ["en", "de", "fr", "ar", "he", "ja", "zh", "sw", "pt", "ru", "uk", "nl", "it", "pl", "fa", "vi", "tr", "cs", "sv", "ko"]
    families = ["wiki", "wiktionary", "wikibooks", "wikinews", "wikiquote", "wikisource", "wikivoyage"]
    names = [language + family for family in families for language in languages] + ["commonswiki", "metawiki", "wikidatawiki"]
    names += [f"x{number:03}wiki" for number in range(wikis)]
    names = [name(wiki) for wiki in names[:wikis]]
    dark_nights = {fate.randrange(2, nights - 1) for _ in range(nights // 60)}
    dark_nights |= set(range(nights // 2, nights // 2 + min(9, nights // 10)))
    away = {}
    for wiki in fate.sample(range(1, wikis + 1), max(3, wikis // 40)):
        begin = fate.randrange(2, nights)
        away[wiki] = range(begin, begin + fate.choice([1, 2, 5, 21, 60]))
    for wiki in fate.sample(range(1, wikis + 1), 3):
        away[wiki] = range(nights - fate.choice([2, 20, 41]), nights + 1)

    seen, snapshots, failures, runs = {}, [], [], []
    for account in range(wikis + 1):
        seen[account] = 1
    preferences = [history.property("preference", name(f"option-{number:03}")) for number in range(arguments.preferences)]
    defaults = [history.value(number % 3 == 0, 1) for number in range(arguments.preferences)]
    own = [history.value(fate.choice(["vector", "monobook", 50, True, "de", None, 2]), 0) for _ in range(40)]
    for account in range(1, wikis + 1):
        for property, default in zip(preferences, defaults):
            history.begin(account, property, fate.choice(own) if fate.random() < 0.02 else default)
    email = history.property("identity", "email")
    for account in range(1, wikis + 1):
        history.begin(account, email, history.value("alice.example@example.org"))
    infinity = history.value("infinity")
    groups = [history.property("group", name(group)) for group in RIGHTS]
    global_groups = [history.property("global_group", name(group)) for group in ("global-rollbacker", "global-sysop")]
    patrolled = fate.sample(range(1, wikis + 1), int(wikis * 0.64))
    for account in patrolled:
        history.begin(account, groups[2], infinity)
    history.begin(0, global_groups[0], infinity)
    with_rights = fate.sample(range(1, wikis + 1), min(90, wikis))

    def text(instant):
        return datetime.datetime.fromtimestamp(instant, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    ends, log_id = {}, 0
    for run in range(1, nights + 1):
        started = first + (run - 1) * DAY + fate.randrange(600)
        if run in dark_nights:
            runs.append((run, 1, "full", "schedule", "failed", started, started + 60, None, 0, 0, 0, 0, 3, name("the central wiki cannot be reached")))
            continue
        failed = [account for account in range(1, wikis + 1) if account in away and run in away[account]]
        failures.extend((run, account, 1000, name("503 upstream connect error")) for account in failed)
        observed = [account for account in range(wikis + 1) if account not in failed]
        snapshots.extend((run, account, account * 280) for account in observed)
        changed = set()

        def change(account, property, after, cause, event=None):
            if account not in away or run not in away[account]:
                history.change(run, seen[account], account, property, after, cause, event)
                changed.add(account)

        if run > 1:
            for _ in range(int(wikis * arguments.preferences * 0.001)):
                account, property = fate.randint(1, wikis), fate.choice(preferences)
                change(account, property, fate.choice(own), fate.choice(["user", "unknown", "software"]))
            if fate.random() < 0.5:
                property, after = fate.choice(preferences), history.value(fate.choice([0, 1, "vector-2022"]), 1)
                for account in fate.sample(range(1, wikis + 1), int(wikis * fate.choice([0.1, 0.6, 0.9]))):
                    change(account, property, after, "wiki-default")
            for account, property in [key for key, end in ends.items() if end < started]:
                change(account, property, None, "expiry")
                del ends[account, property]
            if fate.random() < 0.18:
                account, property = fate.choice(with_rights), fate.choice(groups)
                log_id += 1
                row = (log_id, 1, names[account - 1], names[account - 1], log_id, "rights", "rights", started - 4000,
                       name("Steward Ess"), name(fate.choice(["on request", "[[Special:Permalink/1|vote]]", "inactive", "trusted"])), "{}")
                database.execute(
                    "insert into log_event (id, user, logged_on, wiki, log_id, type, action, logged_at, performer, comment, params)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
                if (account, property) in history.held and fate.random() < 0.6:
                    change(account, property, None, "rights-log", log_id)
                    ends.pop((account, property), None)
                else:
                    end = started + fate.choice([14, 90, 180, 365]) * DAY
                    temporary = fate.random() < 0.6
                    change(account, property, history.value(text(end)) if temporary else infinity, "rights-log", log_id)
                    ends.pop((account, property), None)
                    if temporary:
                        ends[account, property] = end
            if run == nights * 2 // 3:
                change(0, global_groups[1], infinity, "rights-log")
            if run == nights - 4:
                change(1, email, history.value("alice@new.example.net"), "user")
        for account in observed:
            seen[account] = run
        changed &= set(observed)
        first_seen = wikis if run == 1 else 0
        tally = (wikis, wikis - len(failed) - len(changed) - first_seen, len(changed - {0}), first_seen, len(failed), wikis + 1)
        runs.append((run, 1, "full", "schedule", "finished", started, started + 1700, *tally, None))

    database.executemany(
        "insert into run (id, user, scope, trigger, status, started_at, finished_at, accounts, unchanged, changed, first_seen, failed, requests, error)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        runs,
    )
    database.execute("insert into account (id, user, wiki, api_url, host, listed_from, first_run, observed_run, coverage) "
                     "values (0, 1, 'global', 'https://meta.wikimedia.org/w/api.php', 'meta.wikimedia.org', ?, 1, ?, 55115)", (first, seen[0]))
    for account in range(1, wikis + 1):
        since = first + (away[account].start - 1) * DAY if account in away and nights in away[account] else None
        row = (account, 1, names[account - 1], f"https://x{account}.example.org/w/api.php", f"x{account}.example.org",
               first - 900 * DAY, "login", first, None, None, 1, seen[account], since, 26004, bytes(16))
        database.execute(
            "insert into account (id, user, wiki, api_url, host, attached_at, attached_by, listed_from, listed_until, detached_at, first_run,"
            " observed_run, failing_since, coverage, fingerprint) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    database.executemany("insert into snapshot (id, after_ms) select (?1 << 15) | ordinal, ?3 from account where id = ?2", snapshots)
    database.executemany("insert into failure (run, account, after_ms, error) values (?, ?, ?, ?)", failures)
    history.write()
    database.commit()
    counts = {table: database.execute(f"select count(*) from {table}").fetchone()[0] for table in ("run", "snapshot", "held", "change", "failure")}
    print(json.dumps(counts))
    database.close()


main()
