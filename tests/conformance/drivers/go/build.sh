#!/usr/bin/env bash
# Makes the example's generated code, which the driver imports, and the driver.
set -euo pipefail
export IMPASTO_BUILD=$IMPASTO_CONFORMANCE_BUILD
(cd "$IMPASTO_SOURCE/examples/go" && go generate ./...)
go build -o "$IMPASTO_CONFORMANCE_BUILD/driver" .
