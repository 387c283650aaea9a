"""Complex numbers on which a specification runs for a complex step: f(x + i h d) = f + i h f' d.

Squire and Trapp (1998), "Using complex variables to estimate derivatives of real functions". What
compares, chooses or orders looks at the real part; |x|, which is not analytic, is x or -x.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.composed import COMPOSED
from seqlaws.reference.numbers.methods import ArrayMethods
from seqlaws.reference.numbers.reductions import axes_of

STEP = 1e-30
Array = np.ndarray[Any, Any]


class Stepped(ArrayMethods, np.lib.mixins.NDArrayOperatorsMixin):
    """A complex array whose imaginary part is a derivative times STEP."""

    dtype = np.dtype(float)

    def __init__(self, z: Any) -> None:
        self.z = np.asarray(z, complex)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.z.shape

    def __len__(self) -> int:
        return len(self.z)

    def __getitem__(self, index: Any) -> "Stepped":
        return Stepped(self.z[index])

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise TypeError("a specification may not turn a computed number into an array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = RULES.get(ufunc.__name__)
        return rule(*inputs) if rule else wrapped(ufunc(*map(inner, inputs)))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        rule = RULES.get(function.__name__)
        if rule:
            return rule(*args, **kwargs)
        return wrapped(function(*map(inner, args), **kwargs))


def inner(x: Any) -> Any:
    """The complex array."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(inner, x))
    return x.z if isinstance(x, Stepped) else x


def real(x: Any) -> Any:
    """The real part."""
    return inner(x).real if isinstance(x, Stepped) else x


def wrapped(z: Any) -> Any:
    """A complex array as a number; anything else as it is."""
    return Stepped(z) if np.iscomplexobj(z) else z


def of_real(function: Any) -> Callable[..., Any]:
    """A function of the real parts."""
    return lambda *given, **how: function(*map(real, given), **how)


def absolute(x: Stepped) -> Stepped:
    """|x| = x or -x."""
    return Stepped(np.where(x.z.real < 0, -x.z, x.z))


def greater(x: Any, y: Any) -> Stepped:
    """The maximum by the real part."""
    return Stepped(np.where(real(x) >= real(y), inner(x), inner(y)))


def smaller(x: Any, y: Any) -> Stepped:
    """The minimum by the real part."""
    return Stepped(np.where(real(x) <= real(y), inner(x), inner(y)))


def extreme(place: Any) -> Callable[..., Stepped]:
    """The maximum or minimum along axes, by the real part."""

    def rule(x: Stepped, axis: Any = None, keepdims: bool = False, **_: Any) -> Stepped:
        axes = axes_of(x, axis)
        front = [a for a in range(x.ndim) if a not in axes]
        moved = np.transpose(x.z, (*front, *axes))
        flat = moved.reshape((*moved.shape[: len(front)], -1))
        at = place(flat.real, axis=-1)
        z = np.take_along_axis(flat, at[..., None], axis=-1)[..., 0]
        kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
        return Stepped(z.reshape(kept) if keepdims else z)

    return rule


def sort(x: Stepped, axis: int = -1, **_: Any) -> Stepped:
    """Sorted by the real part."""
    order = np.argsort(x.z.real, axis=axis, kind="stable")
    return Stepped(np.take_along_axis(x.z, order, axis))


def variance(x: Stepped, axis: Any = None, keepdims: bool = False, **how: Any) -> Stepped:
    """The mean square of what is left of the mean, not of its magnitude."""
    axes = axes_of(x, axis)
    n = math.prod(x.shape[a] for a in axes)
    less = how.get("correction") or how.get("ddof") or 0
    d = x.z - np.mean(x.z, axis=axes, keepdims=True)
    return Stepped(np.sum(d * d, axis=axes, keepdims=keepdims) / (n - less))


def where(condition: Any, x: Any, y: Any) -> Any:
    """np.where."""
    return wrapped(np.where(real(condition), inner(x), inner(y)))


RULES: dict[str, Callable[..., Any]] = {
    **{
        f.__name__: of_real(f)
        for f in (
            *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal),
            *(np.isnan, np.isfinite, np.isinf, np.isneginf, np.sign, np.floor, np.ceil, np.rint),
            *(np.argmax, np.argmin, np.argsort, np.signbit, np.all, np.any),
        )
    },
    **COMPOSED,
    "absolute": absolute,
    "fabs": absolute,
    "maximum": greater,
    "minimum": smaller,
    "max": extreme(np.argmax),
    "amax": extreme(np.argmax),
    "min": extreme(np.argmin),
    "amin": extreme(np.argmin),
    "sort": sort,
    "var": variance,
    "std": lambda x, **how: np.sqrt(np.var(x, **how)),
    "where": where,
    "remainder": lambda x, y: x - y * np.floor(real(x) / real(y)),
    "cbrt": lambda x: Stepped(np.sign(x.z.real) * np.power(absolute(x).z, 1 / 3)),
    "real": lambda x: x,
    "erf": lambda x: Stepped(algebra.erf(x.z)),
    "expit": lambda x: Stepped(algebra.sigmoid(x.z)),
}


def of_complex(function: Callable[..., Any]) -> Callable[..., Stepped]:
    """A function of `algebra`, of the complex array."""
    return lambda x: Stepped(function(x.z))


for function in (
    algebra.sigmoid,
    algebra.erf,
    algebra.normal_cdf,
    algebra.softmax_rows,
    algebra.log_sum_exp,
    algebra.mean,
):
    function.register(Stepped, of_complex(function.dispatch(object)))
algebra.added_at.register(
    Stepped, lambda x, places, shape: Stepped(algebra.added_at.dispatch(object)(x.z, places, shape))
)
algebra.exponential.register(Stepped, lambda x, base: Stepped(np.power(base, x.z)))


def derivative(
    function: Callable[..., Any], arguments: Sequence[Array], direction: Sequence[Array]
) -> list[Array]:
    """Return the derivative of each output along a direction; zeros of one that has none."""
    steps = zip(arguments, direction, strict=True)
    outputs = function(*(Stepped(x + 1j * STEP * d) for x, d in steps))
    return [y.z.imag / STEP if isinstance(y, Stepped) else np.zeros(np.shape(y)) for y in outputs]
