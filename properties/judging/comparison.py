"""Comparison of outputs with the specification's bound, and bit by bit."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array, equal
from seqlaws.properties.subjects.error_statistics import Errors
from seqlaws.properties.subjects.record import Entry, LawBrokenError, Outputs
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Expected
from seqlaws.reference.numbers.entries import is_finite


def agree(
    impl: Subject,
    observed: Mapping[str, Array],
    expected: Mapping[str, Expected],
    says: str = "",
    *,
    nan_is_free: bool = False,
) -> None:
    """Raise LawBrokenError at the entry that exceeds its allowed error by the largest factor.

    NaN is compared by position. Entries whose allowed error is infinite are not compared; they are
    counted. nan_is_free: entries whose expected value is NaN are not compared either.
    """
    worst: tuple[float, str, tuple[int, ...], Array] | None = None
    for name, (value, allowed) in expected.items():
        ratio = ratios(observed[name], value, allowed, nan_is_free)
        impl.record.entries += ratio.size
        impl.record.unclaimed += int(np.count_nonzero(np.isinf(allowed)))
        if not ratio.size:
            continue
        if impl.record.measures:
            errors = impl.record.errors.setdefault(name, Errors())
            errors.add(observed[name], value, allowed, ratio)
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(ratio)), ratio.shape))
        if worst is None or ratio[at] > worst[0]:
            worst = float(ratio[at]), name, at, ratio
    if worst is None:
        return
    impl.record.worst = max(impl.record.worst, worst[0])
    if worst[0] > 1:
        _, name, at, ratio = worst
        raise LawBrokenError(
            says or "the result does not match the specification",
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
    """Return |observed - value| / allowed, entry by entry; inf if just one of the two is NaN."""
    with np.errstate(all="ignore"):
        ratio = np.asarray(np.abs(observed - value) / allowed)
        if is_finite(ratio):
            return ratio
        ratio = np.where(observed == value, 0.0, ratio)
        ratio = np.where(np.isinf(allowed), 0.0, np.where(np.isnan(ratio), np.inf, ratio))
    due = np.isnan(value)
    return np.where(due, np.where(np.isnan(observed) | nan_is_free, 0.0, np.inf), ratio)


def exactly(value: Array) -> Expected:
    """Return the value with an allowed error of zero."""
    return Expected(value, np.zeros_like(value))


def none_where(places: Any, allowed: Array) -> Expected:
    """Return an expected gradient of exactly 0 at some places, without a bound elsewhere.

    There is no bound where a step may overflow, either.
    """
    return Expected(np.zeros_like(allowed), np.where(places & np.isfinite(allowed), 0.0, np.inf))


def at(expected: Expected, places: Any) -> dict[str, Expected]:
    """Return the expected output at some places; at the others the allowed error is infinite."""
    value = np.where(places, expected.value, 0.0)
    return {"out": Expected(value, np.where(places, expected.allowed, np.inf))}


def is_same(observed: Mapping[str, Array], before: Mapping[str, Array]) -> bool:
    """Return True if the outputs are equal, entry by entry and NaN by NaN."""
    return all(equal(observed[name], value) for name, value in before.items())


def same(
    impl: Subject, observed: Mapping[str, Array], before: Mapping[str, Array], says: str
) -> None:
    """Raise LawBrokenError unless the outputs are equal, entry by entry and NaN by NaN."""
    if is_same(observed, before):  # most often; to say where they differ takes ten times as long
        impl.record.entries += sum(value.size for value in before.values())
    else:
        agree(impl, observed, {name: exactly(value) for name, value in before.items()}, says)


def again(
    impl: Subject, observed: Outputs, before: Outputs, case: Case, says: str, *, vjp: bool = False
) -> None:
    """Raise LawBrokenError unless two results of one call are the same, bit for bit.

    This is a MUST on the CPU. On other devices sums may run in another order each time: there, each
    result is compared with the bound, and the law `run_to_run_identity` checks the bits.
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
    """Raise LawBrokenError unless two results for one quantity differ by at most both bounds."""
    agree(impl, observed, {n: Expected(other[n], allowed[n]) for n in other}, says)


def require(holds: bool, says: str) -> None:
    """Raise LawBrokenError with the sentence unless it holds."""
    if not holds:
        raise LawBrokenError(says)


def require_unnoted(impl: Subject, law: str) -> None:
    """Raise LawBrokenError if a call of this example violated this law of manners."""
    require(law not in impl.record.noted, impl.record.noted.get(law, ""))
