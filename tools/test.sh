#!/usr/bin/env bash
# `make test`: every stage runs, whatever the one before it said; the end names those that failed.
# `tools/test.sh fast`: no browser, SQLite only. `tools/test.sh soak`: the long tests, and the benches at a million deals.
set -uo pipefail
cd "$(dirname "$0")/.."
mode="${1:-all}"
bash tools/setup.sh dev || { echo "The set-up failed; nothing was tested." >&2; exit 1; }
export PATH="$PWD/.venv/bin:$PATH" EARSHOT_HOME="$PWD/var/checks"
unset EARSHOT_DATABASE EARSHOT_DEBUG EARSHOT_DEMO DJANGO_SETTINGS_MODULE
mkdir -p var/checks
passed=(); failed=()

stage() { # stage "name" command…
    local name="$1" begin=$SECONDS; shift
    printf '\n── %s\n' "$name"
    if "$@"; then passed+=("$name"); else failed+=("$name"); printf '✗ %s\n' "$name"; fi
    printf '   %s s\n' $((SECONDS - begin))
}
soak_on() { EARSHOT_TEST_ENGINE="$1" python -m pytest -m soak -s; } # one after the other: they kill processes, and wait for them
pytest_on() { EARSHOT_TEST_ENGINE="$1" python -m pytest -n 2 --dist worksteal "${@:2}"; }

if [ "$mode" != soak ]; then
    stage "format" ruff format --check .
    stage "lint" ruff check .
    stage "lock files" python tools/locks.py check
    stage "layers" lint-imports --cache-dir var/import-linter
    stage "security" bandit -q -c pyproject.toml -r src tools --severity-level medium
    stage "translations" python tools/messages.py check
    stage "migrations" env DJANGO_SETTINGS_MODULE=earshot.settings python -m django makemigrations --check --dry-run -v 1
    stage "types" mypy
    stage "types of the pages' scripts" node_modules/.bin/tsc -p tsconfig.json
fi
case "$mode" in
all)
    stage "tests on SQLite" pytest_on sqlite --durations=10
    stage "tests on PostgreSQL" pytest_on postgresql --durations=10
    ;;
fast) stage "tests on SQLite, no browser" pytest_on sqlite -m "not browser and not soak" ;;
soak)
    stage "long tests on SQLite" soak_on sqlite
    stage "long tests on PostgreSQL" soak_on postgresql
    # What a request costs at twenty thousand deals and at a million of them; it fails where something breaks, never for a time.
    stage "benches at a million deals" env EARSHOT_BENCH_ONLY=requests EARSHOT_BENCH_GROW="${EARSHOT_BENCH_GROW:-1000000}" \
        EARSHOT_BENCH_RUNS="${EARSHOT_BENCH_RUNS:-2}" python tools/bench.py
    ;;
*) echo "tools/test.sh: all, fast or soak" >&2; exit 2 ;;
esac

printf '\n%s s in all\n' "$SECONDS"
for name in "${failed[@]}"; do printf 'FAILED: %s\n' "$name"; done
printf 'stages: %s passed, %s failed\n' "${#passed[@]}" "${#failed[@]}"
[ "${#failed[@]}" = 0 ]
