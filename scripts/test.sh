#!/usr/bin/env bash
# Everything that must hold before a change lands, cheapest first. Prints where the time went.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$root"

lint_server() { cargo clippy --quiet --workspace --all-targets --features anneal/ssr -- -D warnings; }
lint_browser() { cargo clippy --quiet --package anneal --package anneal-app --lib --features anneal/hydrate --target wasm32-unknown-unknown -- -D warnings; }
test_rust() { cargo test --quiet --workspace --features anneal/ssr; }
build_web() { bash scripts/build-web.sh; }
build_test_server() { cargo build --quiet --package anneal --bin anneal --features ssr; }
test_browser() { (cd end2end && CI="${CI:-}" npx playwright test); }

stage "set-up" bash scripts/setup.sh test
stage "formatting" cargo fmt --all --check
stage "unit and integration tests" test_rust
stages_together "browser's half (WASM, release)" build_web "clippy, server" lint_server
stage "clippy, browser" lint_browser
stage "WASM budget" bash scripts/wasm-budget.sh
stage "server for the journeys" build_test_server
stage "browser journeys (Playwright)" test_browser
stage_summary
