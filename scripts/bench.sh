#!/usr/bin/env bash
# bench.sh [--full]: the benchmarks, one after another, and all that they print and write in out/bench/. tests/benchmarks/README.md says what
#          the columns mean. Let the machine do nothing else meanwhile.
#
# WEIGHTS= a folder of weights files, CONTENT= and STYLE= a photograph and a painting: with all three, also the time to a loss and the
# race against the PyPI package pastiche. ONLY="table layers memory losses pastiche windows" chooses among the parts.
set -euo pipefail
cd "$(dirname "$0")/.."
bench=build/release/bin/impasto-bench
out=out/bench
python=${PYTHON:-/usr/bin/python3}
full=()
case ${1:-} in
  --full) full=(--full) ;;
  "") ;;
  *)
    echo "usage: $0 [--full]" >&2
    exit 2
    ;;
esac

parts=${ONLY:-}
if [ -z "$parts" ]; then
  parts="table layers"
  if [ -n "${WEIGHTS:-}" ] && [ -n "${CONTENT:-}" ] && [ -n "${STYLE:-}" ]; then
    parts+=" pastiche losses"
  fi
fi
weights=()
[ -z "${WEIGHTS:-}" ] || weights=(--weights "$WEIGHTS")

mkdir -p "$out"
for part in $parts; do
  printf 'bench: %s\n' "$part" >&2
  case $part in
    table)
      "$bench" "${full[@]}" "${weights[@]}" --json "$out/table.json" | tee "$out/table.txt"
      "$python" tests/benchmarks/plot_memory.py "$out/table.json" "$out/memory.png"
      ;;
    layers) "$bench" --layers "${weights[@]}" --json "$out/layers.json" | tee "$out/layers.txt" ;;
    memory) "$bench" --memory "${weights[@]}" --json "$out/memory.json" | tee "$out/memory.txt" ;;
    losses)
      "$bench" --losses "${weights[@]}" --content "$CONTENT" --style "$STYLE" --json "$out/losses.json" | tee "$out/losses.txt"
      ;;
    pastiche)
      "$python" tests/benchmarks/against_pastiche.py --content "$CONTENT" --style "$STYLE" --json "$out/pastiche.json" |
        tee "$out/pastiche.txt"
      ;;
    windows)
      IMPASTO_TEST_IMPASTOD=$PWD/build/release/bin/impastod IMPASTO_TEST_GIMP=$PWD/build/release/gimp/2.10 IMPASTO_TEST_GIMP_COMMAND=gimp-console-2.10 \
        IMPASTO_TEST_BUILD=$PWD/build/release IMPASTO_TEST_SOURCE=$PWD IMPASTO_TEST_SCREENSHOTS=$PWD/$out/windows \
        "$python" -B tests/benchmarks/window_answers.py | tee "$out/windows.txt"
      ;;
    *)
      echo "bench: no part is called $part: table, layers, memory, losses, pastiche, windows" >&2
      exit 2
      ;;
  esac
done
