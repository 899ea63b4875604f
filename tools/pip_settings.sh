#!/usr/bin/env bash
# Sourced by setup.sh and lock.sh, in the root of the working copy.
# uv ignores pip's configuration: hand on, for this process only, an index or a folder that pip is configured with.
pip_setting() { # pip_setting index-url → the value from PIP_INDEX_URL or pip's files, or nothing
    local variable="PIP_$(printf '%s' "$1" | tr 'a-z-' 'A-Z_')"
    if [ -n "${!variable:-}" ]; then printf '%s' "${!variable}"; else .venv/bin/python -m pip config get "global.$1" 2>/dev/null || true; fi
}
hand_on_pip_settings() {
    local index extra folders certificate
    index="$(pip_setting index-url)"; extra="$(pip_setting extra-index-url)"
    folders="$(pip_setting find-links)"; certificate="$(pip_setting cert)"
    export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_INDEX_STRATEGY=unsafe-best-match
    if [ -n "$index" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"; fi
    if [ -n "$extra" ]; then export UV_INDEX="${UV_INDEX:-$(printf '%s' "$extra" | tr '\n' ' ')}"; fi
    if [ -n "$folders" ]; then export UV_FIND_LINKS="${UV_FIND_LINKS:-$(printf '%s' "$folders" | tr -s ' \n' ',')}"; fi
    if [ -n "$certificate" ]; then export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificate}"; fi
}
