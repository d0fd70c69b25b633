#!/bin/bash
# Follows docs/operating.md word for word on a fresh Debian 12: newcomer.sh DEB PROGRAM FARM
#
# DEB is the package, PROGRAM the program as built from a checkout, FARM the simulated farm. The
# Debian 12 is made by debootstrap once and kept in target/bookworm (or $SULTRAIL_BOOKWORM); it boots
# in private namespaces that reach no network. There, a user with sudo runs every command of the page,
# in its order; newcomer-checks.sh tells what stands in for a person at the keyboard.
#
# A block of commands that is not run has "<!-- not run: REASON -->" or "<!-- tested by PATH -->"
# above it. Prints one line a check; "SKIPPED: …" with the reason where the machine cannot do this.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
source "$here/host.sh"
deb=$(readlink -f "${1:?the package}")
binary=$(readlink -f "${2:?the program}")
farm=$(readlink -f "${3:?a program that serves a farm}")
need_namespaces

bookworm=${SULTRAIL_BOOKWORM:-$root/target/bookworm}
reason=$("$here/bookworm.sh" "$bookworm") || skip "$reason"
bookworm=$(readlink -f "$bookworm")

work=$(mktemp -d /var/tmp/sultrail-newcomer.XXXXXX)
mkdir -p "$work"/{root,result,payload/blocks,payload/checkout/target/release}
cp "$here"/{machine,newcomer-boot,newcomer-checks}.sh "$work/payload"
cp "$deb" "$work/payload/"
cp "$farm" "$work/payload/farm"
cp "$binary" "$work/payload/checkout/target/release/sultrail"
cp -r "$root/deploy" "$work/payload/checkout/deploy"
python3 "$here/blocks.py" "$root/docs/operating.md" "$work/payload/blocks" || exit 1
run_machine "$work" 240 bash "$work/payload/newcomer-boot.sh" "$work" "$bookworm"
