#!/usr/bin/env bash
# Writes the lock files anew: exact versions with hashes, and no host name. `UPGRADE=1 make lock` takes newer versions.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/pip_settings.sh
[ -x .venv/bin/uv ] || { python3 -m venv .venv && .venv/bin/python -m pip install -q --require-hashes -r requirements/uv.txt; }
hand_on_pip_settings
compile() {
    .venv/bin/uv pip compile -q ${UPGRADE:+--upgrade} --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
        --no-emit-index-url --no-emit-find-links "$@"
}
compile requirements/uv.in -o requirements/uv.txt
compile requirements/base.in -o requirements/base.txt
compile -c requirements/base.txt requirements/dev.in -o requirements/dev.txt
if [ -n "${UPGRADE:-}" ]; then npm update --save --package-lock-only --ignore-scripts --silent; fi
npm install --package-lock-only --ignore-scripts --silent
.venv/bin/python tools/locks.py tidy
.venv/bin/python tools/locks.py check
