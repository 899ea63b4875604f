#!/usr/bin/env bash
# Brings the working copy to the state that its files describe: .venv, packages, node_modules, served assets, catalogs.
# `tools/setup.sh base` (to run) or `tools/setup.sh dev` (to test). Each step is stamped with a hash of the files it was made
# from (.venv/stamps), so a second call costs a blink.
set -euo pipefail
cd "$(dirname "$0")/.."
want="${1:-dev}"
stamps=.venv/stamps
. tools/pip_settings.sh

say() { printf '  %s\n' "$*"; }
hash_of() { { printf '%s\n' "$PWD"; cat "$@"; } | sha256sum | cut -c1-64; }
done_already() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }
stamp() { mkdir -p "$stamps"; printf '%s\n' "$2" > "$stamps/$1"; }

venv() {
    local h; h="$(hash_of requirements/uv.txt)"
    if done_already venv "$h" && [ -x .venv/bin/python ]; then return; fi
    say "Python environment (.venv)"
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        rm -rf .venv
        "${PYTHON:-python3}" -m venv .venv
    fi
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt 2>/dev/null ||
        say "uv cannot be installed here; pip will do its work"
    stamp venv "$h"
}

packages() {
    local h; h="$(hash_of "requirements/$want.txt")"
    if done_already "packages-$want" "$h"; then return; fi
    if [ "$want" = base ] && done_already packages-dev "$(hash_of requirements/dev.txt)"; then return; fi # dev holds base
    say "Python packages ($want: exact versions, hashed)"
    rm -f "$stamps"/packages-*
    hand_on_pip_settings
    local lists=("requirements/$want.txt" requirements/uv.txt)
    if ! { [ -x .venv/bin/uv ] && .venv/bin/uv pip sync -q --python .venv/bin/python --require-hashes "${lists[@]}"; }; then
        say "installing with pip instead of uv"
        .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "requirements/$want.txt"
    fi
    stamp "packages-$want" "$h"
}

command_line() { # src on the path and `earshot` in .venv/bin, without building anything
    local site; site="$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
    if [ -x .venv/bin/earshot ] && [ "$(cat "$site/earshot.pth" 2>/dev/null)" = "$PWD/src" ]; then return; fi
    printf '%s\n' "$PWD/src" > "$site/earshot.pth"
    printf '#!%s\nimport sys\n\nfrom earshot.cli import main\n\nsys.exit(main())\n' "$PWD/.venv/bin/python" > .venv/bin/earshot
    chmod +x .venv/bin/earshot
}

assets() {
    local h; h="$(hash_of package-lock.json tools/assets.mjs)"
    if done_already assets "$h" && [ -d node_modules ] && [ -d src/earshot/web/static/vendor ]; then return; fi
    say "page assets (npm)"
    command -v npm >/dev/null || { echo "npm is missing: install Node 20" >&2; exit 1; }
    npm ci --ignore-scripts --silent --no-progress
    node tools/assets.mjs | sed 's/^/  /'
    stamp assets "$h"
}

catalogs() {
    local files=(); mapfile -t files < <(find src/earshot -name '*.po' | sort)
    local h; h="$(hash_of tools/messages.py "${files[@]}")"
    if done_already catalogs "$h"; then return; fi
    say "translations"
    .venv/bin/python tools/messages.py compile
    stamp catalogs "$h"
}

venv
packages
command_line
assets
catalogs
