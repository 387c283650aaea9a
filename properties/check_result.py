"""Result of `check`: verdicts as data, and the coverage of the laws."""

import math
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import Law
from seqlaws.properties.reporting.document import as_document, versions
from seqlaws.properties.reporting.terminal import summary
from seqlaws.properties.runner.examine import CUT_OFF
from seqlaws.properties.runner.pairing import Candidate

NOT_BEGUN = "not started within the time limit"
NO_TIME = "took longer than the time limit"
FOUND = ("failed", "SHOULD failed", "known failure")


@dataclass
class Result:
    """Result of `check` for one implementation.

    budget and seconds: the time limit, maybe inf, and the time taken. problem: the reason why
    nothing could be checked, or empty. nothing: why there was nothing to check, or empty. causes:
    what explains the failures, the most important first. not_offered: operations that the
    implementation does not have, or does not have in these dtypes.
    """

    implementation: str
    budget: float
    seed: int
    seconds: float = 0.0
    problem: str = ""
    nothing: str = ""
    not_offered: list[str] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    kept: dict[tuple[str, ...], Verdict] = field(default_factory=dict)

    @property
    def verdicts(self) -> list[Verdict]:
        """Verdicts of each law, operation and dtype, in the order in which the laws ran."""
        return list(self.kept.values())

    @property
    def failures(self) -> list[Verdict]:
        """Verdicts of failed MUST laws, without known failures."""
        return [v for v in self.verdicts if v.status == "failed"]

    @property
    def unfinished(self) -> list[Verdict]:
        """Verdicts of laws that the time limit did not allow to finish."""
        return [v for v in self.verdicts if v.reason.startswith((CUT_OFF, NOT_BEGUN))]

    @property
    def status(self) -> str:
        """Status of the check: "failed"; "passed", if every MUST was finished; or "undecided"."""
        if self.problem.endswith(NO_TIME):
            return "undecided"
        if self.problem or self.failures:
            return "failed"
        if any(v.is_undecided for v in self.verdicts):
            return "undecided"
        decided = any(v.status == "passed" for v in self.verdicts)
        return "undecided" if not decided or self.unfinished_musts else "passed"

    @property
    def unfinished_musts(self) -> list[Verdict]:
        """Unfinished laws of level MUST."""
        return [v for v in self.unfinished if v.level == "MUST"]

    @property
    def passed(self) -> bool:
        """True if every MUST was finished and none failed."""
        return self.status == "passed"

    @property
    def coverage(self) -> dict[str, Any]:
        """Coverage of the check: laws by outcome, examples, entries compared."""
        counts = Counter(v.status for v in self.verdicts)
        cut_off = sum(v.reason.startswith(CUT_OFF) for v in self.verdicts)
        not_begun = sum(v.reason == NOT_BEGUN for v in self.verdicts)
        return {
            "finished": counts["passed"] + sum(counts[status] for status in FOUND),
            "cut off": cut_off,
            "not begun": not_begun,
            "not run": counts["not run"] - cut_off - not_begun,
            "not offered": counts["not offered"],
            "examples": sum(v.examples for v in self.verdicts),
            "entries": sum(v.entries for v in self.verdicts),
        }

    def of(self, candidate: Candidate, law: Law) -> Verdict | None:
        """Return the verdict on a law, or None."""
        c = candidate
        return self.kept.get((f"{c.operation}.{law.name}", c.operation, c.name, c.dtype, c.device))

    def keep(self, verdict: Verdict) -> None:
        """Add a verdict; merge it with an earlier one on the same law with other examples."""
        before = self.kept.get(verdict.key)
        if before is not None:
            verdict.examples += before.examples
            verdict.entries += before.entries
            verdict.unclaimed += before.unclaimed
            verdict.seconds += before.seconds
            verdict.worst = max(verdict.worst, before.worst)
            if verdict.status not in FOUND:  # an earlier round had finished
                verdict.status, verdict.reason = before.status, before.reason
        self.kept[verdict.key] = verdict

    def json(self) -> str:
        """Return the result in the format of verdict.json."""
        run = {
            "implementation": self.implementation,
            "status": self.status,
            "seed": self.seed,
            "seconds": self.seconds,
            "budget": self.budget,
            "problem": self.problem or self.nothing,
            "coverage": self.coverage,
            "operations not offered": self.not_offered,
            "versions": versions(),
        }
        return as_document(run, self.verdicts, causes=[asdict(c) for c in self.causes])

    def __str__(self) -> str:
        covered = ", ".join(f"{count} {what}" for what, count in self.coverage.items() if count)
        lines = [line.text for line in summary(self.verdicts, self.causes, options=False)]
        limit = "" if self.budget == math.inf else f" of {self.budget:g} s"
        said = f"{self.status} in {self.seconds:.1f} s{limit}: {covered}"
        why = self.problem or self.nothing
        return "\n".join([*([why] if why else lines), said])
