#!/bin/bash
# Lets the parser of Prometheus' own Python library read our figures: metrics.sh PROGRAM FARM
# Installs the library into a virtual environment of its own, below target/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(readlink -f "$1")
farm=$(readlink -f "$2")
venv=$here/../../target/prometheus-venv
if ! "$venv/bin/python3" -c 'import prometheus_client' 2>/dev/null; then
    { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet prometheus_client==0.26.0; } >/dev/null 2>&1 ||
        { echo "SKIPPED: prometheus_client cannot be installed here"; exit 0; }
fi
home=$(mktemp -d)
trap 'kill $! 2>/dev/null; rm -rf "$home"' EXIT
"$farm" --wikis 20 --port 0 >"$home/farm" &
for _ in $(seq 50); do
    grep -qs 'insecure_http' "$home/farm" && break
    sleep 0.1
done
install -m 0600 /dev/null "$home/alice.token"
sed -n 's/^bearer token *//p' "$home/farm" >"$home/alice.token"
{
    echo 'contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"'
    sed -n '/^\[farm\]/,$p' "$home/farm"
    printf '[metrics]\nfile = "%s/sultrail.prom"\n' "$home"
} >"$home/config.toml"
env -i HOME="$home" "$program" --config "$home/config.toml" --quiet snapshot
env -i HOME="$home" "$program" --config "$home/config.toml" --quiet snapshot
"$venv/bin/python3" "$here/metrics.py" "$home/sultrail.prom"
