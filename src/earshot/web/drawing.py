"""Templates drawn by Python code that is made of them once a process.

Django walks a template's nodes anew for every page: hundreds of them, a condition for each parameter of each component. Here the
nodes of a page, of what it extends and includes and of its components become one function each. What it draws is what Django
would draw, to the letter; a test compares the two for every page. A template with a node that is not known here is drawn by
Django (`Unknown`), and so is everything in debug mode.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from html import escape as html_escape
from typing import Any, cast
from weakref import WeakKeyDictionary

from django.template import TemplateSyntaxError, VariableDoesNotExist, base, defaulttags, library, loader_tags
from django.template.backends.django import DjangoTemplates
from django.template.backends.django import Template as BackendTemplate
from django.template.base import FilterExpression, Node, Variable
from django.template.context import make_context
from django.template.smartif import OPERATORS, TokenBase
from django.templatetags import i18n
from django.urls import reverse
from django.utils import translation
from django.utils.formats import localize
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeData, SafeString
from django.utils.timezone import template_localtime  # type: ignore[attr-defined]
from django_cotton.templatetags._component import AttrKind, CottonComponentNode
from django_cotton.templatetags._slot import CottonSlotNode
from django_cotton.templatetags._vars import CottonVarsNode

log = logging.getLogger(__name__)
Names = dict[str, Any]
Draw = Callable[[Names, Names], str]  # what the page or component knows; what every page knows


class Unknown(Exception):
    """A node that only Django can draw."""


class Templates(DjangoTemplates):
    """Django's templates, drawn as above."""

    def from_string(self, template_code: str) -> BackendTemplate:
        return Drawn(self.engine.from_string(template_code), self)

    def get_template(self, template_name: str) -> BackendTemplate:
        return Drawn(super().get_template(template_name).template, self)


class Drawn(BackendTemplate):
    def render(self, context: Any = None, request: Any = None) -> SafeString:
        template = self.template
        draw = None if template.engine.debug else drawing(template)
        if draw is None:
            return SafeString(super().render(context, request))
        made: Any = make_context(context, request, autoescape=self.backend.engine.autoescape)
        with made.bind_template(template):
            everywhere: Names = made.dicts[made._processors_index] if request is not None else {}
            names: Names = {}
            for layer in made.dicts:
                if layer is not everywhere:
                    names |= layer
            everywhere[_SAID] = _catalogs.setdefault(translation.get_language(), _Catalog())
            return SafeString(draw(names, everywhere))


_known: WeakKeyDictionary[Any, Draw | None] = WeakKeyDictionary()


def drawing(template: Any) -> Draw | None:
    """The function that draws this page, or None where only Django can."""
    if template not in _known:
        try:
            _known[template] = _Maker(template).page()
        except Unknown as unknown:
            log.info("%s is drawn by Django: %s", template.name, unknown)
            _known[template] = None
    return _known[template]


class _Component:
    """One component, drawn by one function wherever it stands. `defaults`: its parameters. `text`: all of it, where it is only text."""

    def __init__(self, template: Any) -> None:
        declared = [node for node in template.nodelist if isinstance(node, CottonVarsNode)]
        self.defaults: Names = {}
        for var in (var for node in declared for var in node._prepared_vars):
            if var.kind not in (AttrKind.STATIC, AttrKind.BOOLEAN):
                raise Unknown(f"the default of {var.key} is worked out")
            self.defaults[var.accessible_key] = var.value
        self.draw: Draw = _never
        self.text: str | None = None

    def fill(self, template: Any) -> None:
        self.draw, self.text = _Maker(template, {*self.defaults, "slot"}).component()


def _never(names: Names, everywhere: Names) -> str:
    raise AssertionError("a component is drawn before it is made")


_components: WeakKeyDictionary[Any, _Component] = WeakKeyDictionary()


def _component(template: Any) -> _Component:
    if template not in _components:
        made = _Component(template)
        _components[template] = made  # before it is filled: it may draw itself
        try:
            made.fill(template)
        except Unknown:
            del _components[template]
            raise
    return _components[template]


# The words stand in templates, where the catalogs find them; here they come as they are.
SAYS, SAYS_IN, COUNTS, COUNTS_IN = translation.gettext, translation.pgettext, translation.ngettext, translation.npgettext


class _Catalog(Names):
    """What sentences without values are in one language: message, or context and message → as they stand on a page."""

    def __missing__(self, message: Any) -> str:
        said = SAYS(message) if isinstance(message, str) else SAYS_IN(*message)
        self[message] = SafeString(said.replace("%%", "%"))
        return self[message]  # type: ignore[no-any-return]


# By language; the words of a house do not change while it runs. Where every page's names are, these stand under names of our own.
_catalogs: dict[str | None, _Catalog] = {}
_SAID, _TOKEN = " said", " token"

# What the made code calls.

_GONE: Any = object()
_BUILTINS = {"True": True, "False": False, "None": None}


def _look(names: Names, everywhere: Names, name: str, bits: Sequence[str], missing: Any) -> Any:
    """A variable with its parts, as `django.template.base.Variable` finds it; `missing` where there is none."""
    found = names.get(name, _GONE)
    if found is _GONE:
        found = everywhere.get(name, _GONE)
        if found is _GONE:
            found = _BUILTINS.get(name, _GONE)
            if found is _GONE:
                return missing
    if callable(found):
        found = _called(found)
    for bit in bits:
        try:
            found = _part(found, bit)
        except Exception as error:
            if getattr(error, "silent_variable_failure", False):
                return ""
            raise
        if found is _GONE:
            return missing
    return found


def _part(thing: Any, bit: str) -> Any:
    found = _GONE
    if hasattr(type(thing), "__getitem__"):
        with suppress(TypeError, AttributeError, KeyError, ValueError, IndexError):
            found = thing[bit]
    if found is _GONE:
        try:
            found = getattr(thing, bit)
        except (TypeError, AttributeError):
            if bit in dir(thing):
                raise
            try:
                found = thing[int(bit)]
            except (IndexError, ValueError, KeyError, TypeError):
                return _GONE
    return _called(found) if callable(found) else found


def _called(thing: Any) -> Any:
    if getattr(thing, "do_not_call_in_templates", False):
        return thing
    return "" if getattr(thing, "alters_data", False) else thing()


def _strict(found: Any, name: str) -> Any:
    if found is _GONE:
        raise VariableDoesNotExist("Failed lookup for [%s]", (name,))
    return found


def _shown(value: Any) -> str:
    """A value as it stands on a page: in the reader's time and numbers, escaped."""
    kind = type(value)
    if kind is SafeString:
        return value  # type: ignore[no-any-return]
    if kind is not str:
        value = localize(template_localtime(value))
        if not isinstance(value, str):
            value = str(value)
        return conditional_escape(value)
    return html_escape(value)


def _filtered(filter_: Callable[..., Any], value: Any, *arguments: Any) -> Any:
    """A filter that says something about itself: that it wants local time, or keeps what is safe."""
    if getattr(filter_, "expects_localtime", False):
        value = template_localtime(value)
    options = {"autoescape": True} if getattr(filter_, "needs_autoescape", False) else {}
    made = filter_(value, *arguments, **options)
    return SafeString(made) if getattr(filter_, "is_safe", False) and isinstance(value, SafeData) else made


def _compared(operator: str, left: Any, right: Any) -> bool:
    try:
        match operator:
            case "in":
                return left in right
            case "not in":
                return left not in right
            case ">":
                return bool(left > right)
            case ">=":
                return bool(left >= right)
            case "<":
                return bool(left < right)
        return bool(left <= right)
    except Exception:  # noqa: BLE001 - as in Django: what cannot be compared is not so
        return False


def _several(values: Any) -> Sequence[Any]:
    if values is None:
        return []
    return values if hasattr(values, "__len__") and hasattr(values, "__getitem__") else list(values)


def _unpacked(item: Any, number: int) -> Sequence[Any]:
    length = len(item) if hasattr(item, "__len__") else 1
    if length != number:
        raise ValueError(f"Need {number} values to unpack in for loop; got {length}.")
    return list(item)


def _loop(index: int, length: int, parent: Any) -> Names:
    return {
        "counter0": index,
        "counter": index + 1,
        "revcounter": length - index,
        "revcounter0": length - index - 1,
        "first": index == 0,
        "last": index == length - 1,
        "parentloop": parent,
    }


def _spread(values: Mapping[str, Any]) -> Names:
    return {name.replace("-", "_"): value for name, value in values.items()}


def _counted(one: str, many: str, count: Any, context: str | None) -> str:
    if not isinstance(count, int | float):
        raise TemplateSyntaxError("the counter of blocktranslate must be a number")
    return COUNTS_IN(context, one, many, count) if context else COUNTS(one, many, count)


def _put(sentence: str, source: str, values: Names) -> str:
    """A translated sentence with its values; the source where a translation names a value that there is not."""
    try:
        return sentence % values
    except (KeyError, ValueError):
        return source % values


def _csrf(everywhere: Names) -> str:
    """The same in every form of a page."""
    if _TOKEN not in everywhere:
        token = str(everywhere.get("csrf_token") or "")
        field = format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', token)
        everywhere[_TOKEN] = "" if token in ("", "NOTPROVIDED") else field
    return everywhere[_TOKEN]  # type: ignore[no-any-return]


RUNTIME: Names = {
    f.__name__: f for f in (_look, _strict, _shown, _filtered, _compared, _several, _unpacked, _loop, _spread, _counted, _put, _csrf)
} | {"_GONE": _GONE, "SafeString": SafeString, "escape": conditional_escape, "reverse": reverse, "gettext": SAYS,
     "pgettext": SAYS_IN, "get_language": translation.get_language}  # fmt: skip


class _Maker:
    """Writes the function of one template. `known`: names that are always there. In the made code `c` holds the names, `p` what every
    page knows, and `w0`, `w1` … write into the page and into what is drawn aside (a slot, an attribute)."""

    def __init__(self, template: Any, known: set[str] | None = None) -> None:
        self.template = template
        self.known = set(known or ())
        self.lines: list[str] = []
        self.depth = 1
        self.writer = "w0"
        self.numbers = iter(range(1, 1_000_000))
        self.constants: Names = {}
        self.blocks: dict[str, Any] = {}
        self.slots: list[str] = []
        self.asked: set[str] = set()  # names that were looked for

    # The functions.

    def page(self) -> Draw:
        self.nodes(self.unfolded(self.template))
        return self.function()

    def component(self) -> tuple[Draw, str | None]:
        nodes = [node for node in self.template.nodelist if not isinstance(node, CottonVarsNode)]
        self.nodes(nodes)
        quiet = base.TextNode | defaulttags.CommentNode | defaulttags.LoadNode
        text = "".join(node.s for node in nodes if isinstance(node, base.TextNode)) if all(isinstance(n, quiet) for n in nodes) else None
        return self.function(), text

    def function(self) -> Draw:
        source = "\n".join(["def draw(c, p):", " o0 = []", " w0 = o0.append", *self.lines, " return ''.join(o0)"])
        scope = {**RUNTIME, **self.constants}
        exec(  # noqa: S102 - the source is made here, of templates of ours
            compile(source, f"<drawing of {self.template.name}>", "exec"), scope
        )
        return scope["draw"]  # type: ignore[no-any-return]

    def unfolded(self, template: Any) -> Any:
        """The nodes of the outermost template that this one extends, with the blocks of the innermost."""
        first = next((node for node in template.nodelist if isinstance(node, loader_tags.ExtendsNode)), None)
        if first is None:
            return template.nodelist
        for name, block in first.blocks.items():
            self.blocks.setdefault(name, block)
        parent: Any = first.parent_name
        if parent.filters or not isinstance(parent.var, str):
            raise Unknown("what it extends is worked out")
        return self.unfolded(template.engine.get_template(parent.var))

    # Lines.

    def add(self, line: str) -> None:
        self.lines.append(" " * self.depth + line)

    def write(self, expression: str) -> None:
        self.add(f"{self.writer}({expression})")

    def constant(self, value: Any) -> str:
        if type(value) in (str, int, float, bool, type(None)):
            return repr(value)
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    @contextmanager
    def deeper(self, line: str) -> Any:
        self.add(line)
        self.depth += 1
        self.add("pass")
        yield
        self.depth -= 1

    def nodes(self, nodes: Iterable[Node]) -> None:
        text = ""
        for node in nodes:
            plain = self.text_of(node)
            if plain is None:
                if text:
                    self.write(repr(text))
                text = ""
                self.node(node)
            else:
                text += plain
        if text:
            self.write(repr(text))

    def text_of(self, node: Node) -> str | None:
        """What the node always draws, where that is the same text."""
        if isinstance(node, base.TextNode):
            return node.s
        if isinstance(node, defaulttags.CommentNode | defaulttags.LoadNode):
            return ""
        if isinstance(node, CottonComponentNode) and not node._prepared_attrs and not node.nodelist:
            return self.component_of(node).text
        return None

    def aside(self, nodes: Iterable[Node]) -> str:
        """Draw into a string of its own: the expression of that string."""
        before, at, number = self.writer, len(self.lines), next(self.numbers)
        self.writer = f"w{number}"
        self.add(f"o{number} = []; w{number} = o{number}.append")
        self.nodes(nodes)
        made = [line.strip() for line in self.lines[at + 1 :]]
        mine, self.writer = f"w{number}(", before
        if not made:
            del self.lines[at:]
            return self.constant(SafeString(""))
        if len(made) == 1 and made[0].startswith(mine):
            del self.lines[at:]
            return f"SafeString({made[0][len(mine) : -1]})"
        return f"SafeString(''.join(o{number}))"

    def held(self, values: Iterable[tuple[str, FilterExpression]]) -> dict[str, str]:
        """Names and what they will stand for, worked out before any of them is there."""
        made = {}
        for name, expression in values:
            made[name] = f"h{next(self.numbers)}"
            self.add(f"{made[name]} = {self.value(expression)}")
        return made

    @contextmanager
    def naming(self, names: Mapping[str, str]) -> Any:
        """Inside, these names stand for these expressions (empty: for something set inside); afterwards they are what they were."""
        kept = [(name, f"b{next(self.numbers)}", name in self.known) for name in names]
        for name, before, _known in kept:
            self.add(f"{before} = c.get({name!r}, _GONE)")
        for name, value in names.items():
            if value:
                self.add(f"c[{name!r}] = {value}")
        self.known |= set(names)
        yield
        for name, before, known in kept:
            if not known:
                self.known.discard(name)
            self.add(f"if {before} is _GONE: c.pop({name!r}, None)")
            self.add(f"else: c[{name!r}] = {before}")

    # Values.

    def variable(self, variable: Variable, missing: str) -> str:
        if variable.translate:
            raise Unknown("a translated literal")
        if variable.lookups is None:
            return self.constant(variable.literal)
        name, *bits = variable.lookups
        self.asked.add(name)
        if name in self.known and not bits:
            return f"c[{name!r}]"
        return f"_look(c, p, {name!r}, {tuple(bits)!r}, {missing})"

    def value(self, expression: FilterExpression, missing: str = "''") -> str:
        made = self.variable(expression.var, missing) if expression.is_var else self.constant(expression.var)
        for filter_, arguments in expression.filters:
            given = [
                f"_strict({self.variable(argument, '_GONE')}, {argument.var!r})" if looked_for else self.constant(SafeString(argument))
                for looked_for, argument in arguments
            ]
            plain = not any(getattr(filter_, flag, False) for flag in ("expects_localtime", "needs_autoescape", "is_safe"))
            name = self.constant(filter_)
            made = f"{name}({', '.join([made, *given])})" if plain else f"_filtered({', '.join([name, made, *given])})"
        return made

    def condition(self, token: Any) -> str:
        if isinstance(token, defaulttags.TemplateLiteral):
            return self.value(cast(FilterExpression, token.value), "None")
        if not isinstance(token, TokenBase) or token.id not in OPERATORS:
            raise Unknown(f"the condition {token!r}")
        left = self.condition(token.first)
        if token.id == "not":
            return f"(not {left})"
        right = self.condition(token.second)
        if token.id in ("and", "or", "is", "is not", "==", "!="):
            return f"({left} {token.id} {right})"
        return f"_compared({token.id!r}, {left}, {right})"

    # Nodes.

    def node(self, node: Any) -> None:
        match node:
            case base.VariableNode():
                self.write(f"_shown({self.value(node.filter_expression)})")
            case defaulttags.IfNode():
                self.choice(node)
            case defaulttags.ForNode():
                self.loop(node)
            case defaulttags.WithNode():
                with self.naming(self.held(node.extra_context.items())):
                    self.nodes(node.nodelist)
            case i18n.TranslateNode():
                self.translated(node)
            case i18n.BlockTranslateNode():
                self.sentence(node)
            case i18n.GetCurrentLanguageNode():
                self.add(f"c[{node.variable!r}] = get_language()")
            case defaulttags.FirstOfNode():
                value = " or ".join([*(self.value(one, "None") for one in node.vars), "''"])
                self.result(f"_shown({value})", node.asvar)
            case defaulttags.URLNode():
                self.address(node)
            case defaulttags.CsrfTokenNode():
                self.write("_csrf(p)")
            case CottonComponentNode():
                self.drawn(node)
            case CottonSlotNode():
                if not self.slots:
                    raise Unknown("a slot outside a component")
                content = self.aside(node.nodelist)
                self.add(f"{self.slots[-1]}[{node.slot_name!r}] = {content}")
            case loader_tags.BlockNode():
                self.nodes(self.blocks.get(node.name, node).nodelist)
            case loader_tags.IncludeNode():
                included = node.template
                if included.filters or not isinstance(included.var, str) or node.extra_context or node.isolated_context:
                    raise Unknown("what it includes is worked out")
                self.nodes(self.template.engine.get_template(included.var).nodelist)
            case library.SimpleNode() if type(node) is library.SimpleNode and not node.takes_context:
                arguments = [self.value(one) for one in node.args]
                arguments += [f"{name}={self.value(one)}" for name, one in node.kwargs.items()]
                made = f"{self.constant(node.func)}({', '.join(arguments)})"
                self.result(made if node.target_var else f"escape({made})", node.target_var)
            case _:
                raise Unknown(f"a node of the kind {type(node).__name__}")

    def result(self, expression: str, name: str | None) -> None:
        if name:
            self.add(f"c[{name!r}] = {expression}")
        else:
            self.write(expression)

    def choice(self, node: Any) -> None:
        word = "if"
        for condition, nodes in node.conditions_nodelists:
            # Names that one branch sets are not there after it.
            with self.deeper("else:" if condition is None else f"{word} {self.condition(condition)}:"):
                self.nodes(nodes)
            word = "elif"

    def loop(self, node: Any) -> None:
        number = next(self.numbers)
        self.add(f"s{number} = _several({self.value(node.sequence, 'None')})")
        if node.is_reversed:
            raise Unknown("a loop backwards")
        with self.deeper(f"if not s{number}:"):
            self.nodes(node.nodelist_empty)
        names = list(node.loopvars)
        asked, self.asked = self.asked, set()
        each = f"for i{number}, x{number} in enumerate(s{number}):"
        with self.deeper("else:"), self.naming(dict.fromkeys([*names, "forloop"], "")), self.deeper(each):
            at = len(self.lines)
            if len(names) == 1:
                self.add(f"c[{names[0]!r}] = x{number}")
            else:
                self.add(", ".join(f"c[{name!r}]" for name in names) + f" = _unpacked(x{number}, {len(names)})")
            self.nodes(node.nodelist_loop)
            if "forloop" in self.asked:
                outer = self.lines[at][: self.depth]
                self.lines.insert(at, f"{outer}c['forloop'] = _loop(i{number}, len(s{number}), None)")
        self.asked |= asked

    def translated(self, node: Any) -> None:
        expression = node.filter_expression
        if node.noop or expression.filters or not expression.is_var or expression.var.literal is None:
            raise Unknown("a translation of what is worked out")
        context = node.message_context
        if context is not None and (context.is_var or context.filters):
            raise Unknown("a translation in a context that is worked out")
        message = self.constant(str(expression.var.literal).replace("%", "%%"))
        key = message if context is None else f"({self.constant(str(context.var))}, {message})"
        self.result(f"p[{_SAID!r}][{key}]", node.asvar)

    def sentence(self, node: Any) -> None:
        context = node.message_context
        if node.asvar or (context is not None and (context.is_var or context.filters)):
            raise Unknown("a sentence kept for later")
        counts = bool(node.plural and node.countervar and node.counter)
        values = [*node.extra_context.items(), *([(node.countervar, node.counter)] if counts else [])]
        said_in = self.constant(str(context.var) if context is not None else None)
        one, names = node.render_token_list(node.singular)
        with self.naming(self.held(values)):
            if counts:
                many, more = node.render_token_list(node.plural)
                names += more
                said = f"_counted({one!r}, {many!r}, c[{node.countervar!r}], {said_in})"
            else:
                said = f"gettext({one!r})" if context is None else f"pgettext({said_in}, {one!r})"
            held = ", ".join(f"{name!r}: _shown({self.variable(Variable(name), repr(''))})" for name in dict.fromkeys(names))
            self.write(f"_put({said}, {one!r}, {{{held}}})")

    def address(self, node: Any) -> None:
        arguments = ", ".join(self.value(one) for one in node.args)
        named = ", ".join(f"{name!r}: {self.value(one)}" for name, one in node.kwargs.items())
        if node.asvar:
            raise Unknown("an address kept for later")
        self.write(f"escape(reverse({self.value(node.view_name)}, args=[{arguments}], kwargs={{{named}}}))")

    # Components.

    def component_of(self, node: Any) -> _Component:
        if node.only or node.component_name == "component":
            raise Unknown("a component that is chosen while it is drawn")
        path = CottonComponentNode._generate_component_template_path(node.component_name, None)
        return _component(self.template.engine.get_template(path))

    def drawn(self, node: Any) -> None:
        component = self.component_of(node)
        number = next(self.numbers)
        given, slots = f"a{number}", f"t{number}"
        fixed = {
            attr.key.replace("-", "_"): True if attr.kind == AttrKind.BOOLEAN else attr.value
            for attr in node._prepared_attrs
            if attr.kind == AttrKind.BOOLEAN or (attr.kind in (AttrKind.STATIC, AttrKind.ESCAPED) and attr.compiled is None)
        }
        start = self.constant({**component.defaults, "slot": SafeString("")})
        self.add(f"{given} = {{{', '.join(f'{name!r}: {self.constant(value)}' for name, value in fixed.items())}}}")
        for attr in node._prepared_attrs:
            name = attr.key.replace("-", "_")
            if name in fixed:
                continue
            if attr.kind == AttrKind.ESCAPED:
                self.add(f"{given}[{name!r}] = {self.aside(attr.compiled.nodelist)}")
            else:
                self.bound(given, name, attr, number)
        self.add(f"{slots} = {{}}")
        self.slots.append(slots)
        content = self.aside(node.nodelist)
        self.slots.pop()
        constant = self.constants[self.function_of(component)]
        assert constant is component
        self.write(f"{self.function_of(component)}.draw({{**{start}, **{slots}, **{given}, 'slot': {content}}}, p)")

    def function_of(self, component: _Component) -> str:
        """By its holder: a component may draw itself, and is made only afterwards."""
        for name, held in self.constants.items():
            if held is component:
                return name
        return self.constant(component)

    def bound(self, given: str, name: str, attr: Any, number: int) -> None:
        """`:name="…"`: a variable, else a Python literal; neither leaves the default. Unquoted: neither is the text itself."""
        value = attr.compiled
        if value.raw == "":
            self.add(f"{given}[{name!r}] = True")
            return
        if value._template is not None:
            raise Unknown("a template in a bound attribute")
        found = "_GONE" if value._variable is None else self.variable(value._variable, "_GONE")
        literal = self.constant(attr.value) if attr.kind == AttrKind.UNQUOTED else "_GONE"
        if type(value._literal) in (str, int, float, bool, type(None), list, tuple, dict):
            literal = self.constant(value._literal)
        self.add(f"v{number} = {found}")
        if name == "attrs" and attr.kind == AttrKind.DYNAMIC:
            self.add(f"if v{number} is not _GONE: {given}.update(_spread(v{number}))")
            return
        if literal == "_GONE":
            self.add(f"if v{number} is not _GONE: {given}[{name!r}] = v{number}")
        else:
            self.add(f"{given}[{name!r}] = {literal} if v{number} is _GONE else v{number}")
