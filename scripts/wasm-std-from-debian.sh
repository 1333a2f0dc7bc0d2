#!/usr/bin/env bash
# Builds the wasm32-unknown-unknown standard library from Debian's source package of exactly this
# rustc, for machines where `rustup target add` cannot download. Reads the system's own mirror and
# keyring, and leaves the system's package lists alone.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

have apt-get || fail "rustup cannot fetch wasm32-unknown-unknown and this is no Debian: install the target by hand."
sources=/etc/apt/sources.list.d/debian.sources
[ -r "$sources" ] || fail "$sources is missing: add the wasm32-unknown-unknown target by hand."

cd "$root"
version="$(rustc --version | awk '{print $2}')"
sysroot="$(rustc --print sysroot)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
uri="$(awk '/^URIs:/ { print $2; exit }' "$sources")"
keyring="$(awk '/^Signed-By:/ { print $2; exit }' "$sources")"

fetch_source() {
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  printf 'deb [signed-by=%s] %s trixie-backports main\n' "$keyring" "$uri" >"$work/source.list"
  local options=(-qq -o "Dir::Etc::sourcelist=$work/source.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
  apt-get "${options[@]}" update
  local package
  package="$(apt-cache "${options[@]}" madison rust-src | awk -F'|' -v v="$version+" '{ gsub(/ /, "", $2) } index($2, v) == 1 { print $2; exit }')"
  [ -n "$package" ] || fail "Debian has no rust-src of version $version"
  (cd "$work" && apt-get "${options[@]}" -o APT::Sandbox::User=root download "rust-src=$package")
  dpkg -x "$work"/rust-src_*.deb "$work/source"
}

build_std() {
  mkdir -p "$sysroot/lib/rustlib/src/rust"
  rm -rf "$sysroot/lib/rustlib/src/rust/library"
  cp -r "$work/source/usr/src/rustc-$version/library" "$sysroot/lib/rustlib/src/rust/library"
  mkdir -p "$work/empty/src"
  printf '[package]\nname = "empty_trial"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$work/empty/Cargo.toml"
  : >"$work/empty/src/lib.rs"
  (cd "$work/empty" && CARGO_TARGET_DIR="$work/target" RUSTC_BOOTSTRAP=1 \
    cargo build --quiet --release -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown)
  local to="$sysroot/lib/rustlib/wasm32-unknown-unknown/lib"
  mkdir -p "$to"
  find "$work/target/wasm32-unknown-unknown/release/deps" -name 'lib*.rlib' ! -name 'libempty_trial*' -exec cp {} "$to/" \;
}

fetch_source
build_std
say "built the wasm32-unknown-unknown standard library of Rust $version"
