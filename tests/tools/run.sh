#!/usr/bin/env bash
# Gives what `cargo test` and the demo have left to the programs of others: the wikitext to a parser of wikitext,
# the database to Datasette.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}

python3 tests/tools/datasette_metadata.py

venv=$target/tools
if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --requirement tests/tools/requirements.txt; }; then
    echo 'skipped: wikitext and Datasette (PyPI cannot be reached from here)'
    exit 0
fi
"$venv/bin/python" tests/tools/wikitext.py "$target/tmp/wikitext"
"$venv/bin/python" tests/tools/datasette_pages.py "${TMPDIR:-/tmp}/sultrail-demo/sultrail.db"
