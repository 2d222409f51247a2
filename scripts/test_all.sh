#!/usr/bin/env bash
# What `make test` leaves out for its time: long runs, GIMP and Krita with and without windows, GIMP 3.0 in a Debian 13, other versions of Python, and the tests under sanitizers.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
ctest --preset all -L "soak|hosts-all" || failed+=("long runs, GIMP 2.10, Krita")
scripts/gimp3.sh || failed+=("GIMP 3.0")
scripts/test_python.sh || failed+=("Python versions")
for sanitizer in asan tsan; do
  scripts/build.sh "$sanitizer"
  ctest --preset "$sanitizer" || failed+=("$sanitizer")
done
if [ "${#failed[@]}" -gt 0 ]; then
  printf 'test_all: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
