# shellcheck shell=bash
# What every script here needs: the root of the tree, plain messages, and how many jobs this machine takes.
# Sourced, never run.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '== %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The comment block at the top of a script is its help text.
show_help() {
  awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"
}

# A compiler run of the network code takes up to 2 GiB, so memory bounds the jobs as well as cores do.
build_jobs() {
  local cores memory_kib by_memory
  cores=$(nproc)
  memory_kib=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
  by_memory=$((memory_kib / (2 * 1024 * 1024)))
  ((by_memory >= 1)) || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# check_preset NAME: stops with the list of presets when CMakePresets.json has no such build preset.
check_preset() {
  local presets
  presets=$(cd "$root" && cmake --list-presets=build | sed -n 's/^ *"\([^"]*\)".*/\1/p' | paste -sd' ')
  [[ " $presets " == *" $1 "* ]] || die "no preset '$1'; there are: $presets"
}
