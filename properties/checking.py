"""`check`: the laws without pytest, within a time, for whoever grades many implementations.

The most telling laws come first, operations and dtypes share the time, and what there was no time
for is said, never passed.
"""

import inspect
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.check_result import NO_TIME, NOT_BEGUN, Result
from seqlaws.properties.discovery import loader
from seqlaws.properties.discovery.traits import DTYPES, traits_of
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.environment import let_waiting_threads_sleep
from seqlaws.properties.isolation.fork_server import Fork
from seqlaws.properties.isolation.limits import EnoughError, Limits, LostError
from seqlaws.properties.isolation.second_program import end_elsewhere
from seqlaws.properties.judging.verdict import Verdict, settle_noted
from seqlaws.properties.laws import SECTIONS, Law
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.adding import file_of
from seqlaws.properties.runner.causes import causes_of, told_by_causes, with_scripts
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.order import in_order
from seqlaws.properties.runner.pairing import Candidate, law_names
from seqlaws.properties.runner.selection import candidates_of, known_words
from seqlaws.properties.subjects.subject import Subject

ROUNDS = (10, 30, 100)  # examples; the last again and again, with other seeds
SHARE = 0.2  # of the time, to explain what failed
ONE_AT_A_TIME = threading.Lock()


def check(
    implementation: Any,
    operations: Iterable[str] | None = None,
    dtypes: Iterable[str] | None = None,
    seconds: float = 60.0,
    *,
    device: str = "",
    seed: int = 0,
    stop_at_first: bool = False,
    isolate: bool = True,
    seconds_per_call: float = 10.0,
    memory: int = 4096,
    sections: Iterable[str] | None = None,
    spec: Any = None,
) -> Result:
    """Run the laws on an implementation within a time limit; return a verdict for each law.

    implementation: a name, an import path or a file, as for `--impl`; a module or class, which is
    imported again; or any object with the contract's functions, which is used as it is.
    operations, dtypes: check only these. stop_at_first: stop at the first MUST that fails.
    isolate: call it in a separate process, with limits of `seconds_per_call` for a call and
    `memory` MiB. sections: run only laws of these: "numbers", "edges", "manners", "guards".
    spec: a file with operations of your own (`@operation`), its module, or such a function; these
    are checked. Raises ValueError for an unknown operation, dtype or section, and for a spec that
    cannot be used.
    """
    let_waiting_threads_sleep()
    with ONE_AT_A_TIME, added_for_now(spec) as own:
        chosen = known_words("operation", operations, tuple(OPERATIONS)) or own
        return checked(
            implementation,
            chosen,
            dtypes,
            seconds,
            device,
            seed,
            sections,
            limits=Limits(seconds_per_call, memory) if isolate else None,
            stop_at_first=stop_at_first,
        )


@contextmanager
def added_for_now(spec: Any) -> Iterator[list[str]]:
    """Add the own operations of a specification for a while; their names. Raises SpecError."""
    if spec is None:
        yield []
        return
    specification_server.start()
    before = set(OPERATIONS)
    names = specification_server.add(file_of(spec))
    try:
        yield names
    finally:
        specification_server.remove([name for name in names if name not in before])


def checked(
    implementation: Any,
    chosen: list[str],
    dtypes: Iterable[str] | None,
    seconds: float,
    device: str,
    seed: int,
    sections: Iterable[str] | None,
    *,
    limits: Limits | None,
    stop_at_first: bool,
) -> Result:
    """Run the laws of some operations, or of all; `check` without the lock."""
    wanted = known_words("dtype", dtypes, DTYPES)
    within = known_words("section", sections, SECTIONS) or list(SECTIONS)
    until = time.perf_counter() + seconds
    specification_server.start()
    law_names()
    spec = loader.spec_of(implementation)
    result = Result(spec, seconds, seed)
    try:
        namespace = settled(implementation, spec, device, limits, until)
    except loader.NotFoundError as error:
        result.problem = str(error)
    except LostError as lost:
        result.problem = f"{spec}: importing it {lost}"
    except EnoughError:
        result.problem = f"{spec}: importing it {NO_TIME}"
    if result.problem:
        return result
    try:
        effort = Effort(seed, shrinking=0.2, until=until, explains=False)
        run = Run(namespace, spec, effort, result, within)
        run.go(chosen, wanted, device, stop_at_first=stop_at_first)
        settle_noted(result.verdicts)
        run.explain(until)
    except EnoughError:
        result.problem = f"{spec}: looking up its device {NO_TIME}"
    finally:
        end_elsewhere(spec)
        if isinstance(namespace, Contained):
            namespace.end()
    result.seconds = round(time.perf_counter() - until + seconds, 3)
    return result


def settled(
    implementation: Any, spec: str, device: str, limits: Limits | None, until: float
) -> Any:
    """Return the implementation, isolated if there are limits. Raises NotFoundError, LostError."""
    if limits is not None and loader.is_named(spec):
        return Contained(spec, limits, until=until)
    if isinstance(implementation, (str, Path)):
        return loader.find(spec)
    if inspect.isclass(implementation):
        implementation = implementation()
    loader.refuse_unusable(spec, implementation)
    traits = getattr(implementation, "TRAITS", {})
    each = [traits_of(traits, operation) for operation in OPERATIONS]
    can_fork = all(BACKENDS[t.backend].survives_fork_on(device or t.device) for t in each)
    if limits is None or not can_fork:
        return implementation
    return Contained(spec, limits, Fork(implementation), until=until)


@dataclass
class Group:
    """Laws of one operation and dtype, with their progress and the time spent on them."""

    candidate: Candidate
    laws: list[Law]
    round: int = 0
    done: int = 0
    seconds: float = 0.0


class Run:
    """Run of one check."""

    def __init__(
        self,
        namespace: Any,
        spec: str,
        effort: Effort,
        result: Result,
        sections: Collection[str] = SECTIONS,
    ) -> None:
        self.namespace, self.spec, self.effort, self.result = namespace, spec, effort, result
        self.sections = sections
        self.put: list[Group] = []

    def groups(self, operations: list[str], dtypes: list[str], device: str) -> list[Group]:
        """Return a group for each offered operation and dtype."""
        devices = [device] if device else []
        asked = self.spec, self.result.implementation, self.namespace, operations, dtypes, devices
        selected = candidates_of(*asked)
        offered = [c for c in selected if not c.not_offered]
        claimed = {c.operation for c in offered}
        self.result.not_offered += dict.fromkeys(
            c.operation for c in selected if c.operation not in claimed
        )
        if not offered:
            why = (f"{c.operation}: {c.not_offered}" for c in selected)
            self.result.nothing = "; ".join(dict.fromkeys(why))
        return [Group(c, in_order(c.operation, self.sections)) for c in offered]

    def go(self, operations: list[str], dtypes: list[str], device: str, **how: bool) -> None:
        """Run laws until the time is over, always from the group that has had the least time."""
        self.put = groups = self.groups(operations, dtypes, device)
        while groups and time.perf_counter() < self.limit:
            group = min(groups, key=lambda g: (g.round, g.seconds))
            verdict = self.next_verdict(group)
            if verdict.status == "failed" and how["stop_at_first"]:
                break
            if group.done == len(group.laws):
                group.round, group.done = group.round + 1, 0
                group.laws = self.worth_more(group)
            groups = [g for g in groups if g.laws]
        for group in groups:
            for law in group.laws:
                self.not_begun(group, law)

    @property
    def limit(self) -> float:
        """When no law is begun any more: some time is kept to explain what failed."""
        kept = SHARE * self.result.budget if self.result.failures else 0.0
        return self.effort.until - kept

    def explain(self, until: float) -> None:
        """Find the causes of what failed."""
        candidates = {(g.candidate.operation, g.candidate.dtype): g.candidate for g in self.put}

        def subject_of(*asked: str) -> Subject:
            return candidates[asked].subject()  # type: ignore[index]

        seconds = min(max(1.0, until - time.perf_counter()), SHARE * self.result.budget + 1)
        verdicts = self.result.verdicts
        self.result.causes = causes_of(verdicts, subject_of, seconds)
        told_by_causes(verdicts, self.result.causes)
        left = max(2.0, until - time.perf_counter())
        with_scripts(verdicts, self.result.causes, subject_of, left)

    def next_verdict(self, group: Group) -> Verdict:
        """Run the group's next law and keep its verdict."""
        law, started = group.laws[group.done], time.perf_counter()
        k, c = group.round, group.candidate
        effort = replace(
            self.effort,
            seed=self.effort.seed + max(0, k - len(ROUNDS) + 1),
            examples=ROUNDS[min(k, len(ROUNDS) - 1)],
        )
        verdict = replace(c, effort=effort).verdict(law)
        self.result.keep(verdict)
        group.done += 1
        group.seconds += time.perf_counter() - started
        return verdict

    def worth_more(self, group: Group) -> list[Law]:
        """Return the laws to run again with more examples: those that passed, the fastest first.

        Otherwise one long sweep would take the time of fifty laws.
        """
        verdicts = [(law, self.result.of(group.candidate, law)) for law in group.laws]
        passed = [(v.seconds, law) for law, v in verdicts if v and v.status == "passed"]
        return [law for _, law in sorted(passed, key=lambda one: one[0])]

    def not_begun(self, group: Group, law: Law) -> None:
        """Record that there was no time for a law."""
        if self.result.of(group.candidate, law) is None:
            self.result.keep(group.candidate.without_answer(law, "not run", NOT_BEGUN))
