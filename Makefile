# Two commands: `make demo` and `make test`. What they do stands in tools/.
.PHONY: demo test test-fast trace bench bench-live soak lock format messages setup
.SILENT:

demo: ## the application with its demonstration company on http://127.0.0.1:8000 (PORT=8010: another port; FRESH=1 starts over)
	exec bash tools/demo.sh

test: ## everything, on both engines
	bash tools/test.sh

test-fast: ## no browser, SQLite only
	bash tools/test.sh fast

trace: ## which requirement has a test that notices when its rule is taken out (EARSHOT_REQUIREMENTS: all numbers)
	bash tools/setup.sh dev && .venv/bin/python tools/tracing.py

bench: ## what a request costs beside the least it could cost
	bash tools/setup.sh dev && .venv/bin/python tools/bench.py

bench-live: ## how soon what one person does is on every open page
	bash tools/setup.sh dev && .venv/bin/python tools/bench_live.py

soak: ## long tests on both engines, and what a request costs at a million deals
	bash tools/test.sh soak

lock: ## lock files anew (UPGRADE=1: newer versions)
	bash tools/lock.sh

format:
	bash tools/setup.sh dev && .venv/bin/ruff check -q --fix-only --exit-zero . ; .venv/bin/ruff format .

messages: ## every room's catalog gets its new messages and loses its dead ones
	bash tools/setup.sh dev && .venv/bin/python tools/messages.py update

setup:
	bash tools/setup.sh dev
