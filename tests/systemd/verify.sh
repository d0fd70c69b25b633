#!/bin/bash
# Holds the units against systemd's own judgement: verify.sh BINARY
# BINARY stands in for /usr/bin/sultrail, which "systemd-analyze verify" wants to exist.
set -eu
binary=$(readlink -f "$1")
here=$(cd "$(dirname "$0")" && pwd)
deploy=$here/../../deploy
if ! command -v systemd-analyze >/dev/null; then
    echo "SKIPPED: there is no systemd-analyze here"
    exit 0
fi
copy=$(mktemp -d)
trap 'rm -r "$copy"' EXIT
sed "s|/usr/bin/sultrail|$binary|" "$deploy/sultrail.service" >"$copy/sultrail.service"
sed "s|/usr/bin/sultrail|$binary|" "$deploy/sultrail-snapshot.service" >"$copy/sultrail-snapshot.service"
cp "$deploy/sultrail.timer" "$copy"
# The template for many users, as docs/performance.md makes it of the unit.
sed -n '/^sed -e/,/ | sudo tee/p' "$here/../../docs/performance.md" |
    sed -e "s|/usr/bin/sultrail|$binary|" -e "s|/usr/lib/systemd/system|$copy|" -e 's/ | sudo tee.*//' |
    bash >"$copy/sultrail@.service"
if [ "$(grep -c '%i' "$copy/sultrail@.service")" != 3 ]; then
    echo "FAILED: the template does not tell its users apart"
    exit 1
fi

complaints=$(systemd-analyze verify --man=no "$copy"/* 2>&1) || true
if [ -n "$complaints" ]; then
    echo "FAILED: systemd-analyze verify says: $complaints"
    exit 1
fi
echo "ok: systemd-analyze verify has nothing to say"
for unit in sultrail sultrail-snapshot; do
    systemd-analyze security --offline=true --no-pager --threshold=10 "$deploy/$unit.service" | tail -1
done
# Both units are hardened alike.
hardening() { sed -n '/^# --- What the program cannot do/,/^\[Install\]/{/^\[Install\]/d;/^$/d;p}' "$deploy/$1.service"; }
if ! diff <(hardening sultrail) <(hardening sultrail-snapshot); then
    echo "FAILED: the units are hardened differently"
    exit 1
fi
# A reason stands above each line, or above the group it belongs to.
for unit in sultrail sultrail-snapshot; do
    if hardening $unit | awk '/^#/ {reasons++} END {exit reasons < 30}'; then
        echo "ok: $unit gives its reasons"
    else
        echo "FAILED: $unit does not give its reasons"
        exit 1
    fi
done
