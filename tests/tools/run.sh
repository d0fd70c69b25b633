#!/usr/bin/env bash
# Gives what the tests and the demo write to the programs of others: the wikitext to a parser of wikitext, the
# calendar to a reader of calendars, the demo's database to Datasette.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}

python3 tests/tools/datasette_metadata.py

venv=$target/tools
if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --requirement tests/tools/requirements.txt; }; then
    echo 'skipped: wikitext, calendar and Datasette (PyPI cannot be reached from here)'
    exit 0
fi
# They leave the files behind.
cargo test --quiet --test it -- wikitext_of_a_hostile_history every_command_in_every_format
"$venv/bin/python" tests/tools/wikitext.py "$target/tmp/wikitext"
"$venv/bin/python" tests/tools/calendar_file.py "$target/tmp/expiring.ics"
"$venv/bin/python" tests/tools/datasette_pages.py "${TMPDIR:-/tmp}/sultrail-demo/sultrail.db"
