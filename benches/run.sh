#!/usr/bin/env bash
# Measures what docs/benchmarks.md reports. Figures are for reading; only ratios travel between machines.
#   benches/run.sh [RECORDS]     default 1000000: some 10 GB of free disk and some minutes
set -euo pipefail
# shellcheck source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
cd "$root"

records="${1:-1000000}"
cargo build --quiet --release --package anneal --bin anneal --features ssr
bare_write="$(cargo bench --quiet --no-run --message-format=json --bench bare_write --features ssr |
    sed -n 's/.*"name":"bare_write".*"executable":"\([^"]*\)".*/\1/p' | tail -1)"
kept="$(mktemp -d)"
trap 'rm -rf "$kept"' EXIT

echo "== import: the airline spans and the sample, mixed"
node benches/import.mjs target/release/anneal "$records" mixed "$bare_write" "$kept"
echo "== lists and pages of that dataset"
node benches/lists.mjs target/release/anneal "$kept"
echo "== import: airline spans alone"
node benches/import.mjs target/release/anneal "$((records / 10))" spans
echo "== near-duplicates"
node benches/near-duplicates.mjs target/release/anneal "$((records / 10))"
for bench in grading judge_calls verdict; do
    echo "== $bench"
    program="$(cargo bench --quiet --no-run --message-format=json --bench "$bench" --features ssr |
        sed -n "s/.*\"name\":\"$bench\".*\"executable\":\"\([^\"]*\)\".*/\1/p" | tail -1)"
    "$program"
done
