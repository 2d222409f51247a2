#!/usr/bin/env bash
# install_gimp.sh [BUILD]: puts the GIMP plug-in into the user's own plug-in folder. Without BUILD, a build that has it, it is built
# in build/gimp, alone.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-}
if [ -z "$build" ]; then
  build=build/gimp
  export CCACHE_BASEDIR="$PWD"
  cmake --preset release -B "$build" -DIMPASTO_BUILD_GIMP=ON -DIMPASTO_BUILD_KRITA=OFF -DIMPASTO_BUILD_SERVER=OFF -DIMPASTO_BUILD_CLI=OFF -DIMPASTO_BUILD_TESTS=OFF
  cmake --build "$build" --target impasto_gimp
fi

version=$(basename "$(dirname "$(dirname "$(ls -d "$build"/gimp/*/plug-ins/impasto-style-transfer)")")")
case $version in
  2.10) profile=${GIMP2_DIRECTORY:-} ;;
  *) profile=${GIMP3_DIRECTORY:-} ;;
esac
to=${profile:-${XDG_CONFIG_HOME:-$HOME/.config}/GIMP/$version}/plug-ins
mkdir -p "$to"
# In one move, as far as GIMP sees it: a plug-in that is running keeps its own program.
new=$(mktemp -d "$to/.impasto.XXXXXX")
trap 'rm -rf "$new"' EXIT
cp -R "$build/gimp/$version/plug-ins/impasto-style-transfer" "$new/"
rm -rf "$to/impasto-style-transfer"
mv "$new/impasto-style-transfer" "$to/"
printf 'install_gimp: %s; restart GIMP, then Filters > Artistic > Style Transfer\n' "$to/impasto-style-transfer" >&2
