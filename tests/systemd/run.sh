#!/bin/bash
# Runs the units in a systemd of their own: run.sh BINARY FARM
#
# BINARY is the program, FARM the simulated farm (examples/farm.rs): it is started as
# "FARM --wikis 20 --port 8080", says "bearer token  …" and answers for metawiki.localhost and its
# sisters, with an account of "Alice Example". Needs root and cgroup v2, no container tool.
#
# systemd boots in private namespaces over a throw-away copy of this machine's files (overlay), in
# seconds; nothing of it stays. Prints one line a check: "ok: …" or "FAILED: …". Where the machine
# cannot do this, the one line is "SKIPPED: …" with the reason; that is not "passed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
source "$here/host.sh"

binary=$(readlink -f "${1:?the program}")
farm=$(readlink -f "${2:?a program that serves a farm}")
[ -x "$binary" ] || { echo "FAILED: $binary is not a program"; exit 1; }
[ -x "$farm" ] || { echo "FAILED: $farm is not a program"; exit 1; }
need_namespaces

work=$(mktemp -d /var/tmp/sultrail-systemd.XXXXXX)
mkdir -p "$work"/{root,result,payload}
cp "$binary" "$work/payload/sultrail"
cp "$farm" "$work/payload/farm"
cp "$here"/{machine,boot,checks}.sh "$work/payload"
cp -r "$here/../../deploy" "$work/payload/deploy"

run_machine "$work" 150 bash "$work/payload/boot.sh" "$work"
