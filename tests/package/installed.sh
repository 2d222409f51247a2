#!/usr/bin/env bash
# installed.sh BUILD WORK: installs BUILD, moves what it installed, and builds, tests and runs the example against it.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh" "$1" "$2"
rm -rf "$work/first" "$work/moved"

for component in sdk client; do
  cmake --install "$build" --component "$component" --prefix "$work/first" >"$work/install.log"
done
mv "$work/first" "$work/moved"
"$work/moved/bin/impasto" --version | grep -qx 'impasto [0-9.]*' || fail "the installed impasto doesn't run"

# Nothing of the package may point to where it was built, or was installed first.
package=$(dirname "$(find "$work/moved" -name ImpastoConfig.cmake)")
if grep -rnF -e "$root" -e "$build" -e "$work/first" "$package" "$work/moved/include"; then
  fail "the package has paths of this machine"
fi
# Its generated headers lie where nobody finds them by chance.
[ -f "$work/moved/include/impasto/api/google/rpc/status.pb.h" ] || fail "no generated headers"
[ ! -e "$work/moved/include/google" ] || fail "include/google would shadow others' headers"

# The example is built as a project of its own: not in the tree, where it would find the headers anyway.
rm -rf "$work/example"
cp -r "$root/examples/cpp" "$work/example"
configure -S "$work/example" -B "$work/example-build" -DCMAKE_PREFIX_PATH="$work/moved"
cmake --build "$work/example-build" -j2
ctest --test-dir "$work/example-build" --output-on-failure --no-tests=error
if IMPASTO_SERVER=unix:"$work/nowhere" "$work/example-build/impasto_example_paint" a b c 2>"$work/err"; then
  fail "the example reached a server that isn't there"
fi
grep -qx "can't reach unix:$work/nowhere: nobody listens there" "$work/err" || fail "$(cat "$work/err")"

# A package of another minor version isn't taken for the one that is asked for.
sed 's/find_package(Impasto 0.1 REQUIRED)/find_package(Impasto 0.9 REQUIRED)/' -i "$work/example/CMakeLists.txt"
if configure -S "$work/example" -B "$work/example-other" -DCMAKE_PREFIX_PATH="$work/moved" >"$work/other.log" 2>&1; then
  fail "version 0.9 was found"
fi
grep -q 'compatible with requested version "0.9"' "$work/other.log" || fail "$(cat "$work/other.log")"
