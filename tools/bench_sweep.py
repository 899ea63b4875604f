"""The sweep of the clocks with very many pending: what a step costs beside a bare claim of the same rows, how many statements it
asks, and how late steps come where all fall due at one moment."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from bench_measure import cpu
from earshot.cli.journal import PAUSE
from earshot.clocks.models import Clock, Step
from earshot.clocks.queries import UNFIRED
from earshot.clocks.sweep import sweep
from earshot.kit import now
from earshot.voice.models import Ear

DUE = (10, 1_000, 10_000)
ROLE = "bench"  # the ears that the pending clocks run for: `bench 0`, `bench 20000`, …
EARS = """
INSERT INTO voice_ear (id, item_id, role, person_id, rule, since)
SELECT {id}, item_id, '{role}', person_id, rule, since
FROM (SELECT e.*, {made} + row_number() OVER (ORDER BY id) AS n FROM voice_ear e WHERE role = %s AND ended_at IS NULL) AS pattern
WHERE n <= {total}
"""
CLOCKS = """
INSERT INTO clocks_clock (id, object_id, due_at, {columns})
SELECT {id}, e.id, {due}, {same}
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM voice_ear WHERE role LIKE 'bench %%') AS e, clocks_clock AS c
WHERE c.id = %s
"""
STEPS = """
INSERT INTO clocks_step (clock_id, name, addressee, after, due_at)
SELECT c.id, r.name, r.addressee, r.after, c.due_at
FROM clocks_clock AS c, clocks_step AS r
WHERE r.clock_id = %s AND c.object_id IN (SELECT id FROM voice_ear WHERE role LIKE 'bench %%')
ORDER BY c.id, r.after
"""
CLAIM = """
SELECT id FROM clocks_step
WHERE due_at <= %s AND due_at IS NOT NULL AND fired_at IS NULL AND ended_at IS NULL
ORDER BY due_at, id LIMIT {most}
"""


def fill_clocks(total: int) -> None:
    """Let `total` more clocks run, each for an ear of its own, with the ladder of one that was begun through the verbs. The first is
    due in a day, then one a second. Clocks that stand beside each other are about different deals, as far as there are deals."""
    pattern = Clock.objects.filter(kind="ear", stopped_at=None).order_by("pk")[0]
    role = Ear.objects.get(pk=pattern.object_id).role
    step = Ear.objects.filter(role=role, ended_at=None).count()
    names = [str(f.column) for f in Clock._meta.concrete_fields if f.column not in ("id", "object_id", "due_at")]
    with transaction.atomic(), connection.cursor() as cursor:
        for made in range(0, total, step):
            cursor.execute(EARS.format(id=made_id(1), role=f"{ROLE} {made}", made=made, total=total), [role])
        columns = ", ".join(map(connection.ops.quote_name, names))
        same = ", ".join(f"c.{connection.ops.quote_name(name)}" for name in names)
        cursor.execute(
            CLOCKS.format(id=made_id(2), due=second_after(now() + timedelta(days=1)), columns=columns, same=same), [key(pattern.pk)]
        )
        cursor.execute(STEPS, [key(pattern.pk)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def made_id(table: int) -> str:
    """An id in the order of `n`, as SQL."""
    if connection.vendor == "sqlite":
        return f"printf('019b000000{table:02}70008%%015x', n)"
    return f"('019b000000{table:02}70008' || lpad(to_hex(n), 15, '0'))::uuid"


def second_after(moment: datetime) -> str:
    """`n` seconds after the moment, as SQL."""
    text = f"{moment:%Y-%m-%d %H:%M:%S}"
    return (
        f"datetime('{text}', n || ' seconds')" if connection.vendor == "sqlite" else f"'{text}+00'::timestamptz + n * interval '1 second'"
    )


def key(pk: UUID) -> Any:
    return pk.hex if connection.vendor == "sqlite" else pk


def moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


@dataclass
class Burst:
    """What one burst of due steps cost: milliseconds of the sweeps and of the bare claim, statements, sweeps that found something,
    and how long after its due time each step was committed."""

    swept: float
    claimed: float
    statements: int
    sweeps: int
    late: list[float]


@contextmanager
def counted() -> Iterator[list[int]]:
    asked = [0]

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        asked[0] += 1
        return execute(*args)

    with connection.execute_wrapper(count):
        yield asked


def burst(steps: int, clocks: list[UUID], phase: float) -> Burst:
    """So many steps, of as many clocks, fall due at one moment, while a loop like the worker's looks once a second."""
    with transaction.atomic():
        rows = list(Step.objects.filter(UNFIRED, clock__in=clocks).order_by("clock", "after").values_list("pk", "clock"))
        ladders: dict[UUID, list[int]] = {}
        for pk, clock in rows:
            ladders.setdefault(clock, []).append(pk)
        due = [ladder[number % len(ladder)] for number, ladder in enumerate(ladders.values())]
        at = now() + timedelta(seconds=1 + phase)
        for first in range(0, len(due), 500):
            Step.objects.filter(pk__in=due[first : first + 500]).update(due_at=at)
    assert len(due) == steps
    claimed = bare_claim(due, at)
    cost, sweeps, late, fired = 0.0, 0, list[float](), 0
    with counted() as asked:
        while fired < steps:
            begin, before = cpu(), asked[0]
            found = sweep()
            if found:
                cost, sweeps, fired = cost + cpu() - begin, sweeps + 1, fired + found
                late += [(now() - at).total_seconds()] * found
            else:
                asked[0] = before
                time.sleep(PAUSE)
    assert fired == steps, "a step that is not of the bench fell due"
    return Burst(cost, claimed, asked[0], sweeps, late)


def bare_claim(due: list[int], at: datetime) -> float:
    """The same rows claimed and marked by plain SQL in one transaction; then they are as before."""
    claim = CLAIM.format(most=len(due)) + ("" if connection.vendor == "sqlite" else " FOR NO KEY UPDATE SKIP LOCKED")
    begin = cpu()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(claim, [moment(at)])
        found = ", ".join(str(pk) for (pk,) in cursor.fetchall())
        cursor.execute(f"UPDATE clocks_step SET fired_at = %s WHERE id IN ({found})", [moment(now())])
    cost = cpu() - begin
    for first in range(0, len(due), 500):
        Step.objects.filter(pk__in=due[first : first + 500]).update(fired_at=None)
    return cost


def nothing_due(looks: int) -> tuple[float, float]:
    """Milliseconds of a sweep that finds nothing, and of its one question asked bare."""

    def ask() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CLAIM.format(most=200), [moment(now())])
            cursor.fetchall()

    def each(act: Callable[[], Any]) -> float:
        begin = cpu()
        for _ in range(looks):
            assert not act()
        return (cpu() - begin) / looks

    return each(sweep), each(ask)


def run_sweep(total: int, runs: int) -> None:
    begin = time.perf_counter()
    fill_clocks(total)
    pending = Step.objects.filter(UNFIRED).count()
    print(f"\nsweep: {total} clocks pending, {pending} steps, made in {time.perf_counter() - begin:.0f} s; CPU milliseconds", flush=True)
    print(f"{'':<34}{'Earshot':>9}{'ceiling':>11}", flush=True)
    nothing_due(20)
    swept, asked = nothing_due(200)
    print(f"{'a sweep, nothing due':<34}{swept:>9.2f}{asked:>11.2f}{swept / asked:>8.1f}x", flush=True)
    made = Clock.objects.filter(pk__gte=UUID("019b0000-0002-7000-8000-000000000000"), stopped_at=None).order_by("pk")
    fresh = iter(made.values_list("pk", flat=True)[: runs * sum(DUE)])
    for steps in DUE:
        done = []
        for number in range(runs):
            clocks = [pk for _, pk in zip(range(steps), fresh, strict=False)]
            if len(clocks) == steps:
                done.append(burst(steps, clocks, number / runs))
        if done:
            print(line(steps, done), flush=True)


def line(steps: int, done: list[Burst]) -> str:
    swept = statistics.median(one.swept for one in done) / steps
    claimed = statistics.median(one.claimed for one in done) / steps
    late = sorted(seconds for one in done for seconds in one.late)
    half, most = (late[min(int(len(late) * share), len(late) - 1)] for share in (0.5, 0.99))
    asked, sweeps = done[-1].statements, done[-1].sweeps
    return (
        f"{f'a step, {steps} due':<34}{swept:>9.2f}{claimed:>11.3f}{swept / claimed:>8.1f}x   "
        f"late by {half:.2f} s (p50), {most:.2f} s (p99)"
        f"   {asked / sweeps:.0f} statements a sweep, {asked / steps:.2f} a step"
    )
