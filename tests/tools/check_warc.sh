#!/usr/bin/env bash
# Holds a WARC file of ours against a reader that is none of ours: warcio, from PyPI. Takes a run on the
# simulated farm, keeps the answers, exports them, and lets warcio check every digest.
#
# Says "skipped" where warcio cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."

program=$(realpath "${1:-target/debug/sultrail}")
work=$(mktemp -d)
farm=
trap '[ -z "$farm" ] || kill "$farm" 2>/dev/null; rm -rf "$work"' EXIT

if ! python3 -m venv "$work/venv" 2>/dev/null || ! "$work/venv/bin/pip" install --quiet warcio 2>/dev/null; then
    echo 'skipped: warcio cannot be installed from PyPI here'
    exit 0
fi

cargo build --quiet --example farm
cargo run --quiet --example farm -- --wikis 4 --options 60 --port 0 --seconds 120 >"$work/farm" &
farm=$!
for _ in $(seq 600); do
    grep -q '^insecure_http' "$work/farm" && break
    sleep 0.1
done
sed -n 's/^bearer token  //p' "$work/farm" >"$work/token"
chmod 600 "$work/token"
{
    echo 'contact = "https://meta.wikimedia.org/wiki/User:Alice_Tester"'
    sed -n '/^\[farm\]/,/^insecure_http/p' "$work/farm"
    printf '[pace]\nrequests_per_minute = 60000\n[privacy]\nkeep_answers = "all"\n'
    printf '[[user]]\nname = "Alice Example"\nauth = "oauth2"\ncredential_file = "token"\n'
} >"$work/config.toml"
sultrail() { "$program" --quiet --config "$work/config.toml" --database "$work/history.db" "$@"; }
sultrail snapshot
sultrail export --warc "$work/answers.warc"

"$work/venv/bin/warcio" check --verbose "$work/answers.warc" >"$work/checked"
"$work/venv/bin/warcio" index --fields warc-type,http:status "$work/answers.warc" >"$work/index"
pass=$(grep -c 'digest pass' "$work/checked" || true)
responses=$(grep -c '"response".*"200"' "$work/index" || true)
[ "$pass" -ge 16 ] && [ "$responses" -eq 5 ] || { cat "$work/checked" "$work/index" >&2; exit 1; }

# Control: a reader that finds no fault in anything would be no check.
sed 's/Alice Example/Alice Exbmple/g' "$work/answers.warc" >"$work/spoilt.warc"
if "$work/venv/bin/warcio" check "$work/spoilt.warc" >/dev/null 2>&1; then
    echo 'warcio does not notice a spoilt file' >&2
    exit 1
fi
echo "ok: warcio reads $responses responses, $pass records with good digests"
