"""Sample data of the gallery: little and much, long words, names written from right to left, in the language of the page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.conf import settings
from django.utils.translation import get_language

from earshot import kit
from earshot.kit.problems import Line, Ref, Refusal
from earshot.kit.worktime import Calendar
from earshot.people.rules import COMPANY, EXCEPTION, HOLIDAY, MAKE_UP, Day
from earshot.web import times, year
from earshot.web.tables import with_faults
from earshot.web.templatetags.looks import link, money, quoted, under, when

T = TypeVar("T")


def _said(chinese: T, english: T) -> T:
    """Sample data are company data, not interface text: both languages stand here instead of in the catalogue."""
    return chinese if (get_language() or settings.LANGUAGE_CODE).startswith("zh") else english


def samples() -> dict[str, Any]:
    now = kit.now()
    return {
        **_people(),
        **_words(now),
        **_sums(),
        **_bars(),
        **_board(),
        **_clocks(now),
        **_owed(now),
        **_gate(now),
        **_lists(now),
        **_messages(now),
        **_fields(now),
        **_year(),
        **_source(),
    }


def _source() -> dict[str, Any]:
    text = "levels:\n  - {code: hear-critical, zh: 关键原话：3 个工时内听到, en: Heard within 3 hours, measure: working}\n"
    lines = [{"n": n, "text": line, "kind": "wrong" if n == 2 else ""} for n, line in enumerate(text.splitlines(), start=1)]
    changed = [
        {"n": "", "text": "    minutes: 240", "kind": "goes"},
        {"n": "", "text": "    minutes: 180", "kind": "comes"},
    ]
    return {"source_text": text, "source_lines": lines, "source_changed": changed}


def _people() -> dict[str, Any]:
    return {
        "seller": _said("李然", "Li Ran"),
        "engineer": _said("赵启明", "Zhao Qiming"),
        "head": _said("王海燕", "Wang Haiyan"),
        "seller_role": _said("客户经理", "Account manager"),
        "engineer_role": _said("解决方案经理", "Solution manager"),
        "head_role": _said("代表处主任", "Head of the office"),
        "unit": _said("北非代表处", "North Africa office"),
        "tech_unit": _said("站点能源产品部", "Site energy products"),
        "arabic": "عبد الرحمن الفاتح محمد",
        "long_name": _said(
            "阿不都热西提·买买提吐尔逊·阿卜杜拉",
            "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh",
        ),
        "account": _said("尼罗河移动通信公司", "Nile Mobile Telecommunications"),
        "deal": _said("尼罗河移动 2026 年站点能源改造", "Nile Mobile site power renewal 2026"),
        "amount": Decimal("2105000"),
        "big_amount": Decimal("1284000000"),
        "place": _said("喀土穆，客户总部三层会议室", "Khartoum, the customer's head office, room 3"),
        "contact": _said("穆斯塔法", "Mustafa"),
        "contact_title": _said("网络运维总监", "Director of network operations"),
        "stage_word": _said("方案", "Solution"),
        "category": _said("竞争动向", "Competitor's move"),
        "category_2": _said("付款条件", "Payment terms"),
        "quote_url": "#words",
        "suggested": [_said("穆斯塔法", "Mustafa"), _said("李然", "Li Ran")],
    }


def _messages(now: datetime) -> dict[str, Any]:
    reply = _said("可以，周四下午给初稿。", "Yes, a first draft on Thursday afternoon.")
    asks = _said(
        "周五前把两种方案的柴油费各算一遍，客户下周一要。",
        "Work out the diesel bill of both solutions by Friday; the customer wants it on Monday.",
    )
    names = [_said("赵启明", "Zhao Qiming"), _said("李然", "Li Ran"), _said("王海燕", "Wang Haiyan")]
    unit = _said("站点能源产品部", "Site energy products")
    return {
        "message_text": asks,
        "message_reply": reply,
        "message_names": names,
        "message_many": [*names, "عبد الرحمن الفاتح محمد", *names, *names],
        "message_asks": _said("要求答复", "answer needed"),
        "message_directive": _said("指令", "directive"),
        "message_team": _said("全体成员", "the whole team"),
        "message_about": {"label": _said("尼罗河移动 2026 年站点能源改造", "Nile Mobile site power renewal 2026"), "url": "#messages"},
        "message_answers": {"name": names[1], "words": asks[:20] + "…", "url": "#messages"},
        "message_hidden": {"act": "acknowledge"},
        "confirmed": [
            {
                "name": names[0],
                "unit": unit,
                "word": _said("超时未答复，已上报", "not answered in time, escalated"),
                "tone": "red",
                "waits": True,
                "due": now - timedelta(hours=5),
                "left": times.left_of(-300, "working", over=True),
            },
            {
                "name": names[2],
                "unit": unit,
                "word": _said("尚未答复", "not answered yet"),
                "tone": "amber",
                "waits": True,
                "due": now + timedelta(hours=3),
                "left": times.left_of(180, "working"),
            },
            {"name": names[1], "unit": unit, "word": _said("已答复", "answered"), "tone": "met", "when": now - timedelta(hours=1)},
        ],
        "all_confirmed": [
            {"name": names[1], "unit": unit, "word": _said("已确认", "confirmed"), "tone": "met", "when": now - timedelta(hours=1)},
            {"name": names[0], "unit": "", "word": _said("不再要求", "no longer asked"), "tone": "grey", "when": now - timedelta(hours=2)},
        ],
    }


def _sums() -> dict[str, Any]:
    stages = [_said("发现需求", "Find the need"), _said("方案设计", "Design the solution"), _said("商务谈判", "Negotiate")]
    return {
        "sums": [
            {
                "label": stages[0],
                "url": "#figures",
                "count": 128,
                "money": money(238_000_000),
                "originals": "",
                "usual": _said("通常 8 天", "usual: 8 days"),
            },
            {
                "label": stages[1],
                "url": "#figures",
                "count": 7,
                "money": money(9_100_000),
                "originals": _said("¥200 万 · US$100 万 · 2 个没有金额", "¥2,000,000 · US$1,000,000 · 2 without an amount"),
                "usual": "",
                "current": True,
            },
            {"label": stages[2], "url": "#figures", "count": 0, "money": "", "originals": "", "usual": ""},
        ],
        "originals": _said(
            "¥2.4 亿 · US$100 万 · NGN 30 万（没有汇率，未计入）", "¥240,000,000 · US$1,000,000 · NGN 300,000 (no rate, left out)"
        ),
        "rates": "1 USD = 7.1 CNY (2026-11-20)",
    }


def _board() -> dict[str, Any]:
    deal, account, name = _said("苏丹站点混合供电", "Hybrid power for sites"), _said("苏丹电信", "Sudatel"), _said("李然", "Li Ran")
    long_name = _said(
        "全国一千二百个站点混合供电与远程监控改造一期二期三期合并项目",
        "Hybrid power and remote monitoring for twelve hundred sites, phases one to three",
    )
    card = {
        "id": "a",
        "title": deal,
        "number": "D-2026-00004",
        "url": "#boards",
        "account": account,
        "owner": name,
        "money": money(2_105_000),
        "due": date(2026, 11, 2),
        "days": _said("14 天", "14 days"),
        "usual": _said("通常 8 天，已超出 6 天", "usual: 8 days; 6 longer"),
        "step": _said("带报价去见采购总监", "Take the offer to the head of purchasing"),
        "step_due": date(2026, 10, 20),
        "doer": name,
        "late": True,
        "on": "a:1:b",
        "back": "#boards",
    }
    late = {
        **card,
        "id": "b",
        "title": long_name,
        "money": "",
        "account": "",
        "due": None,
        "usual": "",
        "wins": True,
        "back": "",
        "step": "",
        "stepless": True,
        "late": False,
    }
    head = {"url": "#boards", "usual": "", "originals": "", "more": 0}
    stages = [_said("发现需求", "Find the need"), _said("方案设计", "Design the solution"), _said("商务谈判", "Negotiate")]
    return {
        "board": [
            {**head, "label": stages[0], "code": "a", "place": 0, "count": 128, "money": money(238_000_000), "cards": [card], "more": 127},
            {**head, "label": stages[1], "code": "b", "place": 1, "count": 1, "money": "", "cards": [late]},
            {**head, "label": stages[2], "code": "c", "place": 2, "count": 0, "money": "", "cards": []},
        ]
    }


def _words(now: datetime) -> dict[str, Any]:
    return {
        "words": _said(
            "另一家的方案是太阳能加一台小油机，我们的油费能省一半。你们的站还要两台大油机，我怎么跟董事会解释？",
            "The other offer runs on sun and a small engine; our diesel bill would halve. "
            "Your site still needs two big engines. How do I explain that to my board?",
        ),
        "words_short": _said("付款最多给到 60 天。", "Sixty days is the longest we can pay."),
        "words_chinese": "另一家的方案是太阳能加一台小油机，我们的油费能省一半。",
        "words_arabic": "نحتاج إلى حل يعمل بالطاقة الشمسية قبل نهاية الموسم.",
        "words_very_long": "另一家的方案是太阳能加一台小油机，我们的油费能省一半。运维的人不用半夜开车去加油。\n" * 40,
        "words_long": _said(
            "上个月断了三次电，最长的一次十一个小时。运维的人晚上开车一百二十公里去加油，路上还被扣了一次。\n"
            "董事会现在只看一件事：一个站一年到底要花多少钱。你们给我的是设备报价，他们给我的是十年的账。\n"
            "参考 https://intranet.example.com/reports/2026/q3/site-power/total-cost-of-ownership-by-region-and-site-class.xlsx 第四页。",
            "We lost power three times last month, eleven hours at the longest. "
            "The crew drives a hundred and twenty kilometres at night to refuel.\n"
            "The board looks at one thing now: what a site costs in a year. "
            "You give me a price of equipment, they give me the bill of ten years.\n"
            "See https://intranet.example.com/reports/2026/q3/site-power/total-cost-of-ownership-by-region-and-site-class.xlsx page four.",
        ),
        "said_at": now - timedelta(hours=20),
        "heard": [
            {
                "name": _said("赵启明", "Zhao Qiming"),
                "role": _said("解决方案经理", "Solution manager"),
                "how": _said("读过原话并确认", "read the words and took note"),
                "when": now - timedelta(hours=3),
            },
            {
                "name": _said("陈默", "Chen Mo"),
                "role": _said("交付经理", "Delivery manager"),
                "how": _said("在场，本人已确认", "was present, confirmed in person"),
                "when": now - timedelta(hours=20),
            },
        ],
        "unheard": [
            {
                "name": _said("王海燕", "Wang Haiyan"),
                "role": _said("代表处主任", "Head of the office"),
                "due": now - timedelta(hours=2),
                "left": -120,
                "tone": "red",
            },
            {
                "name": "",
                "role": _said("交付负责人（空缺）", "Delivery lead (empty seat)"),
                "due": now + timedelta(hours=6),
                "left": 200,
                "tone": "amber",
            },
        ],
        "correction": {
            "words": _said("客户更正：是省四成，不是一半。", "The customer corrected: forty per cent, not half."),
            "by": _said("李然", "Li Ran"),
            "when": now - timedelta(hours=1),
        },
    }


def _clocks(now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "overdue": now - timedelta(hours=5),
        "soon": now + timedelta(hours=4),
        "later": now + timedelta(days=3),
        "far": now + timedelta(days=47),
        "past": now - timedelta(minutes=5),
        "yesterday": now - timedelta(days=1),
        "last_year": now - timedelta(days=400),
        "next_leader": _said("通知组长李然", "Li Ran, who leads the team, is told"),
        "next_head": _said("升级到部门主任王海燕", "it goes up to Wang Haiyan, head of the unit"),
        "left_by_clock": times.left_of(47 * 24 * 60, "clock"),
        "clock_hear": _said("方案经理听到", "heard by the solution manager"),
        "courses": _courses(now),
    }


def _owed(now: datetime) -> dict[str, Any]:
    """Seven lines that press, of which one is folded, and one that does not."""

    def line(label: str, tone: str = "grey", **more: Any) -> dict[str, Any]:
        return {"label": label, "url": "#refusals", "tone": tone, **more}

    late, shut = _said("已超时", "overdue"), _said("卡住关口", "blocks the gate")
    seat = line(_said("接受或谢绝席位：方案负责人", "Accept a seat, or decline it: solution responsible"))
    step = _said("带方案经理去喀土穆看三个样板站，拿到近十二个月的油耗账单", "see three sites in Khartoum with the solution manager")
    return {
        "owed": [
            line(_said("听 2 条原话", "Hear 2 statements"), "red", due=now - timedelta(hours=5), word=late),
            line(_said("在方案评审上表决", "Vote at the solution gate"), "red", word=shut),
            line(_said("做下一步：", "Do the next step: ") + step, "red", day=(now - timedelta(days=2)).date()),
            line(_said("交付结果：站点能源方案", "Deliver: site energy design"), "red", due=now + timedelta(days=3), word=shut),
            line(_said("答复 1 条消息", "Answer 1 message"), "amber", due=now + timedelta(hours=4)),
            seat,
            line(_said("补全你的接触记录", "Complete your record of a meeting")),
        ],
        "owed_calm": [seat],
    }


def _courses(now: datetime) -> list[dict[str, Any]]:
    """One that runs, one that stands still and whose role nobody holds, one that nobody else will be told of, one that has ended."""
    hear, words = (
        _said("听取客户原话", "Hear what the customer said"),
        _said("另一家的方案是太阳能加一台小油机…", "The other offer runs on sun …"),
    )
    role, unit = _said("解决方案经理", "Solution manager"), _said("站点能源产品部", "Site energy products")
    limit, head = _said("4 工时（按站点能源产品部的工作时间计）", "4 working hours of Site energy products"), _said("王海燕", "Wang Haiyan")
    common = {"duty": hear, "what": words, "url": "#courses", "role": role, "unit": unit, "limit": limit, "person_url": "#courses"}
    reminded = {"when": now - timedelta(hours=3), "sentence": _said("已提醒赵启明", "Zhao Qiming was reminded")}
    told = {"when": now - timedelta(hours=1), "sentence": _said("已告知李然（组长）", "Li Ran was told (the leader of the team)")}
    goes_up = {
        "next": _said("告知王海燕（部门主管）", "Wang Haiyan will be told (the head of the unit)"),
        "next_when": now + timedelta(hours=4),
    }
    waits = {
        "tone": "grey",
        "word": _said("已暂停", "stands still"),
        "next": _said("恢复计时后，提醒责任人", "once it runs on, a reminder"),
    }
    stopped = {"name": head, "reason": _said("客户现场封闭，下周一才能进场", "The site is closed until Monday")}
    since = now - timedelta(hours=5)
    return [
        common
        | {"id": "course-1", "person": _said("赵启明", "Zhao Qiming"), "since": since, "told": [reminded, told | {"seen": now}]}
        | {"beyond": [{"when": now + timedelta(hours=8), "sentence": _said("告知销售运营", "sales operations will be told")}]}
        | {"clock": {"due": now + timedelta(hours=4), "left": 200, "provisional": "1"} | goes_up},
        common | {"id": "course-2", "since": since, "clock": waits, "pause": stopped | {"when": now - timedelta(hours=2)}},
        common
        | {"id": "course-4", "person": _said("赵启明", "Zhao Qiming"), "since": since, "told": [reminded, told]}
        | {"clock": {"due": now - timedelta(hours=1), "left": -60}}
        | {"last": _said("不会再通知任何人：所有升级步骤都已走完。", "Nobody else will be told: every step has been taken.")},
        common
        | {"id": "course-3", "person": "عبد الرحمن الفاتح محمد", "since": since, "told": [reminded]}
        | {"pauses": [stopped | {"since": now - timedelta(hours=4), "until": now - timedelta(hours=3)}]}
        | {
            "clock": {
                "due": now - timedelta(hours=3),
                "met": now - timedelta(hours=2),
                "tone": "grey",
                "word": _said("逾期完成", "done late"),
            }
        },
    ]


def _year() -> dict[str, Any]:
    """Two months with a day of every kind in them."""
    office, short = ((540, 720), (810, 1080)), ((540, 720),)
    days = [
        Day(date(2026, 10, 1), HOLIDAY, (), _said("国庆节", "National Day")),
        Day(date(2026, 10, 10), MAKE_UP, office, _said("国庆调休", "for National Day")),
        Day(date(2026, 10, 30), COMPANY, (), _said("公司运动会", "Sports day of the company")),
        Day(date(2026, 11, 6), EXCEPTION, short, _said("盘点，只上半天", "Stocktaking, half a day")),
    ]
    week = (office,) * 5 + ((), ())
    calendar = Calendar(UTC, week, {one.day: one.spans for one in days})
    months = year.months(2026, calendar, {one.day: one for one in days}, today=date(2026, 11, 23), confirmed_to=date(2026, 10, 31))
    return {"year": months[9:11], "year_kinds": year.legend()}


def _gate(now: datetime) -> dict[str, Any]:
    who = _said("王海燕", "Wang Haiyan")
    lines = (
        Line(
            "voice.unheard",
            _said("「油费能省一半」还有人没有听到：王海燕", "“\u2068油费能省一半\u2069” has not been heard by \u2068王海燕\u2069"),
            Ref("item", "1", _said("另一家的方案是太阳能加一台小油机…", "The other offer runs on sun and a small engine…")),
            who,
        ),
        Line(
            "calls.no_result",
            _said("站点能源支援还没有结果", "The call for site energy has no result"),
            Ref("call", "2", _said("支援 C-2026-0017", "Call C-2026-0017")),
            _said("赵启明，站点能源产品部", "Zhao Qiming, Site energy products"),
        ),
        Line(
            "offers.margin",
            _said("毛利不能判断：成本尚未录入", "The margin cannot be judged: no cost is known"),
            None,
            _said("产品部", "the product unit"),
            judged=False,
        ),
    )
    return {
        "refusal": Refusal(
            "deals.gate_closed", _said("方案评审不能通过：三个条件不满足。", "The gate stays closed: three conditions do not hold."), lines
        ),
        "fields_to_mend": [
            {"url": "#f-amount", "label": _said("金额", "Amount")},
            {"url": "#f-vote-0", "label": _said("你的表决", "Your vote")},
        ],
        "plain_refusal": Refusal(
            "deals.vote.unheard",
            _said(
                "你还没有听到这个商机的全部关键原话，表决不能计入。",
                "You have not heard every critical item of this deal, so your vote cannot count.",
            ),
        ),
        "stages": [
            {"label": _said("线索", "Lead"), "state": "done", "when": now - timedelta(days=40), "url": "#stages"},
            {"label": _said("机会点", "Opportunity"), "state": "done", "when": now - timedelta(days=12)},
            {"label": _said("方案", "Solution"), "state": "here", "when": now - timedelta(days=1)},
            {"label": _said("投标", "Bid"), "state": "ahead"},
            {"label": _said("合同", "Contract"), "state": "ahead"},
            {"label": _said("回款", "Cash"), "state": "ahead"},
        ],
        "gate_shut": {"word": _said("评审：差 2 项", "gate: 2 missing"), "tone": "red", "url": "#gate"},
        "gate_open": {"word": _said("评审已通过", "gate passed"), "tone": "met"},
        "deep_stages": [
            {
                "label": _said(f"第{n}阶段 需求澄清与方案确认", f"Stage {n} clarification of needs"),
                "state": "done" if n < 7 else "here" if n == 7 else "ahead",
            }
            for n in range(1, 10)
        ],
    }


def _bars() -> dict[str, Any]:
    names = _said(["线索核实", "机会验证", "方案与投标"], ["Verify the lead", "Validate the opportunity", "Solution and bid"])
    lengths = [_said("2 工时", "2 working hours"), _said("5 个工作日", "5 working days"), _said("12 个工作日", "12 working days")]
    waited = [
        "",
        _said("其中等待 2 个工作日", "2 working days of it waiting"),
        _said("其中等待 7 个工作日", "7 working days of it waiting"),
    ]
    parts = [
        [{"at": 0, "width": 22, "waiting": False}],
        [{"at": 0, "width": 200, "waiting": False}, {"at": 200, "width": 160, "waiting": True}, {"at": 360, "width": 57, "waiting": False}],
        [{"at": 0, "width": 417, "waiting": False}, {"at": 417, "width": 583, "waiting": True}],
    ]
    rows = zip(names, lengths, waited, parts, strict=True)
    return {"bars": [{"label": a, "url": "#figures", "said": b, "more": c, "parts": d} for a, b, c, d in rows]}


def _lists(now: datetime) -> dict[str, Any]:
    names = _said(
        ["尼罗河移动 2026 年站点能源改造", "红海港务无线专网", "青尼罗水务远程抄表", "喀土穆机场容灾中心二期"],
        [
            "Nile Mobile site power renewal 2026",
            "Red Sea Ports private network",
            "Blue Nile Water remote metering",
            "Khartoum Airport second data centre, phase two",
        ],
    )
    accounts = _said(
        ["尼罗河移动通信公司", "红海港务局", "青尼罗水务", "喀土穆国际机场"],
        ["Nile Mobile", "Red Sea Ports Authority", "Blue Nile Water", "Khartoum International Airport"],
    )
    stages = _said(["方案", "投标", "机会点", "线索"], ["Solution", "Bid", "Opportunity", "Lead"])
    amounts = [Decimal("2105000"), Decimal("860000"), Decimal("42800.50"), Decimal("1284000000")]
    return {
        "columns": [
            {"label": _said("商机", "Deal"), "url": "?sort=name"},
            {"label": _said("客户", "Account"), "url": "?sort=account"},
            {"label": _said("阶段", "Stage")},
            {"label": _said("金额", "Amount"), "number": True, "url": "?sort=-amount", "sorted": "descending"},
            {"label": _said("到期", "Due"), "url": "?sort=due"},
        ],
        "rows": [
            [link("#tables", name), under(quoted(account), when(now)), quoted(stage), money(amount), when(now + timedelta(days=days))]
            for name, account, stage, amount, days in zip(names, accounts, stages, amounts, [0, 2, 9, 60], strict=True)
        ],
        "faulty_rows": [[under(link("#open-row", names[0]), "hear"), with_faults(240, [_said("至少要有两个台阶", "It needs two steps")])]],
        "faulty_after": [[under(link("#open-row", names[1]), "support"), 900]],
        "two_columns": [{"label": _said("姓名", "Name")}, {"label": _said("金额", "Amount"), "number": True}],
        "tabs": [
            {"url": "#tabs", "label": _said("全部", "All"), "count": 128, "current": True},
            {"url": "#tabs", "label": _said("我的", "Mine"), "count": 6},
            {"url": "#tabs", "label": _said("超时", "Overdue"), "count": 0},
            {"url": "#tabs", "label": _said("已关闭", "Closed")},
        ],
        "sum": _said("第 1–50 条，共 8,800 条", "1–50 of 8,800"),
        "gate_sum": _said("5 项中满足 2 项", "2 of 5 hold"),
        "entry_refused": _said(
            "李然请求通过方案评审，未通过：两个条件不满足。",
            "Li Ran asked to pass the solution gate; it stayed closed: two conditions do not hold.",
        ),
        "entry_called": _said(
            "流程向站点能源产品部发出支援请求，须在 16 工时内派人。",
            "The process called Site energy products; somebody must be named within 16 working hours.",
        ),
        "entry_moved": _said("商机进入阶段「方案」。", "The deal entered the stage “Solution”."),
        "process": _said("流程 iron-triangle-ltc 第 1 版", "the process, iron-triangle-ltc version 1"),
        "duty_hear": _said("听 2 条关键原话", "Hear 2 critical statements"),
        "duty_call": _said("给出支援结果：站点能源方案", "Deliver a result: site energy design"),
        "duty_vote": _said("在方案评审上表决", "Vote at the solution gate"),
        "duty_long": _said(
            "确认你在 11 月 20 日与尼罗河移动通信公司网络运维总监的会面中在场，并读过当时记录的全部三条原话",
            "Confirm that you were present on 20 November when Nile Mobile's director of network operations was met, "
            "and that you have read all three statements",
        ),
    }


def _fields(now: datetime) -> dict[str, Any]:
    return {
        "currencies": [("CNY", _said("人民币", "Renminbi")), ("USD", _said("美元", "US dollar"))],
        "categories": [
            {
                "value": "rival",
                "label": _said("竞争动向", "Competitor's move"),
                "help": _said("方案经理、代表处主任须听到", "must be heard by the solution manager and the head"),
            },
            {"value": "pay", "label": _said("付款条件", "Payment terms"), "help": _said("商务须听到", "must be heard by commercial")},
            {"value": "else", "label": _said("其他", "Something else")},
        ],
        "yes_no": [("yes", _said("同意", "Yes")), ("no", _said("不同意", "No")), ("none", _said("弃权", "Abstain"))],
        "met_at": now - timedelta(hours=2),
        "nothing": [],
    }
