"""A misreading of an operation: a change of the specification's own source, run like the original.

The changed statement is compiled into a copy of its module, and every module that imports from it
is copied with it. The specification itself is never touched.
"""

import ast
import difflib
import importlib
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, reduce
from itertools import accumulate, pairwise
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from seqlaws.properties.misreadings import kernels, moments, parts, vocabulary

USES = {  # what may be edited, and which of these it imports from; in the order of the imports
    "shapes": (),
    "softmax": (),
    "masks": (),
    "steps": (),
    "attention": ("softmax", "masks"),
    "rnn": ("steps",),
    "lstm": ("steps",),
    "gru": ("steps",),
    "positions": (),
    "layer_norm": (),
    "markov": (),
    "linear": ("steps",),
    "multi_head": ("linear", "attention", "masks"),
    "feed_forward": ("linear",),
    "sublayers": ("multi_head", "feed_forward", "layer_norm"),
    "encoder": ("sublayers",),
    "decoder": ("sublayers",),
    "generate": ("decoder", "linear", "positions"),
}
HOME = {"softmax": "softmax", "attention": "attention", "rnn": "rnn", "lstm": "lstm"} | {
    "lstm_gates": "lstm",
    "gru": "gru",
    "positional_encoding": "positions",
    "rotary_embedding": "positions",
    "layer_norm": "layer_norm",
    "markov_log_prob": "markov",
    "multi_head_attention": "multi_head",
    "encoder_layer": "encoder",
    "decoder_layer": "decoder",
    "generate": "generate",
}
MODULES: dict[str, ModuleType] = {}  # with own operations, by name
MADE: dict[str, Callable[[dict[str, Any]], Callable[..., Any]]] = {}  # own ones, of such a module
WORDS = (vocabulary, moments, kernels, parts)
WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
VOCABULARY = {name: getattr(module, name) for module in WORDS for name in module.__all__}


@dataclass(frozen=True)
class Edit:
    """In a top-level statement of a module of the specification, another text.

    statement: the name that it defines; old occurs in it exactly once.
    """

    module: str
    statement: str
    old: str
    new: str

    @property
    def is_backward(self) -> bool:
        """True in what only a vjp is made of."""
        name = self.statement.lower()
        return name.endswith(("_vjp", "_gradient")) or "slope" in name

    def shown(self) -> list[str]:
        """The lines that are taken out (`-`) and put in (`+`)."""
        text = source(self.module, self.statement)
        lines = difflib.ndiff(text.splitlines(), applied(text, self).splitlines())
        return [f"{line[0]} {line[2:].strip()}" for line in lines if line[0] in "-+"]


@dataclass(frozen=True)
class Misreading:
    """name: reads well after "with"; gradients: it is one of the vjp alone.

    differentiated: its gradients are those of the changed function, and not the changed vjp's.
    needs: options without which it changes nothing.
    """

    name: str
    operations: tuple[str, ...]
    edits: tuple[Edit, ...]
    gradients: bool = False
    differentiated: bool = False
    needs: tuple[str, ...] = ()


def edit(place: str, old: str, new: str) -> tuple[Edit, ...]:
    """The same change in several statements: place is "module: statement, statement"."""
    module, _, statements = place.partition(": ")
    return tuple(Edit(module, statement, old, new) for statement in statements.split(", "))


def before(place: str, line: str, new: str) -> tuple[Edit, ...]:
    """One line more, put in front of another."""
    return edit(place, f"    {line}", f"    {new}\n    {line}")


def misreading(
    name: str,
    operations: str,
    *edits: tuple[Edit, ...],
    gradients: bool = False,
    needs: tuple[str, ...] = (),
) -> Misreading:
    """operations: their names, with blanks between them."""
    flat = tuple(one for several in edits for one in several)
    return Misreading(name, tuple(operations.split()), flat, gradients, needs=needs)


@cache
def module_of(name: str) -> ModuleType:
    """A module of the specification; that of an own operation by its own name."""
    return MODULES.get(name) or importlib.import_module(f"seqlaws.reference.{name}")


@cache
def statements(module: str) -> dict[str, str]:
    """The source of each top-level statement, by the name that it defines."""
    text = Path(str(module_of(module).__file__)).read_text(encoding="utf-8")
    lines, found = text.splitlines(), {}
    for node in ast.parse(text).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node
        target = node.target if isinstance(node, ast.AnnAssign) else target
        name = getattr(target, "name", getattr(target, "id", ""))
        found[str(name)] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return found


def source(module: str, statement: str) -> str:
    """The source of one top-level statement."""
    return statements(module)[statement]


def applied(text: str, one: Edit) -> str:
    """The source with the other text. Raises ValueError unless the old one occurs exactly once."""
    if text.count(one.old) != 1:
        raise ValueError(
            f"{one.module}.{one.statement}: {one.old!r} occurs {text.count(one.old)} times"
        )
    return text.replace(one.old, one.new)


@cache
def misread(one: Misreading, function: str) -> Callable[..., Any]:
    """`function` (an operation or its vjp) as the misreading has it.

    An operation does not call what its vjp is made of, which is then not compiled.
    """
    home, back = HOME[function.removesuffix("_vjp")], function.endswith("_vjp")
    edits = tuple(e for e in one.edits if back or not e.statement.endswith("_vjp"))
    edited = {e.module for e in edits if e.module in reached(home)}
    copies: dict[str, dict[str, Any]] = {}
    for name, uses in USES.items():
        if name in edited or copies.keys() & {*uses}:
            copies[name] = copied(name, {n: copies[n] for n in uses if n in copies})
            for text in changed(name, edits).values():
                exec(compiled(text), copies[name])  # noqa: S102  # our own source, changed
    names = copies[home] if home in copies else vars(module_of(home))
    return MADE[function](names) if function in MADE else names[function]


@cache
def compiled(text: str) -> CodeType:
    """The code of a changed statement; several forms of a change share some.

    What Python warns of in it, such as an index of a number, is meant to be there.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        return compile(text, "<a misreading>", "exec")


@cache
def reached(module: str) -> frozenset[str]:
    """A module, what it imports from, and so on."""
    return frozenset({module}.union(*(reached(name) for name in USES[module])))


def changed(module: str, edits: tuple[Edit, ...]) -> dict[str, str]:
    """The statements of a module that the edits change, as they then read.

    What is added beside a text comes first: another edit may replace the text. Edits of which one
    takes away the text of another are merged, word by word.
    """
    apt: dict[str, list[Edit]] = {}
    for one in sorted(edits, key=lambda e: e.old not in e.new):
        if one.module == module:
            apt.setdefault(one.statement, []).append(one)
    texts = dict[str, str]()
    for statement, several in apt.items():
        text = source(module, statement)
        try:
            texts[statement] = reduce(applied, several, text)
        except ValueError:
            texts[statement] = merged(text, several)
    return texts


def merged(text: str, several: list[Edit]) -> str:
    """A text with several edits that overlap, word by word.

    Raises ValueError where two of them change the same words in different ways.
    """
    places = sorted({place for one in several for place in words_changed(text, one)})
    for (start, end, _), (other_start, _, _) in pairwise(places):
        if other_start < end or other_start == start:
            raise ValueError(f"two changes of {text[start:end]!r}")
    for start, end, new in reversed(places):
        text = text[:start] + new + text[end:]
    return text


def words_changed(text: str, one: Edit) -> Iterator[tuple[int, int, str]]:
    """Where an edit takes words out of a text, start and end, and what it puts there."""
    applied(text, one)
    old, new = WORD.findall(one.old), WORD.findall(one.new)
    ends = [0, *accumulate(map(len, old))]
    first = text.index(one.old)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, start, end, put, past in matcher.get_opcodes():
        if tag != "equal":
            yield first + ends[start], first + ends[end], "".join(new[put:past])


def copied(name: str, copies: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A module's names, its functions looking for theirs in this copy."""
    original = vars(module_of(name))
    copy = {**original, **VOCABULARY}
    for other, names in copies.items():
        theirs = vars(module_of(other))
        copy |= {n: names[n] for n in original if n in theirs and original[n] is theirs[n]}
    for n, f in original.items():
        if isinstance(f, FunctionType) and f.__module__ == original["__name__"]:
            copy[n] = FunctionType(f.__code__, copy, f.__name__, f.__defaults__, f.__closure__)
            copy[n].__kwdefaults__ = f.__kwdefaults__
    return copy


def shown(one: Misreading, operation: str, width: int = 96) -> list[str]:
    """Where the misreading changes the specification of an operation, and how: its first edit.

    Nothing if it is the loop of a scan that changes, which has no line there.
    """
    home = HOME[operation]
    apt = [e for e in one.edits if e.module in reached(home)]
    first = min(apt, key=lambda e: e.statement not in (operation, f"{operation}_vjp"))
    lines = [textwrap.shorten(line, width, placeholder=" ...") for line in first.shown()]
    if lines and lines[0].startswith("+ @scanning("):
        return []
    own = MODULES.get(first.module)
    file = Path(str(own.__file__)).name if own else f"reference/{first.module}.py"
    return [f"in {file}, {first.statement}:", *lines]
