#!/bin/sh
# Packs the program with all that belongs to it into target/dist, and writes SHA256SUMS there.
# The same program gives the same bytes: names are sorted, times are those of the last commit.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release --locked
deploy/assets.sh target/release/sultrail
version=$(target/release/sultrail --version | cut -d ' ' -f 2)
name=sultrail-$version-$(uname -m)-linux
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

rm -rf target/dist
mkdir -p "target/dist/$name/completions" "target/dist/$name/docs"
cd target/dist
install -m 0755 ../release/sultrail "$name/"
cp -r ../assets/man "$name/man"
cp ../assets/sultrail.bash ../assets/_sultrail ../assets/sultrail.fish "$name/completions/"
cp -r ../../deploy "$name/deploy"
rm -r "$name/deploy/debian" "$name"/deploy/*.sh
cp ../../docs/*.md "$name/docs/"
cp ../../README.md ../../CHANGELOG.md ../../LICENSE-MIT ../../LICENSE-APACHE "$name/"
tar --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw,a-s \
    -cf - "$name" | gzip -n -9 >"$name.tar.gz"
rm -r "$name"
sha256sum ./*.tar.gz | sed 's|\./||' >SHA256SUMS
cat SHA256SUMS
