#!/bin/bash
# What a newcomer does with docs/operating.md, inside of the machine that newcomer-boot.sh makes.
touch /result/BOOTED
tell() { echo "$1" >>/result/checks; }
check() { # check WHAT COMMAND…
    local what=$1
    shift
    if "$@" >>/result/journal-checks 2>&1; then tell "ok: $what"; else tell "FAILED: $what"; fi
}
until_true() {
    for _ in $(seq 75); do
        "$@" && return
        sleep 0.2
    done
    return 1
}
blocks=/payload/blocks
farm='
[farm]
central_api = "http://metawiki.localhost:8080/w/api.php"
hosts = ["*.localhost"]
insecure_http = true
'
until_true grep -qs 'bearer token' /result/journal-farm
sed -n 's/^bearer token *//p' /result/journal-farm >/payload/token

# The person at the keyboard: types the configuration that the page shows, for the simulated farm.
first_toml=$(ls $blocks/*.toml | head -n 1)
{ cat "$first_toml"; echo "$farm"; } >/payload/config.toml
printf '#!/bin/sh\ncat /payload/config.toml >"$1"\n' >/usr/local/bin/types
# And Toolforge: runs the command of a job once. It knows the options that the page uses.
cat >/usr/local/bin/toolforge <<'SH'
#!/bin/bash
[ "$1 $2 $3" = "jobs run sultrail" ] || exit 2
shift 3
seconds=30
while [ $# -gt 0 ]; do
    case "$1" in
    --image | --mem | --schedule | --emails) shift 2 ;;
    --filelog) shift ;;
    --continuous) seconds=3; shift ;;
    --command) command=$2; shift 2 ;;
    *) echo "unknown: $1" >&2; exit 2 ;;
    esac
done
timeout --preserve-status $seconds bash -c "${command:?}"
SH
# And the night: nobody waits ten minutes here.
mkdir /usr/local/shims
printf '#!/bin/sh\nexit 0\n' >/usr/local/shims/sleep
chmod 0755 /usr/local/bin/types /usr/local/bin/toolforge /usr/local/shims/sleep
chmod 0644 /payload/config.toml /payload/token

as_newcomer() { runuser -u newcomer -- env -i HOME=/home/newcomer USER=newcomer LOGNAME=newcomer TERM=dumb \
    SUDO_EDITOR=/usr/local/bin/types PATH="${path:-/usr/local/bin:/usr/bin:/bin}" SYSTEMD_PAGER= "$@"; }

# Sultrail for herself, as the sections on cron and Toolforge have it.
at_home() {
    as_newcomer mkdir -p /home/newcomer/.cargo/bin /home/newcomer/bin
    ln -sf /usr/bin/sultrail /home/newcomer/.cargo/bin/sultrail
    ln -sf /usr/bin/sultrail /home/newcomer/bin/sultrail
    as_newcomer sh -c 'cd && [ -e .config/sultrail/config.toml ] || bin/sultrail init'
    sed 's|^credential = .*|credential_file = "alice.token"|' /payload/config.toml >/home/newcomer/.config/sultrail/config.toml
    install -o newcomer -m 0600 /payload/token /home/newcomer/.config/sultrail/alice.token
}

run_shell() { # run_shell BLOCK
    local block=$1 directory=/home/newcomer input=/dev/null after=true
    case "$(cat "$block")" in
    */dev/stdin*) input=/payload/token ;;
    *target/release/sultrail*)
        # It brings an empty configuration, to be filled in as before.
        directory=/home/newcomer/checkout
        after='cat /payload/config.toml >/etc/sultrail/config.toml'
        ;;
    *toolforge*) at_home ;;
    *ReadWritePaths=*)
        cat "$(grep -l 'file = ' $blocks/*.toml | head -n 1)" >>/etc/sultrail/config.toml
        ;;
    esac
    as_newcomer bash -c "cd $directory && set -eo pipefail && . $block" <"$input" && sh -c "$after"
}

# A crontab is taken by crontab(1), and its command runs as cron runs it.
run_crontab() { # run_crontab BLOCK
    local who=newcomer
    grep -q /var/lib/sultrail "$1" && who=root
    # The page says whose crontab it is.
    grep -q ' backup ' "$1" && who=sultrail
    at_home
    crontab -u $who "$1" || return 1
    cut -d ' ' -f 6- "$1" >/payload/command
    if [ $who = root ]; then
        sh -e /payload/command
    elif [ $who = sultrail ]; then
        (cd / && runuser -u sultrail -- sh -e <"/payload/command")
    else
        path=/usr/local/shims:/usr/bin:/bin as_newcomer sh -e /payload/command
    fi
}

for block in "$blocks"/*; do
    case "$block" in
    *.sh) check "$(grep -v '^#' "$block" | head -n 1)" run_shell "$block" ;;
    *.crontab) check "$(head -n 1 "$block" | cut -c 1-72)" run_crontab "$block" ;;
    *.toml | *.yaml | *.text) ;;
    *) tell "FAILED: nobody runs $block" ;;
    esac
done

# What she has now.
property() { systemctl show --value -p "$1" "$2"; }
is() { [ "$(property "$1" "$2")" = "$3" ]; }
check "the service is running" is ActiveState sultrail.service active
check "it starts at the next boot" systemctl is-enabled sultrail.service
says_next() { property StatusText sultrail.service | grep -q 'next is'; }
check "its status says what comes next" until_true says_next
check "it is hardened" systemd-analyze security --no-pager --threshold=10 sultrail.service
sultrail_says() { runuser -u sultrail -- sultrail --database /var/lib/sultrail/sultrail.db "$@"; }
has_good_run() { sultrail_says runs --format jsonl | grep -q '"status":"finished"'; }
check "a snapshot was taken" has_good_run
check "nobody else reads the history" sh -c '! runuser -u nobody -- cat /var/lib/sultrail/sultrail.db'
has_figures() { runuser -u nobody -- grep -q '^sultrail_last_good_run_timestamp_seconds' /var/lib/prometheus/node-exporter/sultrail.prom; }
check "whoever collects the figures can read them" has_figures

# Priorities reach the journal.
sed -i 's/^schedule = .*/schedule = "99 3 * * *"/' /etc/sultrail/config.toml
systemctl reload sultrail.service
has_error() { journalctl --quiet --no-pager -u sultrail -p err -o cat | grep -q 'not reloaded, the old one stays'; }
check "the journal knows an error for one" until_true has_error
has_no_mark() { ! journalctl --no-pager -u sultrail -o cat | grep -q '^<'; }
check "and keeps its mark to itself" has_no_mark
knows_rest() { ! journalctl --quiet --no-pager -u sultrail -p warning -o cat | grep -q 'next tick'; }
check "what needs no look is no warning" knows_rest
journalctl --no-pager >/result/journal-all 2>&1
touch /result/END
