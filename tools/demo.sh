#!/usr/bin/env bash
# Sets up what is missing and serves the demonstration company; Ctrl-C ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d .venv/stamps ] || echo "Setting up (once, about half a minute):"
bash tools/setup.sh base
export EARSHOT_DEMO=1
exec .venv/bin/earshot demo ${PORT:+--port "$PORT"} $([ "${FRESH:-}" != 1 ] || echo --fresh)
