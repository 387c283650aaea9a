"""A decorator for implementations over arrays of a library that is no backend of the suite's."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
Made = type[Any]
Vjp = Callable[[Function, list[Any], list[Any]], Sequence[Any]]


def takes_numpy(*, to: Function, back: Function, vjp: Vjp | None = None) -> Callable[[Made], Made]:
    """Let a class of functions over another library's arrays take and return NumPy's.

    Each public function of the class is replaced by one with the same signature, which converts
    the NumPy arrays among its arguments, also those in dicts, and converts what it returns, one
    array or several. With `vjp`, each function `f` that has no `f_vjp` in the class gets one, as
    the contract has it: `f_vjp(*cotangents, *arguments, **options)` returns one gradient for each
    floating array among the arguments without a default value, and a dict for a dict.

    Parameters
    ----------
    to : callable
        `to(array)` returns the library's array for a NumPy array, of the same dtype. The array is a
        contiguous copy: the library may keep it.
    back : callable
        `back(array)` returns a NumPy array for the library's.
    vjp : callable, optional
        `vjp(function, arrays, cotangents)` returns the gradients, one for each of `arrays`, a list
        of the library's. `function(*arrays)` returns a list of outputs, and `cotangents` has one
        array for each output.

    Raises
    ------
    TypeError
        If what is decorated is not a class.

    """

    def taken(array: Array) -> Any:
        return to(np.array(array, order="C"))

    def decorated(made: Made) -> Made:
        if not isinstance(made, type):
            raise TypeError(f"takes_numpy decorates a class of functions, not {made!r}")
        functions = {name: getattr(made, name) for name in dir(made) if name[0] != "_"}
        functions = {name: f for name, f in functions.items() if inspect.isfunction(f)}
        for name, function in functions.items():
            setattr(made, name, staticmethod(_converting(function, taken, back)))
            if vjp and not name.endswith("_vjp") and f"{name}_vjp" not in functions:
                pulling = _pulling(function, taken, back, vjp)
                setattr(made, pulling.__name__, staticmethod(pulling))
        return made

    return decorated


def _converting(function: Function, to: Function, back: Function) -> Function:
    """Return the function of NumPy's arrays."""

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        given = [_converted(argument, to) for argument in arguments]
        named = {name: _converted(option, to) for name, option in options.items()}
        outputs = function(*given, **named)
        return _returned(outputs, back)

    return call


def _pulling(function: Function, to: Function, back: Function, vjp: Vjp) -> Function:
    """Return the function's gradients by the library's own differentiation."""
    parameters = inspect.signature(function).parameters.values()
    count = sum(p.default is p.empty for p in parameters)

    def call(*arguments: Any, **options: Any) -> Any:
        at = len(arguments) - count
        cotangents, given = [to(a) for a in arguments[:at]], list(arguments[at:])
        named = {name: _converted(option, to) for name, option in options.items()}
        leaves = [leaf for argument in given for leaf in _leaves(argument)]

        def of_leaves(*arrays: Any) -> list[Any]:
            rest = iter(arrays)
            filled = [_filled(argument, rest, to) for argument in given]
            outputs = function(*filled, **named)
            return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]

        gradients = iter(vjp(of_leaves, [to(leaf) for leaf in leaves], cotangents))
        pulled = [_filled(a, gradients, to) for a in given if _leaves(a)]
        return tuple(_returned(gradient, back) for gradient in pulled)

    call.__name__ = f"{function.__name__}_vjp"
    call.__doc__ = f"Gradients of `{function.__name__}`, by the library's own differentiation."
    options = [p.replace(kind=p.KEYWORD_ONLY) for p in parameters if p.default is not p.empty]
    arguments = inspect.Parameter("cotangents_and_arguments", inspect.Parameter.VAR_POSITIONAL)
    call.__signature__ = inspect.Signature([arguments, *options])  # type: ignore[attr-defined]
    return call


def _leaves(argument: Any) -> list[Array]:
    """The floating arrays of an argument, which is one array, or a dict of them."""
    values = argument.values() if isinstance(argument, dict) else [argument]
    return [v for v in values if isinstance(v, np.ndarray) and v.dtype.kind == "f"]


def _filled(argument: Any, leaves: Any, to: Function) -> Any:
    """The argument, with the next of `leaves` in place of each floating array."""
    if isinstance(argument, dict):
        return {name: _filled(value, leaves, to) for name, value in argument.items()}
    return next(leaves) if _leaves(argument) else _converted(argument, to)


def _converted(argument: Any, to: Function) -> Any:
    if isinstance(argument, dict):
        return {name: _converted(value, to) for name, value in argument.items()}
    return to(argument) if isinstance(argument, np.ndarray) else argument


def _returned(output: Any, back: Function) -> Any:
    """The library's output as NumPy's, in memory of its own."""
    if isinstance(output, (tuple, list)):
        return tuple(_returned(one, back) for one in output)
    if isinstance(output, dict):
        return {name: _returned(one, back) for name, one in output.items()}
    return np.array(back(output))
