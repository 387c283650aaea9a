"""The core of an operation: the calls that an implementation which offers it may not refuse."""

import inspect

from zoo.witness import reference

# Sizes that lie in the core, where those of `cases` do not.
CORE_SIZES = {"attention": {"N": 4, "M": 4, "L": 5, "S": 5, "D": 8, "V": 8}}


def within_core(case):
    """Whether sizes are at least 1, and of the options one at most is given, with a usual value."""
    arrays, options = case.arguments()
    if min(min(array.shape, default=1) for array in arrays.values()) < 1:
        return False
    if any(size < 1 for name in ("length", "dim", "steps") for size in [options.get(name, 1)]):
        return False
    if case.operation == "attention" and arrays["q"].shape[1:] != arrays["k"].shape[1:]:
        return False
    if case.operation == "attention" and arrays["k"].shape != arrays["v"].shape:
        return False
    function = getattr(reference(case.operation), case.operation)
    parameters = inspect.signature(function).parameters
    given = {
        name: value
        for name, value in options.items()
        if parameters[name].default is not inspect.Parameter.empty
        and (hasattr(value, "shape") or value != parameters[name].default)
    }
    return len(given) <= 1 and all(_usual(name, value) for name, value in given.items())


def _usual(name, value):
    if name in ("mask", "memory_mask"):
        plain = value.ndim == 2 or (value.ndim == 4 and value.shape[1] == 1)
        return value.dtype == bool and plain and bool(value.any(-1).all())
    if name == "lengths":
        return bool((value >= 1).all())
    if name in ("scale", "softcap"):
        return value > 0
    return name != "query_offset" or value >= 0
