"""Rounding numbers: a value and a bound on what an admissible implementation may make of it.

`Rounding(v, e)` stands for every number within e of v, entry by entry. Run on these numbers the
specification returns, beside each expected value, the error that it allows.

A sum of products is charged once, when it is consumed, whatever its order or tree, with FMA or
without: u ((p + n - 2) sum|terms| + |sum|) for n terms that each took p roundings before (Jeannerod
and Rump 2013, "Improved error bounds for inner products in floating-point arithmetic"). Where all
terms are multiples of a power of two g and sum|terms| <= g/u, every partial sum is exact: nothing
is charged.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from seqlaws.reference.numbers.arithmetic import FORMATS, Arithmetic
from seqlaws.reference.numbers.entries import COARSEST, Array, grid_of, is_finite, unknown_if_nan
from seqlaws.reference.numbers.methods import ArrayMethods, NoRuleError


class Chain(NamedTuple):
    """A sum not yet charged: sum|terms|, how many, and the roundings that each took before."""

    magnitude: Array
    terms: int
    roundings: int
    operands: Any = None  # of a matrix product: on which a scalar factor may be put beforehand


class Rounding(ArrayMethods, np.lib.mixins.NDArrayOperatorsMixin):
    """|x - value| <= error, entry by entry, for every x that an implementation may hold here.

    The operators that the specification uses most are written out: through NumPy's ufunc, as the
    others are, each takes twice as long on a small array.

    value, error: float64 arrays of one shape; error is inf where nothing can be said.
    finite: True if it is known that every value is finite.
    grid: a power of two that divides every entry, as far as is known; 0 if none is.
    """

    def __init__(
        self,
        value: Any,
        error: Any,
        arithmetic: Arithmetic,
        grid: float = 0.0,
        chain: Chain | None = None,
        finite: bool = False,
    ) -> None:
        self.value, self.error = np.asarray(value, float), np.asarray(error, float)
        self.finite = finite or is_finite(self.value)
        if not self.finite:
            lost, masked = np.isnan(self.value), np.isneginf(self.value)
            self.error = np.where(lost, np.inf, unknown_if_nan(self.error))
            self.error = np.where(masked & (self.error < np.inf), 0.0, self.error)
        self.arithmetic, self.grid, self.chain = arithmetic, min(grid, COARSEST), chain
        self.ceiling: Array | None = None  # what no entry exceeds, where error is inf for all that
        self.weights: Array | None = None  # the largest, if their normaliser may wait for a product
        self.spared: Array | None = None  # of a product: the rounding that is none in this order
        self.waiting: tuple[Array, float] | None = None  # sizes before a factor that may wait, too
        self.positive = False  # whether no implementation gets a number below 0

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype

    def __len__(self) -> int:
        return len(self.value)

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise TypeError(
            "a rounding number is a value and a bound; an array would drop the bound: use "
            "np.where, np.stack or np.concatenate, not np.array or y[i] = ..., and leave out casts"
        )

    def __bool__(self) -> bool:
        raise TypeError("a specification may not branch on a computed number: use np.where")

    def __repr__(self) -> str:
        x = settled(self)
        return f"Rounding(value={x.value!r}, error={x.error!r})"

    def __getitem__(self, index: Any) -> "Rounding":
        return rearranged(self, lambda z: z[index])

    def __add__(self, other: Any) -> "Rounding":
        return add(self, lift(other, self))

    def __radd__(self, other: Any) -> "Rounding":
        return add(lift(other, self), self)

    def __sub__(self, other: Any) -> "Rounding":
        return add(self, negative(lift(other, self)))

    def __rsub__(self, other: Any) -> "Rounding":
        return add(lift(other, self), negative(self))

    def __mul__(self, other: Any) -> "Rounding":
        return UFUNCS["multiply"](self, other)

    def __rmul__(self, other: Any) -> "Rounding":
        return UFUNCS["multiply"](other, self)

    def __matmul__(self, other: Any) -> "Rounding":
        return UFUNCS["matmul"](self, lift(other, self))

    def __neg__(self) -> "Rounding":
        return negative(self)

    def __pos__(self) -> "Rounding":
        return stored(self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = UFUNCS.get(ufunc.__name__)
        if rule is None or method != "__call__" or kwargs:
            raise NoRuleError(ufunc.__name__)
        bare = ufunc in (np.multiply, np.divide, np.power)  # a Python number is not any other there
        return rule(*inputs) if bare else rule(*(lift(x, self) for x in inputs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        rule = FUNCTIONS.get(function.__name__)
        if rule is None:
            raise NoRuleError(function.__name__, function.__module__)
        return rule(*args, **kwargs)


def exact(values: Any, arithmetic: Arithmetic) -> Rounding:
    """Numbers that everyone holds exactly, but that subnormal ones may be read as zero."""
    v = np.asarray(values, float)
    magnitude = np.abs(v)
    read_as_zero = np.where(magnitude < arithmetic.input_tiny, magnitude, 0.0)
    return Rounding(v, read_as_zero, arithmetic, grid_of(v))


def lift(x: Any, like: Rounding) -> Rounding:
    """x itself, or a constant as a rounding number of the same arithmetic."""
    if isinstance(x, Rounding):
        return x
    if hasattr(x, "as_number"):  # a truth
        return x.as_number(like.arithmetic)
    if type(x) in (int, float):
        return scalar(x, math.copysign(1.0, x), like.arithmetic)
    return constant(x, like.arithmetic)


@lru_cache(maxsize=256)
def scalar(x: float, sign: float, arithmetic: Arithmetic) -> Rounding:
    """A number as a constant; sign: tells 0.0 from -0.0."""
    return constant(x, arithmetic)


def constant(values: Any, arithmetic: Arithmetic) -> Rounding:
    """Numbers of the specification, such as 1/3, which everyone rounds for himself."""
    x = exact(values, arithmetic)
    x.positive = bool((x.value >= 0).all())
    mantissa, _ = np.frexp(x.value)
    scaled_up = mantissa * 2.0 ** (FORMATS[arithmetic.accumulate][0])
    held = (scaled_up == np.rint(scaled_up)) | ~np.isfinite(x.value)
    if held.all():
        return x
    y = Rounding(
        x.value, x.error + np.where(held, 0, arithmetic.unit * np.abs(x.value)), arithmetic
    )
    y.positive = x.positive
    return y


def lift_all(*xs: Any) -> list[Rounding]:
    """All of them settled, on the arithmetic of the first that has one."""
    like = next(x for x in xs if isinstance(x, Rounding))
    return [settled(lift(x, like)) for x in xs]


def size(x: Rounding) -> Array:
    """The largest magnitude that x may have; -inf is exact and counts as nothing."""
    magnitude = np.abs(x.value)
    if not x.finite:
        magnitude = np.where(np.isneginf(x.value), 0.0, magnitude)
    total_size: Array = magnitude + x.error
    return total_size


def magnitude(x: Rounding) -> Array:
    """sum|terms| of a chain, the size of anything else."""
    if x.chain is None:
        return size(x)
    return x.chain.magnitude if x.finite else np.where(np.isneginf(x.value), 0.0, x.chain.magnitude)


def settled(x: Rounding) -> Rounding:
    """x with its chain charged (kept in x itself, so that a chain is charged once)."""
    if x.chain is None:
        return x
    a, (m, n, p, _) = x.arithmetic, x.chain
    u = a.unit
    charge = (p + max(n - 2, 0)) * m + size(x) if n > 1 else p * m
    charge = charge * (u * (1 + 4 * (p + 1) * u)) + a.tiny * (n + p)
    exact_up_to = x.grid / u if x.grid >= 2 * a.tiny else 0.0
    if not np.minimum.reduce(m, axis=None, initial=np.inf) > exact_up_to:
        free = (x.error == 0) & (m <= exact_up_to)
        if n == p == 1 and free.any():
            x.spared = np.where(free, charge, 0.0)
        charge = np.where(free, 0.0, charge)
    error = x.error + charge
    if x.finite and np.maximum.reduce(m + error, axis=None, initial=0.0) <= a.largest:
        x.error, x.chain = error, None  # nothing overflows, and nothing is NaN
        return x
    error = unknown_if_nan(error)
    overflows = unknown_if_nan(m) + error > a.largest
    if overflows.any():
        upwards = (m + x.value) / 2 + error > a.largest  # the terms that are not negative
        x.ceiling = np.where(upwards | np.isnan(error), np.inf, x.value + error)
        error = np.where(overflows & np.isfinite(x.value), np.inf, error)
    if not x.finite:  # -inf is exact
        error = np.where(np.isneginf(x.value) & (error < np.inf), 0.0, error)
    x.error, x.chain = error, None
    return x


def stored(x: Rounding) -> Rounding:
    """+x: the value may be rounded to storage precision here."""
    x, a = settled(x), x.arithmetic
    if not a.storage_unit:
        return x
    free = (x.error == 0) & (np.abs(x.value) <= x.grid / a.storage_unit)
    free &= (x.grid >= 2 * a.storage_tiny) | (x.value == 0)
    error = np.where(free, 0.0, x.error + a.storage_unit * size(x) + a.storage_tiny)
    overflows = np.isfinite(x.value) & (size(x) * (1 + a.storage_unit) > a.storage_largest)
    y = Rounding(x.value, np.where(overflows, np.inf, error), a, x.grid, finite=x.finite)
    y.weights, y.positive = x.weights, x.positive
    return y


def rearranged(x: Rounding, place: Callable[[Array], Array]) -> Rounding:
    """The same numbers in other places; a chain goes along."""
    chain = x.chain
    if chain is not None:
        moved = place(np.broadcast_to(chain.magnitude, x.shape))
        chain = Chain(moved, chain.terms, chain.roundings)
    y = Rounding(place(x.value), place(x.error), x.arithmetic, x.grid, chain, x.finite)
    y.positive = x.positive
    if x.waiting is not None:
        y.waiting = place(x.waiting[0]), x.waiting[1]
    if x.spared is not None:
        y.spared = place(x.spared)
    return y


def add(x: Rounding, y: Rounding) -> Rounding:
    """A sum's chain is both chains."""
    (n, p), (m, q) = ((z.chain.terms, z.chain.roundings) if z.chain else (1, 0) for z in (x, y))
    chain = Chain(magnitude(x) + magnitude(y), n + m, max(p, q))
    grid = min(x.grid, y.grid)
    z = Rounding(x.value + y.value, x.error + y.error, x.arithmetic, grid, chain)
    z.positive = x.positive and y.positive
    return z


def negative(x: Rounding) -> Rounding:
    """Exact."""
    return Rounding(-x.value, x.error, x.arithmetic, x.grid, x.chain, x.finite)


def total(x: Any, axis: Any = None, keepdims: bool = False) -> Rounding:
    """np.sum: one chain of all the terms."""
    c = x.chain or Chain(size(x), 1, 0)
    value, error, m = (
        np.sum(np.broadcast_to(z, x.shape), axis=axis, keepdims=keepdims)
        for z in (x.value, x.error, c.magnitude)
    )
    terms = c.terms * (x.value.size // max(value.size, 1))
    y = Rounding(value, error, x.arithmetic, x.grid, Chain(m, terms, c.roundings))
    y.positive = x.positive
    return y


def ceiling(x: Rounding) -> Array:
    """What no entry exceeds."""
    return x.value + x.error if x.ceiling is None else x.ceiling


UFUNCS: dict[str, Callable[..., Any]] = {
    "add": add,
    "subtract": lambda x, y: add(x, negative(y)),
    "negative": negative,
    "positive": stored,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {"sum": total}
