"""Comparisons of rounding numbers, and what is chosen by them.

Where two numbers may be nearer to each other than their errors, an implementation may find either
of them the larger. A comparison that is certain everywhere is an ordinary array of booleans.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference.numbers.arithmetic import Arithmetic
from seqlaws.reference.numbers.entries import Array, unknown_if_nan
from seqlaws.reference.numbers.methods import ArrayMethods, NoRuleError, others_decide
from seqlaws.reference.numbers.places import where as where_certain
from seqlaws.reference.numbers.rounding import FUNCTIONS, UFUNCS, Rounding, lift, settled

BRANCHES = "a specification may not branch on a computed number: use np.where"
LOGIC: dict[str, Callable[..., Array]] = {
    "bitwise_and": np.logical_and,
    "logical_and": np.logical_and,
    "bitwise_or": np.logical_or,
    "logical_or": np.logical_or,
    "bitwise_xor": np.logical_xor,
    "logical_xor": np.logical_xor,
    "invert": np.logical_not,
    "logical_not": np.logical_not,
}


class Truth(ArrayMethods, np.lib.mixins.NDArrayOperatorsMixin):
    """Booleans, some of which an implementation may get the other way."""

    dtype = np.dtype(bool)

    def __init__(self, value: Any, unsure: Any, arithmetic: Arithmetic) -> None:
        self.value, self.arithmetic = np.asarray(value, bool), arithmetic
        self.unsure = np.broadcast_to(np.asarray(unsure, bool), self.value.shape)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.value.shape

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        raise TypeError(BRANCHES)

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise TypeError("a comparison of computed numbers is no array: use np.where")

    def __getitem__(self, index: Any) -> Any:
        return truth(self.value[index], self.unsure[index], self.arithmetic)

    def astype(self, dtype: Any, **_: Any) -> Any:
        """Return 1.0 and 0.0."""
        return self if np.dtype(dtype).kind == "b" else self.as_number(self.arithmetic)

    def as_number(self, arithmetic: Arithmetic) -> Rounding:
        """1 and 0, off by 1 where it is not certain."""
        y = Rounding(1.0 * self.value, 1.0 * self.unsure, arithmetic, 1.0)
        y.positive = True
        return y

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if others_decide(inputs):
            return NotImplemented
        if method != "__call__" or kwargs:
            raise NoRuleError(ufunc.__name__)
        logic = LOGIC.get(ufunc.__name__)
        if logic is not None:
            return combined(logic, inputs, self.arithmetic)
        return ufunc(*(lift(x, self.as_number(self.arithmetic)) for x in inputs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if others_decide(args):
            return NotImplemented
        if function.__name__ == "where":
            return where(*args, **kwargs)
        if function.__name__ in QUESTIONS:
            return QUESTIONS[function.__name__](*args, **kwargs)
        if function.__name__ in MOVES:
            parts = (function(z, *args[1:], **kwargs) for z in (self.value, self.unsure))
            value, unsure = parts
            return truth(value, unsure, self.arithmetic)
        number = self.as_number(self.arithmetic)
        return function(*(number if x is self else x for x in args), **kwargs)


MOVES = ("reshape", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "broadcast_to")


class Certain(np.ndarray[Any, Any]):
    """An array of booleans that come of computed numbers: no specification may branch on them."""

    def __bool__(self) -> bool:
        raise TypeError(BRANCHES)


def truth(value: Array, unsure: Array, arithmetic: Arithmetic) -> Any:
    """Booleans: an ordinary array, but for branches, where all are certain."""
    if np.any(unsure):
        return Truth(value, unsure, arithmetic)
    return np.asarray(value).view(Certain)


def combined(logic: Any, inputs: Any, arithmetic: Arithmetic) -> Any:
    """and, or, not: certain where no other answer of an uncertain input would change it."""
    parts = [x if isinstance(x, Truth) else Truth(x, np.False_, arithmetic) for x in inputs]
    value, unsure = logic(*(x.value for x in parts)), np.zeros((), bool)
    for k in range(2 ** len(parts)):
        turned = [x.value ^ (x.unsure & bool(k >> i & 1)) for i, x in enumerate(parts)]
        unsure = unsure | (logic(*turned) != value)
    return truth(value, unsure, arithmetic)


def comparison(compare: Callable[..., Array]) -> Callable[..., Any]:
    """A comparison, certain where the numbers are further apart than their errors."""

    def rule(x: Rounding, y: Rounding) -> Any:
        x, y = settled(x), settled(y)
        value, error = compare(x.value, y.value), x.error + y.error
        slack = 2.0**-50 * (np.abs(x.value) + np.abs(y.value))  # of these float64 numbers
        with np.errstate(invalid="ignore"):
            apart = unknown_if_nan(np.abs(x.value - y.value))
        equal = x.value == y.value
        near = (error > 0) & ((apart <= error + slack) | equal | np.isinf(error))
        return truth(value, near, x.arithmetic)

    return rule


def where(condition: Any, x: Any, y: Any) -> Any:
    """Each entry from one of the two; either of them where the condition is not certain."""
    if isinstance(condition, Rounding):
        raise TypeError("np.where of computed numbers: compare them with something")
    if not isinstance(condition, Truth):
        if isinstance(x, Truth) or isinstance(y, Truth):
            return where_truth(condition, x, y)
        return where_certain(condition, x, y)
    like = condition.as_number(condition.arithmetic)
    x, y = (settled(lift(z, like)) for z in (x, y))
    z, other = where_certain(condition.value, x, y), where_certain(condition.value, y, x)
    with np.errstate(invalid="ignore"):
        reach = unknown_if_nan(np.abs(z.value - other.value)) + other.error
    reach = np.where(z.value == other.value, other.error, reach)
    error = np.where(condition.unsure, np.maximum(z.error, reach), z.error)
    w = Rounding(z.value, error, z.arithmetic, z.grid)
    w.positive = x.positive and y.positive
    return w


def where_truth(condition: Any, x: Any, y: Any) -> Any:
    """A choice between booleans."""
    if not all(isinstance(z, Truth) or np.asarray(z).dtype == bool for z in (x, y)):
        like = next(z for z in (x, y) if isinstance(z, Truth))
        return where_certain(condition, *(lift(z, like.as_number(like.arithmetic)) for z in (x, y)))
    return (condition & x) | (~np.asarray(condition) & y)


def every(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """np.all."""
    low = np.all(x.value & ~x.unsure, axis=axis, keepdims=keepdims)
    high = np.all(x.value | x.unsure, axis=axis, keepdims=keepdims)
    return truth(np.all(x.value, axis=axis, keepdims=keepdims), low != high, x.arithmetic)


def some(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """np.any."""
    low = np.any(x.value & ~x.unsure, axis=axis, keepdims=keepdims)
    high = np.any(x.value | x.unsure, axis=axis, keepdims=keepdims)
    return truth(np.any(x.value, axis=axis, keepdims=keepdims), low != high, x.arithmetic)


QUESTIONS = {"all": every, "any": some}
UFUNCS |= {
    "greater": comparison(np.greater),
    "greater_equal": comparison(np.greater_equal),
    "less": comparison(np.less),
    "less_equal": comparison(np.less_equal),
    "equal": comparison(np.equal),
    "not_equal": comparison(np.not_equal),
    "isinf": lambda x: np.isinf(x.value),
    "signbit": lambda x: UFUNCS["less"](x, lift(0.0, x)),
}
FUNCTIONS |= {"where": where}
