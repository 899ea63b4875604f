"""`make bench`: what list, open one, create and move stage cost at 20,000 deals, in CPU milliseconds a request (application and
database), each beside a ceiling of the same run; then what the sweep of the clocks costs with a million of them pending, and looking for a
customer among 200,000.
EARSHOT_BENCH_DEALS, EARSHOT_BENCH_CLOCKS, EARSHOT_BENCH_NAMES and EARSHOT_BENCH_RUNS make it smaller; EARSHOT_BENCH_ONLY=requests, sweep
or names does one part.

Ceilings. Reads: the same 50 rows joined with the account by plain `.values()` and `JsonResponse`. Pages: an empty page of the
same base template. Writes: the same INSERTs and UPDATEs bare in one transaction. The sweep: the same rows claimed bare.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEALS = int(os.environ.get("EARSHOT_BENCH_DEALS", "20000"))
CLOCKS = int(os.environ.get("EARSHOT_BENCH_CLOCKS", "1000000"))
NAMES = int(os.environ.get("EARSHOT_BENCH_NAMES", "200000"))
RUNS = int(os.environ.get("EARSHOT_BENCH_RUNS", "5"))
ONLY = os.environ.get("EARSHOT_BENCH_ONLY", "")


def on_engine(engine: str, script: str = __file__, **more: str) -> bool:
    """The whole bench `script` in a process and a folder of its own; `more`: of its environment."""
    home = Path(tempfile.mkdtemp(prefix="earshot-bench-"))
    environment = (
        os.environ
        | {
            "EARSHOT_HOME": str(home / "home"),
            "EARSHOT_DATABASE": "sqlite",
            "EARSHOT_SECRET_KEY": "only-for-the-bench",
        }
        | more
    )
    server = None
    try:
        if engine == "postgresql":
            sys.path.insert(0, str(ROOT / "tests"))
            from servers import Server

            server = Server(home)
            environment["EARSHOT_DATABASE"] = f"postgresql://earshot@/postgres?host={server.folder}"
        return subprocess.run([sys.executable, script, engine], env=environment, cwd=ROOT).returncode == 0
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(home, ignore_errors=True)


def run(engine: str) -> bool:
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench_settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    import bench_cases
    import bench_names
    import bench_sweep
    from bench_measure import measure

    begin = time.perf_counter()
    company = bench_cases.company(DEALS)
    print(f"\n{engine}: {DEALS} deals, made in {time.perf_counter() - begin:.0f} s; CPU milliseconds a request", flush=True)
    outcomes = []
    if ONLY in ("", "requests"):
        print(f"{'':<34}{'Earshot':>9}{'ceiling':>11}", flush=True)
    for case in bench_cases.cases(company) if ONLY in ("", "requests") else ():
        outcome = measure(case, runs=RUNS, each=20)
        print(outcome.line(), flush=True)
        outcomes.append(outcome)
    if ONLY in ("", "sweep"):
        bench_sweep.run_sweep(CLOCKS, RUNS)
    if ONLY in ("", "names"):
        bench_names.run_names(NAMES, RUNS)
    return all(outcome.times <= outcome.aim for outcome in outcomes)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(not run(sys.argv[1]))
    results = [on_engine(engine) for engine in ("sqlite", "postgresql")]
    sys.exit(not all(results))
