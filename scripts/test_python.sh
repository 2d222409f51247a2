#!/usr/bin/env bash
# The Python package's tests with every Python of 3.9 to 3.13 that is there, each with the newest of everything from PyPI.
# Interpreters are looked for on the PATH and among pyenv's; at least one has to be found.
#
#   scripts/test_python.sh [VERSION...]
set -euo pipefail
cd "$(dirname "$0")/.."

versions=("$@")
[ "${#versions[@]}" -gt 0 ] || versions=(3.9 3.10 3.11 3.12 3.13)

# interpreter VERSION: its path, or nothing. What pyenv puts on the PATH stands for an interpreter only where that version is chosen.
interpreter() {
  local candidate
  for candidate in "$(command -v "python$1" || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python3; do
    if [ -x "$candidate" ] && "$candidate" -c "import sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
}

tested=()
failed=()
for version in "${versions[@]}"; do
  python=$(interpreter "$version")
  if [ -z "$python" ]; then
    echo "test_python: Python $version isn't there"
    continue
  fi
  tested+=("$version")
  echo "test_python: Python $version, $python"
  "$python" -B tests/client_sdk/python/in_venv.py clean "$python" "build/python-versions/$version" || failed+=("$version")
done
if [ "${#tested[@]}" -eq 0 ] || [ "${#failed[@]}" -gt 0 ]; then
  echo "test_python: tested: ${tested[*]:-none}; failed: ${failed[*]:-none}" >&2
  exit 1
fi
echo "test_python: passed: ${tested[*]}"
