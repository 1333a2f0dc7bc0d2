# Shared by the scripts of this folder: where things are, how they speak, how long a stage took.
# Sourced, never run.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# Tools that must match the lock file exactly (wasm-bindgen) are kept outside the user's own cargo
# folder, so that setting up this project never replaces a version another project needs.
tools="${ANNEAL_TOOLS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/anneal/tools}"
export PATH="$tools/bin:$root/end2end/node_modules/.bin:$PATH"

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# as_root CMD...: runs CMD as root, by sudo where we are not; false where neither is possible.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif have sudo; then sudo "$@"; else return 1; fi
}

# stage NAME CMD...: runs CMD and prints how long it took; the sums are shown by `stage_summary`.
stage_names=() stage_seconds=()
stage() {
  local name="$1" started=$SECONDS; shift
  say "── $name"
  "$@" || fail "$name failed (see above)"
  stage_names+=("$name"); stage_seconds+=("$((SECONDS - started))")
}
# stages_together NAME1 CMD1 NAME2 CMD2: two commands (each one word) at once, where one alone leaves a core idle. What the
# first prints is shown when both have ended. However this ends, neither a process nor a file of it is left.
together_pid='' together_log=''
end_together() {
  # The first command is a process group of its own: cargo and what it started go with it.
  [ -z "$together_pid" ] || kill -- "-$together_pid" 2>/dev/null || true
  [ -z "$together_log" ] || rm -f "$together_log" "$together_log.seconds"
  together_pid='' together_log=''
}
stages_together() {
  local started=$SECONDS second_took code=0
  together_log="$(mktemp)"
  trap end_together EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  say "── $1; beside it: $3"
  set -m
  (SECONDS=0; code=0; "$2" >"$together_log" 2>&1 || code=$?; echo "$SECONDS" >"$together_log.seconds"; exit $code) &
  together_pid=$!
  set +m
  "$4" || fail "$3 failed (see above)"
  second_took=$((SECONDS - started))
  wait "$together_pid" || code=$?
  together_pid=''
  cat "$together_log"
  [ "$code" = 0 ] || fail "$1 failed (see above)"
  stage_names+=("$3" "$1, beside it ($(cat "$together_log.seconds") s)")
  stage_seconds+=("$second_took" "$((SECONDS - started - second_took))")
  end_together
  trap - EXIT INT TERM
}
stage_summary() {
  local i total=0
  say "── where the time went"
  for i in "${!stage_names[@]}"; do
    printf '%6d s  %s\n' "${stage_seconds[$i]}" "${stage_names[$i]}"
    total=$((total + stage_seconds[i]))
  done
  printf '%6d s  in all\n' "$total"
}

# The version of a package in Cargo.lock.
locked_version() {
  awk -v name="$1" '$0 == "name = \"" name "\"" { getline; gsub(/version = |"/, ""); print; exit }' "$root/Cargo.lock"
}
