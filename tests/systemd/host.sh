# What it takes to boot a small machine in private namespaces: sourced by those who do.

skip() { echo "SKIPPED: $1"; exit 0; }

# Says why this machine cannot do it, if it cannot; makes a control group in $cgroup otherwise.
need_namespaces() {
    local tool cgroups
    [ "$(id -u)" = 0 ] || skip "only root can make namespaces with a systemd in them"
    [ -x /lib/systemd/systemd ] || skip "there is no systemd on this machine"
    for tool in unshare pivot_root ip systemd-sysusers; do
        command -v $tool >/dev/null || skip "there is no $tool on this machine"
    done
    cgroups=$(findmnt -rn -t cgroup2 -o TARGET | head -n 1)
    [ -n "$cgroups" ] || skip "there is no cgroup v2 on this machine"
    cgroup=$cgroups/sultrail-test-$$
    mkdir "$cgroup" 2>/dev/null || skip "cgroups cannot be made in $cgroups"
}

# run_machine WORK SECONDS COMMAND…: COMMAND becomes its first process, and boots. What it finds out
# is in WORK/result: "checks", a line each; "BOOTED" and "END" when it got so far. Prints the lines,
# cleans up, and exits.
run_machine() {
    local work=$1 seconds=$2 machine outcome
    shift 2
    (
        echo "$BASHPID" >"$cgroup/cgroup.procs"
        exec unshare --mount --pid --fork --uts --ipc --cgroup --net --kill-child "$@" >"$work/console" 2>&1
    ) &
    machine=$!
    for _ in $(seq $((2 * seconds))); do
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
        echo "FAILED: the checks did not end within $seconds seconds"
        cat "$work/result/checks" "$work/console" "$work"/result/journal*
        outcome=1
    else
        echo "SKIPPED: systemd does not boot in namespaces here: $(tail -n 1 "$work/console")"
        outcome=0
    fi
    find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
    rm -rf "$work"
    exit "$outcome"
}
