#!/usr/bin/env bash
# Installs what building and testing need and is missing. Idempotent; a second run takes a second.
#   scripts/setup.sh run    for building and serving
#   scripts/setup.sh test   the browser and the runner of the end-to-end tests too
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

require_basics() {
  have cargo && have rustc || fail "Rust is missing. Install it from https://rustup.rs, then run this again."
  have cc || as_root apt-get install -y -qq build-essential >/dev/null 2>&1 \
    || fail "A C compiler is missing (SQLite is compiled from source). Install gcc or clang."
  have npm || fail "Node.js with npm is missing (it brings wasm-opt, the code editor and Playwright). Install Node 20 or later."
  if [ "$1" = test ]; then
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy >/dev/null || fail "clippy is missing."
    cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt >/dev/null || fail "rustfmt is missing."
  fi
}

# True if this rustc can compile and link a crate for the browser.
wasm_works() {
  local dir; dir="$(mktemp -d)"
  printf 'pub fn f() -> Vec<u8> { vec![1] }\n' >"$dir/trial.rs"
  (cd "$root" && rustc --target wasm32-unknown-unknown --crate-type cdylib -o "$dir/trial.wasm" "$dir/trial.rs") >/dev/null 2>&1
  local result=$?
  rm -rf "$dir"
  return $result
}

install_wasm_target() {
  wasm_works && return 0
  if have rustup; then
    say "adding the wasm32-unknown-unknown target by rustup"
    (cd "$root" && timeout 300 rustup target add wasm32-unknown-unknown) >/dev/null 2>&1 || true
    wasm_works && return 0
    say "rustup could not fetch it; building it from the distribution's source package instead"
  fi
  bash "$root/scripts/wasm-std-from-debian.sh"
  wasm_works || fail "the wasm32-unknown-unknown target still does not compile a trial crate"
}

install_wasm_bindgen() {
  local want; want="$(locked_version wasm-bindgen)"
  [ -n "$want" ] || fail "Cargo.lock names no wasm-bindgen"
  if have wasm-bindgen && [ "$(wasm-bindgen --version | awk '{print $2}')" = "$want" ]; then return 0; fi
  say "installing wasm-bindgen-cli $want into $tools"
  # Not --locked: the tool's own lock file may name versions a mirror lacks. Opt-level 1 halves the
  # build and the tool runs for a second.
  (cd / && CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=0 cargo install wasm-bindgen-cli --version "$want" --root "$tools" --force --quiet)
}

# install_node_packages FOLDER: what its lock file pins.
install_node_packages() {
  local stamp="$root/$1/node_modules/.package-lock.json"
  [ "$stamp" -nt "$root/$1/package-lock.json" ] && return 0
  (cd "$root/$1" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --silent --no-audit --no-fund --ignore-scripts) \
    || fail "npm could not install the packages of $1/ (see above)"
  touch "$stamp"
}

# Debian's Chromium where there is one, else the browser Playwright downloads for itself.
install_browser() {
  [ -n "${ANNEAL_CHROMIUM:-}" ] && return 0
  have chromium && return 0
  if (cd "$root/end2end" && node -e 'process.exit(require("fs").existsSync(require("@playwright/test").chromium.executablePath()) ? 0 : 1)'); then return 0; fi
  if have apt-get && as_root true 2>/dev/null; then
    say "installing Chromium by apt"
    (as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core) >/dev/null 2>&1 || true
    have chromium && return 0
  fi
  say "letting Playwright download its browser"
  (cd "$root/end2end" && npx playwright install chromium)
}

what="${1:-run}"
require_basics "$what"
install_wasm_target
install_wasm_bindgen
install_node_packages end2end
install_node_packages editor
if [ "$what" = test ]; then install_browser; fi
