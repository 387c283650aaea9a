"""Methods of arrays for every number system, as the functions of NumPy of the same name."""

from typing import Any

import numpy as np

INSTEAD = {  # of a function without a rule, what does the same with one
    "median": "np.sort and an index",
    "dot": "the operator @",
    "inner": "np.sum of a product",
    "vdot": "np.sum of a product",
    "tensordot": "np.einsum",
    "kron": "np.einsum and np.reshape",
    "nan_to_num": "np.where",
    "select": "np.where",
    "choose": "np.where",
    "piecewise": "np.where",
    "linalg.norm": "np.sqrt(np.sum(x * x))",
    "norm": "np.sqrt(np.sum(x * x))",
    "average": "np.sum of a product, and a division",
    "diff": "a difference of two slices",
    "convolve": "a sum of products of slices",
    "put_along_axis": "np.where, or one-hot rows and @",
    "fmax": "np.maximum",
    "fmin": "np.minimum",
    "float_power": "np.power",
    "hypot": "np.sqrt(x * x + y * y)",
    "logaddexp": "np.log1p(np.exp(-np.abs(x - y))) + np.maximum(x, y)",
    "sinh": "np.exp",
    "cosh": "np.exp",
    "partition": "np.sort",
    "argpartition": "np.argsort",
}
KNOWN = "docs/own_operation.md lists those that have one"


class NoRuleError(TypeError):
    """A function of NumPy that no number system has a rule for."""

    def __init__(self, function: str, module: str = "numpy") -> None:
        instead = INSTEAD.get(function)
        use = f"use {instead}" if instead else KNOWN
        super().__init__(f"{module}.{function} has no rounding rule; {use}")


def others_decide(arguments: Any) -> bool:
    """True if an argument is a number that decides what comes of it and any other."""
    return any(getattr(x, "outermost", False) for x in arguments)


class ArrayMethods:
    """The methods and properties that an array has, for a class with `shape`."""

    shape: tuple[int, ...]
    outermost = False  # whether it decides what comes of it and any other number

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def T(self) -> Any:
        return np.transpose(self)  # type: ignore[call-overload]

    @property
    def real(self) -> Any:
        return self

    def __iter__(self) -> Any:
        return (self[k] for k in range(self.shape[0]))  # type: ignore[index]

    def __float__(self) -> float:
        raise TypeError("a specification may not turn a computed number into a Python float")

    __int__ = __index__ = __complex__ = __float__

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a specification may not write into an array: use np.where, np.stack or np.concatenate"
        )

    def astype(self, dtype: Any, **_: Any) -> Any:
        """Return the numbers themselves: a specification has no dtype; + marks what is stored."""
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"a computed number may not become {np.dtype(dtype)}: use np.where")
        return self

    def copy(self) -> Any:
        return self

    def flatten(self) -> Any:
        return np.ravel(self)  # type: ignore[call-overload]

    def item(self) -> Any:
        return self.__float__()

    def reshape(self, *shape: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> Any:
        given = axes[0] if len(axes) == 1 else axes
        return np.transpose(self, given or None)  # type: ignore[call-overload]


def method(name: str) -> Any:
    """Return the method that calls the function of NumPy of a name."""
    function = getattr(np, name)

    def call(self: Any, *given: Any, **named: Any) -> Any:
        return function(self, *given, **named)

    call.__name__ = name
    return call


REDUCING = """all any argmax argmin argsort clip cumsum max mean min prod round sort std sum trace
var"""
MOVING = "diagonal ravel repeat squeeze swapaxes take"
for one in f"{REDUCING} {MOVING}".split():
    setattr(ArrayMethods, one, method(one))
