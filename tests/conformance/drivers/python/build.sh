#!/usr/bin/env bash
# The package as its build would lay it out, for the Python that runs the bench, without anything downloaded.
set -euo pipefail
package=$IMPASTO_SOURCE/client_sdk/python
rm -rf "$IMPASTO_CONFORMANCE_BUILD/impasto"
cp -r "$package/src/impasto" "$IMPASTO_CONFORMANCE_BUILD/impasto"
"$PYTHON" -B "$package/make_api.py" "$IMPASTO_CONFORMANCE_BUILD/impasto/_wire/api.binpb"
