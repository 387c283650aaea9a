"""Balls: the specification's own source on certified enclosures (python-flint's `arb`).

`Balls` holds an object array of real intervals; every operation encloses the exact result, so that
what comes out proves the float64 values right or wrong. Johansson (2017), "Arb: efficient
arbitrary-precision midpoint-radius interval arithmetic". Needs the package python-flint.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb, ctx

from seqlaws.reference import algebra

Array = np.ndarray[Any, Any]
BITS = 256  # of every midpoint


class UndecidedError(ArithmeticError):
    """A question that the enclosures are too wide to answer, such as whether one is positive."""


class Balls(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of enclosures; -inf is exact, NaN encloses nothing in particular."""

    dtype = np.dtype(float)  # what they enclose

    def __init__(self, balls: Any) -> None:
        self.balls: Array = np.asarray(balls, object)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.balls.shape

    def __len__(self) -> int:
        return len(self.balls)

    def __getitem__(self, index: Any) -> "Balls":
        return Balls(self.balls[index])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = UFUNCS.get(ufunc.__name__)
        if rule is None or method != "__call__" or kwargs:
            return NotImplemented
        return rule(*(exact(x).balls for x in inputs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        rule = FUNCTIONS.get(function.__name__)
        return NotImplemented if rule is None else rule(*args, **kwargs)


def exact(values: Any) -> Balls:
    """Numbers as balls of radius 0."""
    if isinstance(values, Balls):
        return values
    return Balls(each(lambda v: arb(float(v)), np.asarray(values)))


def enclosed(outputs: Any) -> tuple[Balls, ...]:
    """What an operation returned, as balls."""
    return tuple(exact(x) for x in (outputs if isinstance(outputs, tuple) else (outputs,)))


def distance(ball: Any, value: float) -> float:
    """How far a number may be from the exact one, at most; 0 where both are the same infinity."""
    if ball.is_nan() or math.isnan(value):
        return 0.0 if ball.is_nan() and math.isnan(value) else math.inf
    if math.isinf(value):
        return 0.0 if ball == value else math.inf
    away = abs(ball - arb(value)).upper()
    return float(away) if away.is_finite() else math.inf


def each(function: Callable[..., Any], *arrays: Array) -> Array:
    """A function of balls, entry by entry."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), object)


def of_balls(function: Callable[..., Any]) -> Callable[..., Balls]:
    """A function of arrays of balls, with enough bits."""

    def rule(*arrays: Array) -> Balls:
        before, ctx.prec = ctx.prec, BITS
        try:
            return Balls(function(*arrays))
        finally:
            ctx.prec = before

    return rule


def elementwise(function: Callable[..., Any]) -> Callable[..., Balls]:
    """A function of single balls."""
    return of_balls(lambda *arrays: each(function, *arrays))


def matmul(x: Array, y: Array) -> Array:
    """Also where there is nothing to add up."""
    if x.shape[-1]:
        return np.asarray(np.matmul(x, y), object)
    shape = (*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1])
    return exact(np.zeros(shape)).balls


def is_positive(x: Array) -> Array:
    """Which balls are positive. Raises UndecidedError for one that only may be."""

    def question(ball: Any) -> bool:
        if ball.is_nan():
            return False
        if not (ball > 0 or ball <= 0):
            raise UndecidedError(f"whether {ball} is positive")
        return bool(ball > 0)

    return each(question, x).astype(bool)


def total(x: Balls, axis: Any = None, keepdims: bool = False) -> Balls:
    """np.sum, 0 where there is nothing to add up."""
    options: dict[str, Any] = {"axis": axis, "keepdims": keepdims, "initial": arb(0)}
    return of_balls(lambda z: np.sum(z, **options))(x.balls)


def largest(x: Balls, axis: Any, keepdims: bool, initial: float) -> Balls:
    """np.max."""
    reduce = np.frompyfunc(arb.max, 2, 1).reduce
    options: dict[str, Any] = {"axis": axis, "keepdims": keepdims, "initial": arb(initial)}
    return of_balls(lambda z: reduce(z, **options))(x.balls)


def added_at(terms: Balls, places: tuple[Array, ...], shape: tuple[int, ...]) -> Balls:
    """np.add.at, on zeros."""
    start = exact(np.zeros(shape)).balls

    def add(balls: Array) -> Array:
        np.add.at(start, places, balls)
        return start

    return of_balls(add)(terms.balls)


def where(condition: Any, x: Any, y: Any) -> Balls:
    """np.where."""
    return Balls(np.where(condition, exact(x).balls, exact(y).balls))


def joined(join: Callable[..., Any]) -> Callable[..., Balls]:
    """np.stack, np.concatenate."""
    return lambda parts, axis=0: Balls(join([exact(p).balls for p in parts], axis=axis))


def moving(move: Callable[..., Any]) -> Callable[..., Balls]:
    """A function that only rearranges."""
    return lambda x, *args, **kwargs: Balls(move(x.balls, *args, **kwargs))


def asking(question: Callable[[Any], bool]) -> Callable[[Array], Array]:
    """A question that every ball answers."""
    return lambda x: each(question, x).astype(bool)


def normal_cdf(x: Balls) -> Balls:
    """erfc(-x / sqrt 2) / 2."""
    return elementwise(lambda ball: (-ball / arb(2).sqrt()).erfc() / 2)(x.balls)


def number(like: Balls, values: Any, over: int = 1) -> Balls:
    """Exactly, but for the width of an enclosure."""
    return exact(values) / exact(over)


def exponential(x: Balls, base: float) -> Balls:
    """base^x."""
    return np.exp(x * np.log(exact(base)))


UFUNCS: dict[str, Callable[..., Any]] = {
    "add": of_balls(np.add),
    "subtract": of_balls(np.subtract),
    "multiply": of_balls(np.multiply),
    "divide": of_balls(np.divide),
    "negative": of_balls(np.negative),
    "positive": Balls,
    "matmul": of_balls(matmul),
    "maximum": elementwise(arb.max),
    "exp": elementwise(arb.exp),
    "sin": elementwise(arb.sin),
    "cos": elementwise(arb.cos),
    "log": elementwise(lambda ball: ball.log() if ball != 0 else arb(-math.inf)),
    "sqrt": elementwise(arb.sqrt),
    "tanh": elementwise(arb.tanh),
    "greater": lambda x, y: is_positive(x - y),
    "equal": lambda x, y: each(operator.eq, x, y).astype(bool),
    "isfinite": asking(arb.is_finite),
    "isnan": asking(arb.is_nan),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": total,
    "max": largest,
    "where": where,
    "stack": joined(np.stack),
    "concatenate": joined(np.concatenate),
    "real": lambda x: x,
    "isneginf": lambda x: asking(lambda ball: bool(ball == -math.inf))(x.balls),
    **{f.__name__: moving(f) for f in (np.swapaxes, np.moveaxis, np.repeat, np.reshape)},
}
algebra.normal_cdf.register(Balls, normal_cdf)
algebra.number.register(Balls, number)
algebra.exponential.register(Balls, exponential)
algebra.added_at.register(Balls, added_at)
