#!/usr/bin/env bash
# demo.sh: starts impastod, paints a photograph with it, and stops it. Expects the programs to be built; `make demo` builds them first.
# From the environment, each with a default: CONTENT and STYLE (picture files), OUT, ITERATIONS, PRESET, MODEL, SIZE (long side, pixels).
set -euo pipefail
cd "$(dirname "$0")/.."
model=${MODEL:-vgg19}
out=${OUT:-out/demo.png}
bin=build/release/bin
say() { printf 'demo: %s\n' "$*" >&2; }

mkdir -p out "$(dirname "$out")"
content=${CONTENT:-}
if [ -z "$content" ]; then
  content=.deps/pictures/china.jpg
  scripts/fetch_photo.sh "$content"
fi
style=${STYLE:-}
if [ -z "$style" ]; then
  style=out/brush_strokes.png
  painter=examples/pictures/brush_strokes.py
  if [ ! "$style" -nt "$painter" ]; then
    say "painting the style picture, $style"
    /usr/bin/python3 -B "$painter" "$style"
  fi
fi
if ! "$bin/impastod" weights list | grep -qE "^  $model .* ([0-9]+) of +\1 layers"; then
  "$bin/impastod" weights pull "$model"
fi

# A port of its own, so that a server that runs already is left alone; a session of its own, so that Ctrl-C reaches the client alone, and
# the server is stopped when the client is done.
work=$(mktemp -d)
log=out/impastod.log
setsid "$bin/impastod" --listen 127.0.0.1:0 --port-file "$work/port" --models "$model" --state-dir "$work/state" >"$log" 2>&1 &
server=$!
stop() {
  if kill -TERM "$server" 2>/dev/null; then
    wait "$server" || true
  fi
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

loaded() {
  [ -s "$work/port" ] || return 1
  IMPASTO_SERVER=127.0.0.1:$(<"$work/port")
  export IMPASTO_SERVER
  "$bin/impasto" models show "$model" 2>/dev/null | grep -qw loaded
}
say "starting impastod; its log is $log"
deadline=$((SECONDS + 60))
until loaded; do
  if ! kill -0 "$server" 2>/dev/null; then
    tail -n 5 "$log" >&2
    exit 1
  fi
  if [ $SECONDS -ge $deadline ]; then
    say "the model isn't loaded after 60 s:"
    tail -n 5 "$log" >&2
    exit 1
  fi
  sleep 0.1
done

options=(--model "$model" --iterations "${ITERATIONS:-100}" --loss-csv "${out%.*}.csv")
options+=(--preview-dir "${out%.*}-previews" --preview-every 10)
[ -z "${PRESET:-}" ] || options+=(--preset "$PRESET")
[ -z "${SIZE:-}" ] || options+=(--max-size "$SIZE")
started=$SECONDS
"$bin/impasto" stylize "$content" "$style" -o "$out" "${options[@]}"
say "$((SECONDS - started)) s. The picture: $(realpath "$out")"
say "the losses: ${out%.*}.csv; the pictures on the way: ${out%.*}-previews/"
