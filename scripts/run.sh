#!/usr/bin/env bash
# Sets up what is missing, builds both halves in release, serves.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$root"

build_web() { bash scripts/build-web.sh; }
build_server() { cargo build --quiet --release --package anneal --bin anneal --features ssr; }

stage "set-up" bash scripts/setup.sh run
stages_together "browser's half (WASM, release)" build_web "server (release)" build_server
stage_summary
[ "${1:-}" = --build-only ] && exit 0
exec target/release/anneal serve "$@"
