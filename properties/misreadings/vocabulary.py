"""What an edit may say beside the specification's own words; on arrays and on rounding numbers."""

import math
from collections.abc import Callable
from contextvars import ContextVar
from functools import singledispatch
from typing import Any

import numpy as np

from seqlaws.reference.algebra import log_sum_exp, relu, sigmoid, softmax_rows, transpose
from seqlaws.reference.numbers import Arithmetic, Rounding
from seqlaws.reference.numbers.arithmetic import FORMATS, greatest
from seqlaws.reference.numbers.reverse import Traced, detached, primal
from seqlaws.reference.numbers.rounding import settled

__all__ = [
    "absolute", "at_zero", "blocks", "clip", "detached", "doubled", "exp_with_overflow",
    "first_row", "halved", "highest", "least", "log_sum_exp", "logistic", "math", "narrow",
    "negated", "nothing", "quotient", "relu", "replaced", "rows", "scanning", "shifted_softmax",
    "sigmoid", "softmax_rows", "tile", "towards_zero", "transpose", "transposed_blocks",
    "without_block", "wrapped",
]  # fmt: skip

Array = Any
logistic = sigmoid  # where an edit gives `sigmoid` another meaning
FEW = 16  # exponents, in e-folds above the smallest number, that have few digits
AT_HAND: ContextVar[Arithmetic] = ContextVar("at hand", default=Arithmetic())  # noqa: B039  # frozen


def nothing(x: Array) -> Array:
    """Zeros in the place of x."""
    return np.where(np.ones(x.shape, bool), 0, x)


def scanning(how: str) -> Callable[[Any], Any]:
    """Decorator of a step, which says in what way it is scanned."""

    def marked(step: Any) -> Any:
        step.scans = how
        return step

    return marked


def first_row(x: Array) -> Array:
    """Every row of the batch as the first."""
    return np.repeat(x[:1], x.shape[0], axis=0)


def least(x: Array, y: Array) -> Array:
    """The smaller of the two."""
    return -np.maximum(-x, -y)


def clip(x: Array, low: float, high: float) -> Array:
    """x between low and high."""
    return least(np.maximum(x, low), high)


def absolute(x: Array) -> Array:
    """|x|."""
    return np.maximum(x, -x)


def tile(x: Array, times: int) -> Array:
    """The heads one after the other, so many times: what np.tile does where np.repeat is due."""
    return np.concatenate([x] * times, axis=1)


def blocks(x: Array, *order: int) -> Array:
    """The blocks of the last axis in another order."""
    n = x.shape[-1] // len(order)
    return np.concatenate([x[..., k * n : (k + 1) * n] for k in order], axis=-1)


def rows(x: Array, *order: int) -> Array:
    """The row blocks in another order."""
    n = x.shape[0] // len(order)
    return np.concatenate([x[k * n : (k + 1) * n] for k in order], axis=0)


def transposed_blocks(x: Array) -> Array:
    """Each square row block transposed."""
    n = x.shape[1]
    parts = [transpose(x[k : k + n]) for k in range(0, x.shape[0], n)] if n else [x]
    return np.concatenate(parts, axis=0)


def without_block(x: Array, block: int, of: int) -> Array:
    """x with zeros in one block of its last axis."""
    kept = np.arange(x.shape[-1]) // max(x.shape[-1] // of, 1) != block
    return np.where(kept, x, 0)


def wrapped(before: Array, last: Array, reverse: bool) -> Array:
    """The states before the steps (B, T, H), the last one of all before the step read first."""
    rest = before[:, :-1] if reverse else before[:, 1:]
    both = [rest, last[:, None]] if reverse else [last[:, None], rest]
    return np.concatenate(both, axis=1) if before.shape[1] else before


def replaced(
    gradients: tuple[Array, ...], changes: dict[int, Callable[[Array], Array]]
) -> tuple[Array, ...]:
    """The gradients, something done to some of them."""
    return tuple(changes[k](g) if k in changes else g for k, g in enumerate(gradients))


@singledispatch
def at_zero(x: Array) -> Array:
    """1 where x is 0, else 0."""
    return np.where(x == 0, 1.0, 0.0)


@at_zero.register
def _(x: Rounding) -> Rounding:
    x = settled(x)
    uncertain = (x.error > 0) & (np.abs(x.value) <= x.error)
    return Rounding(at_zero(x.value), np.where(uncertain, 1.0, 0.0), x.arithmetic)


@singledispatch
def highest(x: Array, axis: Any = -1) -> Array:
    """The maximum along an axis, or along all of them for None; axes are kept."""
    return np.max(x, axis=axis, keepdims=True, initial=-np.inf)


@highest.register
def _(x: Rounding, axis: Any = -1) -> Rounding:
    x = settled(x)  # |max x - max y| <= max |x - y|
    error = np.max(x.error, axis=axis, keepdims=True, initial=0)
    return Rounding(highest(x.value, axis), error, x.arithmetic)


@singledispatch
def quotient(x: Array, y: Array) -> Array:
    """x / y."""
    with np.errstate(all="ignore"):
        return x / y


@quotient.register
def _(x: Rounding, y: Any) -> Rounding:
    x = settled(x)
    y = settled(y if isinstance(y, Rounding) else Rounding(y, 0 * np.asarray(y), x.arithmetic))
    a, value = x.arithmetic, x.value / y.value
    room = np.abs(y.value) - y.error  # how near 0 the divisor may come
    error = (x.error + np.abs(value) * y.error) / np.where(room > 0, room, 1)
    error = np.where(room > 0, error + 2 * a.unit * (np.abs(value) + error) + a.tiny, np.inf)
    return Rounding(value, error, a)


@singledispatch
def narrow(x: Array, form: str | int, whole: Any = np.rint) -> Array:
    """x rounded to a dtype, to "tf32", or to so many bits of significand; ties to even.

    whole: how a number is made whole: np.trunc rounds towards zero.
    """
    bits, smallest, largest = FORMATS.get(str(form), (11 if form == "tf32" else form, -1021, 1024))
    x = np.asarray(x, float)
    with np.errstate(all="ignore"):
        _, exponent = np.frexp(x)
        unit = np.ldexp(1.0, np.maximum(exponent, smallest + 1) - int(bits))
        rounded = np.where(np.isfinite(x) & (unit > 0), whole(x / unit) * unit, x)
        top = greatest(str(form)) if form in FORMATS and largest < 1024 else np.inf
        return np.where(np.abs(rounded) > top, np.copysign(np.inf, x), rounded)


@narrow.register
def _(x: Rounding, form: str | int, whole: Any = np.rint) -> Rounding:
    x = settled(x)  # rounding is monotone
    value = narrow(x.value, form, whole)
    low, high = (narrow(x.value + e, form, whole) for e in (-x.error, x.error))
    with np.errstate(all="ignore"):
        error = np.where(low == high, 0.0, np.maximum(high - value, value - low))
    error = np.where(np.isfinite(x.error) & ~np.isnan(error), error, np.inf)
    return Rounding(value, error, x.arithmetic)


@narrow.register
def _(x: Traced, form: str | int, whole: Any = np.rint) -> Traced:
    return Traced(narrow(x.value, form, whole), [(x, lambda g: g)])


def towards_zero(x: Array) -> Array:
    """x in the dtype at hand, rounded towards zero: without the digits beyond it."""
    a = x.arithmetic if isinstance(x, Rounding) else AT_HAND.get()
    return narrow(x, a.dtype, np.trunc)


def pulled(x: Array, factor: float) -> Array:
    """x, its gradient times a factor."""
    return Traced(x.value, [(x, lambda g: g * factor)]) if isinstance(x, Traced) else x


def halved(x: Array) -> Array:
    """x with half its gradient."""
    return pulled(x, 0.5)


def doubled(x: Array) -> Array:
    """x with twice its gradient."""
    return pulled(x, 2.0)


def negated(x: Array) -> Array:
    """x with minus its gradient."""
    return pulled(x, -1.0)


def limits(x: Array) -> tuple[float, float]:
    """Beyond which exponents exp is infinite, or certainly 0, in the accumulating dtype."""
    a = x.arithmetic if isinstance(x, Rounding) else AT_HAND.get()
    bits, smallest, _ = FORMATS[a.accumulate]
    return math.log(a.largest), (smallest - bits + 1) * math.log(2)


def exp_with_overflow(x: Array, result: Array) -> Array:
    """`result`, but NaN where exp(x) is infinite: inf / inf."""
    over, _ = limits(x)
    value = x.value if isinstance(x, Rounding) else x
    found = np.where(value > over, np.nan, result)
    return unclaimed(found, np.abs(value - over) < 0.01)


def shifted_softmax(x: Array, shift: Array, *, guarded: bool = False) -> Array:
    """exp(x - shift) / sum exp(x - shift), as it comes: infinities over infinities, 0 over 0.

    guarded: a sum of 0 is replaced by 1. A row with only -inf is left to the declared rule. A row
    with a NaN has NaN for its gradient.
    """
    over, under = limits(primal(x))
    z = valued(primal(x)) - valued(primal(shift))
    e = np.where(z > over, np.inf, np.where(z < under - math.log(2), 0, np.exp(z)))
    total = np.sum(e, axis=-1, keepdims=True)
    size = np.log(total)
    total = np.where(size > over, np.inf, total)
    found = e / np.where((total == 0) & guarded, 1, total)
    told = (found > 0) | np.all(np.isneginf(z), axis=-1, keepdims=True)
    if isinstance(x, Traced):
        lost = np.any(np.isnan(found) & ~told, axis=-1, keepdims=True)
        x = Traced(x.value, [(x, lambda g: np.where(lost, np.nan, g))])
    p = np.where(told, softmax_rows(x), found)
    near = (np.abs(size - over) < 0.01) | (np.abs(z - over) < 0.01)
    return unclaimed(p, near | (np.abs(z - under) < FEW) | (np.abs(size - under) < FEW))


def valued(x: Array) -> Array:
    """The value of a number, of any system."""
    return settled(x).value if isinstance(x, Rounding) else x


def unclaimed(x: Array, where: Array) -> Array:
    """x, of which nothing is claimed in some places."""
    if isinstance(x, Traced):
        return Traced(unclaimed(x.value, where), [(x, lambda g: g)])
    if not isinstance(x, Rounding):
        return x
    x = settled(x)
    return Rounding(x.value, np.where(where, np.inf, x.error), x.arithmetic)
