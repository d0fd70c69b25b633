#!/usr/bin/env bash
# Which lines the tests reach: bash tests/coverage.sh
#
# Runs the whole suite on an instrumented build of its own (target/coverage) and prints the share of each
# room. The programs that the tests start are counted too; those that a test kills leave no counts.
# Installs `cov` of the crate llvm_profparser, since a toolchain need not have llvm-tools.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cov >/dev/null || cargo install --quiet --locked --version 0.15.0 llvm_profparser

export CARGO_TARGET_DIR=$PWD/target/coverage RUSTFLAGS='-C instrument-coverage' SQLX_OFFLINE=true
# Eight files for each program: more would take long to read, and on one its processes would wait for each other.
export COUNTS=$CARGO_TARGET_DIR/counts/%8m.profraw
rm -rf "$CARGO_TARGET_DIR/counts"
LLVM_PROFILE_FILE=$CARGO_TARGET_DIR/build/%8m.profraw cargo test --quiet --no-run
LLVM_PROFILE_FILE=$COUNTS cargo test --quiet
python3 tests/coverage.py "$CARGO_TARGET_DIR"
