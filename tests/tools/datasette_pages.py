"""Opens a database in Datasette, on loopback, and looks at the page of each table and view.

Usage: datasette_pages.py DATABASE, which has to be called sultrail.db. Needs datasette (tests/tools/requirements.txt).
"""

import json
import socket
import sqlite3
import subprocess
import sys
import time
from html import unescape
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

METADATA = Path(__file__).parents[2] / "docs/datasette.json"
PATIENCE_SECONDS = 60


def relations(database):
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    names = connection.execute(
        "select name, type from sqlite_master where type in ('table', 'view')"
        " and name not like 'sqlite_%' and name not like '_sqlx_%' order by name"
    ).fetchall()
    columns = lambda name: [row[1] for row in connection.execute(f"pragma table_xinfo({name})")]
    return {name: (kind, columns(name)) for name, kind in names}


def open_page(url):
    with urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        assert answer.status == 200, f"{url}: {answer.status}"
        return unescape(answer.read().decode())


def wait_for(url, server):
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return open_page(url)
        except (URLError, ConnectionError):
            assert server.poll() is None and time.monotonic() < until, "datasette does not answer"
            time.sleep(0.1)


def look(base, database):
    described = json.loads(METADATA.read_text(encoding="utf-8"))["databases"]["sultrail"]["tables"]
    found = relations(database)
    assert len(found) > 20, found
    told = 0
    for name, (kind, columns) in found.items():
        page = open_page(f"{base}/sultrail/{name}?_size=5")
        texts = described.get(name, {}).get("columns", {})
        is_ours = kind == "view" and name not in ("spans", "observations", "held_values", "looks")
        if is_ours:
            missing = [column for column in columns if column not in texts]
            assert not missing, f"{name}: nothing says what {missing} mean"
        for column in (column for column in columns if column in texts):
            assert texts[column] in page, f"{name}: the page does not say what {column} means"
            told += 1
    for name, other in [("held", "account"), ("held", "property"), ("change", "run"), ("snapshot", "run")]:
        page = open_page(f"{base}/sultrail/{name}?_size=5")
        assert f'href="/sultrail/{other}/' in page, f"{name}: no link to {other}"
    print(f"datasette: {len(found)} tables and views open, {told} columns are explained, foreign keys are links")


def main(database):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "datasette", "serve", database, "--metadata", str(METADATA),
         "--host", "127.0.0.1", "--port", str(port), "--setting", "sql_time_limit_ms", "20000"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/-/versions.json", server)
        look(f"http://127.0.0.1:{port}", database)
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
