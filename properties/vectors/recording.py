"""Calls that the laws make, recorded with the specification in the implementation's place.

A call is kept with the values that are expected of it and the errors that are allowed. The cases
are those of a run with the same seed and number of examples.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import by_seed, representable
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.specification_server import SpecificationError
from seqlaws.properties.laws import LAWS, Law
from seqlaws.properties.runner.examine import Effort, hunt, seed_of
from seqlaws.properties.runner.law_cases import cases_of
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects.record import NotOfferedError, Outputs
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Expected

SECTIONS = ("numbers", "edges")  # the others are about more than numbers
LEAST = 3  # examples of each law
OF_ONE = 4  # calls of an example that are kept; some laws make one for each entry
ENTRIES = 20_000  # that a call may have
CORE = {"values": 12, "gradients": 6}  # calls within the core to be found, of each option
TRIED = 2_000  # cases, for that


@dataclass(frozen=True)
class Recorded:
    """A call that a law makes: of the operation, or of its vector-Jacobian product."""

    law: Law
    level: str
    case: Case
    vjp: bool
    expected: Mapping[str, Expected]

    @property
    def entries(self) -> int:
        """Entries of all arrays of the call."""
        arrays = [*self.case.arrays.values(), *(e.value for e in self.expected.values())]
        return sum(int(a.size) for a in arrays)


class Recorder(Subject):
    """The specification as a subject, with results in the subject's dtype."""

    def __init__(self, operation: str, dtype: str, traits: Mapping[str, Any]) -> None:
        names = [n for n in (operation, f"{operation}_vjp") if n in reference.__all__]
        functions = {name: reference.function_of(name) for name in names}
        namespace = SimpleNamespace(TRAITS={"dtypes": (dtype,), **traits}, **functions)
        super().__init__("specification", namespace, operation, dtype, "cpu")
        self.kept: list[tuple[Case, bool]] = []
        self.counts: Counter[tuple[int, bool]] = Counter()

    def run(self, case: Case, layouts: Mapping[str, str] | None = None) -> Outputs:
        return self.recorded(case, vjp=False)

    def pull(self, case: Case, layouts: Mapping[str, str] | None = None) -> Outputs:
        return self.recorded(case, vjp=True)

    def recorded(self, case: Case, *, vjp: bool) -> Outputs:
        """Keep a call that the specification answers, and return its answer."""
        try:
            found = self.plain(case, vjp=vjp)
        except SpecificationError as error:
            raise NotOfferedError(str(error)) from None
        example = self.record.examples, vjp
        self.counts[example] += 1
        if self.counts[example] <= OF_ONE:
            self.kept.append((case, vjp))
        whole = self.operation.is_whole
        return {n: a if whole(n) else representable(a, self.dtype) for n, a in found.items()}


def recorded(
    operation: str, dtype: str, traits: Mapping[str, Any], seed: int, examples: int
) -> Iterator[Recorded]:
    """Yield the calls that the laws about numbers make of an operation, each once."""
    specification_server.start()
    register_laws()
    seen: set[Any] = set()
    effort = Effort(seed, examples, least=LEAST, shrinking=0.0)
    for law in LAWS.values():
        if operation not in law.operations or law.section not in SECTIONS or law.second_program:
            continue
        subject = Recorder(operation, dtype, traits)
        if law.gradients and not subject.gives_gradients:
            continue
        with suppress(Exception):  # of a law that asks for more than numbers
            hunt(law, subject, effort)
        for case in within_core(law, subject, seed):
            subject.kept.append((case, law.gradients))
        for case, vjp in subject.kept:
            key = key_of(case, vjp)
            if key not in seen and sum(a.size for a in case.arrays.values()) <= ENTRIES:
                seen.add(key)
                yield from expected(subject, law, case, vjp)


def within_core(law: Law, subject: Recorder, suite_seed: int) -> Iterator[Case]:
    """Yield cases that no implementation may refuse, with no option given and with each alone.

    Drawn cases rarely are, because they combine options and have unequal sizes.
    """
    seed, most = seed_of(law, subject, suite_seed), CORE.get(law.name, 0)
    found: Counter[str] = Counter()
    for k in range(TRIED if most else 0):
        case = cases_of(law, subject)(by_seed(seed, seed >> 32, k))
        options = [name for name in case.options if case.operation.is_option(name)]
        if case.operation.beyond_core(case.without(*options)):
            continue
        for alone in ("", *options):
            one = subject.adapted(case.without(*(name for name in options if name != alone)))
            if found[alone] < most and not case.operation.beyond_core(one):
                found[alone] += 1
                yield one
        if all(found[name] >= most for name in ("", *case.operation.options)):
            return


def expected(subject: Recorder, law: Law, case: Case, vjp: bool) -> Iterator[Recorded]:
    """Yield the call with what is expected of it, unless nothing is claimed of any entry."""
    level = law.level_for(subject.traits.masked_nan, subject.dtype)
    try:
        found = subject.expected(case, vjp=vjp)
        found = beside_infinities(subject, case, found, vjp=vjp)
    except SpecificationError:
        return
    made = Recorded(law, level, case, vjp, found)
    sizes = [e.value.size for e in found.values()]
    claims = not sum(sizes) or any(np.isfinite(e.allowed).any() for e in found.values())
    if claims and made.entries <= ENTRIES:
        yield made


def beside_infinities(
    subject: Recorder, case: Case, found: dict[str, Expected], *, vjp: bool
) -> dict[str, Expected]:
    """Return what is expected, without a bound where an infinity in an input has an effect.

    It stands in a masked place of some queries; for others an implementation may give a number, an
    infinity or NaN. The scores of a softmax may be infinite everywhere.
    """
    infinite = {n: np.isinf(case.arrays[n]) for n in case.differentiated}
    if case.operation.poisoned is None or not any(a.any() for a in infinite.values()):
        return found
    tame = case.having(**{n: np.where(a, 1.0, case.arrays[n]) for n, a in infinite.items()})
    before, after = subject.plain(case, vjp=vjp), subject.plain(tame, vjp=vjp)
    free = {n: before[n] != after[n] for n in found}
    return {
        n: Expected(np.where(free[n], after[n], e.value), np.where(free[n], np.inf, e.allowed))
        for n, e in found.items()
    }


def key_of(case: Case, vjp: bool) -> Any:
    """Return what tells a call from others."""
    given = [*case.arrays.items(), *case.options.items(), *(case.cotangents.items() if vjp else ())]
    return vjp, tuple((n, *plain(value)) for n, value in given)


def plain(value: Any) -> tuple[Any, ...]:
    """Return an array's contents, or another value as text, where 1 and True differ."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return (repr(value),)
