#!/bin/sh
# Writes what the program says about itself into target/assets: assets.sh PROGRAM
# Manual pages, and completions for bash, zsh and fish. The packages take them from there.
set -eu
cd "$(dirname "$0")/.."
program=${1:?the program}
rm -rf target/assets
mkdir -p target/assets/man
"$program" man target/assets/man
"$program" completions bash >target/assets/sultrail.bash
"$program" completions zsh >target/assets/_sultrail
"$program" completions fish >target/assets/sultrail.fish
