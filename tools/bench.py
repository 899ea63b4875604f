"""`make bench`: what list, open one, create and move stage cost at 20,000 deals, in CPU milliseconds a request (application and
database), each beside a ceiling of the same run; then what the sweep of the clocks costs with a million of them pending, and looking for a
customer among 200,000.
EARSHOT_BENCH_DEALS, EARSHOT_BENCH_CLOCKS, EARSHOT_BENCH_NAMES and EARSHOT_BENCH_RUNS make it smaller; EARSHOT_BENCH_ONLY=requests, sweep
or names does one part; EARSHOT_BENCH_ENGINE=sqlite or postgresql one engine. EARSHOT_BENCH_GROW: so many deals then, in the same
house, what is more of them lost, as a company's history grows, and the same requests once more, each beside what it cost before
(`make soak`: a million); EARSHOT_BENCH_ALL_OPEN=1: all of them open. It fails where something breaks, never for a time.

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
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench_measure import Case, Outcome

ROOT = Path(__file__).resolve().parent.parent
DEALS = int(os.environ.get("EARSHOT_BENCH_DEALS", "20000"))
CLOCKS = int(os.environ.get("EARSHOT_BENCH_CLOCKS", "1000000"))
NAMES = int(os.environ.get("EARSHOT_BENCH_NAMES", "200000"))
RUNS = int(os.environ.get("EARSHOT_BENCH_RUNS", "5"))
GROW = int(os.environ.get("EARSHOT_BENCH_GROW", "0"))
ALL_OPEN = os.environ.get("EARSHOT_BENCH_ALL_OPEN") == "1"
ONLY = os.environ.get("EARSHOT_BENCH_ONLY", "")
ENGINES = ("sqlite", "postgresql")
GROWN_AIM = 1.5  # times what the request cost among the fewer deals


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


def run(engine: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench_settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    import bench_cases
    import bench_names
    import bench_sweep
    from bench_world import fill

    begin = time.perf_counter()
    company = bench_cases.company(DEALS)
    print(f"\n{engine}: {DEALS} deals, made in {time.perf_counter() - begin:.0f} s; CPU milliseconds a request", flush=True)
    if ONLY in ("", "requests"):
        before = run_requests(bench_cases.cases(company))
        if GROW:
            begin = time.perf_counter()
            fill(company.patterns if ALL_OPEN else company.ended, GROW)
            which = "all open" if ALL_OPEN else f"of which {DEALS} are open"
            took = time.perf_counter() - begin
            print(f"\n{engine}: {GROW} deals, {which}, {took:.0f} s later; `grown`: beside {DEALS} deals", flush=True)
            run_requests(bench_cases.cases(company), before)
    if ONLY in ("", "sweep"):
        bench_sweep.run_sweep(CLOCKS, RUNS)
    if ONLY in ("", "names"):
        bench_names.run_names(NAMES, RUNS)


def run_requests(cases: Iterable[Case], before: Mapping[str, Outcome] | None = None) -> dict[str, Outcome]:
    """Each case measured and printed; with `before`, also how many times what it cost then."""
    from bench_measure import measure

    print(f"{'':<40}{'Earshot':>9}{'ceiling':>11}", flush=True)
    outcomes = {}
    for case in cases:
        outcome = outcomes[case.name] = measure(case, runs=RUNS, each=20)
        grown = ""
        if before and case.name in before:
            times = outcome.door / before[case.name].door
            grown = f"   grown {times:.1f}x   {'ok' if times <= GROWN_AIM else 'MISSED'}"
        print(outcome.line() + grown, flush=True)
    return outcomes


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(sys.argv[1])
    else:
        asked = os.environ.get("EARSHOT_BENCH_ENGINE")
        results = [on_engine(engine) for engine in ([asked] if asked else ENGINES)]
        sys.exit(not all(results))
