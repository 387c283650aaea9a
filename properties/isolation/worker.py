"""Worker of a contained implementation: it makes arrays, calls functions, reports outputs.

It sends built-in values only. It judges nothing: its reports are judged in the suite's process.
"""

import inspect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from seqlaws.properties.backends import side_effects
from seqlaws.properties.backends.instances import backend
from seqlaws.properties.backends.protocol import (
    Array,
    Arrays,
    BadOutputError,
)
from seqlaws.properties.discovery import loader
from seqlaws.properties.inputs.leaves import OfLeaves
from seqlaws.properties.isolation.devices import SpoiltError, finished
from seqlaws.properties.isolation.executed_lines import Executed, Lines, following
from seqlaws.properties.isolation.parameter_dicts import Dicts
from seqlaws.properties.isolation.threads import in_threads
from seqlaws.properties.isolation.told_exceptions import described
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.adding import add_file

Plain = tuple[str, tuple[int, ...], bytes]  # an array: dtype, shape, contents


class Held(NamedTuple):
    """An array that lives here, by its number."""

    number: int


class Named(NamedTuple):
    """A function of the implementation, or of its backend."""

    name: str


class Inside:
    """The implementation, the arrays that it is given, and those that it gave."""

    def __init__(self, namespace: Any = None) -> None:
        self.namespace = namespace
        self.arrays: dict[int, Any] = {}
        self.known: dict[int, Array] = {}  # what each held when it was last looked at
        self.new = itertools.count(-1, -1)  # numbers of what the implementation gives
        self.dicts = Dicts()
        self.lines: Executed | None = None
        self.backend: Arrays
        self.device = "cpu"  # of the latest array that was made

    def answer(self, question: tuple[Any, ...]) -> tuple[Any, ...]:
        """Apply the arrays made, written and dropped since the last call, then call a method."""
        number, library, dropped, made, written, deed, given = question
        try:
            if library:
                self.backend = backend(library)
            for one, *how in made:
                self.hold(one, self.backend.array(*how))
                self.device = how[2]
            for one, values in written:
                if one not in self.arrays:  # it was dropped since
                    continue
                self.arrays[one] = self.backend.write(self.arrays[one], values)
                self.known[one] = self.values(self.arrays[one])
            for one in dropped:  # of a call that was not made they are among those made
                self.arrays.pop(one, None)
                self.known.pop(one, None)
            found = "gave", getattr(self, deed)(*given)
        except BaseException as error:  # whatever a stranger's code raises is its answer
            found = "raised", described(error, self.namespace)
            if isinstance(error, SpoiltError):  # nothing can be read any more
                return number, *found, []
        return number, *found, self.changes()

    def load(self, spec: str, added: Sequence[str] = ()) -> tuple[Any, ...]:
        """Find the implementation, unless it is at hand; its traits, functions, layouts.

        added: files with own operations.
        """
        for file in added:
            add_file(file)
        if self.namespace is None:
            self.namespace = loader.find(spec)
        traits = getattr(self.namespace, "TRAITS", {})
        names = [name for o in OPERATIONS for name in (o, f"{o}_vjp")]
        offered = {n: getattr(self.namespace, n, None) for n in names}
        functions = {n: parameters(f) for n, f in offered.items() if callable(f)}
        return plainly(traits), functions

    def layouts(self) -> tuple[str, ...]:
        """The layouts that the arrays of a library have."""
        return self.backend.layouts

    def is_intact_around(self, number: int) -> bool:
        """Return True if nothing was written around an array of a layout of AMID."""
        return self.backend.is_intact_around(self.arrays[number])

    def available(self, device: str) -> str:
        """Return "", or the reason why the device cannot be used."""
        return self.backend.available(device)

    def call(
        self, name: Named, given: Any, options: Any, sizes: Sequence[int] = (), device: str = ""
    ) -> Any:
        """Call a function; what it gave. sizes, device: of what to leave in free memory."""
        settled, named = self.dicts.settled(self.here(given)), self.here(options)
        if sizes:
            self.backend.soil(sizes, device)
        call = partial(self.function(name), *settled, **named)
        outputs = finished(self.backend, self.device, following(self.lines, call))
        return self.told([outputs])[0]

    def rewritten(self) -> bool:
        """Return True if the latest call changed a dict that it was given."""
        return self.dicts.rewritten()

    def together(self, calls: Sequence[tuple[Named, Any, Any]]) -> list[Any]:
        """Several calls at once, each in a thread; what each gave, or how it failed."""
        made = [(self.function(n), self.here(g), self.here(o)) for n, g, o in calls]
        outcomes = finished(self.backend, self.device, lambda: in_threads(made))
        return [
            ("raised", described(found, self.namespace))
            if isinstance(found, BaseException)
            else ("gave", told)
            for found, told in ((f, self.told([f])[0]) for f in outcomes)
        ]

    def function(self, name: Named) -> Any:
        """The implementation's, or the gradients of its backend."""
        return self.backend.gradients if name.name == "" else getattr(self.namespace, name.name)

    def watch(self, seed: int) -> None:
        """Note the global state."""
        side_effects.watch(seed)

    def changed(self) -> list[str]:
        """Return the names of the state that changed since `watch` or since it was first noted."""
        return side_effects.changed()

    def unlike_first(self) -> list[str]:
        """Return the names of the lasting state that changed since it was first noted."""
        return side_effects.unlike_first()

    def replaced(self) -> list[str]:
        """Return the names of functions that were replaced by the import or by a call."""
        return side_effects.replaced()

    def left(self) -> dict[str, int]:
        """Count the threads, file descriptors and child processes."""
        return side_effects.left()

    def follow(self) -> None:
        """Note from now on which lines of the implementation's source are executed."""
        self.lines = Executed(self.namespace)

    def executed(self) -> Lines:
        """Return the lines that were executed since the last answer."""
        return self.lines.told() if self.lines is not None else {}

    def here(self, value: Any) -> Any:
        """Replace numbers and names by the arrays and functions that they stand for."""
        if isinstance(value, Held):
            return self.arrays[value.number]
        if isinstance(value, Named):
            return self.function(value)
        if isinstance(value, OfLeaves):
            arrays, function = self.here(value.arrays), self.here(value.function)
            return replace(value, function=function, arrays=arrays)
        if isinstance(value, Mapping):
            return {n: self.here(v) for n, v in value.items()}
        return type(value)(map(self.here, value)) if isinstance(value, (tuple, list)) else value

    def hold(self, number: int, array: Any) -> None:
        """Keep an array and a copy of its entries."""
        self.arrays[number], self.known[number] = array, self.values(array)

    def values(self, array: Any) -> Array:
        """Return the entries of an array; an empty array if they cannot be read."""
        try:
            return np.asarray(self.backend.values(array))
        except Exception:
            return np.zeros(0)

    def told(self, values: Any) -> list[Any]:
        """Return each output as ("array", ...), ("odd", why) or (container, parts)."""
        parts = []
        for value in values:
            if isinstance(value, (tuple, list)):
                kind = "tuple" if isinstance(value, tuple) else "list"
                parts.append((kind, self.told(value)))
            elif isinstance(value, dict):
                names = [str(n) for n in value]
                parts.append(("dict", list(zip(names, self.told(value.values()), strict=True))))
            else:
                parts.append(self.told_array(value))
        return parts

    def told_array(self, value: Any) -> tuple[Any, ...]:
        """An array that it gave: number, shape, dtype, device, contents, what shares its memory."""
        try:
            shape, dtype, device = self.backend.describe(value)
        except BadOutputError as error:
            return "odd", str(error)
        others = list(self.arrays.items())
        number = next(self.new)
        self.hold(number, value)
        shared = [n for n, array in others if self.backend.overlap(value, array)]
        return "array", number, tuple(shape), dtype, device, plain(self.known[number]), shared

    def changes(self) -> list[tuple[int, Plain]]:
        """The arrays that hold something else than when they were last looked at."""
        found = []
        for number, array in self.arrays.items():
            now, before = self.values(array), self.known[number]
            if now.shape != before.shape or now.tobytes() != before.tobytes():
                self.known[number] = now
                found.append((number, plain(now)))
        return found


def plain(array: Array) -> Plain:
    """An array as built-in values; one of other things than numbers is empty."""
    if array.dtype.kind not in "biufc":
        array = np.zeros(0)
    return array.dtype.str, tuple(map(int, array.shape)), array.tobytes()


def plainly(value: Any) -> Any:
    """Traits as built-in values."""
    if isinstance(value, Mapping):
        return {str(n): plainly(v) for n, v in value.items()}
    if isinstance(value, (tuple, list, set, frozenset)):
        return tuple(map(plainly, value))
    return str(value) if isinstance(value, str) else value


def parameters(function: Any) -> list[tuple[str, int, bool]] | None:
    """Each parameter's name and kind, and whether it is optional; None where it does not tell."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [(str(p.name), int(p.kind), p.default is not p.empty) for p in found]
