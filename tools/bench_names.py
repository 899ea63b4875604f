"""Looking for a customer by a fragment of the name among very many: what a search costs that asks standing too, beside a bare lookup of
the same index in the same run, for a reader who sees everything and for one who sees fifty accounts."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from typing import Any

from django.db import connection

from bench_measure import cpu
from earshot.accounts import queries
from earshot.accounts.models import Account, AccountName
from earshot.accounts.permits import SEE_ALL
from earshot.kit import names, now, uuid7
from earshot.people.models import Grant, Person, Standing, Unit

PLACES = "北京 上海 广州 深圳 成都 重庆 武汉 西安 南京 杭州 苏州 长沙 郑州 青岛 大连 厦门 昆明 喀土穆 内罗毕 开罗".split()  # noqa: SIM905 - a column of words reads worse
WORDS = "华 远 信 达 鼎 恒 瑞 泰 通 联 博 创 新 源 海 天 宏 盛 安 诚 金 龙 凯 元 正 宇 中 兴 德 利".split()  # noqa: SIM905 - a column of words reads worse
TRADES = "电信 科技 物流 能源 矿业 银行 医药 机电 建设 港务 电力 化工 食品 汽车 软件 传媒 置业 航空 水务 保险".split()  # noqa: SIM905 - a column of words reads worse
LATIN = ["Nile", "Sahara", "Delta", "Orient", "Harbour", "Summit", "Cascade", "Atlas"]
ASKED = {
    "two characters": "喀土",
    "three characters": "达泰通",
    "pinyin": "katumu",
    "initials": "ktmx",
    "Latin": "ahar",
    "nothing there": "嫦娥",
}


def a_name(chance: random.Random) -> str:
    if chance.random() < 0.1:
        return f"{chance.choice(LATIN)} {chance.choice(LATIN)} {chance.randrange(10**6)} Co., Ltd."
    return f"{chance.choice(PLACES)}{''.join(chance.sample(WORDS, 3))}{chance.choice(TRADES)}有限公司"


def fill_names(total: int) -> Person:
    """So many accounts of one owner who is nobody's colleague; returns a person who sees fifty of them."""
    chance, unit, at = random.Random(7), Unit.objects.first(), now()
    owner = Person.objects.create(name="bench owner", unit=unit, joined_at=at)
    reader = Person.objects.create(name="bench reader", joined_at=at)
    first: list[Account] = []
    for begin in range(0, total, 5000):
        rows = [
            Account(number=f"B-{n:07}", name=a_name(chance), unit=unit, owner=owner, opened_at=at)
            for n in range(begin, min(begin + 5000, total))
        ]
        Account.objects.bulk_create(rows)
        found_by = []
        for one in rows:
            by = names.found_by(one.name, one.number)
            found_by.append(AccountName(account=one, words=by.words, bare=by.bare, sound=by.sound))
        AccountName.objects.bulk_create(found_by)
        first = first or rows[:50]
    Standing.objects.bulk_create(
        [Standing(person=reader, kind="account", object_id=one.pk, why="bench", source_id=one.pk, entry_id=uuid7()) for one in first]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return reader


def run_names(total: int, runs: int) -> None:
    reader = fill_names(total)
    everything = Person.objects.create(name="bench director", joined_at=now())
    Grant.objects.create(person=everything, permission=SEE_ALL, given_at=now())
    print(f"\nnames: {total} accounts; CPU milliseconds a search for the first 20, and times the bare index", flush=True)
    print(f"{'':<34}{'sees all':>9}{'sees 50':>9}{'bare':>9}", flush=True)
    for what, words in ASKED.items():

        def bare(words: str = words) -> Any:
            return list(AccountName.objects.filter(words__fragment=words).values_list("pk", flat=True)[:20])

        def seen_by(person: Person, words: str = words) -> Callable[[], Any]:
            found = queries.containing(queries.visible_to(person), words).order_by("name", "pk")
            return lambda: list(found.all()[:20])

        spent = [_milliseconds(one, runs) for one in (seen_by(everything), seen_by(reader), bare)]
        hits = AccountName.objects.filter(words__fragment=words).count()
        print(f"{what:<34}" + "".join(f"{one:>9.2f}" for one in spent) + f"   {hits} hits", flush=True)


def _milliseconds(asked: Callable[[], Any], runs: int) -> float:
    asked()
    found = []
    for _run in range(runs):
        begin = cpu()
        for _once in range(5):
            asked()
        found.append((cpu() - begin) / 5)
    return statistics.median(found)
