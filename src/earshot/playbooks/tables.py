"""The text of a part, read and edited as tables. Pure. An edit splices the characters of the cell or row that it is about into the text;
every other character stays, and what is not possible that way is refused.

Why not ruamel.yaml, which is made to round-trip: version 0.19 gave back the shipped pack to the byte (told to indent as that does, and
never to fold), but of a file with CR LF every line end, and of one written by somebody else the indentation of its lists, `{a: 1 }`,
columns set in line, `[{a: 1}, {b: 2}]` (as `[a: 1, b: 2]`) and `"\\u00e9"`, none of which the edit was about. The marks of
`yaml.compose` say where each value stands; the rest is below.

A place is a path as findings give it: `levels/hear/minutes`, `levels/hear/ladder/0/share`, `profile`. A step into a list is the code of
a row, or its number from 0 where no row has it as its code.

Which comment belongs to a row. One that stands behind its dash, or deeper than that below it, is part of it. One right above it, at the
column of the dash, is about the rows from there to the next such comment, empty line or end of the table: where that is this row alone, it
is its own, and goes where the row goes; where there are more, it is their heading, and stays.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

import yaml
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import Refusal, missing, say, wrong

Schema = Mapping[str, Any]
ABSENT = object()  # the value of a cell that is taken away
_BREAKS = "\r\n\x85\u2028\u2029"
_LINE_END = re.compile(f"[{_BREAKS}]")
MOST_REMEMBERED = 100_000  # characters of a text whose nodes are kept for the next look; they are only read
_INDENT = 2  # columns, of what is written where nothing stands beside it


@dataclass(frozen=True)
class Cell:
    """`value`: as read; `ABSENT` where nothing is written. `line`: counted from 1, of what is written."""

    place: str
    column: str
    value: Any
    line: int | None = None

    @property
    def written(self) -> bool:
        return self.value is not ABSENT


@dataclass(frozen=True)
class TableRow:
    """`code`: by which the row is addressed: its own, or its number in the table."""

    code: str
    place: str
    line: int
    cells: Mapping[str, Cell]
    tables: Mapping[str, Table]


@dataclass(frozen=True)
class Table:
    """`columns`: names of cells, in the order of the form; `written`: whether the file has the table at all."""

    place: str
    schema: Schema
    rows: Sequence[TableRow] = ()
    written: bool = True

    @property
    def columns(self) -> list[str]:
        return columns(self.schema)


@dataclass(frozen=True)
class Tables:
    """A part as its file says it. `settings`: what stands at its top beside the tables."""

    settings: Mapping[str, Cell]
    tables: Mapping[str, Table] = field(default_factory=dict)

    def every(self) -> Iterator[Table]:
        """Each table, and those in its rows."""
        waiting = list(self.tables.values())
        while waiting:
            table = waiting.pop(0)
            yield table
            waiting[:0] = [inner for row in table.rows for inner in row.tables.values()]


def is_table(form: Schema) -> bool:
    """Whether the form is one of a list of rows."""
    return form.get("type") == "array" and form.get("items", {}).get("type") == "object"


def columns(schema: Schema) -> list[str]:
    """The names of the cells of a row, in the order of the form."""
    return [name for name, form in _properties(schema).items() if not is_table(form)]


def form_of(place: str, schema: Schema) -> Schema | None:
    """The form of the table, row or cell at the place; None where the part has no such."""
    form: Schema = schema
    for step in place.split("/") if place else []:
        if form.get("type") == "array":
            form = form["items"]
        elif step in form.get("properties", {}):
            form = form["properties"][step]
        else:
            return None
    return form


def read(text: str, schema: Schema) -> Tables:
    """The text of a part as tables. Refused where it is no YAML, or not a list of names at its top: then it is mended as a text."""
    root = _composed(text)
    top = root if isinstance(root, yaml.MappingNode) else None
    settings, tables = {}, {}
    for name, form in _properties(schema).items():
        node = _inside(top, name)
        if is_table(form):
            tables[name] = _table(name, form, node)
        else:
            settings[name] = _cell(name, name, node)
    return Tables(settings, tables)


def set_cell(text: str, place: str, value: Any) -> str:
    """The text with this value in the cell: a text, a number, true or false, or a list or mapping of such; `ABSENT` takes an optional
    cell away. A cell that is not there yet is written."""
    *above, name = place.split("/")
    edit = _Edit(text)
    holder = edit.at(above)
    if isinstance(holder, yaml.SequenceNode):
        number = _number(holder, name)
        if number is None:
            raise missing()
        edit.expect(above, lambda held: _set_item(held, number, value))
        if value is ABSENT:
            edit.remove_item(holder, number, edit.holding(above))
        else:
            edit.rewrite(holder.value[number], value, in_flow=_is_flow(holder))
        return edit.done()
    if not isinstance(holder, yaml.MappingNode):
        raise missing()
    node = _inside(holder, name)
    if node is not None and value is not ABSENT and _same(_value(node), value):
        return text
    edit.expect(above, lambda held: _set_key(held, name, value))
    if value is ABSENT:
        if node is not None:
            edit.remove_key(holder, name)
    elif node is None:
        edit.insert_key(holder, name, value)
    else:
        edit.rewrite(node, value, in_flow=_is_flow(holder), key=_key(holder, name))
    return edit.done()


def add_row(text: str, table: str, values: Mapping[str, Any], after: str | None = None, columns: Collection[str] = ()) -> str:
    """The text with one more row in the table (`levels`, `levels/hear/ladder`), which is begun where the file has none. `after`: code or
    number of the row that it follows; None: at the end; empty: at the beginning. It is written as its neighbour is, the columns in that
    order, those that the neighbour has not in the order of `columns`."""
    *above, name = table.split("/")
    edit = _Edit(text)
    holder = edit.at(above)
    if holder is None and not above:
        return edit.begin(name, [dict(values)])
    if not isinstance(holder, yaml.MappingNode):
        raise missing()
    node = _inside(holder, name)
    rows = node.value if isinstance(node, yaml.SequenceNode) else []
    place = len(rows)
    if after is not None:
        follows = _number(node, after) if after else -1
        if follows is None:
            raise wrong("after", say(_("There is no row “{code}” that it could follow."), code=after))
        place = follows + 1
    neighbour = rows[place - 1 if place else 0] if rows else None
    row = _ordered(values, [key.value for key, _held in neighbour.value] if isinstance(neighbour, yaml.MappingNode) else [], columns)
    edit.expect(above, lambda held: _insert_row(held, name, place, row))
    if isinstance(node, yaml.SequenceNode) and rows:
        edit.insert_item(node, place, row)
    elif node is None:
        edit.insert_key(holder, name, [row])
    else:
        edit.rewrite(node, [row], in_flow=_is_flow(holder), key=_key(holder, name))
    return edit.done()


def remove_row(text: str, table: str, code: str) -> str:
    """The text without the row with this code or number; of the last one, an empty list is left."""
    steps = table.split("/")
    edit = _Edit(text)
    node = edit.at(steps)
    number = _number(node, code)
    if number is None or not isinstance(node, yaml.SequenceNode):
        raise missing()
    edit.expect(steps, lambda held: held.pop(number))
    edit.remove_item(node, number, edit.holding(steps))
    return edit.done()


def move_row(text: str, table: str, code: str, after: str | None = None) -> str:
    """The text with the row of this code or number in another place of its table, with the comment that is its own. `after`: code or number
    of the row that it then follows; None: at the end; empty: at the beginning."""
    steps = table.split("/")
    edit = _Edit(text)
    node = edit.at(steps)
    number = _number(node, code)
    if number is None or not isinstance(node, yaml.SequenceNode):
        raise missing()
    follows = len(node.value) - 1 if after is None else _number(node, after) if after else -1
    if follows is None:
        raise wrong("after", say(_("There is no row “{code}” that it could follow."), code=after))
    place = follows if number <= follows else follows + 1
    if place == number or follows == number:
        return text
    edit.expect(steps, lambda held: held.insert(place, held.pop(number)))
    edit.move_item(node, number, place)
    return edit.done()


# Reading


def _properties(schema: Schema) -> Mapping[str, Any]:
    form = schema["items"] if schema.get("type") == "array" else schema
    return form.get("properties", {})  # type: ignore[no-any-return]  # a JSON Schema is untyped


def _table(place: str, form: Schema, node: yaml.Node | None) -> Table:
    if not isinstance(node, yaml.SequenceNode):
        return Table(place, form, written=node is not None)
    codes = [_code(row) for row in node.value]
    rows = []
    for number, row in enumerate(node.value):
        code = codes[number] if codes[number] and codes.index(codes[number]) == number else str(number)
        here = f"{place}/{code}"
        cells, inner = {}, {}
        for name, of in _properties(form).items():
            held = _inside(row, name)
            if is_table(of):
                inner[name] = _table(f"{here}/{name}", of, held)
            else:
                cells[name] = _cell(f"{here}/{name}", name, held)
        rows.append(TableRow(code, here, row.start_mark.line + 1, cells, inner))
    return Table(place, form, rows)


def _cell(place: str, column: str, node: yaml.Node | None) -> Cell:
    if node is None:
        return Cell(place, column, ABSENT)
    return Cell(place, column, _value(node), node.start_mark.line + 1)


@lru_cache(maxsize=32)
def _remembered(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _composed(text: str) -> yaml.Node | None:
    try:
        node = _remembered(text) if len(text) <= MOST_REMEMBERED else yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _unreadable() from None
    return node


def _unreadable() -> Refusal:
    return Refusal("playbook.unreadable", _("This text cannot be read as tables. Mend it as a text first."), status=409)


def _value(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError):  # a day that is not in the calendar: what was typed
        return node.value
    finally:
        loader.dispose()


def _inside(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """What a mapping holds under the key; where that stands twice, what a reader takes: the last."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in reversed(node.value) if key.value == name), None)


def _key(node: yaml.MappingNode, name: str) -> yaml.Node:
    return next(  # type: ignore[no-any-return]  # nodes of yaml are untyped
        key for key, _held in reversed(node.value) if key.value == name
    )


def _code(node: yaml.Node) -> str:
    held = _inside(node, "code")
    return held.value if isinstance(held, yaml.ScalarNode) else ""


def _number(node: yaml.Node | None, step: str) -> int | None:
    """The number of the row that the step means."""
    if not isinstance(node, yaml.SequenceNode):
        return None
    by_code = next((number for number, row in enumerate(node.value) if step and _code(row) == step), None)
    if by_code is None and step.isascii() and step.isdecimal() and int(step) < len(node.value):
        return int(step)
    return by_code


# Writing


class _Edit:
    """One edit of a text: the pieces to put in, and what the text must say afterwards."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = _composed(text)
        self.expected: Any = _value(self.root) if self.root is not None else None
        self.pieces: list[tuple[int, int, str]] = []

    # Where things stand

    def at(self, steps: Sequence[str]) -> yaml.Node | None:
        """The node at the place; not there: 404."""
        node: Any = self.root
        for step in steps:
            if isinstance(node, yaml.SequenceNode):
                number = _number(node, step)
                node = node.value[number] if number is not None else None
            else:
                node = _inside(node, step)
            if node is None:
                raise missing()
        return node  # type: ignore[no-any-return]  # nodes of yaml are untyped

    def holding(self, steps: Sequence[str]) -> yaml.Node | None:
        """The key under which the place stands, where a mapping holds it."""
        above = self.at(steps[:-1])
        return _key(above, steps[-1]) if isinstance(above, yaml.MappingNode) else None

    def expect(self, steps: Sequence[str], change: Callable[[Any], object]) -> None:
        """What the text says at the place is changed by `change`; nothing else is."""
        self.expected = copy.deepcopy(self.expected)
        held, node = self.expected, self.root
        for step in steps:
            if isinstance(node, yaml.SequenceNode):
                number = _number(node, step)
                assert number is not None, "`at` was asked first"
                held, node = held[number], node.value[number]
            else:
                held, node = held[step], _inside(node, step)
        change(held)

    def done(self) -> str:
        """The text with its pieces; refused where it would not say exactly what was meant."""
        new = self.text
        for start, end, piece in sorted(self.pieces, reverse=True):
            new = new[:start] + piece + new[end:]
        try:
            said = yaml.safe_load(new)
        except (yaml.YAMLError, ValueError, RecursionError):
            said = ABSENT
        if not _same(said, self.expected):
            sentence = _("This cannot be written here without changing what stands around it. Change it in the text.")
            raise Refusal("playbook.entangled", sentence, status=409)
        return new

    def line_start(self, index: int) -> int:
        while index and self.text[index - 1] not in _BREAKS:
            index -= 1
        return index

    def line_end(self, index: int) -> int:
        """Where the line ends, before its line end."""
        found = _LINE_END.search(self.text, index)
        return found.start() if found else len(self.text)

    def next_line(self, index: int) -> int:
        end = self.line_end(index)
        return end + (2 if self.text.startswith("\r\n", end) else 1) if end < len(self.text) else end

    def break_at(self, index: int) -> str:
        """The line end that is used there; else the first of the text."""
        for end in (self.line_end(index), self.line_end(0)):
            if end < len(self.text):
                return self.text[end : self.next_line(end)]
        return "\n"

    def end(self, node: yaml.Node) -> int:
        """The end of the last character of the node: of one in block style, the mark stands where the next thing begins."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self.end(last[1] if isinstance(last, tuple) else last) or node.end_mark.index
        end: int = node.end_mark.index
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            while end > node.start_mark.index and self.text[end - 1].isspace():
                end -= 1
        if isinstance(node, yaml.ScalarNode) and not node.value and node.style is None and end == node.start_mark.index:
            while end and self.text[end - 1].isspace():  # nothing is written; it "stands" somewhere behind its key
                end -= 1
        return end

    def column(self, index: int) -> int:
        return index - self.line_start(index)

    # Rewriting

    def put(self, start: int, end: int, piece: str) -> None:
        self.pieces.append((start, end, piece))

    def rewrite(self, node: yaml.Node, value: Any, *, in_flow: bool, key: yaml.Node | None = None) -> None:
        old = node.value if isinstance(node, yaml.SequenceNode) else None
        if old and isinstance(value, list) and value and not any(isinstance(one, dict) for one in value):
            return self._rewrite_list(node, value)
        start, end = node.start_mark.index, self.end(node)
        if isinstance(node, yaml.ScalarNode) and not isinstance(value, list | dict):
            if start >= end:  # `name:` and nothing
                at = self.after_colon(key) if key else start
                return self.put(at, at, f" {scalar(value, in_flow=in_flow)}")
            return self.put(start, end, scalar(value, in_flow=in_flow, like=node.style))
        if in_flow or key is None:
            return self.put(start, max(start, end), flow(value))
        # In block style: what was written behind the key goes, with its lines; a note behind the key stays.
        at = self.after_colon(key)
        in_line = flow(value) if not (isinstance(value, list) and any(isinstance(one, dict) for one in value)) else ""
        gone_from, gone_to = at, max(at, end)
        if not in_line and self.text[gone_to : self.line_end(gone_to)].strip() and start >= at:
            indent, line_end = self.indent_of_list(key), self.line_end(gone_to)
            self.put(at, gone_to, "")
            return self.put(line_end, line_end, self.lines(value, indent, self.break_at(at)))
        piece = f" {in_line}" if in_line else self.lines(value, self.indent_of_list(key), self.break_at(at))
        return self.put(gone_from, gone_to, piece)

    def indent_of_list(self, key: yaml.Node) -> int:
        return self.column(key.start_mark.index) + _INDENT

    def lines(self, rows: Sequence[Any], indent: int, line_end: str) -> str:
        """Rows of a list in block style, each begun by a line end."""
        pad = " " * indent
        return "".join(f"{line_end}{pad}- {flow(row)}" for row in rows)

    def after_colon(self, key: yaml.Node | None) -> int:
        assert key is not None, "a value in block style stands behind a key"
        return self.text.index(":", key.end_mark.index) + 1

    def _rewrite_list(self, node: yaml.Node, value: list[Any]) -> None:
        """Item by item, so that what stands beside those that stay does too."""
        old = [_value(one) for one in node.value]
        in_flow = _is_flow(node)
        was, will = ([f"{type(one).__name__} {one!r}" for one in side] for side in (old, value))
        steps = SequenceMatcher(None, was, will, autojunk=False).get_opcodes()
        if in_flow and any(
            tag in ("insert", "delete", "replace") and last - first != end - begin for tag, first, last, begin, end in steps
        ):
            inside = self.text[node.start_mark.index : node.end_mark.index]
            if "#" not in inside and not any(mark in inside for mark in _BREAKS):
                return self.put(node.start_mark.index, node.end_mark.index, flow(value))
        for tag, first, last, begin, end in steps:
            if tag == "equal":
                continue
            both = min(last - first, end - begin)
            for number in range(both):
                self.rewrite(node.value[first + number], value[begin + number], in_flow=in_flow)
            for number in range(first + both, last):
                self.remove_item(node, number, None)
            if begin + both < end:
                self._insert_items(node, last, value[begin + both : end])
        return None

    # Keys

    def insert_key(self, holder: yaml.MappingNode, name: str, value: Any) -> None:
        written = scalar(name, in_flow=True)
        if _is_flow(holder):
            if not holder.value:
                start = holder.start_mark.index
                return self.put(start, self.end(holder), "{" + f"{written}: {flow(value)}" + "}")
            at = self.end(holder.value[-1][1])
            return self.put(at, at, f", {written}: {flow(value)}")
        rows = isinstance(value, list) and any(isinstance(one, dict) for one in value)
        before = holder.value[-1]
        if not rows:  # cells before the tables of the row
            plain = [pair for pair in holder.value if not _holds_rows(pair[1])]
            before = plain[-1] if plain else before
        first: int = holder.value[0][0].start_mark.index
        indent = self.column(first)
        at = self.line_end(max(self.end(before[1]), before[0].end_mark.index))
        line_end = self.break_at(first)
        if not rows:
            return self.put(at, at, f"{line_end}{' ' * indent}{written}: {flow(value)}")
        return self.put(at, at, f"{line_end}{' ' * indent}{written}:{self.lines(value, indent + _INDENT, line_end)}")

    def begin(self, name: str, value: list[Any]) -> str:
        """The first table of a file that says nothing yet."""
        self.expected = {name: value}
        line_end, at = self.break_at(0), len(self.text)
        open_line = line_end if self.text and self.text[-1] not in _BREAKS else ""
        self.put(at, at, f"{open_line}{scalar(name, in_flow=True)}:{self.lines(value, _INDENT, line_end)}{line_end}")
        return self.done()

    def remove_key(self, holder: yaml.MappingNode, name: str) -> None:
        number = next(at for at in range(len(holder.value) - 1, -1, -1) if holder.value[at][0].value == name)
        key, value = holder.value[number]
        start, end = key.start_mark.index, max(self.end(value), self.after_colon(key))
        if len(holder.value) == 1:
            return self.put(holder.start_mark.index, max(end, self.end(holder)), "{}")
        if _is_flow(holder):
            before = self.end(holder.value[number - 1][1]) if number else holder.start_mark.index + 1
            return self._cut_from_flow(before, start, end, first=number == 0)
        if self.text[self.line_start(start) : start].strip():  # the first of its row, behind the dash
            following: int = holder.value[1][0].start_mark.index
            noted = "#" in self.text[self.line_end(end) : following]
            return self.put(start, end if noted else following, "")
        return self._cut_lines(start, end)

    # Items

    def insert_item(self, node: yaml.SequenceNode, place: int, row: Mapping[str, Any]) -> None:
        if _is_flow(node):
            return self._insert_items(node, place, [row])
        neighbour = node.value[place - 1 if place else 0]
        if not isinstance(neighbour, yaml.MappingNode) or _is_flow(neighbour):
            return self._insert_items(node, place, [row])
        dash = node.start_mark.column
        inner: int = neighbour.value[0][0].start_mark.column
        if self.line_start(neighbour.start_mark.index) != self.line_start(self.dash(node, node.value.index(neighbour))):
            inner = dash + _INDENT
        lines = [f"{' ' * dash}-{' ' * (inner - dash - 1)}", ""]
        cells = []
        line_end = self.break_at(neighbour.start_mark.index)
        for name, value in row.items():
            rows = isinstance(value, list) and any(isinstance(one, dict) for one in value)
            written = self.lines(value, inner + self.depth(neighbour), line_end) if rows else f" {flow(value)}"
            cells.append(f"{scalar(name, in_flow=True)}:{written}")
        lines = [lines[0] + cells[0], *(" " * inner + cell for cell in cells[1:])]
        return self._insert_lines(node, place, line_end.join(lines), line_end)

    def depth(self, row: yaml.MappingNode) -> int:
        """How far the lists of the row stand inside of it."""
        for key, value in row.value:
            if isinstance(value, yaml.SequenceNode) and not value.flow_style and value.value:
                return max(0, int(value.start_mark.column) - int(key.start_mark.column))
        return _INDENT

    def _insert_items(self, node: yaml.Node, place: int, items: Sequence[Any]) -> None:
        written = [flow(one) for one in items]
        if _is_flow(node):
            if place:
                at = self.end(node.value[place - 1])
                return self.put(at, at, "".join(f", {one}" for one in written))
            at = node.value[0].start_mark.index
            return self.put(at, at, "".join(f"{one}, " for one in written))
        line_end = self.break_at(node.start_mark.index)
        dash = " " * node.start_mark.column
        return self._insert_lines(node, place, line_end.join(f"{dash}- {one}" for one in written), line_end)

    def _insert_lines(self, node: yaml.Node, place: int, lines: str, line_end: str) -> None:
        if place:
            at = self.line_end(max(self.end(node.value[place - 1]), self.dash(node, place - 1) + 1))
            return self.put(at, at, line_end + lines)
        at = self.line_start(self.dash(node, 0))
        return self.put(at, at, lines + line_end)

    def dash(self, node: yaml.Node, number: int) -> int:
        """Where the dash of an item stands: in its line, or in one above it."""
        column, line = node.start_mark.column, self.line_start(node.value[number].start_mark.index)
        while not (self.text[line + column : line + column + 1] == "-" and not self.text[line : line + column].strip(" -")):
            if line <= node.start_mark.index - column:
                return int(node.start_mark.index)
            line = self.line_start(line - (2 if self.text[line - 2 : line] == "\r\n" else 1))
        return line + int(column)

    def remove_item(self, node: yaml.Node, number: int, key: yaml.Node | None) -> None:
        item = node.value[number]
        end = self.end(item)
        if _is_flow(node):
            if len(node.value) == 1:
                return self.put(node.start_mark.index, node.end_mark.index, "[]")
            before = self.end(node.value[number - 1]) if number else node.start_mark.index + 1
            return self._cut_from_flow(before, item.start_mark.index, end, first=number == 0)
        if len(node.value) == 1 and key is not None:
            at = self.after_colon(key)
            self.put(at, at, " []")
        return self.put(*self.lines_of_item(node, number), "")

    # Lines of an item in block style

    def lines_of_item(self, node: yaml.Node, number: int) -> tuple[int, int]:
        """Where its first line begins and the line behind its last: with the comment above it that is its own, and those in it."""
        first, last = self.line_start(self.dash(node, number)), self.behind_item(node, number)
        goes_on = number + 1 < len(node.value) and self.line_start(self.dash(node, number + 1)) == last
        return (first if goes_on else self.above_item(node, number)), last

    def above_item(self, node: yaml.Node, number: int) -> int:
        """Where the comment right above the item begins, at the column of its dash; else where its own first line does."""
        dash = self.dash(node, number)
        floor = self.behind_item(node, number - 1) if number else 0
        start = self.line_start(dash)
        while start > floor and self.is_comment(self.previous_line(start), self.column(dash)):
            start = self.previous_line(start)
        return start

    def behind_item(self, node: yaml.Node, number: int) -> int:
        """The line behind the last one of the item, with the comments that stand deeper than its dash."""
        dash = self.dash(node, number)
        at = self.next_line(max(self.end(node.value[number]), dash + 1))
        while at < len(self.text) and self.is_comment(at) and self.text.index("#", at) - at > self.column(dash):
            at = self.next_line(at)
        return at

    def previous_line(self, start: int) -> int:
        return self.line_start(start - (2 if self.text[start - 2 : start] == "\r\n" else 1))

    def is_comment(self, line: int, column: int | None = None) -> bool:
        """Whether the line that begins there holds nothing but a comment (at this column)."""
        written = self.text[line : self.line_end(line)]
        bare = written.lstrip(" ")
        return bare.startswith("#") and column in (None, len(written) - len(bare))

    def move_item(self, node: yaml.Node, number: int, place: int) -> None:
        """Item by item in flow style, each in the place of the one before or behind; else its lines, with the empty ones that part it."""
        if _is_flow(node):
            order = list(range(len(node.value)))
            order.insert(place, order.pop(number))
            for slot, item in enumerate(order):
                if slot != item:
                    there, here = node.value[slot], node.value[item]
                    self.put(there.start_mark.index, self.end(there), self.text[here.start_mark.index : self.end(here)])
            return None
        first, last = self.lines_of_item(node, number)
        gap_from, gap_to = self._gap(node, number, first, last)
        gap, body = self.text[gap_from:gap_to], self.text[first:last]
        line_end = self.break_at(first)
        at = self.lines_of_item(node, place)[0] if place < number else self.behind_item(node, place)
        cut_from, cut_to = min(first, gap_from), max(last, gap_to)
        if not body.endswith(tuple(_BREAKS)):  # the last line of the file
            cut_from -= len(line_end)
            body += line_end
        piece = body + gap if place < number else gap + body
        if place > number and at and self.text[at - 1] not in _BREAKS:
            piece = line_end + piece.removesuffix(line_end)
        self.put(cut_from, cut_to, "")
        return self.put(at, at, piece)

    def _gap(self, node: yaml.Node, number: int, first: int, last: int) -> tuple[int, int]:
        """The empty lines above an item; of the first, those below it."""
        if number:
            start, floor = first, self.behind_item(node, number - 1)
            while start > floor and not self.text[self.previous_line(start) : start].strip():
                start = self.previous_line(start)
            return start, first
        end = last
        while end < len(self.text) and not self.text[end : self.line_end(end)].strip():
            end = self.next_line(end)
        return last, end

    # Cutting

    def _cut_lines(self, start: int, end: int) -> None:
        self.put(self.line_start(start), self.next_line(end), "")

    def _cut_from_flow(self, before: int, start: int, end: int, *, first: bool) -> None:
        """An item out of `{…}` or `[…]`, with one of the commas around it."""
        follows = re.compile(r"[ \t]*,[ \t]*").match(self.text, end)
        between = self.text[before:start]
        if not first and "#" not in between and not any(mark in between for mark in _BREAKS):
            return self.put(before, end, "")
        if follows is None:  # in lines of its own and the last: a comma before the bracket is none too many
            return self.put(start, end, "")
        line, rest = self.line_start(start), self.line_end(follows.end())
        if not self.text[line:start].strip() and not self.text[follows.end() : rest].strip():
            return self.put(line, self.next_line(rest), "")
        return self.put(start, follows.end(), "")


def _is_flow(node: yaml.Node | None) -> bool:
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style or not node.value)


def _holds_rows(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not _is_flow(node)


def _set_key(held: dict[str, Any], name: str, value: Any) -> None:
    if value is ABSENT:
        held.pop(name, None)
    else:
        held[name] = value


def _set_item(held: list[Any], number: int, value: Any) -> None:
    if value is ABSENT:
        held.pop(number)
    else:
        held[number] = value


def _insert_row(held: dict[str, Any], name: str, place: int, row: Mapping[str, Any]) -> None:
    if not held.get(name):
        held[name] = []
    held[name].insert(place, dict(row))


def _ordered(values: Mapping[str, Any], like: Sequence[str], columns: Collection[str]) -> dict[str, Any]:
    order = [*like, *columns, *values]
    return {name: values[name] for name in dict.fromkeys(order) if name in values}


def _same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1 is neither true nor 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


# Values as they are written


def flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(name, in_flow=True)}: {flow(held)}" for name, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return scalar(value, in_flow=True)


def scalar(value: Any, *, in_flow: bool, like: str | None = None) -> str:
    """A text, number, true or false in one line: plain where that says it, else in quotation marks. `like`: the marks that it had."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    candidates = [_quoted(value)]
    if "\n" not in value and value.isprintable():
        single = "'" + value.replace("'", "''") + "'"
        candidates = {None: [value, _quoted(value)], "'": [single]}.get(like, candidates)
    return next((one for one in candidates if _reads_as(one, value, in_flow)), _quoted(value))


def _reads_as(written: str, value: str, in_flow: bool) -> bool:
    """Whether it says the value at the end of a line and, in flow style, also between commas."""
    around = ["- k: {0}\n  l: {0}\n", *(["{{k: {0}, l: {0}}}\n"] if in_flow else [])]
    try:
        said = [yaml.safe_load(one.format(written)) for one in around]
    except (yaml.YAMLError, ValueError):
        return False
    meant = {"k": value, "l": value}
    return said == [[meant], meant][: len(said)]


_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _quoted(value: str) -> str:
    """In double quotation marks, which can say everything."""
    return '"' + "".join(_escaped(one) for one in value) + '"'


def _escaped(one: str) -> str:
    if one in _NAMED:
        return _NAMED[one]
    if one == " " or (one.isprintable() and not "\ud800" <= one <= "\udfff"):
        return one
    number = ord(one)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
