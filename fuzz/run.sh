#!/usr/bin/env bash
# Fuzzes the readers of outside data one after the other: bash fuzz/run.sh SECONDS [TARGET...]
#
# Needs `cargo install cargo-fuzz`; RUSTC_BOOTSTRAP lets the toolchain of the project do it. Says for each reader how
# often it was fed, how many edges of the program were seen, and what was found. What the fuzzer keeps beyond the
# committed corpus stays in target/corpus; `fuzz/run.sh min` puts the smallest set that sees as much into fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")"
export RUSTC_BOOTSTRAP=1 CARGO_TERM_COLOR=never

seconds=$1
shift
[ $# -gt 0 ] || mapfile -t targets < <(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | tail -n +2)
[ $# -eq 0 ] || targets=("$@")
for target in "${targets[@]}"; do
    kept=../target/corpus/$target
    mkdir -p "$kept" "corpus/$target"
    if [ "$seconds" = min ]; then
        cp corpus/"$target"/* "$kept"
        cargo fuzz cmin "$target" "$kept" 2>/dev/null
        rm -r "corpus/$target" && cp -r "$kept" "corpus/$target"
        echo "$target: $(find "corpus/$target" -type f | wc -l) inputs, $(du -sb "corpus/$target" | cut -f1) bytes"
        continue
    fi
    log=../target/corpus/$target.log
    cargo fuzz run "$target" "$kept" "corpus/$target" -- -max_total_time="$seconds" -max_len=65536 -timeout=20 \
        -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1 && found=nothing || found="SOMETHING: see $log"
    fed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(grep -o 'cov: [0-9]*' "$log" | tail -1)
    echo "$target: $seconds s, fed ${fed:-?} times, edges ${edges#cov: }, found $found"
done
