#!/usr/bin/env bash
# Measures what docs/benchmarks.md reports. Figures are for reading; only ratios travel between machines.
#   benches/run.sh [RECORDS]     default 100000
set -euo pipefail
# shellcheck source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
cd "$root"

cargo build --quiet --release --package anneal --bin anneal --features ssr
node benches/import.mjs target/release/anneal "${1:-100000}"
node benches/near-duplicates.mjs target/release/anneal "${1:-100000}"
