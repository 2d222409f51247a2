#!/usr/bin/env bash
# The conformance driver of the command line: a case is one `impasto stylize --events`, as a script would run it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# extension_of FORMAT: the ending by which the command line knows an output's format.
extension_of() {
  case $1 in
  PICTURE_FORMAT_JPEG) echo jpg ;;
  PICTURE_FORMAT_WEBP) echo webp ;;
  PICTURE_FORMAT_TIFF) echo tif ;;
  *) echo png ;;
  esac
}

# Puts the command line for $command into the array `arguments`.
build_arguments() {
  local key value flag
  jq '.request.recipe // {}' <<<"$command" >"$folder/recipe.json"
  mapfile -t arguments < <(jq -r '.content.file, (.styles[] | .file // .style)' <<<"$command")
  arguments=(stylize "${arguments[@]}" --output "$out" --recipe "$folder/recipe.json" --events --quiet)
  while IFS=$'\t' read -r key value; do
    case $key in
    address) flag=--server ;;
    tls_ca) flag=--tls-ca ;;
    reattach_seconds) flag=--reconnect ;;
    initial) flag=--init ;;
    requestId) flag=--request-id ;;
    displayName) flag=--name ;;
    priority) flag=--priority value=$(tr '[:upper:]' '[:lower:]' <<<"${value#PRIORITY_}") ;;
    quality) flag=--jpeg-quality ;;
    size) flag=--output-size value=$(tr '[:upper:]' '[:lower:]' <<<"${value#OUTPUT_SIZE_}") ;;
    everyIterations) flag=--preview-every ;;
    *) continue ;;
    esac
    [ -n "$value" ] && arguments+=("$flag" "$value")
  done < <(jq -r '{address, tls_ca, reattach_seconds, initial: .initial.file} + .request + .request.output + .request.preview
                  | to_entries[] | select(.value | type != "object" and . != null) | [.key, .value] | @tsv' <<<"$command")
  case " ${arguments[*]} " in *" --preview-every "*) arguments+=(--preview-dir "$folder/previews") ;; esac
}

# Ctrl-C, once the loss of step `after` is there.
cancel_on_the_way() {
  local after=$1 pid=$2 line
  while read -r line; do
    echo "$line"
    if [[ $line == '{"progress":{"iteration":'"$after",* ]]; then
      kill -INT "$pid"
    fi
  done
}

# Stops the reader where it is, once its job is accepted, until the job has ended.
sleep_through() {
  local pid=$1 line job
  while read -r line; do
    echo "$line"
    if [[ $line == '{"accepted":'* ]]; then
      kill -STOP "$pid"
      job=$(jq -r .accepted.job <<<"$line")
      # `watch` ends when the job does.
      "$IMPASTO_CLI" jobs watch "$job" --quiet --server "$address" >&2 || true
      kill -CONT "$pid"
    fi
  done
}

while IFS= read -r command; do
  read -r case action after address < <(jq -r '[.case, .action, .after // 0, .address] | join(" ")' <<<"$command")
  wanted=$(jq -r .out <<<"$command")
  out=${wanted%.*}.$(extension_of "$(jq -r '.request.output.format // ""' <<<"$command")")
  unset IMPASTO_TOKEN
  token=$(jq -r .token <<<"$command")
  if [ -n "$token" ]; then export IMPASTO_TOKEN=$token; fi
  build_arguments

  # Its lines come through a pipe of a name, so that its process is ours to signal.
  rm -rf "$folder/lines" "$folder/previews"
  mkfifo "$folder/lines"
  # A shell makes programs in the background deaf to SIGINT; the command line listens all the same.
  "$IMPASTO_CLI" "${arguments[@]}" >"$folder/lines" 2>"$folder/errors" &
  pid=$!
  case $action in
  cancel) cancel_on_the_way "$after" "$pid" <"$folder/lines" >"$folder/events" ;;
  slow) sleep_through "$pid" <"$folder/lines" >"$folder/events" ;;
  *) cat "$folder/lines" >"$folder/events" ;;
  esac
  status=0
  wait "$pid" || status=$?

  if [ -e "$out" ] && [ "$out" != "$wanted" ]; then mv "$out" "$wanted"; fi
  bytes=$(stat -c %s "$wanted" 2>/dev/null || echo 0)
  # Without an "end" the command line itself was at fault: what it says on stderr is the message.
  jq -c -s --arg case "$case" --arg errors "$(cat "$folder/errors")" --argjson status "$status" --argjson bytes "$bytes" '
    (map(.end // empty) | last // (if $status == 2 then {code: "INVALID_ARGUMENT", message: $errors}
                                   else {code: "UNKNOWN", message: "exit status \($status): \($errors)"} end)) as $last
    | (map(.result // empty) | last) as $result
    | {case: $case, code: $last.code, message: $last.message, field: ($last.field // ""), reason: ($last.reason // ""),
       job: (map(.accepted.job // empty) | last // ""),
       iterations: map(.progress.iteration // empty),
       previews: map(.preview.iteration // empty),
       reconnects: map(.connection_lost // empty) | length,
       result: (if $last.code == "OK" and $result
                then {iteration: ($result.iteration // 0), format: $result.picture.format, width: $result.picture.width,
                      height: $result.picture.height, bytes: $bytes}
                else null end)}' "$folder/events"
done
