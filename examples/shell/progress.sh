#!/usr/bin/env bash
# progress.sh CONTENT STYLE OUT [FLAG...]: paints a photograph in the manner of a painting, and says how far it is in words of its own,
# from what `impasto stylize --events` tells programs. FLAGs are those of `impasto stylize`. Needs jq. Ctrl-C cancels the job.
#
# From the environment: IMPASTO, the program (default: impasto on the PATH); IMPASTO_SERVER, IMPASTO_TLS_CA, IMPASTO_TOKEN, as it reads them.
# Exit status: that of `impasto stylize`: 0 painted, 1 refused or failed, 2 wrong usage, 3 no server there, 130 cancelled.
set -uo pipefail
if [ $# -lt 3 ]; then
  echo "usage: progress.sh CONTENT STYLE OUT [FLAG...]" >&2
  exit 2
fi
content=$1
style=$2
out=$3
shift 3

tell='
  if .accepted then .accepted | "\(.job): painting \(.width) x \(.height) pixels with \(.recipe.model)", (.warnings[]? | "WARNING: \(.)")
  elif .progress then .progress | "\(.iteration - 1)/\(.iterations)  loss \(.total_loss // 0)"
  elif .state_changed then .state_changed | "\(.state): \(.reason)"
  elif .connection_lost then "connection lost; trying again"
  elif .result then .result | "the picture of step \(.iteration), loss \(.total_loss)"
  elif .end and .end.field != "" then "field: \(.end.field)", (.end.facts | to_entries[] | "hint: \(.key) = \(.value)")
  else empty end'

# Ctrl-C goes to all of them: impasto cancels the job and says how it ended; the others stay to read it. Where impasto can't ask, for its
# input is no terminal, it cancels at once.
trap true INT
"${IMPASTO:-impasto}" stylize "$content" "$style" --output "$out" --events --quiet "$@" </dev/null | (trap '' INT && exec jq --unbuffered -r "$tell")
exit "${PIPESTATUS[0]}"
