#!/bin/bash
# Makes a Debian 12 with little in it, once: bookworm.sh [DIRECTORY]
#
# It takes minutes and hardly any processor, so CI begins early with it; whoever comes meanwhile waits
# for the first. Says what is wrong, and fails, where that cannot be done.
set -eu
directory=${1:-${SULTRAIL_BOOKWORM:-$(dirname "$0")/../../target/bookworm}}
packages=systemd,systemd-sysv,dbus,sudo,ca-certificates,iproute2,procps,cron
mkdir -p "$(dirname "$directory")"
exec 9>"$directory.lock"
flock 9
[ ! -e "$directory/.complete" ] || exit 0
fail() { echo "$1"; exit 1; }
[ "$(id -u)" = 0 ] || fail "only root can make a Debian 12"
command -v debootstrap >/dev/null || fail "there is no debootstrap on this machine"
rm -rf "$directory"
debootstrap --variant=minbase --include=$packages bookworm "$directory" >"$directory.log" 2>&1 9>&- ||
    fail "debootstrap: $(tail -n 1 "$directory.log")"
touch "$directory/.complete"
