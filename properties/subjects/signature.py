"""Options in a function's signature, and its gradients in the contract's order."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.subjects.record import LawBrokenError


def offered_options(function: Any, operation: Operation) -> tuple[str, ...]:
    """Return the operation's options that a function's signature has."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # compiled functions may not tell
        return tuple(operation.options)
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return tuple(operation.options)
    names = {p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY}
    return tuple(o for o in operation.options if o in names)


def is_optional(function: Any, name: str) -> bool:
    """Return True if a function has a parameter of a name that may be left out."""
    try:
        parameter = inspect.signature(function).parameters.get(name)
    except (TypeError, ValueError):
        return False
    return parameter is not None and parameter.default is not parameter.empty


def in_order(gradients: Any, names: Sequence[str]) -> Iterator[Any]:
    """Yield the gradients one by one; those in a dict in the order of its argument's names."""
    entries = [name.partition(".")[2] for name in names if "." in name]
    for one in gradients if isinstance(gradients, tuple) else (gradients,):
        if not isinstance(one, dict):
            yield one
            continue
        if one.keys() != set(entries):
            odd = ", ".join(sorted(map(str, one.keys() ^ set(entries))))
            raise LawBrokenError(f"the gradient of a dict has missing or extra entries: {odd}")
        yield from (one[name] for name in entries)


def gave(outcome: Any) -> Any:
    """Return the output of a call, or raise its exception."""
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def described_options(case: Case) -> str:
    """Return the options of a call as text."""
    return ", ".join(
        f"{n}={'<array>' if isinstance(o, np.ndarray) else o!r}" for n, o in case.options.items()
    )
