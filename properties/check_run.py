"""Run of one `check`: which law comes next, on which operation and dtype, and for how long."""

import math
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from seqlaws.properties.check_result import NOT_BEGUN, Result
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import SECTIONS, Law
from seqlaws.properties.runner.causes import causes_of, told_by_causes, with_scripts
from seqlaws.properties.runner.examine import NONE_OFFERED, NOTHING, Effort
from seqlaws.properties.runner.order import in_order
from seqlaws.properties.runner.pairing import Candidate
from seqlaws.properties.runner.selection import candidates_of
from seqlaws.properties.subjects.subject import Subject

HANGS = 3  # laws of an operation that fail because a call hangs, before no more are run
HANGING = f"{HANGS} laws failed because a call did not return"
ROUNDS = (10, 30, 100)  # examples; the last again and again, with other seeds
SHARE = 0.2  # of the time, to explain what failed
AT_LEAST, SCRIPTS = 5.0, 15.0  # seconds for that without a time limit; at most for the scripts


@dataclass
class Group:
    """Laws of one operation and dtype, with their progress and the time spent on them.

    hung: how many of them failed because a call did not return in time.
    """

    candidate: Candidate
    laws: list[Law]
    round: int = 0
    done: int = 0
    seconds: float = 0.0
    hung: int = 0


class Run:
    """Run of one check.

    If effort.examples is 0, it takes all of the time, with more and more examples. Otherwise each
    law runs once, in an order that does not depend on the time that the laws take.
    """

    def __init__(
        self,
        namespace: Any,
        spec: str,
        effort: Effort,
        result: Result,
        sections: Collection[str] = SECTIONS,
        *,
        explaining: bool = True,
    ) -> None:
        self.namespace, self.spec, self.effort, self.result = namespace, spec, effort, result
        self.sections, self.explaining = sections, explaining
        self.started = time.perf_counter()
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
        return [Group(c, in_order(c, self.sections)) for c in offered]

    def go(self, operations: list[str], dtypes: list[str], device: str, **how: bool) -> None:
        """Run laws until the time is over, always from the group that has had the least time."""
        self.put = groups = self.groups(operations, dtypes, device)
        while groups and time.perf_counter() < self.limit:
            group = min(groups, key=self.turn)
            verdict = self.next_verdict(group)
            if verdict.status == "failed" and how["stop_at_first"]:
                break
            if group.hung == HANGS:
                self.leave(group, HANGING)  # each law would wait as long again
                groups.remove(group)
                continue
            if group.done == len(group.laws):
                group.round, group.done = group.round + 1, 0
                group.laws = self.worth_more(group)
            groups = [g for g in groups if g.laws]
        for group in groups:
            self.leave(group, NOT_BEGUN)

    def turn(self, group: Group) -> tuple[int, float]:
        """Order of the groups: the smallest is next."""
        return group.round, group.done if self.effort.examples else group.seconds

    @property
    def limit(self) -> float:
        """When no law is begun any more: some time is kept to explain what failed."""
        until = self.effort.until
        if until == math.inf or not (self.explaining and self.result.failures):
            return until
        return until - SHARE * self.result.budget

    def explain(self) -> None:
        """Find the causes of what failed."""
        candidates = {(g.candidate.operation, g.candidate.dtype): g.candidate for g in self.put}

        def subject_of(*asked: str) -> Subject:
            return candidates[asked].subject()  # type: ignore[index]

        now, until, budget = time.perf_counter(), self.effort.until, self.result.budget
        share = SHARE * budget + 1
        if budget == math.inf:
            share = max(AT_LEAST, SHARE * (now - self.started))
        verdicts = self.result.verdicts
        seconds = min(max(1.0, until - now), share)
        self.result.causes = causes_of(verdicts, subject_of, seconds)
        told_by_causes(verdicts, self.result.causes)
        left = min(SCRIPTS, max(2.0, until - time.perf_counter()))
        with_scripts(verdicts, self.result.causes, subject_of, left)

    def next_verdict(self, group: Group) -> Verdict:
        """Run the group's next law and keep its verdict."""
        law, started = group.laws[group.done], time.perf_counter()
        k, c, effort = group.round, group.candidate, self.effort
        if not effort.examples:
            seed = effort.seed + max(0, k - len(ROUNDS) + 1)
            effort = replace(effort, seed=seed, examples=ROUNDS[min(k, len(ROUNDS) - 1)])
        verdict = replace(c, effort=effort).verdict(law)
        self.result.keep(verdict)
        group.hung += bool(verdict.witness.get("slow"))
        group.done += 1
        group.seconds += time.perf_counter() - started
        return verdict

    def worth_more(self, group: Group) -> list[Law]:
        """Return the laws to run again with more examples: those that passed, the fastest first.

        Otherwise one long sweep would take the time of fifty laws. Also those of which no case so
        far was offered. None if examples are given.
        """
        if self.effort.examples:
            return []
        verdicts = [(law, self.result.of(group.candidate, law)) for law in group.laws]
        passed = [
            (v.seconds, law)
            for law, v in verdicts
            if v and (v.status == "passed" or v.reason.startswith((NONE_OFFERED, NOTHING)))
        ]
        return [law for _, law in sorted(passed, key=lambda one: one[0])]

    def leave(self, group: Group, why: str) -> None:
        """Record why the laws of a group that have no verdict yet are not run."""
        for law in group.laws:
            if self.result.of(group.candidate, law) is None:
                self.result.keep(group.candidate.without_answer(law, "not run", why))
