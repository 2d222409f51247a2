#!/usr/bin/env bash
# build.sh PRESET [TARGET...]: configures build/PRESET and builds it (all of it where no target is named).
# JOBS=N: so many compilers at once.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift

# A file that includes Torch takes up to 3 GB to compile: no more jobs than the memory holds.
memory_gb=$(awk '/^MemTotal:/ {print int($2 / 1048576)}' /proc/meminfo)
jobs=$(nproc)
if [ "$jobs" -gt $((memory_gb / 3 + 1)) ]; then
  jobs=$((memory_gb / 3 + 1))
fi

# So that ccache knows the same file again in another checkout.
export CCACHE_BASEDIR="$PWD"
cmake --preset "$preset"
exec ninja -C "build/$preset" -j "${JOBS:-$jobs}" "$@"
