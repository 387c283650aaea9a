"""Orders of rounding numbers: sort, argsort, argmax, and what is taken by them.

Where two numbers may be nearer to each other than their errors, or are equal, an implementation may
put either of them first: nothing is claimed of the places there.
"""

from typing import Any

import numpy as np

from seqlaws.reference.numbers import moves  # noqa: F401  # whose rule of take_along_axis is used
from seqlaws.reference.numbers.arithmetic import Arithmetic
from seqlaws.reference.numbers.entries import Array
from seqlaws.reference.numbers.methods import ArrayMethods, NoRuleError, others_decide
from seqlaws.reference.numbers.rounding import FUNCTIONS, Rounding, settled
from seqlaws.reference.numbers.truths import truth

AS_THEY_ARE = ("reshape", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "flip")


class Places(ArrayMethods, np.lib.mixins.NDArrayOperatorsMixin):
    """Whole numbers, of some of which nothing is claimed."""

    dtype = np.dtype(np.int64)

    def __init__(self, value: Any, unsure: Any, arithmetic: Arithmetic) -> None:
        self.value, self.unsure = np.asarray(value), np.asarray(unsure, bool)
        self.arithmetic = arithmetic

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.value.shape

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: Any) -> Any:
        return places(self.value[index], self.unsure[index], self.arithmetic)

    def astype(self, dtype: Any, **_: Any) -> Any:
        """Return the numbers as floating ones, or as they are."""
        return self.as_number(self.arithmetic) if np.dtype(dtype).kind == "f" else self

    def as_number(self, arithmetic: Arithmetic) -> Rounding:
        """The numbers; without a bound where they are not certain."""
        return Rounding(1.0 * self.value, np.where(self.unsure, np.inf, 0.0), arithmetic, 1.0)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if others_decide(inputs):
            return NotImplemented
        if method != "__call__" or kwargs:
            raise NoRuleError(ufunc.__name__)
        values = [x.value if isinstance(x, Places) else x for x in inputs]
        if any(hasattr(x, "arithmetic") for x in values):
            return ufunc(
                *(x.as_number(x.arithmetic) if isinstance(x, Places) else x for x in inputs)
            )
        doubts = [x.unsure for x in inputs if isinstance(x, Places)]
        value = ufunc(*values)
        unsure = np.broadcast_to(np.logical_or.reduce(np.broadcast_arrays(*doubts)), value.shape)
        if value.dtype == bool:
            return truth(value, unsure, self.arithmetic)
        return places(value, unsure, self.arithmetic)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if others_decide(args):
            return NotImplemented
        name = function.__name__
        if name == "take_along_axis":
            return taken(*args, **kwargs)
        if name in AS_THEY_ARE:
            parts = (function(z, *args[1:], **kwargs) for z in (self.value, self.unsure))
            value, unsure = parts
            return places(value, unsure, self.arithmetic)
        raise NoRuleError(name)


def places(value: Array, unsure: Array, arithmetic: Arithmetic) -> Any:
    """Whole numbers: an ordinary array where all are certain."""
    return Places(value, unsure, arithmetic) if np.any(unsure) else np.asarray(value)


def sort(x: Rounding, axis: int = -1, **_: Any) -> Rounding:
    """np.sort: the k-th number lies between the k-th of all lower and of all upper ends."""
    x = settled(x)
    value = np.sort(x.value, axis=axis)
    low, high = np.sort(x.value - x.error, axis=axis), np.sort(x.value + x.error, axis=axis)
    error = np.where(low == high, 0.0, np.maximum(high - value, value - low))
    error = np.where(np.isnan(error), np.inf, error)
    y = Rounding(value, error, x.arithmetic, x.grid)
    y.positive = x.positive
    return y


def argsort(x: Rounding, axis: int = -1, **_: Any) -> Any:
    """np.argsort; nothing is claimed of the places of numbers that may change places."""
    x = settled(x)
    order = np.argsort(x.value, axis=axis, kind="stable")
    value, error = (np.take_along_axis(z, order, axis) for z in (x.value, x.error))
    with np.errstate(invalid="ignore"):
        near = ~(np.diff(value, axis=axis) > np.add(*pairs(error, axis)))
    one = [(0, 0)] * value.ndim
    before, after = list(one), list(one)
    before[axis], after[axis] = (1, 0), (0, 1)
    return places(order, np.pad(near, before) | np.pad(near, after), x.arithmetic)


def pairs(z: Array, axis: int) -> tuple[Array, Array]:
    """Each entry but the last, and its neighbour."""
    moved = np.moveaxis(z, axis, 0)
    return np.moveaxis(moved[:-1], 0, axis), np.moveaxis(moved[1:], 0, axis)


def argmax(x: Rounding, axis: Any = None, keepdims: bool = False, **_: Any) -> Any:
    """np.argmax; nothing is claimed where several may be the largest."""
    x = settled(x)
    least = np.max(x.value - x.error, axis=axis, keepdims=True)
    may = ~(x.value + x.error < least)
    unsure = np.sum(may, axis=axis, keepdims=keepdims) > 1
    return places(np.argmax(x.value, axis=axis, keepdims=keepdims), unsure, x.arithmetic)


def taken(x: Any, index: Any, axis: int = -1) -> Any:
    """np.take_along_axis by places that may not be certain."""
    if not isinstance(index, Places):
        return BY_CERTAIN_PLACES(x, index, axis=axis)
    y = np.take_along_axis(x, index.value, axis=axis)
    return doubtful(y, index.unsure, index.arithmetic)


def doubtful(x: Any, unsure: Array, arithmetic: Arithmetic) -> Any:
    """The numbers x; nothing is claimed in some places."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "iub":
        return places(x, np.broadcast_to(unsure, x.shape), arithmetic)
    x = settled(x) if isinstance(x, Rounding) else Rounding(x, 0.0 * np.asarray(x), arithmetic)
    return Rounding(x.value, np.where(unsure, np.inf, x.error), x.arithmetic)


BY_CERTAIN_PLACES = FUNCTIONS["take_along_axis"]
FUNCTIONS |= {
    "take_along_axis": taken,
    "sort": sort,
    "argsort": argsort,
    "argmax": argmax,
    "argmin": lambda x, **how: argmax(-x, **how),
}
