"""A part of the playbook edited as tables: a row is opened in its place, and each edit is one of the draft's text."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from earshot.desk.finding import find
from earshot.kit.problems import Refusal, Together, missing, wrong
from earshot.playbooks import actions, editing, parts, revisions, tables
from earshot.playbooks.editing import Found
from earshot.playbooks.models import PARTS, Revision
from earshot.playbooks.parts import meaning
from earshot.playbooks.parts.meaning import NAMES
from earshot.playbooks.queries import changes_of
from earshot.playbooks.registry import Impact
from earshot.playbooks.tables import ABSENT, Cell, Schema, Table, TableRow, Tables
from earshot.web import acts
from earshot.web.page import Done, Form, Page
from earshot.web.parts import ADDRESSEES
from earshot.web.tables import link, under, with_faults
from earshot.web.templatetags.looks import quoted
from earshot.web.views.revisions import impact_shown, lines_of
from earshot.web.wording import APPROVERS, LONG, Wording, differences_shown

FIRST_OF_ALL = ""  # which row a moved one follows, as the verb takes it
FIRST, LAST = "<", ""  # where a new row goes, beside the code of the row that it follows
_TITLES = ("code", "zh", "en", "name")


def _every_column() -> list[str]:
    names = dict.fromkeys(["c.approved_by"])
    for part in parts.BY_NAME.values():
        waiting = [part.schema]
        while waiting:
            form = waiting.pop(0)
            for name, of in form.get("properties", {}).items():
                if tables.is_table(of):
                    waiting.append(of["items"])
                else:
                    names[f"c.{name}[]" if of.get("type") == "array" else f"c.{name}"] = None
    return list(names)


@dataclass(frozen=True)
class Question:
    """A column as a form asks for it. `kind`: of `c-field`; `shown`: what stands in it at first."""

    name: str
    kind: str
    label: Any
    help: Any
    unit: Any
    optional: bool
    options: Sequence[tuple[str, str]]
    shown: Any
    blank: Any = ""
    number: bool = False


class Draft(Page):
    template = "web/draft.html"
    kind = "revision"
    live = True
    acts: ClassVar[Mapping[str, Sequence[str]]] = {
        "cells": ("place", "seen", "was", *_every_column()),
        "add": ("table", "after", "seen", *_every_column()),
        "remove": ("table", "code", "seen"),
        "move": ("table", "code", "after", "seen"),
        "undo": ("seen",),
    }
    thing: Revision
    part: str
    draft: editing.Draft
    read: Tables | None

    def seek(self) -> None:
        self.thing = find(self.person, "revision", self.kwargs["id"])
        self.part = self.kwargs["part"]
        if self.part not in PARTS:
            raise missing()
        self.draft = editing.draft(self.thing, self.part)
        self.read = None
        self.words = Wording(self.part, self.draft.named)
        try:
            self.read = self.draft.tables()
        except Refusal as unreadable:
            if unreadable.status == 404:
                raise

    # Acts

    def cells(self, posted: QueryDict) -> Done:
        """Those cells of a row that were typed into: what stood in the others is nobody's edit."""
        place = posted.get("place", "")
        form, cells = self._form_and_cells(place)
        was = _was(posted.get("was", ""))
        each, changed = Together(), {}
        for question in self.questions(self._above(place), form, cells):
            typed = _typed(posted, question)
            if typed != was.get(question.name, question.shown):
                where = f"{place}/{question.name}" if place else question.name
                changed[where] = each(self._value, form, question, typed, cells[question.name])
        each.refuse()
        if not changed:
            return Done(_("Nothing was changed."), self._at(place))
        actions.set_cells(
            by=self.by,
            revision=self.thing,
            part=self.part,
            cells=changed,
            seen=posted.get("seen", "") or None,
            place=place if place and len(changed) > 1 else "",
        )
        code = changed.get(f"{place}/code")
        return Done(self._written(), self._at(place, code))

    def _written(self) -> str:
        """That it is in the draft, and what the check says of it now."""
        n = len(editing.draft(self.thing, self.part).findings)
        if not n:
            return _("Written into the draft. It can be undone until it is approved.")
        said = ngettext("Written into the draft. The check finds %(n)s thing.", "Written into the draft. The check finds %(n)s things.", n)
        return said % {"n": n}

    def add(self, posted: QueryDict) -> Done:
        table = posted.get("table", "")
        form = self._form_of(table)
        after = posted.get("after", LAST)
        each, values = Together(), {}
        blank = {name: Cell("", name, ABSENT) for name in tables.columns(form)}
        for question in self.questions(table, form["items"], blank):
            typed = _typed(posted, question)
            if not question.optional and question.kind != "checkbox" and not typed:
                if not posted.get(f"c.{_twin(question.name)}"):
                    each(self._lacking, question)
                continue
            value = each(self._value, form["items"], question, typed, blank[question.name])
            if value is not ABSENT:
                values[question.name] = value
        each.refuse()
        actions.add_row(
            by=self.by,
            revision=self.thing,
            part=self.part,
            table=table,
            values=values,
            after={FIRST: "", LAST: None}.get(after, after),
            seen=posted.get("seen", "") or None,
        )
        return Done(self._written(), self._at(f"{table}/{values.get('code', '')}".rstrip("/")))

    def remove(self, posted: QueryDict) -> Done:
        table = posted.get("table", "")
        actions.remove_row(
            by=self.by, revision=self.thing, part=self.part, table=table, code=posted.get("code", ""), seen=posted.get("seen", "") or None
        )
        return Done(_("The row is out of the draft. Undo brings it back."), self._at(table))

    def move(self, posted: QueryDict) -> Done:
        """A row one place up or down; it stays open where it stands now."""
        table, code, after = posted.get("table", ""), posted.get("code", ""), posted.get("after", "")
        actions.move_row(
            by=self.by, revision=self.thing, part=self.part, table=table, code=code, after=after, seen=posted.get("seen", "") or None
        )
        if code.isdecimal() and after.isdecimal():
            code = after if int(code) < int(after) else str(int(after) + 1)
        elif code.isdecimal():
            code = "0"
        return Done(_("The row stands in its new place in the draft."), self._open(f"{table}/{code}"))

    def undo(self, posted: QueryDict) -> Done:
        last = editing.last_edit(self.draft.version) if self.draft.version is not None else None
        actions.undo(by=self.by, revision=self.thing, part=self.part, seen=posted.get("seen", "") or None)
        place = last.place if last else ""
        if not place:
            return Done(_("The last edit is taken back."), self.request.path)
        where = self.words.of_place(self.read, place) if self.read is not None else place
        self.draft = editing.draft(self.thing, self.part)
        with contextlib.suppress(Refusal):
            self.read = self.draft.tables()
        # A row that the edit had added is called by what stood there; one that it had taken out, by what stands there again.
        named = self.words.of_place(self.read, place) if where == place and self.read is not None else where
        return Done(_("Taken back: %(what)s") % {"what": named}, self._at(place.partition("/")[0]))

    def _lacking(self, question: Question) -> None:
        raise wrong(f"c.{question.name}", _("Please choose.") if question.options else _("Please fill this in."))

    def _value(self, form: Schema, question: Question, typed: Any, cell: Cell) -> Any:
        """What was typed, as the cell takes it; refused beside the field where it is of another kind."""
        of = form["properties"][question.name]
        kind = of.get("type")
        field = f"c.{question.name}"
        if kind == "boolean":
            return True if typed else ABSENT if question.optional and cell.value is not False else False
        if kind == "array":
            found = typed if isinstance(typed, list) else editing.as_typed(of, typed, field)
            return found or (ABSENT if question.optional else [])
        if not typed.strip() and (question.optional or kind in ("integer", "number") or of.get("enum")):
            if question.optional:
                return ABSENT
            raise wrong(field, _("Please fill this in."))
        return editing.as_typed(of, typed, field)

    # What the page shows

    def context(self) -> dict[str, Any]:
        draft, found = self.draft, Found()
        if self.read is not None:
            found = editing.findings_by_place(draft, self.read)
        changed = editing.changed_rows(draft)
        here = self._opened()
        asked = editing.touched_by(draft, "/".join(here.split("/")[:2])) if here else None
        known = {f"{one.table}/{one.code}" for one in changed}
        extra = [asked] if asked is not None and f"{asked.table}/{asked.code}" not in known else []
        # Whom a row touches is nothing for everybody who may read the text of what is approved (law 13).
        touched = editing.impacts([*changed, *extra]) if revisions.sees_impacts(self.person, self.thing) else {}
        last = editing.last_edit(draft.version) if draft.version is not None and self.may_write else None
        return {
            "name": NAMES[self.part],
            "unsent": self.may_write,
            "overtaken": self.refused is not None and self.refused.code == "stale",
            "up": {"url": acts.address("revision", self.thing.pk), "label": str(self.thing)},
            "other_parts": [{"url": self._address(part), "label": NAMES[part], "current": part == self.part} for part in PARTS],
            "may_write": self.may_write,
            "own_rows": self.may_write and self.units is not None,
            "closed": self.state != revisions.OPEN,
            "scheduled": self.state == revisions.SCHEDULED,
            "of_others": self._whose_row(),
            "readable": self.read is not None,
            "seen": draft.digest,
            "undo": {
                "place": self.words.of_place(self.read, last.place) if self.read is not None else last.place,
                "who": last.person.name if last.person else "",
                "at": last.at,
            }
            if last
            else None,
            "undo_at": last.place.partition("/")[0] if last else "",
            "undo_hidden": {"act": "undo", "seen": draft.digest},
            "findings": [{"sentence": one.as_line().sentence, "judged": True} for one in found.rest],
            "count": sum(len(each) for each in found.at.values()) + len(found.rest),
            "elsewhere": [
                {"url": self._address(part), "label": NAMES[part], "n": n}
                for part in PARTS
                if part != self.part and (n := sum(one.file == f"{part}.yaml" for one in draft.findings))
            ],
            "settings": self._settings(found),
            "tables": [self._table(table, found, touched) for table in self.read.tables.values()] if self.read else [],
            "differences": self._changes(touched),
            "lines": lines_of(changes_of(self.part, self.draft.in_force, self.draft.text)),
        }

    @property
    def state(self) -> str:
        return revisions.state_of(self.thing, revisions.versions_of(self.thing).values())

    @cached_property
    def may_write(self) -> bool:
        return self.state == revisions.OPEN and self.part in revisions.drafts_open_to(self.person)

    @cached_property
    def units(self) -> Collection[str] | None:
        """Whose rows alone the reader may write; None: all of them."""
        return revisions.rows_open_to(self.person, self.part)

    def _is_open_to_reader(self, place: str) -> bool:
        """Whether the reader may write the row at the place, or that in which it stands."""
        if not self.may_write or self.units is None:
            return self.may_write
        row = editing.row_at(self.read, "/".join(place.split("/")[:2])) if self.read is not None else None
        unit = row.cells.get("unit") if row is not None else None
        return unit is not None and unit.value in self.units

    def _whose_row(self) -> str:
        """The unit whose head alone writes the row that was asked for; empty where the reader may, or none was."""
        asked = self.request.GET.get("row", "")
        if not (asked and self.may_write and self.read is not None) or self._is_open_to_reader(asked):
            return ""
        row = editing.row_at(self.read, "/".join(asked.split("/")[:2]))
        unit = row.cells.get("unit") if row is not None else None
        return str(self.words.said("", "unit", unit)) if unit is not None and unit.written else ""

    def _opened(self) -> str:
        """The place of the row that is open: asked for, or sent and refused. Of a new row, its table with a slash behind it."""
        if self.typed is not None and self.typed.get("act") == "cells":
            return self.typed.get("place", "") or SETTINGS
        if self.typed is not None and self.typed.get("act") == "add":
            return f"{self.typed.get('table', '')}/"
        if not self.may_write:
            return ""
        adding = self.request.GET.get("add", "")
        opened = f"{adding}/" if adding else self.request.GET.get("row", "")
        return opened if "/" not in opened.rstrip("/") or self._is_open_to_reader(opened) else ""

    def _settings(self, found: Found) -> dict[str, Any] | None:
        """What stands at the top of the file beside its tables."""
        if self.read is None or not self.read.settings:
            return None
        schema = parts.BY_NAME[self.part].schema
        asked = self.questions("", schema, self.read.settings)
        return {
            "facts": [
                {
                    "label": one.label,
                    "value": self.words.said("", one.name, self.read.settings[one.name]) or _("sales operations"),
                    "faults": found.at.get(one.name, []),
                }
                for one in asked
            ],
            "url": self._open(SETTINGS) if self.may_write and self.units is None else "",
            "open": self._edited(SETTINGS, asked, found) if self._opened() == SETTINGS and self.may_write else None,
        }

    def _table(self, table: Table, found: Found, touched: Mapping[str, Impact]) -> dict[str, Any]:
        """A table as the page shows it: rows before the one that is open, that one, and those behind it."""
        means = meaning.of(self.part, table.place)
        opened = self._opened()
        columns = self._columns(table, found)
        rows: list[Any] = []
        after: list[Any] = []
        shown = None
        for row in table.rows:
            cells = self._cells(table, row, columns, found)
            (after if shown else rows).append(cells)
            if opened == row.place or opened.startswith(f"{row.place}/"):
                shown = self._open_row(table, row, found, touched)
        if opened == f"{table.place}/":
            shown = self._new_row(table)
        return {
            "place": table.place,
            "id": _id(table.place),
            "title": means.title if means else table.place,
            "meaning": means.meaning if means else "",
            "columns": [
                {"label": self._first(table)},
                *({"label": self.words.label(table.place, one), "number": _is_number(table, one)} for one in columns),
            ],
            "width": len(columns) + 1,
            "rows": rows,
            "after": after,
            "open": shown,
            "faults": found.at.get(table.place, []),
            "add_url": self._open(f"{table.place}/") if self._may_add(table) else "",
            "count": len(table.rows),
        }

    def _open_row(self, table: Table, row: TableRow, found: Found, touched: Mapping[str, Impact]) -> dict[str, Any]:
        schema = table.schema["items"]
        opened = self._opened()
        inside = opened != row.place
        shown = self._edited(row.place, [] if inside else list(self.questions(table.place, schema, row.cells)), found)
        return shown | {
            "title": self.words.title(row) or row.code,
            "inside": inside,
            "back": self._open(row.place),
            "faults": found.at.get(row.place, []),
            "inner": [self._table(inner, found, touched) for inner in row.tables.values()],
            "impact": impact_shown(touched.get(row.place)),
            "remove": {"act": "remove", "table": table.place, "code": row.code, "seen": self.draft.digest},
            "moves": self._moves(table, row) if not inside and self.units is None else [],
        }

    def _moves(self, table: Table, row: TableRow) -> list[dict[str, Any]]:
        """One place up, one down, as far as there are rows."""
        codes = [one.code for one in table.rows]
        at = codes.index(row.code)
        hidden = {"act": "move", "table": table.place, "code": row.code, "seen": self.draft.digest}
        found = []
        if at:
            found.append({"label": _("Move up"), "hidden": hidden | {"after": codes[at - 2] if at > 1 else FIRST_OF_ALL}})
        if at + 1 < len(codes):
            found.append({"label": _("Move down"), "hidden": hidden | {"after": codes[at + 1]}})
        return found

    def _edited(self, place: str, asked: Sequence[Question], found: Found) -> dict[str, Any]:
        """The form of a row: what was typed where it was refused, else what the draft says."""
        sent = self.typed if self.typed is not None and self.typed.get("act") == "cells" else None
        was = {one.name: one.shown for one in asked}
        if sent is not None:
            kept = _was(sent.get("was", ""))
            was |= {name: value for name, value in kept.items() if name in was}
        here = "" if place == SETTINGS else place
        return {
            "hidden": {"act": "cells", "place": here, "seen": self.draft.digest, "was": json.dumps(was, ensure_ascii=False)},
            "fields": [self._field(one, sent, found.at.get(f"{here}/{one.name}" if here else one.name, []), was) for one in asked],
            "close": self._at(here),
            "new": False,
        }

    def _new_row(self, table: Table) -> dict[str, Any]:
        sent = self.typed if self.typed is not None and self.typed.get("act") == "add" else None
        blank = {name: Cell("", name, ABSENT) for name in table.columns}
        places = [(LAST, _("At the end")), (FIRST, _("At the beginning"))]
        places += [(row.code, _("After “%(row)s”") % {"row": self.words.title(row) or row.code}) for row in table.rows]
        return {
            "hidden": {"act": "add", "table": table.place, "seen": self.draft.digest},
            "fields": [self._field(one, sent, [], {}) for one in self.questions(table.place, table.schema["items"], blank)],
            "places": places if table.rows else [],
            "after": sent.get("after", "") if sent is not None else "",
            "close": self._at(table.place),
            "new": True,
        }

    def _field(self, one: Question, sent: QueryDict | None, faults: Sequence[Any], was: Mapping[str, Any]) -> dict[str, Any]:
        value = one.shown
        error = " ".join(str(fault) for fault in faults)
        if sent is not None:
            typed = _typed(sent, one)
            value = one.shown if typed == was.get(one.name, ABSENT) else typed
            refused = self.refused.fields if self.refused else {}
            error = next((str(said) for name, said in refused.items() if name.rpartition("/")[2] in (one.name, f"c.{one.name}")), error)
        return {
            "name": f"c.{one.name}",
            "kind": one.kind,
            "label": one.label,
            "help": one.help,
            "unit": one.unit,
            "optional": one.optional and one.kind != "checkbox",
            "options": one.options,
            "blank": one.blank,
            "value": value,
            "error": error,
            "rows": 2,
            # Not a field of numbers: of what is none, a browser hands over nothing at all, and what was typed would be lost.
            "inputmode": "decimal" if one.number else "",
        }

    def questions(self, table: str, form: Schema, cells: Mapping[str, Cell]) -> list[Question]:
        """The columns of a row as questions, the words that people read first."""
        names = [name for name, of in form["properties"].items() if not tables.is_table(of)]
        found = []
        for name in sorted(names, key=lambda name: name not in ("code", "zh", "en")):
            of, means = form["properties"][name], meaning.column(self.part, table, name)
            options = self._options(table, name, of, cells[name])
            # What only a programmer would write into a new row, and what nothing can be named for, is no question.
            none_to_name = means is not None and means.names and not options and of.get("type") == "array"
            if (name == "awaits" or none_to_name) and name not in form.get("required", ()) and not cells[name].written:
                continue
            optional = name not in form.get("required", ())
            kind = _kind(name, of, bool(options))
            found.append(
                Question(
                    name=name,
                    kind=kind,
                    label=means.title if means else name,
                    help=means.meaning if means else "",
                    unit=means.unit if means else "",
                    optional=optional,
                    options=options,
                    shown=_shown(cells[name], kind),
                    blank=_("nothing") if optional else _("Choose"),
                    number=of.get("type") in ("integer", "number"),
                )
            )
        return found

    def _options(self, table: str, name: str, of: Schema, cell: Cell) -> list[tuple[str, str]]:
        means = meaning.column(self.part, table, name)
        options: list[tuple[str, str]] = []
        if "anyOf" in of:
            units = self.words.names(meaning.UNITS)
            options = [(code, str(words)) for code, words in APPROVERS.items() if code == "operations" or self.part == "templates"]
            options += [(f"head_of:{code}", _("the head of %(unit)s") % {"unit": unit}) for code, unit in units]
        elif "enum" in of:
            options = [(str(one), str(means.words.get(one, one)) if means else str(one)) for one in of["enum"]]
        elif means is not None and means.names == meaning.ADDRESSEES:
            options = [(code, str(words)) for code, words in ADDRESSEES.items()]
        elif means is not None and means.names == meaning.UNITS and name == "unit" and self.may_write:
            options = self._owners()
        elif means is not None and means.names:
            options = self.words.names(means.names)
        values = cell.value if isinstance(cell.value, list) else [_as_text(cell.value)]
        known = {value for value, _label in options}
        lost = [(str(one), str(one)) for one in values if one != "" and str(one) not in known] if options else []
        return options + lost

    def _owners(self) -> list[tuple[str, str]]:
        """The units to which the reader may give a row: his or her own, unless all of the part is open to the reader."""
        return [(code, unit) for code, unit in self.words.names(meaning.UNITS) if self.units is None or code in self.units]

    def _columns(self, table: Table, found: Found) -> list[str]:
        """Those that stand in the table: not the words of the other language, not what is long, not what no row says."""
        other = "_zh" if (get_language() or "").startswith("en") else "_en"
        kept = []
        for name, of in table.schema["items"]["properties"].items():
            if (
                name in _TITLES
                or name.endswith(other)
                or (of.get("maxLength", 0) > LONG and not name.endswith(("when", "needs", "within")))
            ):
                continue
            if tables.is_table(of):
                said = any(row.tables[name].rows for row in table.rows)
            else:
                said = any(row.cells[name].written or row.cells[name].place in found.at for row in table.rows)
            if said:
                kept.append(name)
        return kept

    def _cells(self, table: Table, row: TableRow, columns: Sequence[str], found: Found) -> list[Any]:
        title = self.words.title(row)
        words = link(self._open(row.place), title or row.code) if self._is_open_to_reader(row.place) else quoted(title or row.code)
        own = [name for name in _TITLES if name in row.cells]
        hidden = [name for name in row.cells if name not in columns]
        faults = [
            *found.at.get(row.place, []),
            *(each for name in dict.fromkeys([*own, *hidden]) for each in found.at.get(row.cells[name].place, [])),
        ]
        code = row.cells["code"].value if "code" in row.cells and row.cells["code"].written else row.code
        line = [with_faults(under(words, quoted(str(code)) if title and "code" in row.cells else ""), faults)]
        for name in columns:
            if name in row.tables:
                inner = row.tables[name]
                faults = [
                    each for place, said in found.at.items() if place == inner.place or place.startswith(f"{inner.place}/") for each in said
                ]
                line.append(with_faults(quoted("; ".join(self.words.summary(inner))), faults))
            else:
                line.append(with_faults(self.words.said(table.place, name, row.cells[name]), found.at.get(row.cells[name].place, [])))
        return line

    def _changes(self, touched: Mapping[str, Impact]) -> list[dict[str, Any]]:
        """What it says otherwise than what is in force, row by row, each with whom the row touches."""
        found = differences_shown(self.words.differences(self.draft.in_force, self.draft.text))
        return [one | {"impact": impact_shown(touched.get("/".join(one["place"].split("/")[:2])))} for one in found]

    def forms(self) -> dict[str, Form]:
        return {}

    # Where things are

    def _form_of(self, table: str) -> Schema:
        form = tables.form_of(table, parts.BY_NAME[self.part].schema) if table else None
        if form is None or not tables.is_table(form):
            raise missing()
        return form

    def _form_and_cells(self, place: str) -> tuple[Schema, Mapping[str, Cell]]:
        if self.read is None:
            raise missing()
        if not place:
            return parts.BY_NAME[self.part].schema, self.read.settings
        row = editing.row_at(self.read, place)
        if row is None:
            gone = _("This row is not in the draft any more: somebody took it out, or gave it another code, after you opened it.")
            raise Refusal("playbook.row_gone", gone, status=409)
        return self._form_of(self._above(place))["items"], row.cells

    def _above(self, place: str) -> str:
        return place.rpartition("/")[0]

    def _first(self, table: Table) -> Any:
        """What the first column is called: by it a row is named."""
        return self.words.label(table.place, "name") if "name" in table.columns else pgettext("of a row", "Name")

    def _may_add(self, table: Table) -> bool:
        mine = self.may_write if "/" not in table.place else self._is_open_to_reader(table.place)
        return mine and bool(len(table.rows) < table.schema.get("maxItems", 10_000))

    def _address(self, part: str) -> str:
        return reverse("revision_part", kwargs={"id": self.thing.pk, "part": part})

    def _open(self, place: str) -> str:
        asked = {"add": place[:-1]} if place.endswith("/") else {"row": place}
        return f"{self.request.path}?{urlencode(asked)}#open"

    def _at(self, place: str, code: Any = None) -> str:
        """The page, at the table in which the place is; inside of a row, with that row open."""
        steps = place.split("/") if place else []
        if len(steps) > 2:
            return f"{self.request.path}?{urlencode({'row': '/'.join(steps[:2])})}#open"
        return f"{self.request.path}#{_id(steps[0])}" if steps else self.request.path


SETTINGS = "."  # the place of what stands at the top of a file


def _id(place: str) -> str:
    return "t-" + "-".join(place.split("/"))


def _twin(column: str) -> str:
    """The same words in the other language; empty for what is no words."""
    stem, tongue = column[:-2], column[-2:]
    return stem + {"zh": "en", "en": "zh"}[tongue] if tongue in ("zh", "en") and stem in ("", f"{stem[:-1]}_") else ""


def _was(sent: str) -> dict[str, Any]:
    try:
        found = json.loads(sent)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _typed(posted: QueryDict, question: Question) -> Any:
    name = f"c.{question.name}"
    if question.kind == "checkboxes":
        return posted.getlist(name)
    if question.kind == "checkbox":
        return bool(posted.get(name))
    return posted.get(name, "").replace("\r\n", "\n")


def _kind(name: str, of: Schema, options: bool) -> str:
    if of.get("type") == "boolean":
        return "checkbox"
    if of.get("type") == "array":
        return "checkboxes" if options else "text"
    if options or "enum" in of or "anyOf" in of:
        return "select"
    return "textarea" if of.get("maxLength", 0) > LONG or name in ("when", "needs", "within") else "text"


def _shown(cell: Cell, kind: str) -> Any:
    value = cell.value
    if kind == "checkbox":
        return value is True
    if kind == "checkboxes":
        return [str(one) for one in value] if isinstance(value, list) else []
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _as_text(value)


def _as_text(value: Any) -> str:
    if value is ABSENT or value is None:
        return ""
    if isinstance(value, dict):
        return f"head_of:{value.get('head_of', '')}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _is_number(table: Table, name: str) -> bool:
    return bool(table.schema["items"]["properties"][name].get("type") in ("integer", "number"))
