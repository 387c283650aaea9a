"""The search for a case that breaks a law, and its reduction to a few numbers.

Cases are drawn from the seed alone, which costs a third of what Hypothesis's engine takes. The
nightly profile is searched by Hypothesis, with `target`. Hypothesis also shrinks a case that fails:
fewer and smaller axes, options left out, windows of arrays. What is left is then reduced entry by
entry to zeros and ones.
"""

import math
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.database import InMemoryExampleDatabase, choices_to_bytes

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import FAR, Array, Draw, by_seed, recorded
from seqlaws.properties.inputs.strategies import strategy
from seqlaws.properties.isolation.limits import EnoughError
from seqlaws.properties.subjects.record import LawBrokenError, Record


class Failure(NamedTuple):
    """A case that failed: how, and the calls that show it."""

    case: Case
    broken: LawBrokenError
    calls: list[Any]

    def extent(self) -> tuple[int, int]:
        """Return the size of the last call: its entries, and those that are neither 0 nor 1."""
        arrays = list(self.calls[-1].case.arrays.values()) if self.calls else []
        return sum(a.size for a in arrays), sum(len(telling(a)) for a in arrays)


def telling(array: Array) -> Array:
    """Return the flat indices of the entries that are neither 0 nor 1."""
    return np.flatnonzero((array != 0) & (array != 1))


class Trial:
    """Puts cases to the check, one after another, and keeps those that fail.

    A case that failed once has failed: it is not tried again, so that a subject whose answers
    change cannot talk itself out of it. After the first failure one of another kind counts as none:
    what is shown at the end is what was found, in fewer numbers. From then on, `seconds` are left;
    at `limit` all is over.
    """

    def __init__(
        self,
        check: Callable[[Case], None],
        record: Record,
        seconds: float,
        *,
        target: bool = False,
        limit: float = math.inf,
    ) -> None:
        self.check, self.record, self.seconds, self.target = check, record, seconds, target
        self.failed: dict[bytes, Failure] = {}
        self.kind: tuple[str, ...] = ()
        self.until = self.limit = limit

    def attempt(self, case: Case) -> None:
        """Try a case. Raises LawBrokenError, or EnoughError once the time is over."""
        record = self.record
        if time.perf_counter() > self.until:
            raise EnoughError
        key = pickle.dumps(case) if self.failed else b""
        if key in self.failed:
            record.calls[:] = self.failed[key].calls
            raise self.failed[key].broken
        seen = record.examples, record.entries, record.unclaimed, record.worst
        measures, noticed = record.measures, record.noticed
        if self.failed:  # nor is how far it is off, or what else is seen
            record.measures, record.noticed = False, {}
        try:
            self.check(case)
        except LawBrokenError as broken:
            if broken.slow:  # to try others would take as long
                self.seconds = 0.0
            if self.failed and broken.kind != self.kind:
                record.examples, record.entries, record.unclaimed, record.worst = seen
                return
            broken.case, self.kind = case, broken.kind
            if not self.failed:
                self.until = min(self.limit, time.perf_counter() + self.seconds / 2)
            self.failed[key or pickle.dumps(case)] = Failure(case, broken, list(record.calls))
            raise
        finally:
            record.measures, record.noticed = measures, noticed
        if self.failed:  # what shrinking tries is not counted
            record.examples, record.entries, record.unclaimed, record.worst = seen
        elif self.target and hypothesis.currently_in_test_context():  # a sweep is none
            hypothesis.target(min(record.worst, 1e6))

    def smallest(self) -> Failure:
        """The failure with the least to read."""
        return min(self.failed.values(), key=Failure.extent)

    def report(self) -> None:
        """Reduce what failed, if anything did, and raise the smallest as LawBrokenError."""
        if not self.failed:
            return
        self.until = min(self.limit, time.perf_counter() + self.seconds / 2)
        with suppress(EnoughError):
            reduce(self)
        failure = self.smallest()
        self.record.calls[:] = failure.calls
        raise failure.broken from None


Made = Callable[[Draw], Case]  # what makes a case of drawn numbers
KEY = b"the case that failed"
SHRINK = (Phase.reuse, Phase.generate, Phase.shrink)


def search(trial: Trial, made: Made, seed: int, examples: int) -> None:
    """Try so many cases. Raises LawBrokenError for the smallest that fails."""
    if trial.target:
        by_engine(trial, made, seed, examples)
        return
    for k in range(examples):
        attempt(trial, made, by_seed(seed, seed >> 32, k), seed)


def attempt(trial: Trial, made: Made, draw: Draw, seed: int, simpler: Made | None = None) -> None:
    """Try one case. Raises LawBrokenError, once Hypothesis has shrunk it.

    simpler: makes the cases that it is shrunk to, if not `made`.
    """
    numbers: list[int] = []
    try:
        trial.attempt(made(recorded(draw, numbers)))
    except LawBrokenError:
        if not trial.seconds:
            raise
        database = InMemoryExampleDatabase()
        database.save(KEY, choices_to_bytes([FAR + n for n in numbers]))
        shrink = settings(10, SHRINK, database)
        with suppress(LawBrokenError, EnoughError, hypothesis.errors.HypothesisException):
            hypothesis.find(
                strategy(simpler or made),
                lambda case: fails(trial, case),
                settings=shrink,
                random=Random(seed),  # noqa: S311  # the same for everybody
                database_key=KEY,
            )
        trial.report()


def fails(trial: Trial, case: Case) -> bool:
    """Return True if a case fails as the first one did. Raises EnoughError."""
    try:
        trial.attempt(case)
    except LawBrokenError:
        return True
    return False


def by_engine(trial: Trial, made: Made, seed: int, examples: int) -> None:
    """Let Hypothesis search, towards the largest observed / allowed."""
    test = hypothesis.given(strategy(made))(trial.attempt)
    phases = Phase.generate, Phase.shrink, Phase.target
    try:
        hypothesis.seed(seed)(settings(examples, phases)(test))()
    except (LawBrokenError, EnoughError, hypothesis.errors.Flaky):
        if not trial.failed:  # not by what the subject did
            raise
    trial.report()


def settings(
    examples: int, phases: tuple[Phase, ...], database: InMemoryExampleDatabase | None = None
) -> hypothesis.settings:
    """Hypothesis's settings of a search in which time and chance have no part."""
    return hypothesis.settings(
        max_examples=examples,
        phases=phases,
        database=database,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )


def reduce(trial: Trial) -> None:
    """Put zeros, then ones, in the place of what does not matter. Raises EnoughError."""
    case = trial.smallest().case
    names = [n for n in (*case.arrays, *case.cotangents) if n not in case.operation.dividing]
    for name in names:
        for value in (0.0, 1.0):
            array = holding(case, name)
            if len(telling(array)):
                case = kept(trial, case, name, np.full_like(array, value))
    for name in names:
        for value in (0.0, 1.0):
            for places in parts(telling(holding(case, name)), single=value == 1.0):
                array = np.array(holding(case, name), order="C")  # so that it can be flattened
                array.reshape(-1)[places] = value
                case = kept(trial, case, name, array)


def parts(places: Array, *, single: bool) -> Iterator[Array]:
    """Yield the places in halves, quarters, ... down to single ones; if single, only those."""
    width = 1 if single else len(places)
    while width:
        yield from (places[start : start + width] for start in range(0, len(places), width))
        width //= 2


def holding(case: Case, name: str) -> Array:
    """An array of a case, or a cotangent."""
    return case.arrays[name] if name in case.arrays else case.cotangents[name]


def kept(trial: Trial, case: Case, name: str, array: Array) -> Case:
    """The case with the array, if it still fails; else the case. Raises EnoughError."""
    if name in case.arrays:
        changed = replace(case, arrays={**case.arrays, name: array})
    else:
        changed = replace(case, cotangents={**case.cotangents, name: array})
    try:
        trial.attempt(changed)
    except LawBrokenError:
        return changed
    return case
