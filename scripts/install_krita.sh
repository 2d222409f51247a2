#!/usr/bin/env bash
# install_krita.sh [BUILD]: puts the Krita plug-in into the user's own plug-in folder. Without BUILD, a build that has it, it is put
# together in build/krita, from Python alone.
set -euo pipefail
cd "$(dirname "$0")/.."
built=${1:-build}/krita
if [ $# -eq 0 ]; then
  cmake -DTO="$PWD/$built" -DPYTHON=/usr/bin/python3 -P plugins/krita/stage.cmake
fi

to=${XDG_DATA_HOME:-$HOME/.local/share}/krita/pykrita
mkdir -p "$to"
# In one move, as far as Krita sees it.
new=$(mktemp -d "$to/.impasto.XXXXXX")
trap 'rm -rf "$new"' EXIT
cp -R "$built/impasto_docker" "$built/impasto_docker.desktop" "$new/"
rm -rf "$to/impasto_docker"
mv "$new/impasto_docker" "$new/impasto_docker.desktop" "$to/"
cat >&2 <<END
install_krita: $to/impasto_docker
  1. Restart Krita.
  2. Settings > Configure Krita > Python Plugin Manager: turn "Style Transfer" on, and restart Krita once more.
  3. Settings > Dockers > Style Transfer.
END
