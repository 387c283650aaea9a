"""Reverse mode over a specification's own source, on arrays and on any number system.

`Traced` holds a number of any system and where it came from. The gradient is computed by the same
functions on the same system, so that on rounding numbers it comes with its bound. Griewank and
Walther (2008), "Evaluating derivatives", chapter 3.
"""

import heapq
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqlaws.reference.numbers.methods import ArrayMethods, NoRuleError

Array = Any
Pull = Callable[[Array], Array]  # from the gradient of what a function gave to that of an argument
COUNT = itertools.count()
RULES: dict[str, Callable[..., Any]] = {}  # of NumPy's functions, by name


class Traced(ArrayMethods, np.lib.mixins.NDArrayOperatorsMixin):
    """A number and its parents, each with the pull of its gradient."""

    outermost = True

    def __init__(self, value: Array, parents: Sequence[tuple["Traced", Pull]] = ()) -> None:
        self.value, self.parents, self.number = value, parents, next(COUNT)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return np.shape(self.value)

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        return bool(self.value)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a specification may not turn a computed number into an array")

    def __getitem__(self, index: Any) -> Any:
        return RULES["getitem"](self, index)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = RULES.get(ufunc.__name__)
        if method != "__call__" or kwargs:
            raise NoRuleError(ufunc.__name__)
        if rule is None:
            return untraced(ufunc, inputs, {})
        return rule(*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        rule = RULES.get(function.__name__)
        return rule(*args, **kwargs) if rule else untraced(function, args, kwargs)


# functions whose slope is 0 wherever they have one
FLAT_NAMES = """greater greater_equal less less_equal equal not_equal isnan isfinite isinf
isneginf isposinf sign signbit floor ceil rint round around trunc argmax argmin argsort
logical_and logical_or logical_not shape ndim size zeros_like ones_like full_like empty_like
count_nonzero searchsorted all any array_equal result_type isclose"""
FLAT = frozenset(FLAT_NAMES.split())


def untraced(function: Any, args: Any, kwargs: Any) -> Any:
    """Call a function that has no slope on the numbers themselves. Raises NoRuleError."""
    if function.__name__ not in FLAT:
        raise NoRuleError(function.__name__, function.__module__)
    found = function(*map(primal, args), **{n: primal(x) for n, x in kwargs.items()})
    return Traced(found) if hasattr(found, "error") else found


def primal(x: Any) -> Any:
    """The number itself."""
    return x.value if isinstance(x, Traced) else x


def fresh(value: Array, *arguments: tuple[Any, Pull]) -> Array:
    """The result of a function, with a pull for each argument that is traced."""
    return Traced(value, [(x, pull) for x, pull in arguments if isinstance(x, Traced)])


def detached(x: Any) -> Any:
    """The number as a constant: no gradient passes."""
    return Traced(x.value) if isinstance(x, Traced) else x


def fitted(g: Array, like: Any) -> Array:
    """The gradient, summed over the axes along which an argument was broadcast."""
    shape, given = np.shape(primal(like)), np.shape(g)
    extra = len(given) - len(shape)
    axes = [k for k in range(len(given)) if k < extra or (shape[k - extra] == 1 != given[k])]
    if axes:
        g = np.sum(g, axis=tuple(axes), keepdims=True)
    return np.reshape(g, shape) if np.shape(g) != shape else g


def gradients(
    function: Callable[..., Any], cotangents: Sequence[Any], arguments: Sequence[Any]
) -> list[Any]:
    """Return the gradient of each argument: sum of cotangents times the function's outputs.

    An argument that no output depends on has a gradient of zeros.
    """
    leaves = [Traced(x) for x in arguments]
    outputs = function(*leaves)
    found: dict[int, Any] = {}
    nodes: dict[int, Traced] = {}
    waiting: list[int] = []

    def put(node: Traced, g: Any) -> None:
        if node.number not in nodes:
            nodes[node.number] = node
            heapq.heappush(waiting, -node.number)
            found[node.number] = g
        else:
            found[node.number] = found[node.number] + g

    for output, g in zip(outputs, cotangents, strict=True):
        if isinstance(output, Traced):
            put(output, g)
    seen = {leaf.number for leaf in leaves}
    while waiting:
        number = -heapq.heappop(waiting)
        if number in seen:
            continue
        node, g = nodes[number], found.pop(number)
        for parent, pull in node.parents:
            put(parent, fitted(pull(g), parent))
    return [found.get(leaf.number, np.zeros(leaf.shape)) for leaf in leaves]
