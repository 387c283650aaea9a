"""Demands of a script on an entry of what a call returned: a number, or another entry."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.reporting.array_source import numbers
from seqlaws.properties.reporting.call_source import names_of
from seqlaws.properties.subjects.record import Call, Entry
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers.arithmetic import unit_roundoff

ANY_NUMBER = 1e300  # an allowed error that excludes NaN alone


class Place(NamedTuple):
    """An entry of what a recorded call returned: the call's number, the output, where."""

    call: int
    output: str
    at: tuple[int, ...]


class Asked(NamedTuple):
    """Demand of a script on an entry: that it is near a number, or near another entry."""

    entry: Entry
    found: Place
    other: Place | None
    expected: float
    allowed: float


def asked_of(subject: Subject, worst: Entry, calls: Sequence[Call]) -> Asked | None:
    """Return the demand on the worst entry; None if it is computed from what calls returned.

    Nor where the specification would not pass: a number may be due after an implementation's own
    earlier numbers only, and is another once these are right.
    """
    found = located(worst.every[0], worst.index, calls)
    if found is None:
        return None
    other = located(worst.every[1], worst.index, calls)
    asked = Asked(worst, found, other, worst.expected, worst.allowed)
    call = calls[found.call]
    if other is None and call.case.operation.way != "expected":
        whole = subject.expected(call.case, vjp=call.vjp)[found.output]
        value, allowed = float(whole.value[found.at]), float(whole.allowed[found.at])
        if not (value == worst.expected and allowed <= worst.allowed):
            asked = asked._replace(expected=value, allowed=allowed)
        if near(worst.observed, asked.expected, asked.allowed):
            return None
    return asked if is_kept(subject, asked, calls) else None


def located(array: Array, index: tuple[int, ...], calls: Sequence[Call]) -> Place | None:
    """Find an entry, by where it lies in memory, in what the calls returned."""
    for k in reversed(range(len(calls))):
        for name, output in (calls[k].outputs or {}).items():
            if not output.size or not np.may_share_memory(array, output):
                continue
            start = array.__array_interface__["data"][0] + sum(
                i * s for i, s in zip(index, array.strides, strict=True)
            )
            left = start - output.__array_interface__["data"][0]
            at = [0] * output.ndim
            for axis in sorted(range(output.ndim), key=lambda a: -output.strides[a]):
                if output.strides[axis] and output.shape[axis] > 1:
                    at[axis], left = divmod(left, output.strides[axis])
            inside = all(0 <= i < n for i, n in zip(at, output.shape, strict=True))
            if left == 0 and inside:
                return Place(k, name, tuple(at))
    return None


def is_kept(subject: Subject, asked: Asked, calls: Sequence[Call]) -> bool:
    """Return True if the specification's own numbers are what a script asks for."""

    def due(place: Place) -> float:
        call = calls[place.call]
        if place.output in subject.operation.extras:
            return float(subject.plain_extra(call.case, place.output)[place.at])
        return float(subject.plain(call.case, vjp=call.vjp)[place.output][place.at])

    expected = asked.expected if asked.other is None else due(asked.other)
    rounding = 2 * float(unit_roundoff(subject.dtype)) * abs(expected)
    return near(due(asked.found), expected, asked.allowed + rounding)


def near(found: float, expected: float, allowed: float) -> bool:
    """Return True if a number is within what is allowed; NaN is near NaN alone."""
    if np.isnan(found) or np.isnan(expected):
        return bool(np.isnan(found) and np.isnan(expected))
    return found == expected or abs(found - expected) <= allowed


def reading(subject: Subject, asked: Asked, call: Call, number: int) -> list[str]:
    """Lines that read the entries that are asked of, if they are in what the call returned."""
    lines = []
    for name, place in (("found", asked.found), ("other", asked.other)):
        if place is not None and place.call == number:
            index = subject.convention.place(place.output, place.at)
            at = ", ".join(map(str, index)) or "()"
            output = names_of(subject, call).index(place.output)
            lines += [f"{name} = float(outputs[{output}][{at}])"]
    return lines


def asserting(asked: Asked, says: str) -> list[str]:
    """Lines that hold the entry to what is asked of it."""
    expected, allowed, place = numbers(asked.expected), numbers(asked.allowed), asked.entry.place
    sentence = says.replace("{", "{{").replace("}", "}}")
    if asked.other is not None:
        expected = "other"
        holds = "found == other or (np.isnan(found) and np.isnan(other))"
    else:
        holds = f"found == {expected}"
    if asked.allowed:
        holds += f" or abs(found - {expected}) <= {allowed}"
    due = "{other!r}" if asked.other is not None else expected
    due = f"{due}, allowed {allowed}"
    if asked.allowed >= ANY_NUMBER:
        holds, due = "np.isfinite(found)", f"a number, such as {expected}"
    if asked.other is None and np.isnan(asked.expected):
        holds, due = "np.isnan(found)", "NaN"
    text = f"{place} is {{found!r}}, expected {due}: {sentence}"
    return [f"assert {holds}, f{text!r}", f"print(f{f'holds: {place} is {{found!r}}'!r})"]
