"""Numbers that count the arithmetic that is done with them.

One operation is an addition, multiplication, division, maximum or elementary function (exp, tanh,
sigmoid) of one entry. A product of matrices (m, k) and (k, n) is 2 m k n of them, counted apart.
Signs, truths, unary plus and moves of entries are none. To sort n entries is n log2(n).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.methods import ArrayMethods, others_decide

Array = np.ndarray[Any, Any]


@dataclass
class Count:
    """Operations in products of matrices, and those beside them."""

    products: int = 0
    entrywise: int = 0


CURRENT: ContextVar[Count] = ContextVar("count")


@contextmanager
def counted() -> Iterator[Count]:
    """Count what is done with counting numbers within."""
    token = CURRENT.set(Count())
    try:
        yield CURRENT.get()
    finally:
        CURRENT.reset(token)


class Counting(ArrayMethods, np.lib.mixins.NDArrayOperatorsMixin):
    """Numbers; what is done with them is added to the current count."""

    def __init__(self, value: Any) -> None:
        self.value = np.asarray(value)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: Any) -> "Counting":
        return Counting(self.value[index])

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise TypeError("a specification may not turn a computed number into an array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if others_decide(inputs):
            return NotImplemented
        plain = [bare(x) for x in inputs]
        result = ufunc(*plain, **options)
        if ufunc is np.matmul:
            CURRENT.get().products += 2 * np.size(result) * np.shape(plain[0])[-1]
        elif ufunc not in FREE and np.asarray(result).dtype.kind == "f":
            CURRENT.get().entrywise += np.size(result)
        return wrapped(result)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        plain, named = bare(args), {name: bare(x) for name, x in options.items()}
        result = function(*plain, **named)
        count = COUNTS.get(function.__name__)
        if count is not None:
            done = count(result, *plain, **named)
            CURRENT.get().products += done.products
            CURRENT.get().entrywise += done.entrywise
        return wrapped(result)


FREE = (np.positive, np.negative)


def bare(x: Any) -> Any:
    """The array, or the arrays of a list."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(bare, x))
    return x.value if isinstance(x, Counting) else x


def wrapped(x: Any) -> Any:
    """Floating numbers as counting ones; others, and lists of both, as they are."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(wrapped, x))
    return Counting(x) if getattr(x, "dtype", np.dtype(bool)).kind == "f" else x


def of_entries(each: int = 1, of_result: int = 0) -> Callable[..., Count]:
    """So many operations for each entry of the argument, and of the result."""
    return lambda result, x, *_, **__: Count(0, each * np.size(x) + of_result * np.size(result))


def ordered(result: Any, x: Any, axis: int | None = -1, **_: Any) -> Count:
    """Comparisons of sorting along an axis."""
    n = np.size(x) if axis is None else np.shape(x)[axis] if np.ndim(x) else 1
    return Count(0, np.size(x) * max(n - 1, 0).bit_length())


def contracted(result: Any, subscripts: str, *operands: Any, **_: Any) -> Count:
    """At each index of einsum a product of all operands, and an addition if it is summed over.

    A sum of products of two or more operands is a product of matrices.
    """
    given, kept = subscripts.replace(" ", "").replace("...", ".").split("->")
    sizes: dict[str, int] = {}
    leading = 1
    for term, operand in zip(given.split(","), operands, strict=True):
        shape, (first, dots, last) = np.shape(operand), term.partition(".")
        ends = len(shape) - len(last)
        sizes |= dict(zip(first, shape, strict=False)) | dict(zip(last, shape[ends:], strict=True))
        if dots:
            leading = max(leading, math.prod(shape[len(first) : ends]))
    entries = leading * math.prod(sizes.values())
    summed = any(letter not in kept for letter in sizes)
    work = entries * (len(operands) - 1 + summed)
    return Count(work, 0) if summed and len(operands) > 1 else Count(0, work)


ONE_EACH = ("sum", "prod", "max", "min", "amax", "amin", "cumsum", "cumprod", "argmax", "argmin")
COUNTS: dict[str, Callable[..., Count]] = {
    **dict.fromkeys(ONE_EACH, of_entries()),
    **dict.fromkeys(("clip", "outer", "trace"), of_entries(0, 1)),
    "mean": of_entries(1, 1),
    "var": of_entries(4, 2),  # a mean, a difference, a square and a sum, a division
    "std": of_entries(4, 3),
    "sort": ordered,
    "argsort": ordered,
    "einsum": contracted,
}


def once(function: Callable[[Array], Array]) -> Callable[[Counting], Counting]:
    """An elementary function that NumPy does not have, as one operation an entry."""

    def count(x: Counting) -> Counting:
        CURRENT.get().entrywise += x.size
        return Counting(function(x.value))

    return count


for one in (algebra.sigmoid, algebra.erf, algebra.normal_cdf):
    one.register(Counting, once(one))


@algebra.added_at.register
def added_at(terms: Counting, places: tuple[Array, ...], shape: tuple[int, ...]) -> Counting:
    """An addition for each term."""
    CURRENT.get().entrywise += terms.size
    return Counting(algebra.added_at(terms.value, places, shape))
