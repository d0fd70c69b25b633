#!/bin/bash
# Packs the tarball twice and looks into it: tarball.sh
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
check() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then echo "ok: $what"; else echo "FAILED: $what"; failed=1; fi
}
failed=0
first=$("$here/deploy/tarball.sh")
sleep 1
second=$("$here/deploy/tarball.sh")
check "packed twice, it is the same" [ "$first" = "$second" ]
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here/target/dist"
check "its sum is right" sha256sum --check SHA256SUMS
tar -xzf sultrail-*.tar.gz -C "$work"
check "the program runs" "$work"/sultrail-*/sultrail --version
for file in man/sultrail.1 completions/sultrail.bash completions/_sultrail completions/sultrail.fish \
    deploy/sultrail.service deploy/sultrail.timer deploy/config.toml docs/operating.md LICENSE-MIT README.md; do
    check "there is $file" test -s "$work"/sultrail-*/$file
done
exit "$failed"
