#!/usr/bin/env bash
# Fails if the browser's WASM or its code editor outgrows its budget, or if a server-only crate has got into it.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$root"

# Bytes over the wire (brotli): what the whole application needs today, plus a tenth for growth. Raise it on purpose, in a
# commit that says why.
budget=920000

raw=$(stat -c %s target/site/pkg/anneal.wasm 2>/dev/null || stat -f %z target/site/pkg/anneal.wasm)
sent=$(stat -c %s target/site/pkg/anneal.wasm.br 2>/dev/null || stat -f %z target/site/pkg/anneal.wasm.br)
say "WASM: $raw bytes raw, $sent bytes brotli (budget $budget)"
[ "$sent" -le "$budget" ] || fail "the WASM is over its budget"

# The code editor (CodeMirror), which only a page that has one loads.
editor_budget=165000
raw=$(stat -c %s target/site/pkg/editor.js 2>/dev/null || stat -f %z target/site/pkg/editor.js)
sent=$(stat -c %s target/site/pkg/editor.js.br 2>/dev/null || stat -f %z target/site/pkg/editor.js.br)
say "code editor: $raw bytes raw, $sent bytes brotli (budget $editor_budget)"
[ "$sent" -le "$editor_budget" ] || fail "the code editor is over its budget"

tree=$(cargo tree --package anneal --features hydrate --target wasm32-unknown-unknown --edges normal,no-proc-macro --prefix none | awk '{print $1}' | sort -u)
# (regex is in the tree by leptos_config, whose only user of it is the server; the linker drops it.)
for crate in tokio sqlx axum hyper boa_engine tiktoken-rs plotters; do
  if grep -qx "$crate" <<<"$tree"; then fail "$crate is in the browser's dependency tree"; fi
done
