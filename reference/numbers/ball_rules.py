"""Balls for the functions of NumPy that own specifications use, beside those of `balls`.

What chooses or orders raises UndecidedError where the enclosures do not tell.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb

from seqlaws.reference import algebra
from seqlaws.reference.numbers.balls import (
    FUNCTIONS,
    UFUNCS,
    Balls,
    UndecidedError,
    each,
    elementwise,
    exact,
    is_positive,
    moving,
    of_balls,
    total,
    where,
)
from seqlaws.reference.numbers.composed import COMPOSED

Array = np.ndarray[Any, Any]


def sign(ball: Any) -> Any:
    """-1, 0 or 1."""
    if ball == 0 or ball > 0 or ball < 0:
        return arb(0 if ball == 0 else 1 if ball > 0 else -1)
    raise UndecidedError(f"the sign of {ball}")


def whole(direction: str) -> Callable[[Any], Any]:
    """Return the rule of floor or ceil: both ends of a ball have to have the same."""

    def rule(ball: Any) -> Any:
        found = getattr(ball, direction)()
        if not found.is_exact():
            raise UndecidedError(f"{direction} of {ball}")
        return found

    return rule


def nearest(ball: Any) -> Any:
    """The whole number next to a ball; of two the even one."""
    below = whole("floor")(ball)
    away = ball - below
    if away == 0.5:
        return below if int(float(below)) % 2 == 0 else below + 1
    if not (away < 0.5 or away > 0.5):
        raise UndecidedError(f"the whole number next to {ball}")
    return below if away < 0.5 else below + 1


def power(x: Any, y: Any) -> Any:
    """x^y."""
    return x ** int(float(y)) if y.is_integer() else x**y


def logarithm(base: int) -> Callable[[Any], Any]:
    """Return the rule of a logarithm in a base; -inf of 0."""
    return lambda ball: ball.log() / arb(base).log() if ball != 0 else arb(-math.inf)


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """Return the axes of a reduction."""
    if axis is None:
        return tuple(range(len(x.shape)))
    return tuple(a % len(x.shape) for a in (axis if isinstance(axis, tuple) else (axis,)))


def mean(x: Balls, axis: Any = None, keepdims: bool = False, **_: Any) -> Balls:
    """np.mean."""
    return total(x, axis, keepdims) / math.prod(x.shape[a] for a in axes_of(x, axis))


def variance(x: Balls, axis: Any = None, keepdims: bool = False, **how: Any) -> Balls:
    """np.var."""
    n = math.prod(x.shape[a] for a in axes_of(x, axis))
    d = x - mean(x, axis, keepdims=True)
    return total(d * d, axis, keepdims) / (n - (how.get("correction") or how.get("ddof") or 0))


def reduced(function: Callable[..., Any]) -> Callable[..., Balls]:
    """Return the rule of a reduction by a function of two balls."""
    ufunc = np.frompyfunc(function, 2, 1)

    def rule(x: Balls, axis: Any = None, keepdims: bool = False, **how: Any) -> Balls:
        axes = axes_of(x, axis)
        start = {"initial": arb(how["initial"])} if "initial" in how else {}

        def reduce(z: Array) -> Array:
            for a in axes:
                z = ufunc.reduce(z, axis=a, keepdims=True, **start)
            return z.reshape([n for a, n in enumerate(z.shape) if keepdims or a not in axes])

        return of_balls(reduce)(x.balls)

    return rule


def running(function: Callable[..., Any]) -> Callable[..., Balls]:
    """Return the rule of a running sum or product."""
    ufunc = np.frompyfunc(function, 2, 1)
    return lambda x, axis=-1, **_: of_balls(lambda z: ufunc.accumulate(z, axis=axis))(x.balls)


def order(x: Balls, axis: int = -1, **_: Any) -> Array:
    """np.argsort, of numbers of which any two are equal or tell which is larger."""
    middle = each(lambda ball: float(ball.mid()), x.balls).astype(float)
    found = np.argsort(middle, axis=axis, kind="stable")
    rising = np.moveaxis(np.take_along_axis(x.balls, found, axis), axis, -1)
    for one, other in zip(rising[..., :-1].flat, rising[..., 1:].flat, strict=True):
        if not one <= other:
            raise UndecidedError(f"which of {one} and {other} is larger")
    return found


def largest_place(x: Balls, axis: Any = None, **_: Any) -> Array:
    """np.argmax: the first of the largest."""
    return extreme(x, axis, -1)


def extreme(x: Balls, axis: Any, side: int) -> Array:
    """The first place of what comes last (-1) or first (0) in order."""
    if axis is None:
        x, axis = Balls(x.balls.ravel()), 0
    best = np.take_along_axis(x.balls, order(x, axis), axis).take([side], axis)
    return np.asarray(np.argmax(each(lambda a, b: bool(a == b), x.balls, best), axis=axis))


def asked(question: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Array]:
    """Return the rule of a comparison."""
    return lambda x, y: question(exact(x).balls, exact(y).balls)


def equal(x: Array, y: Array) -> Array:
    """Which are equal."""
    return each(lambda a, b: bool(a == b), x, y).astype(bool)


def triangle(keep: Callable[..., Any]) -> Callable[..., Balls]:
    """Return the rule of np.tril or np.triu."""
    return lambda x, k=0: where(keep(np.ones(x.shape[-2:], bool), k), x, 0.0)


def padded(x: Balls, width: Any, mode: Any = "constant", **how: Any) -> Balls:
    """np.pad."""
    return exact(each(arb, np.pad(x.balls, width, mode, **how)))


MOVES = (
    *(np.transpose, np.ravel, np.expand_dims, np.squeeze, np.flip, np.fliplr, np.flipud, np.roll),
    *(np.rot90, np.tile, np.take, np.take_along_axis, np.broadcast_to, np.diagonal, np.rollaxis),
    *(np.compress, np.delete, np.copy, np.atleast_1d, np.atleast_2d, np.diag),
)
UFUNCS |= {
    "absolute": elementwise(abs),
    "fabs": elementwise(abs),
    "sign": elementwise(sign),
    "square": elementwise(lambda ball: ball**2),
    "reciprocal": elementwise(lambda ball: 1 / ball),
    "power": elementwise(power),
    "minimum": elementwise(arb.min),
    "exp2": elementwise(lambda ball: arb(2) ** ball),
    "expm1": elementwise(arb.expm1),
    "log1p": elementwise(arb.log1p),
    "log2": elementwise(logarithm(2)),
    "log10": elementwise(logarithm(10)),
    "arctan": elementwise(arb.atan),
    "cbrt": elementwise(lambda ball: sign(ball) * abs(ball).root(3)),
    "floor": elementwise(whole("floor")),
    "ceil": elementwise(whole("ceil")),
    "rint": elementwise(nearest),
    "remainder": elementwise(lambda x, y: x - y * whole("floor")(x / y)),
    "erf": elementwise(arb.erf),
    "expit": elementwise(lambda ball: 1 / (1 + (-ball).exp())),
    "less": asked(lambda x, y: is_positive(y - x)),
    "greater_equal": asked(lambda x, y: ~is_positive(y - x)),
    "less_equal": asked(lambda x, y: ~is_positive(x - y)),
    "not_equal": asked(lambda x, y: ~equal(x, y)),
    "signbit": lambda x: each(lambda ball: bool(sign(ball) < 0), x).astype(bool),
    "isinf": lambda x: each(lambda b: not b.is_finite() and not b.is_nan(), x).astype(bool),
}
FUNCTIONS |= {
    **{f.__name__: moving(f) for f in MOVES},
    **COMPOSED,
    "mean": mean,
    "var": variance,
    "std": lambda x, **how: np.sqrt(variance(x, **how)),
    "prod": reduced(lambda a, b: a * b),
    "max": reduced(arb.max),
    "amax": reduced(arb.max),
    "min": reduced(arb.min),
    "amin": reduced(arb.min),
    "cumsum": running(lambda a, b: a + b),
    "cumprod": running(lambda a, b: a * b),
    "argsort": order,
    "sort": lambda x, axis=-1: Balls(np.take_along_axis(x.balls, order(x, axis), axis)),
    "argmax": largest_place,
    "argmin": lambda x, axis=None, **_: extreme(x, axis, 0),
    "tril": triangle(np.tril),
    "triu": triangle(np.triu),
    "pad": padded,
    "shape": lambda x: x.shape,
    "size": lambda x: x.balls.size,
    "ndim": lambda x: x.balls.ndim,
    **{f"{kind}_like": lambda x, *_, made=made, **__: made(x.shape) for kind, made in
       (("zeros", np.zeros), ("ones", np.ones), ("empty", np.zeros))},
}  # fmt: skip
algebra.sigmoid.register(Balls, lambda x: UFUNCS["expit"](x.balls))
algebra.erf.register(Balls, lambda x: UFUNCS["erf"](x.balls))
