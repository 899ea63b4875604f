"""What each table and column of a part means, for whoever edits it: a name, a sentence, and where the values of a cell come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from earshot.playbooks import models as rows
from earshot.playbooks.parts.waiting import ROOMS

# Where the values of a cell come from, beside the tables of the parts (`process/roles`).
UNITS, ADDRESSEES, CHECKS, POLICIES, SKILLS = "units", "addressees", "checks", "policies", "skills"
# What the parts are called.
NAMES = {
    rows.PROCESS: _("Stages, gates, roles and seats"),
    rows.SERVICE_LEVELS: _("Service levels"),
    rows.HEARING: _("Who must hear what"),
    rows.SUPPORT: _("What units owe"),
    rows.POLICIES: _("Policies"),
    rows.TEMPLATES: _("What is asked of the customer"),
    rows.MEASURES: _("Measures"),
}


@dataclass(frozen=True)
class Column:
    """`names`: what a cell names: `process/roles` (a row of that table), or one of those above. `words`: of each value that the form
    allows. `unit`: what a number counts."""

    title: Any
    meaning: Any
    names: str = ""
    words: Mapping[str, Any] = field(default_factory=dict)
    unit: Any = ""


@dataclass(frozen=True)
class Table:
    """`columns`: those that are this table's own; the others mean the same everywhere (`COMMON`)."""

    title: Any
    meaning: Any
    columns: Mapping[str, Column] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        return self.columns.get(name) or COMMON.get(name)


_ROLES, _STAGES, _GATES, _LEVELS = "process/roles", "process/stages", "process/gates", "service_levels/levels"
_UNIT = Column(pgettext_lazy("of the company", "Unit"), _("The unit of the company that owes it."), UNITS)
_LEVEL = Column(_("Service level"), _("Within what time; its ladder says who is told when it runs out."), _LEVELS)
_STAGE = Column(_("Stage"), _("The stage of the process that it stands for."), _STAGES)
_ROLE = Column(_("Role"), _("The role of the process that it is about."), _ROLES)
_SKILL = Column(
    _("Skill"),
    _("The skill that whoever does it must have; empty: none is asked for. A new one is first named in the table of skills."),
    SKILLS,
)
_PROFILES = {"light": _("light"), "standard": _("standard"), "strict": _("strict")}
_PROFILE = Column(
    _("Profile"), _("What the policies are called together, and how strict they are where nothing else is set."), words=_PROFILES
)
_SETTINGS = {"block": _("refuses"), "warn": _("warns, and it stands on the record"), "off": _("says nothing")}

COMMON: Mapping[str, Column] = {
    "code": Column(pgettext_lazy("of a row", "Code"), _("By it other rows and records name this one. Letters, digits, points, hyphens.")),
    "zh": Column(_("In Chinese"), _("What people read on Chinese pages.")),
    "en": Column(_("In English"), _("What people read on English pages.")),
    "when": Column(pgettext_lazy("of a row", "Only when"), _("The deals for which it holds, as a condition in CEL; empty: for all.")),
    "needs": Column(_("Condition"), _("What a deal must be, in CEL; the page Conditions lists the facts and tries one on a deal.")),
    "awaits": Column(_("Waits for"), _("The room that will read the row and is not built yet: until then it has no effect."), words=ROOMS),
}
SETTINGS: Mapping[str, Column] = {
    "profile": _PROFILE,
    "approved_by": Column(_("Approved by"), _("Whose approval a new version of this part needs before it begins.")),
}
_CONDITIONS = Table(_("Conditions"), _("What the gate asks of a deal besides votes, laws and checks."))

# Part → path of a table in it → what it means. A table in the rows of another is `gates/conditions`.
TABLES: Mapping[str, Mapping[str, Table]] = {
    rows.PROCESS: {
        "roles": Table(
            pgettext_lazy("of the process", "Roles"),
            _("Who works on a deal. Seats, deciders and hearers name them."),
            {
                "sells": Column(_("Sells"), _("A role of the sales side. Alone it never decides at a gate.")),
                "owner": Column(_("Holds the deal"), _("Whoever has this role holds the deal and leads its team.")),
            },
        ),
        "tiers": Table(
            _("Sizes of deals"),
            _("A deal has the first size whose condition holds; the last is for whatever is left, without a condition."),
        ),
        "steps": Table(
            pgettext_lazy("of the process", "Steps"),
            _("The steps that stages belong to; without any, the six of key accounts."),
            {"role": Column(_("Answers for it"), _("The role that answers for the step on a deal; empty: nobody is named."), _ROLES)},
        ),
        "stages": Table(
            pgettext_lazy("of the process", "Stages"),
            _("The way of a deal, in order; leaving the last one wins it."),
            {"step": Column(_("Step"), _("The step of a key-account project that the stage belongs to."), "process/steps")},
        ),
        "stages/entry": Table(_("To come in"), _("What a deal must be to come into the stage from the one before.")),
        "stages/exit": Table(_("To go on"), _("What a deal must be to leave the stage.")),
        "gates": Table(
            _("Gates"),
            _("The point where a stage may be left: who decides, and what is asked."),
            {
                "stage": Column(_("At the end of"), _("The stage that is left through this gate."), _STAGES),
                "question_zh": Column(_("Question in Chinese"), _("What those who vote are asked.")),
                "question_en": Column(_("Question in English"), _("What those who vote are asked.")),
                "deciders": Column(_("Who decides"), _("The roles whose votes the gate needs; sales alone is never enough."), _ROLES),
                "checks": Column(_("Further checks"), _("What the gate asks besides the laws."), CHECKS),
            },
        ),
        "gates/conditions": _CONDITIONS,
        "seats": Table(
            _("Seats"),
            _("The seats that every team begins with, each with the reason why it is wanted."),
            {
                "role": Column(_("Role"), _("Whoever takes the seat has this role on the deal."), _ROLES),
                "leader": Column(_("Leads"), _("The seat of whoever leads the team; exactly one has it.")),
            },
        ),
        "closing_reasons": Table(
            _("Why deals end"),
            _("The reasons to choose from when a deal is won, lost or given up; without any of a kind, words alone are asked for."),
            {
                "outcome": Column(
                    pgettext_lazy("how a deal ended", "Ended"),
                    _("Of deals that ended so."),
                    words={rows.WON: _("won"), rows.LOST: _("lost"), rows.GIVEN_UP: _("given up")},
                ),
                "competitor": Column(_("Names who won"), _("Whoever names this reason says, too, who won the deal instead.")),
            },
        ),
        "chains": Table(
            _("Decision chain"),
            _("The links that the chain of people who decide at the customer must have."),
            {"order_types": Column(_("Kinds of order"), _("Of which kinds of order the link is asked; empty: of all."))},
        ),
        "mandates": Table(
            _("Mandates"),
            _("Within which figures those who decide at a gate, up to a role, ask nobody further up; the narrowest first."),
            {
                "role": _ROLE,
                "unit": Column(pgettext_lazy("of the company", "Unit"), _("Only for people of this unit; empty: of every one."), UNITS),
                "gate": Column(_("Gate"), _("The gate at which it holds."), _GATES),
                "within": Column(_("Within"), _("The condition, in CEL; where it holds, the roles of later rows are not asked.")),
            },
        ),
        "green_channels": Table(
            _("Green channels"),
            _("Who may let a deal skip which gates, and by when what was skipped is made good."),
            {
                "grants": Column(_("Granted by"), _("The role that lets a deal pass."), _ROLES),
                "skips": Column(_("Skips"), _("The gates that need not be passed."), _GATES),
                "make_good_days": Column(_("Made good within"), _("By then what was skipped is made good."), unit=_("days")),
            },
        ),
    },
    rows.SERVICE_LEVELS: {
        "levels": Table(
            _("Limits"),
            _("Within what time something must be done, and who is told on the way."),
            {
                "measure": Column(
                    _("Counted in"),
                    _("Working time of the unit that owes it, or time by the clock."),
                    words={"working": _("working time"), "clock": _("time by the clock")},
                ),
                "minutes": Column(_("Limit"), _("How long it may take."), unit=_("minutes")),
                "serves": Column(
                    _("Also for"),
                    _("The messages, decisions, votes, leads or waits that this level holds for; empty: only for the rows that name it."),
                    words={
                        rows.ANSWER: _("messages that ask for an answer"),
                        rows.DIRECTIVE: _("directives"),
                        rows.DECISION: _("decisions asked of somebody outside the team"),
                        rows.LEAD: _("leads"),
                        rows.HAND_OVER: _("deals handed from one step to the next"),
                        rows.BLOCKED: _("work that waits for somebody"),
                        rows.VOTE: _("votes of a team that has begun to vote"),
                        rows.DISSENT: _("what somebody of the team is against"),
                    },
                ),
            },
        ),
        "levels/ladder": Table(
            _("Ladder"),
            _("Who is told as the limit runs out. Each step has either a share of the limit or an amount of minutes."),
            {
                "name": Column(
                    pgettext_lazy("of a step", "Step"), _("What the step is called in the journal: letters, digits, points and hyphens.")
                ),
                "addressee": Column(_("Who is told"), _("Found when the step is due: whoever then holds that part."), ADDRESSEES),
                "share": Column(_("At"), _("A share of the limit: 100 is the limit itself."), unit="%"),
                "minutes": Column(_("After"), _("An amount of time, counted as the limit is."), unit=_("minutes")),
            },
        ),
    },
    rows.HEARING: {
        "categories": Table(
            _("Categories"),
            _("What a customer's statement is about."),
            {"critical": Column(_("Critical"), _("Nobody votes at a gate before having heard every such statement of the deal."))},
        ),
        "hearers": Table(
            _("Who must hear"),
            _("Whoever has the role on a deal hears every statement of the category first-hand, within the limit."),
            {
                "category": Column(_("Category"), _("What the statement is about."), "hearing/categories"),
                "role": Column(_("Who must hear"), _("The role on the deal, or on its team."), _ROLES),
                "service_level": Column(_("Within"), _("By when it must be heard, and who is told if not."), _LEVELS),
            },
        ),
        "default": Table(
            _("Without a rule"),
            _("Who hears a statement that nobody has filed yet, or whose category has no rule. Exactly one row."),
            {
                "role": Column(_("Who must hear"), _("The role on the deal, or on its team."), _ROLES),
                "service_level": Column(_("Within"), _("By when it must be heard, and who is told if not."), _LEVELS),
            },
        ),
        "lead_sources": Table(
            pgettext_lazy("of the playbook", "Sources of leads"), _("Where a lead can come from, as it is chosen when one is recorded.")
        ),
        "lead_ratings": Table(
            _("Warmth of leads"),
            _("How warm a lead is, the coldest first."),
            {
                "demands": Column(
                    _("Known before"),
                    _("What must be known of a lead before it is rated so."),
                    words={
                        "account": _("the customer, as an account"),
                        "speaker": _("who said it"),
                        "when": _("when it was said"),
                        "verified": _("that somebody has verified it"),
                        "next_step": _("a next step with a day"),
                    },
                )
            },
        ),
    },
    rows.SUPPORT: {
        "catalogue": Table(
            _("Support catalogue"),
            _("What a unit owes to a deal: by which role and skill, within what time, and which result counts."),
            {
                "unit": _UNIT,
                "role": Column(_("By the role"), _("The role in which somebody of the unit does it."), _ROLES),
                "skill": _SKILL,
                "level": Column(_("At least at level"), _("Of the skill, 1 to 5; empty: any.")),
                "service_level": _LEVEL,
                "result_zh": Column(_("Result in Chinese"), _("What must lie on the table for the call to end.")),
                "result_en": Column(_("Result in English"), _("What must lie on the table for the call to end.")),
            },
        ),
        "triggers": Table(
            _("Triggers"),
            _("Entering the stage calls for the support, whoever moves the deal."),
            {"stage": _STAGE, "support": Column(_("Calls for"), _("The row of the catalogue that is called."), "support/catalogue")},
        ),
        "none_needed": Table(_("No support needed"), _("Stages that say openly that they call for nothing."), {"stage": _STAGE}),
        "skills": Table(_("Skills of the catalogue"), _("The skills that rows here may ask for, with what they are called.")),
        "specialties": Table(
            _("Specialties"),
            _("What types of service need, and which units have it."),
            {
                "role": Column(
                    _("Role"), _("Whoever brings the specialty to a team holds this role in one of the units, or below."), _ROLES
                ),
                "skill": Column(_("Skill"), _("And this skill; empty: the role is enough."), SKILLS),
                "level": Column(_("At least at level"), _("Of the skill, 1 to 5; empty: any.")),
                "units": Column(pgettext_lazy("of the company", "Units"), _("The units that have the specialty."), UNITS),
            },
        ),
        "services": Table(
            _("Types of service"),
            _("A deal carries one or several. What they need is shown on the deal with who covers it, and which seats its team lacks."),
            {
                "specialties": Column(
                    _("Needs"),
                    _("The specialties that it needs. Where no one unit has all that a deal needs, it is not carried by one unit alone."),
                    "support/specialties",
                )
            },
        ),
        "emergency_groups": Table(
            _("Emergency groups"),
            _("Two or three people of a unit who go out together."),
            {
                "unit": _UNIT,
                "role": _ROLE,
                "skill": _SKILL,
                "size": Column(pgettext_lazy("of a group", "People"), _("Two or three.")),
                "service_level": _LEVEL,
            },
        ),
    },
    rows.POLICIES: {
        "policies": Table(
            _("Policies"),
            _("What refuses, what only warns. The laws that have no switch do not stand here."),
            {
                "code": Column(_("Policy"), _("Which of the named policies it is."), POLICIES),
                "setting": Column(_("Setting"), _("Whether it refuses or only warns."), words=_SETTINGS),
            },
        ),
        "units": Table(
            _("Units in another profile"),
            _("A unit, with those below it, that stands in another profile than the company."),
            {"unit": Column(pgettext_lazy("of the company", "Unit"), _("The unit, with those below it."), UNITS), "profile": _PROFILE},
        ),
        "tiers": Table(
            _("Sizes in another profile"),
            _("Deals of a size that stand in another profile than the company."),
            {"tier": Column(_("Size"), _("The size of deals."), "process/tiers"), "profile": _PROFILE},
        ),
    },
    rows.TEMPLATES: {
        "templates": Table(
            _("Need templates"),
            _("What is asked of the customer before a need is handed on. Each belongs to the unit that needs the answers."),
            {
                "unit": Column(
                    pgettext_lazy("of the company", "Unit"), _("The unit that needs the answers; its head approves changes."), UNITS
                ),
                "category": Column(_("Category"), _("For statements of this category; empty: for all."), "hearing/categories"),
                "stage": Column(_("Stage"), _("From this stage on; empty: from the first."), _STAGES),
                "service_type": Column(_("Kind of service"), _("For this kind of service; empty: for all."), "support/services"),
            },
        ),
        "fields": Table(
            _("Fields"),
            _("The questions of a template, each with why it is asked, help, how to ask it, and an example."),
            {
                "template": Column(_("Template"), _("The template that the question belongs to."), "templates/templates"),
                "unit": Column(pgettext_lazy("of the company", "Unit"), _("The unit that needs this answer."), UNITS),
                "kind": Column(
                    _("Kind of answer"),
                    _("What is filled in."),
                    words={
                        "text": _("words"),
                        "number": _("a number"),
                        "date": _("a day"),
                        "choice": _("one of a list"),
                        "yes_no": _("yes or no"),
                    },
                ),
                "measured_in": Column(_("Measured in"), _("The unit of a number.")),
                "required": Column(_("Required"), _("Without it the need is not complete.")),
                "reason_zh": Column(_("Why, in Chinese"), _("Why it is asked, and what for.")),
                "reason_en": Column(_("Why, in English"), _("Why it is asked, and what for.")),
                "help_zh": Column(_("Help in Chinese"), _("What is meant, in plain words.")),
                "help_en": Column(_("Help in English"), _("What is meant, in plain words.")),
                "ask_zh": Column(_("To ask in Chinese"), _("The question to put to the customer.")),
                "ask_en": Column(_("To ask in English"), _("The question to put to the customer.")),
                "example_zh": Column(_("Example in Chinese"), _("A good answer.")),
                "example_en": Column(_("Example in English"), _("A good answer.")),
            },
        ),
        "fields/choices": Table(_("Choices"), _("The answers of which one is taken; at least two.")),
    },
    rows.MEASURES: {
        "measures": Table(
            _("Measures"),
            _("What is counted, how often, and what is aimed at."),
            {
                "counts": Column(_("Counts"), _("Code of what is counted.")),
                "period": Column(
                    _("Every"),
                    _("Over what time it is counted."),
                    words={"day": _("day"), "week": _("week"), "month": _("month"), "quarter": _("quarter"), "year": _("year")},
                ),
                "target": Column(_("Aim"), _("The figure that is aimed at.")),
                "points": Column(_("Points"), _("Given when it is reached, or taken when not.")),
                "unit": Column(pgettext_lazy("of the company", "Unit"), _("The unit that is measured; empty: every one."), UNITS),
            },
        )
    },
}


# A sentence in each language → both of them, as a form that is published says them.
InBoth = Callable[[Any], str]


def described(part: str, schema: Mapping[str, Any], both: InBoth) -> dict[str, Any]:
    """The form of a part with what each of its tables and columns is called (`title`) and means (`description`)."""

    def form(of_rows: Mapping[str, Any], place: str) -> dict[str, Any]:
        said = {}
        for name, held in of_rows["properties"].items():
            here = f"{place}/0/{name}" if place else name
            means = of(part, here) or column(part, place, name)
            words = {"title": both(means.title), "description": both(means.meaning)} if means else {}
            rows_of = {"items": form(held["items"], here)} if "properties" in held.get("items", {}) else {}
            said[name] = words | dict(held) | rows_of
        return dict(of_rows) | {"properties": said}

    return form(schema, "")


def of(part: str, place: str) -> Table | None:
    """What the table at the place means; `place`: `levels`, or with codes of rows in it, `levels/hear/ladder`."""
    return TABLES.get(part, {}).get("/".join(place.split("/")[::2]))


def column(part: str, table: str, name: str) -> Column | None:
    """What a column means; `table` empty: what stands at the top of the file."""
    if not table:
        return SETTINGS.get(name)
    known = of(part, table)
    return known.column(name) if known else COMMON.get(name)
