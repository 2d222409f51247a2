#!/usr/bin/env bash
# stylize.sh PAINTING FOLDER PHOTO...: paints many photographs in the manner of one painting. FOLDER gets a picture, its recipe and its
# losses for each of them; photographs that are painted there already are left out, so that an interrupted round can be taken up again.
#
# From the environment: IMPASTO, the program (default: impasto on the PATH); IMPASTO_SERVER, the server; FLAGS, more flags for every
# picture (FLAGS="--iterations 100 --max-size 400").
set -euo pipefail
if [ $# -lt 3 ]; then
  echo "usage: stylize.sh PAINTING FOLDER PHOTO..." >&2
  exit 2
fi
painting=$1
folder=$2
shift 2
mkdir -p "$folder"
read -r -a flags <<<"${FLAGS:-}"

refused=0
for photo in "$@"; do
  name=$(basename "${photo%.*}")
  out=$folder/$name.png
  if [ -e "$out" ]; then
    echo "$out is there already" >&2
    continue
  fi
  code=0
  "${IMPASTO:-impasto}" stylize "$photo" "$painting" -o "$out" --save-recipe "$folder/$name.json" \
    --loss-csv "$folder/$name.csv" ${flags[@]+"${flags[@]}"} || code=$?
  case $code in
  0) ;;
  1) refused=$((refused + 1)) ;; # this photograph; the next may do
  *) exit "$code" ;;             # wrong usage, no server, or Ctrl-C: the next would fare no better
  esac
done
if [ "$refused" -gt 0 ]; then
  echo "$refused of $# photographs could not be painted" >&2
  exit 1
fi
