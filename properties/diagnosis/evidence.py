"""Answers of an implementation beside what is due, and beside what a misreading would give."""

import math
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.diagnosis.memory import bounded
from seqlaws.properties.inputs.case import Case, output_shapes
from seqlaws.properties.inputs.leaves import OfLeaves
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.judging.comparison import ratios
from seqlaws.properties.misreadings import Misreading, misread
from seqlaws.properties.subjects.record import Call, Outputs
from seqlaws.properties.subjects.subject import Subject, answer
from seqlaws.reference.numbers import Arithmetic, Expected, flattened, lifted, unpacked
from seqlaws.reference.numbers.arithmetic import unit_roundoff
from seqlaws.reference.numbers.reverse import Traced, gradients

SIZE_AT_MOST, STEPS_AT_MOST = 20_000, 40  # of a call that the misreadings are run on
RICH = 12  # different wrong numbers
FEW = 3  # wrong entries that tell little
WEIGHTS_AT_MOST = 100_000  # two tiles of 128 units
NEAR = 1.0  # so many times the error allowed about the truth
CHANGES = "the same call gives another answer each time"
DEPENDS = (
    "asked again, with fresh arrays laid out plainly, it gives another answer: the answer "
    "depends on how arrays lie in memory, or on earlier calls"
)
ACCUMULATE = "gradients accumulate: each call adds to the one before"


@dataclass(frozen=True)
class Evidence:
    """Answer of the subject and its expected values: truth by steps, nearly for the whole call.

    wrong: for each output, the entries that are further from the truth than allowed.
    """

    case: Case
    vjp: bool
    observed: Outputs
    truth: dict[str, Expected]
    nearly: dict[str, Expected]
    wrong: dict[str, Array]

    @property
    def is_wrong(self) -> bool:
        """True if any entry is wrong."""
        return any(bool(w.any()) for w in self.wrong.values())

    @cached_property
    def is_rich(self) -> bool:
        """True if so many different numbers are wrong that nothing gives them all by chance."""
        wrong = joined(self.observed[n][places] for n, places in self.wrong.items())
        return bool(np.unique(wrong[np.isfinite(wrong)]).size >= RICH)

    @cached_property
    def joined(self) -> tuple[Array, Array, Array]:
        """The entries of all outputs: observed, allowed, and where no gradient exists either."""
        value = joined(x.value for x in self.nearly.values())
        allowed = joined(x.allowed for x in self.nearly.values())
        return joined(self.observed[n] for n in self.nearly), allowed, np.isnan(value) & self.vjp

    @property
    def share(self) -> float:
        """Number of wrong entries divided by the number of nonzero expected entries."""
        count = sum(int(np.count_nonzero(e.value)) for e in self.truth.values())
        return sum(int(w.sum()) for w in self.wrong.values()) / max(count, 1)


def effort(e: Evidence) -> tuple[bool, int]:
    """Order of answers: those that tell much with little effort first."""
    steps, few = e.case.arrays["x"].shape[1] if e.case.operation.recurrent else 1, FEW
    if e.case.operation.whole:  # a text is read anew for each token
        steps, few = next(iter(e.observed.values())).shape[-1], 1
    size = sum(a.size for a in e.case.arrays.values())
    return sum(int(w.sum()) for w in e.wrong.values()) <= few, steps * (1000 + size)


def moderate(case: Case) -> bool:
    """Return True if a case is small enough to run some hundred misreadings on it.

    Weights cost less than what they are multiplied with: tiles of a recurrent kernel are of units,
    and two such tiles have many weights.
    """
    outputs = sum(math.prod(shape) for shape in output_shapes(case).values())
    weights = sum(a.size for name, a in case.arrays.items() if name.startswith("weight_"))
    others = sum(a.size for a in case.arrays.values()) - weights
    small = others + outputs <= SIZE_AT_MOST and weights <= WEIGHTS_AT_MOST
    steps = case.arrays["x"].shape[1] if case.operation.recurrent else 0
    return small and steps <= STEPS_AT_MOST


def evidence(probe: Subject, call: Call) -> Evidence | None:
    """Return the evidence of a recorded call; None if it gave no answer."""
    case, vjp, outputs = call.case, call.vjp, call.outputs
    if outputs is None:
        return None
    with suppress(Exception):
        whole = expected(probe, case, vjp=vjp)
        by_steps = case.operation.way != "expected"
        truth = probe.expected_of_steps(case, outputs) if by_steps and not vjp else whole
        wrong = {n: ratios(outputs[n], *truth[n], nan_is_free=vjp) > 1 for n in truth}
        return Evidence(case, vjp, outputs, truth, whole, wrong)
    return None


def asked(probe: Subject, case: Case, *, vjp: bool) -> Evidence | None:
    """Call the subject on a case and return the evidence; None if it does not answer."""
    case = probe.adapted(case)
    outputs = answer(probe, case, vjp=vjp)
    return evidence(probe, Call(probe.operation.name + "_vjp" * vjp, case, outputs))


def whether_it_changes(probe: Subject, e: Evidence | None) -> str:
    """Return a sentence if the subject answers the same call in several ways, else ""."""
    again = [answer(probe, e.case, vjp=e.vjp) for _ in range(2)] if e is not None else []
    if e is None or again[0] is None or again[1] is None:
        return ""
    added = {added_to(probe, e, n, again[0][n], again[1][n]) for n in e.nearly}
    if added == {"same"}:
        agree = {added_to(probe, e, n, e.observed[n], again[0][n]) for n in e.nearly}
        return "" if agree == {"same"} else DEPENDS
    return CHANGES if "other" in added else ACCUMULATE


def added_to(probe: Subject, e: Evidence, name: str, one: Array, other: Array) -> str:
    """Classify a second answer: "same", "more" by the expected value, or "other"."""
    value, allowed = e.nearly[name]
    if (ratios(other, one, allowed, nan_is_free=False) <= 1).all():
        return "same"
    near = 4 * allowed + 4 * unit_roundoff(probe.dtype) * (np.abs(one) + np.abs(other))
    more = ratios(other - one, value, near, nan_is_free=True)
    return "more" if e.vjp and (more <= 1).all() else "other"


def expected(
    probe: Subject,
    case: Case,
    *,
    vjp: bool,
    one: Misreading | None = None,
    arithmetic: Arithmetic | None = None,
) -> dict[str, Expected]:
    """Return the values and bounds of a misreading, or of the specification, in an arithmetic."""
    a = arithmetic or probe.arithmetic
    if case.operation.whole:  # a token is right or wrong
        tokens = plain(probe, one, case, vjp=vjp)
        return {name: Expected(1.0 * t, 0.0 * t) for name, t in tokens.items()}
    arrays, options = given(probe, case, vjp=vjp)
    if one is not None:  # it may write to what it is given
        arrays = [copied(x) for x in arrays]
    numbers = [lifted(x, a) for x in arrays]
    with bounded() if one is not None else nullcontext():
        found = function(case, vjp=vjp, one=one)(
            *numbers, **{n: lifted(x, a) for n, x in options.items()}
        )
    return named(case, unpacked(found, a), vjp=vjp)


def plain(probe: Subject, one: Misreading | None, case: Case, *, vjp: bool) -> Outputs:
    """Return the outputs of a misreading, or of the specification, in float64."""
    arrays, options = given(probe, case, vjp=vjp)
    if one is not None:  # it may write to what it is given
        arrays = [copied(x) for x in arrays]
    with bounded() if one is not None else nullcontext():
        found = function(case, vjp=vjp, one=one)(*arrays, **options)
    return named(case, flattened(found), vjp=vjp)


def given(probe: Subject, case: Case, *, vjp: bool) -> tuple[list[Array], dict[str, Any]]:
    """The arguments and options of the specification for a case."""
    arguments, _ = probe.operation.arranged(case.arrays, case.options)
    return [*(case.cotangents.values() if vjp else ()), *arguments], probe.reference_options(case)


def copied(argument: Any) -> Any:
    """A copy of an array, or of a dict of arrays; a number as it is."""
    if isinstance(argument, dict):
        return {name: np.array(array) for name, array in argument.items()}
    return np.array(argument) if isinstance(argument, np.ndarray) else argument


def function(case: Case, *, vjp: bool, one: Misreading | None) -> Any:
    """The specification of a case's operation, or a misreading of it."""
    name = case.operation.name
    if vjp and one is not None and one.differentiated:
        return partial(pulled_back, misread(one, name), case)
    name += "_vjp" * vjp
    return reference.function_of(name) if one is None else misread(one, name)


def pulled_back(
    changed: Callable[..., Any], case: Case, *given: Any, **options: Any
) -> tuple[Any, ...]:
    """The gradients of a changed operation, as automatic differentiation has them."""
    operation, count = case.operation, len(case.cotangents)
    arrays: dict[str, Any] = {}
    for name, x in zip(operation.arguments, given[count:], strict=True):
        if isinstance(x, dict):
            arrays |= {f"{name}.{n}": array for n, array in x.items()}
        elif name in case.arrays:
            arrays[name] = x
        else:
            options[name] = x
    leaves = [arrays[name] for name in case.differentiated]
    floating = arrays.keys() - operation.integers.keys() - {*case.differentiated}
    of_leaves = OfLeaves(changed, operation, arrays | {n: Traced(arrays[n]) for n in floating})
    outputs = lambda *x: flattened(of_leaves(*x, **options))  # noqa: E731
    return tuple(gradients(outputs, given[:count], leaves))


def named(case: Case, found: Iterable[Any], *, vjp: bool) -> dict[str, Any]:
    """Outputs by their names."""
    names = case.differentiated if vjp else case.operation.outputs
    return dict(zip(names, found, strict=True))


def compared(e: Evidence, name: str, value: Array, allowed: Array) -> Array:
    """|observed - value| / allowed; 0 where the specification has no gradient either."""
    ratio = ratios(e.observed[name], value, allowed, nan_is_free=False)
    return np.where(np.isnan(e.nearly[name].value) & e.vjp, 0.0, ratio)


def differ(values: Outputs, due: dict[str, Expected], dtype: str, *, nan: bool = True) -> bool:
    """Return True if some values are not those that are due, in a dtype; nan: NaN counts."""
    unit = 64 * unit_roundoff(dtype)
    for name, value in values.items():
        truth, allowed = due[name]
        if value.shape != truth.shape:
            return True
        with np.errstate(all="ignore"):
            near = allowed + unit * (np.abs(value) + np.abs(truth))
        if ((ratios(value, truth, near, nan_is_free=False) > 1) & (np.isfinite(value) | nan)).any():
            return True
    return False


def distance(probe: Subject, one: Misreading | None, e: Evidence) -> tuple[float, float]:
    """How far a misreading's values (None: the truth) are from what was observed: at most, in mean.

    In units of what is allowed about the truth; entries of which nothing can be said are left out.
    """
    try:
        values = plain(probe, one, e.case, vjp=e.vjp)
        if any(values[n].shape != e.observed[n].shape for n in e.nearly):
            return np.inf, np.inf
    except Exception:
        return np.inf, np.inf
    observed, allowed, free = e.joined
    value = joined(values[n] for n in e.nearly)
    size = np.abs(value) + np.abs(observed)
    unit = 64 * unit_roundoff(probe.dtype)
    near = allowed + unit * np.where(np.isfinite(size), size, 0) + 1e-30
    ratio = np.minimum(ratios(observed, value, near, nan_is_free=False), 1e9)
    ratio[free] = 0.0
    return float(ratio.max(initial=0.0)), float(np.log1p(ratio).sum()) / (1 + ratio.size)


def joined(arrays: Iterable[Array]) -> Array:
    """The entries of several arrays."""
    return np.concatenate([np.reshape(a, -1) for a in arrays], dtype=np.float64)


def judged(probe: Subject, one: Misreading | None, e: Evidence) -> float:
    """1 where a misreading explains an answer, -1 where it is refuted, 0 where it is neither."""
    try:
        said = verdict(expected(probe, e.case, vjp=e.vjp, one=one), e)
        if said == 0 and e.is_wrong and distance(probe, one, e)[0] <= NEAR:
            said = float(distance(probe, None, e)[0] > 2 * NEAR)  # the bound alone is blunt
    except Exception:
        return -1.0
    return said


def verdict(found: dict[str, Expected], e: Evidence) -> float:
    """Return 1, -1 or 0, as `judged` does, for expected values that are already computed."""
    telling, wrong = 0, 0
    for name, (value, allowed) in found.items():
        observed = e.observed[name]
        if value.shape != observed.shape:
            return -1.0
        if (compared(e, name, value, allowed) > 1).any():
            return -1.0
        off = np.abs(observed - e.nearly[name].value)
        sharp = (3 * allowed < off) | (np.isnan(observed) & np.isnan(value)) | (observed == value)
        telling += int((sharp & e.wrong[name]).sum())
        wrong += int(e.wrong[name].sum())
    return 1.0 if wrong and 2 * telling >= wrong else 0.0
