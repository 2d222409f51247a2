# shellcheck shell=bash
# For the tests here: `source common.sh BUILD WORK`. Sets `root`, `build` and an empty folder `work`; stops at the first error.
set -euo pipefail
# shellcheck disable=SC2034 # whoever sources this uses them
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034
build=$1
work=$2
mkdir -p "$work"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Anew, but for what is compiled already; with the generator and the compiler cache of this project's own builds.
configure() {
  local launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  cmake --fresh -G Ninja -DCMAKE_BUILD_TYPE=Release "${launcher[@]}" "$@"
}
