"""Comparisons: with the specification's bound, bit by bit, and what they leave behind."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.subjects.error_statistics import Errors
from seqlaws.properties.subjects.record import Entry, LawBrokenError, Outputs
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Expected


def agree(
    impl: Subject,
    observed: Mapping[str, Array],
    expected: Mapping[str, Expected],
    says: str = "",
    *,
    nan_is_free: bool = False,
) -> None:
    """Raise LawBrokenError at the entry that is furthest beyond what is allowed.

    NaN is compared by place. Where the allowed error is infinite nothing is claimed, and counted.
    nan_is_free: an expected NaN claims nothing either.
    """
    worst: tuple[float, str, tuple[int, ...], Array] | None = None
    for name, (value, allowed) in expected.items():
        ratio = ratios(observed[name], value, allowed, nan_is_free)
        impl.record.entries += ratio.size
        impl.record.unclaimed += int(np.sum(np.isinf(allowed)))
        if not ratio.size:
            continue
        impl.record.errors.setdefault(name, Errors()).add(observed[name], value, allowed, ratio)
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(ratio)), ratio.shape))
        if worst is None or ratio[at] > worst[0]:
            worst = float(ratio[at]), name, at, ratio
    if worst is None:
        return
    impl.record.worst = max(impl.record.worst, worst[0])
    if worst[0] > 1:
        _, name, at, ratio = worst
        raise LawBrokenError(
            says or "it is not what the specification gives",
            entry=Entry(
                name,
                at,
                float(observed[name][at]),
                float(expected[name].value[at]),
                float(expected[name].allowed[at]),
                (observed[name], *expected[name], ratio),
            ),
        )


def ratios(observed: Array, value: Array, allowed: Array, nan_is_free: bool) -> Array:
    """|observed - value| / allowed, entry by entry; inf where NaN stands against a number."""
    with np.errstate(all="ignore"):
        ratio = np.abs(observed - value) / allowed
        ratio = np.where(observed == value, 0.0, ratio)
        ratio = np.where(np.isinf(allowed), 0.0, np.where(np.isnan(ratio), np.inf, ratio))
    due = np.isnan(value)
    return np.where(due, np.where(np.isnan(observed) | nan_is_free, 0.0, np.inf), ratio)


def exactly(value: Array) -> Expected:
    """Tolerance zero."""
    return Expected(value, np.zeros_like(value))


def none_where(places: Any, allowed: Array) -> Expected:
    """A gradient of 0 at some places, exactly; no bound elsewhere, nor where steps may overflow."""
    return Expected(np.zeros_like(allowed), np.where(places & np.isfinite(allowed), 0.0, np.inf))


def at(expected: Expected, places: Any) -> dict[str, Expected]:
    """Return the expected output at some places; at the others the allowed error is infinite."""
    value = np.where(places, expected.value, 0.0)
    return {"out": Expected(value, np.where(places, expected.allowed, np.inf))}


def same(
    impl: Subject, observed: Mapping[str, Array], before: Mapping[str, Array], says: str
) -> None:
    """Raise LawBrokenError unless the outputs are equal, entry by entry and NaN by NaN."""
    agree(impl, observed, {name: exactly(value) for name, value in before.items()}, says)


def again(
    impl: Subject, observed: Outputs, before: Outputs, case: Case, says: str, *, vjp: bool = False
) -> None:
    """Raise LawBrokenError unless two answers to one call are the same, bit for bit.

    That is a MUST on the CPU. Elsewhere sums may run in another order each time: there, each answer
    is held to the bound, and the law `run_to_run_identity` says how it is with the bits.
    """
    if impl.device == "cpu":
        same(impl, observed, before, says)
        return
    due = impl.expected(case, vjp=True) if vjp else impl.expected_of_steps(case, observed)
    agree(impl, observed, due, says, nan_is_free=vjp)


def both_within(
    impl: Subject,
    observed: Mapping[str, Array],
    other: Mapping[str, Array],
    allowed: Mapping[str, Array],
    says: str,
) -> None:
    """Raise LawBrokenError unless two results of one quantity are as near as two bounds allow."""
    agree(impl, observed, {n: Expected(other[n], allowed[n]) for n in other}, says)


def require(holds: bool, says: str) -> None:
    """Raise LawBrokenError with the sentence unless it holds."""
    if not holds:
        raise LawBrokenError(says)
