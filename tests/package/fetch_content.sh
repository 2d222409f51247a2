#!/usr/bin/env bash
# fetch_content.sh BUILD WORK: builds a program that takes the SDK with FetchContent.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh" "$1" "$2"

configure -S "$root/tests/package/fetch_content" -B "$work/build" -DIMPASTO_SOURCE="$root"
cmake --build "$work/build" -j2
"$work/build/program"
# The SDK alone is built: no server, no tests, no programs.
if ninja -C "$work/build" -t targets all | grep -qE '^(impastod?|client_sdk_cpp_.*_test|impasto_example_paint): '; then
  fail "more than the SDK was configured"
fi
