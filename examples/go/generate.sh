#!/usr/bin/env bash
# generate.sh: makes impasto/v1, the API's Go code, from the .proto files. Run by `go generate ./...`; needs protoc.
#
# From the environment: IMPASTO_BUILD, a folder for protoc's plug-ins (default: build, here). In a project of your own, change `protos`.
set -euo pipefail
cd "$(dirname "$0")"
protos=../../protos
googleapis=../../.deps/googleapis # scripts/install.sh has fetched it
[ -d "$googleapis" ] || {
  echo "$PWD/$googleapis isn't there: run scripts/install.sh build" >&2
  exit 1
}
build=${IMPASTO_BUILD:-$PWD/build}
mkdir -p "$build/bin" impasto/v1

# In the versions of go.mod.
go build -o "$build/bin/" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc

# Aside, and file by file into place: another build of this module may be reading them.
fresh=$(mktemp -d "$PWD/impasto/v1/.fresh-XXXXXX")
trap 'rm -rf "$fresh"' EXIT
PATH="$build/bin:$PATH" protoc -I "$protos" -I "$googleapis" --go_out="$fresh" --go-grpc_out="$fresh" "$protos"/impasto/v1/*.proto
mv "$fresh"/impasto/v1/*.go impasto/v1/
