"""A law and what it is put to: an implementation for one operation, dtype and device."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seqlaws import properties
from seqlaws.properties.discovery.known_failures import about, has_to_fail
from seqlaws.properties.discovery.loader import is_adapted, is_named
from seqlaws.properties.discovery.traits import Traits, traits_of
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import LAWS, Law
from seqlaws.properties.runner.examine import Effort, examine, not_offered
from seqlaws.properties.subjects.subject import Subject

COSTLY = "the profile quick leaves out large cases and laws of many calls"
ELSEWHERE = "the profile quick checks edges, manners and guards in float32 alone"
SPARED = "beside float32 no large cases or many calls (--dtype float64)"
UNSAFE = "several threads cannot use an interpreter of kernels at once; see the trait interpreted"
UNNAMED = "needs an implementation with an import path or a file"
ISOLATE = "isolated (--isolate, or `check` with a path), what follows would have a new process"


@dataclass(frozen=True)
class Candidate:
    """An implementation for one operation, dtype and device; `impl` in a law's test.

    not_offered, unavailable: why nothing can be asked of it: it does not claim this, or its device
    or library is not there. known_failures: beside those that it declares itself. beside_float32:
    another dtype, where float32 is judged, too.
    """

    spec: str
    name: str
    namespace: Any
    operation: str
    dtype: str
    device: str
    effort: Effort = field(default_factory=Effort)
    not_offered: str = ""
    unavailable: str = ""
    beside_float32: bool = False
    known_failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.name}-{self.operation}-{self.dtype}-{self.device}"

    @property
    def runs(self) -> bool:
        """True if the implementation has the operation and its device is available."""
        return not (self.not_offered or self.unavailable)

    @property
    def traits(self) -> Traits:
        """The traits that the implementation declares for the operation."""
        return traits_of(getattr(self.namespace, "TRAITS", {}), self.operation)

    def subject(self) -> Subject:
        """The implementation as a law sees it."""
        made = self.name, self.namespace, self.operation, self.dtype, self.device, self.spec
        return Subject(*made, known_failures=self.known_failures)

    def is_put_to(self, law: Law) -> bool:
        """Return True if a law is about the operation, and about what is declared for it."""
        if self.operation not in law.operations:
            return False
        return not law.declared or bool(getattr(self.traits, law.declared))

    def verdict(self, law: Law) -> Verdict:
        """Examine the law, unless there is nothing to run; mind what is known to fail."""
        if not self.runs:
            status = "not offered" if self.not_offered else "not run"
            return self.without_answer(law, status, self.not_offered or self.unavailable)
        if law.second_program and (is_adapted(self.operation) or not is_named(self.spec)):
            return self.without_answer(law, "not run", UNNAMED)
        subject = self.subject()
        if law.in_threads and subject.traits.interpreted:
            return self.without_answer(law, "not run", UNSAFE)
        if spoilt := subject.place.spoilt(self.device):
            return self.without_answer(law, "not run", f"an earlier call {spoilt}; {ISOLATE}")
        if (left_out := self.left_out(law)) and not not_offered(law, subject):
            return self.without_answer(law, "not run", left_out)
        where = self.operation, law.name, self.dtype, self.device
        known = about(subject.known_failures, *where)
        effort = self.effort
        if known and not effort.knows:
            effort = replace(effort, shrinking=0.0, explains=False)
        verdict = examine(law, subject, effort)
        if verdict.status == "passed" and any(map(has_to_fail, known)):  # by luck?
            harder = replace(effort, seed=effort.seed + 1, examples=200)
            again = examine(law, subject, harder)
            verdict = again if again.status == "failed" else verdict
        if known and verdict.status in ("failed", "SHOULD failed"):
            verdict.status, verdict.reason = "known failure", next(iter(known.values()))
        return verdict

    def left_out(self, law: Law) -> str:
        """Return why a law is left out, by the profile or beside float32; "" if it is not."""
        if self.effort.profile == "quick":
            if law.costly:
                return COSTLY
            return ELSEWHERE if self.beside_float32 and law.section != "numbers" else ""
        spared = law.costly and self.beside_float32 and self.dtype == "float64"
        return SPARED if spared and self.effort.profile != "nightly" else ""

    def without_answer(self, law: Law, status: str, reason: str) -> Verdict:
        """Return the verdict of a law that is not run."""
        name = f"{self.operation}.{law.name}"
        made = name, law.level, self.operation, self.name, self.dtype, self.device
        return Verdict(*made, status, reason=reason, section=law.section)


def register_laws() -> None:
    """Import all laws of the suite, which registers them."""
    for module in pkgutil.iter_modules(properties.__path__):
        if module.name.startswith("test_"):
            importlib.import_module(f"seqlaws.properties.{module.name}")


def law_names() -> list[str]:
    """Return the names of every law, `law` and `operation.law`."""
    register_laws()
    names = {law.name for law in LAWS.values()}
    return sorted(names | {f"{o}.{law.name}" for law in LAWS.values() for o in law.operations})
