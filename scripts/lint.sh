#!/usr/bin/env bash
# lint.sh: the API and its pages with buf and api_docs.py, scripts with shellcheck, C++ with clang-format, clang-tidy and clang's -Wthread-safety, the kernels with a
#          compiler for ARM. Says all that is wrong, then fails.
# lint.sh --changed: clang-tidy, which takes minutes, only for C++ files that differ from the last commit.
# lint.sh --format: lays the C++ and .proto files out instead.
set -euo pipefail
cd "$(dirname "$0")/.."
buf=.deps/node/node_modules/.bin/buf
mapfile -t cxx < <(git ls-files --cached --others --exclude-standard '*.cc' '*.h' | xargs -r ls 2>/dev/null)

if [ "${1:-}" = --format ]; then
  clang-format -i "${cxx[@]}"
  exec "$buf" format -w protos
fi

failed=()
check() { # check NAME COMMAND...
  echo "lint: $1" >&2
  "${@:2}" || failed+=("$1")
}

check "buf lint" "$buf" lint protos
check "buf format" "$buf" format --diff --exit-code protos
check "docs/api" /usr/bin/python3 -B scripts/api_docs.py --check

# Nothing that programs out there were built with may go: the API as of the last release, or of IMPASTO_API_BASE (a commit), against today's.
api_base=${IMPASTO_API_BASE:-$(git describe --tags --abbrev=0 2>/dev/null || true)}
api_still_fits() {
  local base=build/api_base
  rm -rf "$base" && mkdir -p "$base"
  git archive "$api_base" protos buf.yaml | tar -x -C "$base"
  ln -s "$PWD/.deps" "$base/.deps"
  "$buf" breaking protos --against "$base/protos"
}
if [ -n "$api_base" ]; then
  check "API against $api_base" api_still_fits
fi
mapfile -t shell < <(git ls-files '*.sh' .ci/run)
check shellcheck shellcheck "${shell[@]}"
check clang-format clang-format --dry-run -Werror "${cxx[@]}"

# The vector kernels for 64-bit ARM, with Highway's headers, which are the same there. A test of the language alone: nothing is run.
compile_for_arm() {
  mkdir -p build/arm && ln -sfn /usr/include/hwy build/arm/hwy
  aarch64-linux-gnu-g++ -std=c++20 -O2 -march=armv8-a+crypto -Wall -Werror -Iserver -Ibuild/arm -c -o /dev/null \
    server/engine/executors/cpu/kernels/kernels.cc
}
check "kernels for ARM" compile_for_arm

# clang-tidy reads how a file is compiled from the release build, and needs the generated headers to be there. Files that see Torch's
# headers are left out: they take minutes each.
scripts/build.sh release impasto_grpc_protos >/dev/null
mapfile -t tidy < <(
  if [ "${1:-}" = --changed ]; then
    git diff --name-only --diff-filter=d HEAD -- '*.cc'
    git ls-files --others --exclude-standard '*.cc'
  else
    printf '%s\n' "${cxx[@]}" | grep '\.cc$'
  fi | grep -v /executors/torch/ | while read -r file; do
    if grep -qF "$PWD/$file\"" build/release/compile_commands.json; then echo "$file"; fi
  done
)
run_tidy() {
  printf '%s\0' "${tidy[@]}" |
    xargs -0 -r -n 1 -P "$(nproc)" clang-tidy -p build/release --quiet --extra-arg=-Wthread-safety --extra-arg=-Wno-unknown-warning-option 2>/dev/null
}
[ "${#tidy[@]}" -eq 0 ] || check "clang-tidy of ${#tidy[@]} files" run_tidy

if [ "${#failed[@]}" -gt 0 ]; then
  printf 'lint: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "lint: all is well" >&2
