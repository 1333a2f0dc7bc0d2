#!/usr/bin/env bash
# Sets up what is missing, builds both halves in release, serves.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$root"

build_server() { cargo build --quiet --release --package anneal --bin anneal --features ssr; }

stage "set-up" bash scripts/setup.sh run
stage "browser's half (WASM, release)" bash scripts/build-web.sh
stage "server (release)" build_server
stage_summary
[ "${1:-}" = --build-only ] && exit 0
exec target/release/anneal serve "$@"
