"""What reverse mode knows of NumPy's functions: each with the pull of its gradient."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.composed import COMPOSED
from seqlaws.reference.numbers.moves import FUNCTION, sources
from seqlaws.reference.numbers.orders import Places, doubtful
from seqlaws.reference.numbers.reverse import RULES, Array, Traced, fresh, primal
from seqlaws.reference.numbers.reverse_reductions import (
    deviation,
    extreme,
    mean,
    product,
    running_product,
    running_sum,
    total,
    variance,
)

LN2, LN10 = math.log(2), math.log(10)


def of_one(function: Any, pull: Callable[[Array, Array, Array], Array]) -> Callable[..., Any]:
    """A function of one argument: pull(gradient, argument, value)."""

    def rule(x: Any) -> Any:
        value = function(x.value)
        return fresh(value, (x, lambda g: pull(g, x.value, value)))

    return rule


def of_two(
    function: Any,
    left: Callable[[Array, Array, Array, Array], Array],
    right: Callable[[Array, Array, Array, Array], Array],
) -> Callable[..., Any]:
    """A function of two arguments: a pull to each, of (gradient, x, y, value)."""

    def rule(x: Any, y: Any) -> Any:
        a, b = primal(x), primal(y)
        value = function(a, b)
        pulls = (x, lambda g: left(g, a, b, value)), (y, lambda g: right(g, a, b, value))
        return fresh(value, *pulls)

    return rule


def power(x: Any, y: Any) -> Any:
    """x^y; of a constant power the slope is p x^(p - 1)."""
    if isinstance(y, Traced):
        return of_two(
            np.power,
            lambda g, a, b, v: g * (b * np.power(a, b - 1)),
            lambda g, a, b, v: g * (v * np.log(a)),
        )(x, y)
    if np.ndim(y) == 0 and y in (2, 1, 0.5):
        made = {2: "square", 1: "positive", 0.5: "sqrt"}[float(y)]
        return RULES[made](x)
    value = np.power(x.value, y)
    return fresh(value, (x, lambda g: g * (y * np.power(x.value, y - 1))))


def matmul(x: Any, y: Any) -> Any:
    """x @ y: dx = g y^T, dy = x^T g; vectors as matrices of one row or column."""
    a, b = primal(x), primal(y)
    one, other = len(np.shape(a)) == 1, len(np.shape(b)) == 1
    if one or other:
        x, y = (x[None, :] if one else x), (y[:, None] if other else y)
        z = matmul(x, y)
        z = z[..., 0] if other else z
        return z[..., 0] if one and other else z[..., 0, :] if one else z
    return fresh(
        a @ b,
        (x, lambda g: g @ algebra.transpose(b)),
        (y, lambda g: algebra.transpose(a) @ g),
    )


def where(condition: Any, x: Any, y: Any) -> Any:
    """The gradient goes to the one that was chosen."""
    c = primal(condition)
    value = np.where(c, primal(x), primal(y))
    pulls = (x, lambda g: np.where(c, g, 0.0)), (y, lambda g: np.where(c, 0.0, g))
    return fresh(value, *pulls)


def moved(function: Any) -> Callable[..., Any]:
    """A function that puts entries in other places: backwards each goes where it came from."""

    def rule(x: Any, *given: Any, **named: Any) -> Any:
        given = tuple(map(primal, given))
        unsure = next((g for g in given if isinstance(g, Places)), None)
        if unsure is not None:
            return taken_by(x, unsure, *given[1:], **named)
        return rearranged(x, lambda z: function(z, *given, **named))

    return rule


def taken_by(x: Any, index: Places, axis: int = -1) -> Any:
    """np.take_along_axis by places that may not be certain: no gradient is claimed of such rows."""
    rows = np.any(index.unsure, axis=axis, keepdims=True)
    y = rearranged(x, lambda z: np.take_along_axis(z, index.value, axis=axis))
    (parent, pull) = y.parents[0]
    along: Any = np.take_along_axis
    value = along(x.value, index, axis=axis)

    def doubted(g: Array) -> Array:
        return doubtful(pull(g), np.broadcast_to(rows, x.shape), index.arithmetic)

    return fresh(value, (parent, doubted))


def rearranged(x: Any, move: Callable[[Array], Array]) -> Any:
    """The entries of x in other places."""
    shape = x.shape
    size = math.prod(shape)

    def pull(g: Array) -> Array:
        places = sources(shape, move)
        flat = algebra.added_at(np.reshape(g, (places.size,)), (places.reshape(-1),), (size + 1,))
        return np.reshape(flat[1:], shape)

    return fresh(move(x.value), (x, pull))


def concatenate(parts: Any, axis: int = 0) -> Any:
    """np.concatenate: each part has its share of the gradient."""
    values = [primal(x) for x in parts]
    edges = np.cumsum([0, *(np.shape(v)[axis] for v in values)])

    def pull(k: int) -> Callable[[Array], Array]:
        return lambda g: np.moveaxis(
            np.moveaxis(g, axis, 0)[int(edges[k]) : int(edges[k + 1])], 0, axis
        )

    value = np.concatenate(values, axis=axis)
    return fresh(value, *((x, pull(k)) for k, x in enumerate(parts)))


def sort(x: Any, axis: int = -1, **_: Any) -> Any:
    """np.sort: as entries in other places."""
    order = np.argsort(x.value, axis=axis, kind="stable")
    return np.take_along_axis(x, order, axis=axis)


def clipped(x: Any, low: Any = None, high: Any = None, **more: Any) -> Any:
    """np.clip."""
    return COMPOSED["clip"](x, low, high, **more)


ONE: dict[Any, Callable[[Array, Array, Array], Array]] = {
    np.positive: lambda g, x, y: +g,
    np.negative: lambda g, x, y: -g,
    np.exp: lambda g, x, y: g * y,
    np.exp2: lambda g, x, y: g * (y * LN2),
    np.expm1: lambda g, x, y: g * np.exp(x),
    np.log: lambda g, x, y: g / x,
    np.log2: lambda g, x, y: g / (x * LN2),
    np.log10: lambda g, x, y: g / (x * LN10),
    np.log1p: lambda g, x, y: g / (1.0 + x),
    np.sqrt: lambda g, x, y: g * (0.5 / y),
    np.cbrt: lambda g, x, y: g / (3.0 * (y * y)),
    np.square: lambda g, x, y: g * (2.0 * x),
    np.reciprocal: lambda g, x, y: -(g * (y * y)),
    np.tanh: lambda g, x, y: g * (1.0 - y * y),
    np.arctan: lambda g, x, y: g / (1.0 + x * x),
    np.sin: lambda g, x, y: g * np.cos(x),
    np.cos: lambda g, x, y: -(g * np.sin(x)),
    np.absolute: lambda g, x, y: g * (2.0 * algebra.larger(x, 0.0) - 1.0),
}
TWO: dict[Any, tuple[Callable[..., Array], Callable[..., Array]]] = {
    np.add: (lambda g, x, y, z: g, lambda g, x, y, z: g),
    np.subtract: (lambda g, x, y, z: g, lambda g, x, y, z: -g),
    np.multiply: (lambda g, x, y, z: g * y, lambda g, x, y, z: g * x),
    np.divide: (lambda g, x, y, z: g / y, lambda g, x, y, z: -(g * (z / y))),
    np.maximum: (
        lambda g, x, y, z: g * algebra.larger(x, y),
        lambda g, x, y, z: g * algebra.larger(y, x),
    ),
    np.minimum: (
        lambda g, x, y, z: g * algebra.larger(y, x),
        lambda g, x, y, z: g * algebra.larger(x, y),
    ),
    np.remainder: (
        lambda g, x, y, z: g,
        lambda g, x, y, z: -(g * np.floor(x / y)),
    ),
}
RULES |= {f.__name__: of_one(f, pull) for f, pull in ONE.items()}
RULES |= {f.__name__: of_two(f, *pulls) for f, pulls in TWO.items()}
RULES |= {name: moved(f) for name, f in FUNCTION.items()}
RULES |= {f.__name__: moved(f) for f in (np.swapaxes, np.moveaxis, np.repeat, np.reshape)}
RULES |= COMPOSED
RULES |= {
    "fabs": RULES["absolute"],
    "power": power,
    "matmul": matmul,
    "where": where,
    "sum": total,
    "mean": mean,
    "var": variance,
    "std": deviation,
    "max": extreme(np.max, 1.0),
    "amax": extreme(np.max, 1.0),
    "min": extreme(np.min, -1.0),
    "amin": extreme(np.min, -1.0),
    "prod": product,
    "cumsum": running_sum,
    "cumprod": running_product,
    "concatenate": concatenate,
    "sort": sort,
    "real": lambda x: x,
    "getitem": lambda x, index: rearranged(x, lambda z: z[index]),
}


def registered(function: Any, pull: Callable[[Array, Array, Array], Array]) -> None:
    """A function of `algebra` of one argument."""
    function.register(Traced, of_one(function, pull))


registered(algebra.sigmoid, lambda g, x, y: g * (y * (1.0 - y)))
registered(algebra.erf, lambda g, x, y: g * (np.exp(-(x * x)) * (2 / math.sqrt(math.pi))))
registered(
    algebra.normal_cdf,
    lambda g, x, y: g * (np.exp(-(x * x) * 0.5) * (1 / math.sqrt(2 * math.pi))),
)
registered(algebra.softmax_rows, lambda g, x, p: p * (g - np.sum(p * g, axis=-1, keepdims=True)))
registered(algebra.log_sum_exp, lambda g, x, y: g * algebra.softmax_rows(x))
registered(algebra.step, lambda g, x, y: g * 0.0)
registered(algebra.single, lambda g, x, y: g)
RULES |= {"erf": algebra.erf, "expit": algebra.sigmoid}
algebra.mean.register(Traced, lambda x: mean(x, -1, True))
algebra.exponential.register(
    Traced,
    lambda x, base: fresh(
        algebra.exponential(x.value, base),
        (x, lambda g: g * (algebra.exponential(x.value, base) * math.log(base))),
    ),
)
algebra.either.register(Traced, lambda x, *others: x)


def added_at(terms: Any, places: Any, shape: tuple[int, ...]) -> Any:
    """Each term has the gradient of its place."""
    return fresh(algebra.added_at(terms.value, places, shape), (terms, lambda g: g[places]))


algebra.added_at.register(Traced, added_at)
