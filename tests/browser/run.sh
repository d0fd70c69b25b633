#!/usr/bin/env bash
# Opens the page in headless Chromium: of the demo, of 1,000 wikis x 3 years, and of wikis whose names are hostile.
# Looks at it as people and assistive programs do (check.mjs); keeps pictures and pages in target/page.
#
#     tests/browser/run.sh PROGRAM DEMO_DATABASE
set -euo pipefail
program=$(realpath "$1")
demo=$(realpath "$2")
cd "$(dirname "$0")"

place=$(realpath ../..)/target/page
mkdir -p "$place"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() { echo "skipped: $1"; exit 0; }

./chromium.sh >"$work/apt" 2>&1 || skip 'chromium cannot be installed from here'
command -v npm >/dev/null || skip 'there is no npm'
cp package.json package-lock.json .npmrc check.mjs "$work"
(cd "$work" && npm ci --silent --no-progress) >"$work/npm" 2>&1 || skip 'playwright-core and axe-core cannot be installed from here'

# A new database of so many wikis and nights, hostile or not, and its page. Prints what the page cost.
page() {
    local name=$1
    shift
    "$program" --config "$work/$name.toml" --database "$work/$name.db" init >/dev/null
    python3 history.py "$work/$name.db" "$@" >/dev/null
    python3 - "$program" "$work/$name.db" "$place/$name.html" <<'PYTHON'
import resource, subprocess, sys, time
program, database, page = sys.argv[1:]
began = time.monotonic()
with open(page, "wb") as out:
    subprocess.run([program, "--database", database, "report", "--format", "html"], stdout=out, check=True)
seconds = time.monotonic() - began
mebibytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{page.rsplit('/', 1)[1]}: {seconds:.2f} s, {mebibytes:.0f} MiB")
# In a build without optimization only the memory is held to its bound.
if mebibytes > 100 or ("/release/" in program and seconds > 3):
    sys.exit("that is more than 3 s or 100 MiB")
PYTHON
}

"$program" --database "$demo" report --format html >"$place/demo.html"
page thousand --wikis 1000 --nights 1095
page hostile --wikis 60 --nights 200 --hostile

cd "$work"
node check.mjs "$place" "demo=$place/demo.html" "thousand=$place/thousand.html" "hostile=$place/hostile.html"
# What the hostile wikis wrote is there to be read: as text.
grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' "$place/hostile.html"
