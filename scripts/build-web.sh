#!/usr/bin/env bash
# Builds what the browser loads into target/site: WASM (size-optimised), its loader, the code editor, the style sheet,
# the icons.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$root"

site=target/site pkg=target/site/pkg work=target/web

build_wasm() {
  cargo build --quiet --package anneal --lib --features hydrate --profile wasm-release \
    --target wasm32-unknown-unknown
  local built=target/wasm32-unknown-unknown/wasm-release/anneal.wasm
  # Everything after the compiler takes seconds but is needless if it gave the same bytes.
  if [ -f "$pkg/anneal.wasm" ] && cmp -s "$built" "$work/input.wasm"; then return 0; fi
  rm -rf "$work" && mkdir -p "$work" "$pkg"
  wasm-bindgen --target web --no-typescript --out-dir "$work/out" --out-name anneal "$built"
  if have wasm-opt; then
    # -O1 and not -Oz: a fifth of the time, and smaller over the wire (brotli) (docs/benchmarks.md).
    # The features rustc emits and every browser since 2023 has; not --all-features, which also writes
    # encodings that browsers do not read yet.
    wasm-opt -O1 --enable-bulk-memory --enable-mutable-globals --enable-nontrapping-float-to-int \
      --enable-sign-ext --enable-reference-types --enable-multivalue "$work/out/anneal_bg.wasm" -o "$work/out/anneal.wasm"
    rm "$work/out/anneal_bg.wasm"
  else
    say "wasm-opt is missing: the WASM stays some 20% larger"
    mv "$work/out/anneal_bg.wasm" "$work/out/anneal.wasm"
  fi
  rm -rf "$pkg/snippets" "$pkg"/anneal_bg.wasm*
  cp -r "$work/out/." "$pkg/"
  cp "$built" "$work/input.wasm"
}

# CodeMirror, for the pages that have a code editor; made anew only when its sources or its packages changed.
build_editor() {
  [ -d editor/node_modules ] || fail "the code editor's packages are missing; scripts/setup.sh run installs them by npm"
  mkdir -p "$pkg" "$work"
  local sum
  sum="$(cat editor/package-lock.json editor/build.mjs editor/src/*.js | cksum)"
  if [ -f "$pkg/editor.js" ] && [ "$(cat "$pkg/editor.sum" 2>/dev/null)" = "$sum" ]; then return 0; fi
  node editor/build.mjs "$pkg/editor.js" || fail "the code editor was not bundled (see above)"
  printf '%s\n' "$sum" >"$pkg/editor.sum"
}

# style/main.css lists the sheets by @import; they are sent as one file.
build_style() {
  mkdir -p "$pkg"
  : >"$pkg/anneal.css.new"
  local sheet
  while read -r sheet; do
    cat "style/$sheet" >>"$pkg/anneal.css.new"
  done < <(sed -n 's/^@import "\.\/\(.*\)";$/\1/p; s/^@import "\([^.\/].*\)";$/\1/p' style/main.css)
  [ -s "$pkg/anneal.css.new" ] || fail "style/main.css imports no sheet"
  mv "$pkg/anneal.css.new" "$pkg/anneal.css"
}

# The server sends the .br or .gz beside a file to browsers that take it.
compress() {
  node "$root/scripts/compress.mjs" "$pkg"
}

mkdir -p "$site"
build_wasm
build_editor
build_style
cp -r public/. "$site/"
compress
