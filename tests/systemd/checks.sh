#!/bin/bash
# What the units promise, looked at from inside of the machine that boot.sh makes.
touch /result/BOOTED
check() { # check WHAT COMMAND…
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then echo "ok: $what"; else echo "FAILED: $what"; fi >>/result/checks
}
property() { systemctl show --value -p "$1" "$2"; }
is() { [ "$(property "$1" "$2")" = "$3" ]; }
# until_true COMMAND…: within 15 seconds.
until_true() {
    for _ in $(seq 75); do
        "$@" && return
        sleep 0.2
    done
    return 1
}
configure() { # configure HOST:PORT SCHEDULE
    cat >/etc/sultrail/config.toml <<TOML
contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"
[farm]
central_api = "http://$1/w/api.php"
hosts = ["*.localhost", "meta.foreign.test"]
insecure_http = true
[[user]]
name = "Alice Example"
auth = "oauth2"
credential = "alice"
schedule = "$2"
[daemon]
jitter_minutes = 0
[metrics]
listen = "127.0.0.1:9618"
TOML
    chmod 0640 /etc/sultrail/config.toml
    chgrp sultrail /etc/sultrail/config.toml
}
until_true grep -qs 'bearer token' /result/journal-farm
sed -n 's/^bearer token *//p' /result/journal-farm >/etc/sultrail/credentials/alice
chmod 0600 /etc/sultrail/credentials/alice
farm=metawiki.localhost:8080

# The daemon takes a snapshot at its tick.
configure $farm '*/3 * * * * *'
check "the daemon starts and says that it is ready" systemctl start sultrail.service
runs() { runuser -u sultrail -- sultrail --database /var/lib/sultrail/sultrail.db runs --format jsonl; }
has_finished_run() { runs | grep -q '"status":"finished"'; }
check "it takes a snapshot at a tick" until_true has_finished_run
says_figures() {
    exec 3<>/dev/tcp/127.0.0.1/9618 || return 1
    printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' >&3
    grep -q '^sultrail_runs_total{user="1",status="finished"}' <&3
}
check "it answers Prometheus on this machine" until_true says_figures
says_next() { property StatusText sultrail.service | grep -q 'next is\|under way\|of'; }
check "its status says what comes next" says_next
check "its directory is private" [ "$(stat -c %a:%U /var/lib/sultrail)" = 700:sultrail ]
check "its database is private" [ "$(stat -c %a:%U /var/lib/sultrail/sultrail.db)" = 600:sultrail ]
credential=/run/credentials/sultrail.service/alice
check "it is handed its credential" test -s $credential
nobody_reads_it() { ! runuser -u nobody -- cat $credential; }
check "nobody else can read the credential" nobody_reads_it

# A new configuration.
configure $farm '0 0 * * *'
check "it reloads a good configuration" systemctl reload sultrail.service
next_is_midnight() { property StatusText sultrail.service | grep -q '00:00'; }
check "the good configuration is in force" until_true next_is_midnight
configure $farm '99 0 * * *'
systemctl reload sultrail.service
says_why() { grep -q '99' /result/journal-sultrail; }
check "it says why it does not take a wrong one" until_true says_why
check "and keeps running" is ActiveState sultrail.service active
check "and keeps the old one" next_is_midnight

# A hang.
configure $farm '0 0 * * *'
main=$(property MainPID sultrail.service)
kill -STOP "$main"
is_another() { [ "$(property MainPID sultrail.service)" != "$main" ] && is ActiveState sultrail.service active; }
check "a hang is killed by the watchdog and started again" until_true is_another

# The end.
started=$(date +%s)
systemctl stop sultrail.service
ended_soon() { [ $(($(date +%s) - started)) -le 10 ] && is Result sultrail.service success; }
check "it ends within 10 seconds" ended_soon

# A wrong configuration is not tried again.
configure $farm '99 0 * * *'
systemctl start sultrail.service
sleep 3
gave_up() { is ExecMainStatus sultrail.service 78 && is NRestarts sultrail.service 0 && is ActiveState sultrail.service failed; }
check "exit 78 is not started again" gave_up

# The timer.
configure $farm '0 0 * * *'
before=$(runs | wc -l)
systemctl start sultrail.timer
has_new_run() { [ "$(runs | wc -l)" -gt "$before" ]; }
check "the timer fires and a snapshot is taken" until_true has_new_run
systemctl stop sultrail.timer
until_true is ActiveState sultrail-snapshot.service inactive

# An address that is not in the list.
configure meta.foreign.test:8081 '0 0 * * *'
printf '[Service]\nRestart=no\n' >/etc/systemd/system/sultrail-snapshot.service.d/foreign.conf
systemctl daemon-reload
systemctl start sultrail-snapshot.service
is_refused() { is ExecMainStatus sultrail-snapshot.service 69 && is NAccepted foreign.socket 0; }
check "a foreign address cannot be reached" is_refused
# The control: without the list it can, so the check above is worth something.
printf '[Service]\nRestart=no\nIPAddressDeny=\nIPAddressAllow=\n' >/etc/systemd/system/sultrail-snapshot.service.d/foreign.conf
systemctl daemon-reload
systemctl reset-failed sultrail-snapshot.service
systemctl start sultrail-snapshot.service
is_reached() { [ "$(property NAccepted foreign.socket)" -gt 0 ]; }
check "without the list it can be reached" until_true is_reached
touch /result/END
