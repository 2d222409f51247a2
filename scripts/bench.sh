#!/usr/bin/env bash
# Seconds per iteration and peak memory, of VGG19 with the reference recipe's layers at 384 x 512. Best on an idle machine.
set -euo pipefail
cd "$(dirname "$0")/.."
exec build/release/bin/impasto_bench "$@"
