#!/bin/sh
# Builds the Debian package into target/debian. Needs cargo-deb.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release --locked
deploy/assets.sh target/release/sultrail
rm -f target/debian/sultrail_*.deb
cargo deb --quiet --no-build --locked
ls target/debian/sultrail_*.deb
