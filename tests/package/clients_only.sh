#!/usr/bin/env bash
# clients_only.sh BUILD WORK [--build]: with -DIMPASTO_BUILD_SERVER=OFF nothing that only the server needs is looked for, and SDK,
# command line, example and the clients' tests can be built without it. With --build they are, and the tests are run.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh" "$1" "$2"

# Whoever looks for one of these fails: find_package by CMake's own switch, pkg-config by one that knows two names.
missing=()
for package in Torch HDF5 SQLite3 spdlog CURL OpenSSL ZLIB BLAS OpenMP hwy dnnl VIPS LibZip; do
  missing+=("-DCMAKE_DISABLE_FIND_PACKAGE_$package=ON")
done
cat >"$work/pkg-config" <<'END'
#!/bin/sh
for argument in "$@"; do
  case $argument in
    -* | protobuf | grpc++ | '') ;;
    *) echo "pkg-config was asked for $argument" >&2; exit 1 ;;
  esac
done
exec pkg-config "$@"
END
chmod +x "$work/pkg-config"
configure -S "$root" -B "$work/build" -DIMPASTO_BUILD_SERVER=OFF -DPKG_CONFIG_EXECUTABLE="$work/pkg-config" "${missing[@]}"

targets=$(ninja -C "$work/build" -t targets all)
for target in impasto impasto_example_paint client_sdk_cpp_client_test client_sdk_cli_stylize_command_test; do
  grep -q "^$target: phony" <<<"$targets" || fail "no target $target"
done
if grep -qE '^(impastod|impasto_(engine|jobs|rpc|imaging|app|base)): ' <<<"$targets"; then
  fail "parts of the server were configured"
fi
# A library that isn't a target of this build would be named like one of the system.
if ninja -C "$work/build" -t commands | grep -oE -- '-l(impasto|GTest)[a-zA-Z_:]*|[^ ]*/server/[a-z_]*/[^ ]*\.cc|[^ ]*(libtorch|libvips)[^ ]*' | sort -u | grep .; then
  fail "the clients need something of the server's"
fi
ninja -C "$work/build" -n all >"$work/plan.log" || fail "$(tail "$work/plan.log")"
[ "${3:-}" = --build ] || exit 0

cmake --build "$work/build" -j2
ctest --test-dir "$work/build" -L '^client$' --output-on-failure --no-tests=error
