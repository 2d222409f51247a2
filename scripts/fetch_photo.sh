#!/usr/bin/env bash
# fetch_photo.sh OUT.jpg: the demo's photograph, china.jpg of scikit-learn (640 x 427; by danielbuechele, CC BY 2.0), taken out of Debian's
# package or of PyPI's. Neither is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$1
sha256=8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29

right() { [ -f "$1" ] && [ "$(sha256sum <"$1")" = "$sha256  -" ]; }
right "$out" && exit 0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
from_debian() {
  (cd "$folder" && apt-get download python3-sklearn) >"$folder/log" 2>&1 || return 1
  dpkg-deb --fsys-tarfile "$folder"/python3-sklearn_*.deb |
    tar -xO ./usr/lib/python3/dist-packages/sklearn/datasets/images/china.jpg >"$folder/china.jpg"
}
from_pypi() {
  scripts/fetch_wheel.sh scikit-learn==1.9.1 "$folder" sklearn/datasets/images/china.jpg
  mv "$folder/sklearn/datasets/images/china.jpg" "$folder/china.jpg"
}
if ! { from_debian && right "$folder/china.jpg"; } && ! { from_pypi && right "$folder/china.jpg"; }; then
  echo "fetch_photo: neither Debian's python3-sklearn nor PyPI's scikit-learn gave the picture; name one: make demo CONTENT=FILE" >&2
  exit 1
fi
mkdir -p "$(dirname "$out")"
mv "$folder/china.jpg" "$out"
