#!/usr/bin/env bash
# Mutation testing of what is pure: bash tests/mutants/run.sh [--list | values | schedule]
#
# Changes compare, model, schedule, the options and the repetitions in every way that cargo-mutants knows, and runs
# the unit tests on each. A crate of these rooms alone, made anew in target/mutants, is built in seconds; the whole
# program would take a minute for each of some hundred mutants. Needs `cargo install cargo-mutants`.
set -euo pipefail
cd "$(dirname "$0")/../.."

pure=target/mutants/pure
mkdir -p "$pure/src/mediawiki"
rm -rf "$pure/src"
mkdir -p "$pure/src/mediawiki"
cp -r src/model src/schedule src/compare* "$pure/src"
for room in error options php_json redact retry user_info list_page; do
    cp -r "src/mediawiki/$room"* "$pure/src/mediawiki"
done
cat >"$pure/src/lib.rs" <<'RUST'
//! The pure rooms.
pub mod compare;
pub mod mediawiki;
pub mod model;
pub mod schedule;
RUST
cat >"$pure/src/mediawiki/mod.rs" <<'RUST'
//! What of it is pure.
mod error;
mod list_page;
mod options;
mod php_json;
mod redact;
mod retry;
pub mod user_info;
pub use error::{Failure, Reason};
pub use options::fell_to_defaults;
pub use redact::{EmailPrivacy, Redaction, matches};
RUST
dependency() { sed -n "/^\[$1\]/,/^\[/p" Cargo.toml | grep -E "^($2) ="; }
{
    printf '[package]\nname = "pure"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[lib]\ndoctest = false\n[dependencies]\n'
    dependency dependencies 'chrono|jiff|cron|hmac|httpdate|memchr|serde|serde_json|sha2|thiserror'
    printf '[dev-dependencies]\n'
    dependency dev-dependencies 'proptest|chrono-tz'
    # The tests of schedule simulate years: with some optimization they take three seconds instead of fifteen.
    printf '[profile.dev]\ndebug = 0\nopt-level = 1\n'
    printf '[profile.dev.package.%s]\nopt-level = 2\n' cron chrono chrono-tz jiff
} >"$pure/Cargo.toml"
cp Cargo.lock "$pure"
# Each half with the tests that are about it. It is a copy, so it is changed in place.
mutate() {
    local name=$1
    shift
    cargo mutants --dir "$pure" --in-place --output "target/mutants/$name" --minimum-test-timeout 40 "$@"
}
if [ "${1:-}" = --list ]; then
    cargo mutants --list --dir "$pure" -f 'src/compare.rs' -f 'src/model/**' -f 'src/schedule/**' \
        -f 'src/mediawiki/options.rs' -f 'src/mediawiki/retry.rs'
    exit
fi
# What is missed is in target/mutants/*/mutants.out/missed.txt, and no failure of this script.
export PROPTEST_CASES=64 PROPTEST_MAX_SHRINK_ITERS=0
if [ "${1:-values}" = values ]; then
    mutate values -f 'src/compare.rs' -f 'src/model/**' -f 'src/mediawiki/options.rs' -f 'src/mediawiki/retry.rs' \
        -- -- --skip schedule:: || [ $? = 2 ]
fi
if [ "${1:-schedule}" = schedule ]; then
    mutate schedule -f 'src/schedule/**' -- -- schedule:: || [ $? = 2 ]
fi
