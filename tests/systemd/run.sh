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
skip() { echo "SKIPPED: $1"; exit 0; }

binary=$(readlink -f "${1:?the program}")
farm=$(readlink -f "${2:?a program that serves a farm}")
[ -x "$binary" ] || { echo "FAILED: $binary is not a program"; exit 1; }
[ -x "$farm" ] || { echo "FAILED: $farm is not a program"; exit 1; }
[ "$(id -u)" = 0 ] || skip "only root can make namespaces with a systemd in them"
[ -x /lib/systemd/systemd ] || skip "there is no systemd on this machine"
for tool in unshare pivot_root ip systemd-sysusers; do
    command -v $tool >/dev/null || skip "there is no $tool on this machine"
done
cgroups=$(findmnt -rn -t cgroup2 -o TARGET | head -n 1)
[ -n "$cgroups" ] || skip "there is no cgroup v2 on this machine"
cgroup=$cgroups/sultrail-test-$$
mkdir "$cgroup" 2>/dev/null || skip "cgroups cannot be made in $cgroups"

work=$(mktemp -d /var/tmp/sultrail-systemd.XXXXXX)
mkdir -p "$work"/{root,result,payload}
cp "$binary" "$work/payload/sultrail"
cp "$farm" "$work/payload/farm"
cp "$here"/{boot,checks}.sh "$work/payload"
cp -r "$here/../../deploy" "$work/payload/deploy"

(
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    exec unshare --mount --pid --fork --uts --ipc --cgroup --net --kill-child \
        bash "$work/payload/boot.sh" "$work" >"$work/console" 2>&1
) &
machine=$!
for _ in $(seq 300); do
    [ -e "$work/result/END" ] && break
    kill -0 $machine 2>/dev/null || break
    sleep 0.5
done
kill -KILL $machine 2>/dev/null
wait $machine 2>/dev/null
sleep 0.5
if [ -e "$work/result/END" ]; then
    cat "$work/result/checks"
    grep -q '^FAILED' "$work/result/checks"
    outcome=$((1 - $?))
    [ "$outcome" = 0 ] || tail -n 60 "$work"/result/journal*
elif [ -e "$work/result/BOOTED" ]; then
    echo "FAILED: the checks did not end within 150 seconds"
    cat "$work/result/checks" "$work/console"
    outcome=1
else
    echo "SKIPPED: systemd does not boot in namespaces here: $(tail -n 1 "$work/console")"
    outcome=0
fi
find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
rm -rf "$work"
exit "$outcome"
