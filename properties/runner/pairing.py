"""A law and what it is put to: an implementation for one operation, dtype and device."""

import fnmatch
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seqlaws import properties
from seqlaws.properties.discovery.loader import is_named
from seqlaws.properties.discovery.traits import traits_of
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import LAWS, Law
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.runner.examine import Effort, examine
from seqlaws.properties.subjects.subject import Subject

UNNAMED = "asked of an implementation that can be named only: an import path or a file"


@dataclass(frozen=True)
class Candidate:
    """An implementation for one operation, dtype and device; `impl` in a law's test."""

    spec: str
    name: str
    namespace: Any
    operation: str
    dtype: str
    device: str
    effort: Effort
    unavailable: str = ""
    known_failures: Mapping[str, str] = field(default_factory=dict)  # beside the declared ones

    @property
    def id(self) -> str:
        return f"{self.name}-{self.operation}-{self.dtype}-{self.device}"

    def verdict(self, law: Law) -> Verdict:
        """Examine the law, unless there is nothing to run; mind what is known to fail."""
        made = (f"{self.operation}.{law.name}", law.level, self.operation, self.name, self.dtype)
        if self.unavailable:
            return Verdict(*made, self.device, "not run", reason=self.unavailable)
        if not callable(getattr(self.namespace, self.operation, None)):
            reason = f"{self.operation} is not offered"
            return Verdict(*made, self.device, "not offered", reason=reason)
        declared = dtypes_of(self.namespace, self.operation)
        if self.dtype not in declared:
            reason = f"{self.dtype} is not offered; declared: {', '.join(declared)}"
            return Verdict(*made, self.device, "not offered", reason=reason)
        subject = Subject(
            self.name, self.namespace, self.operation, self.dtype, self.device, self.spec
        )
        if law.name.startswith("any_other_program") and not is_named(subject.spec):
            return Verdict(*made, self.device, "not run", reason=UNNAMED)
        subject.known_failures.update(self.known_failures)
        verdict = examine(law, subject, self.effort)
        keys = [key for key in subject.known_failures if covers(key, verdict)]
        reasons = [subject.known_failures[key] for key in keys]
        if verdict.status == "passed" and any("*" not in key for key in keys):  # by luck?
            harder = replace(self.effort, seed=self.effort.seed + 1, examples=200)
            again = examine(law, subject, harder)
            verdict = again if again.status == "failed" else verdict
        if reasons and verdict.status in ("failed", "not kept"):
            verdict.status, verdict.reason = "known failure", reasons[0]
        return verdict


def dtypes_of(namespace: Any, operation: str) -> tuple[str, ...]:
    """The dtypes that an implementation declares, or the operation's own where it has only some."""
    declared = traits_of(getattr(namespace, "TRAITS", {}), operation).dtypes
    return OPERATIONS[operation].dtypes or declared


def covers(key: str, verdict: Verdict) -> bool:
    """Whether a key of `known_failures`, [operation.]law[[dtype]], is about this verdict.

    A law may be a pattern: "softmax.*[bfloat16]" is every law of softmax in bfloat16.
    """
    law, _, dtype = key.partition("[")
    return names_law(law, verdict.law) and dtype.rstrip("]") in ("", verdict.dtype)


def names_law(pattern: str, law: str) -> bool:
    """Whether a pattern is about a law, whose name is operation.law."""
    return any(fnmatch.fnmatchcase(name, pattern) for name in (law, law.partition(".")[2]))


def law_names() -> list[str]:
    """Every law by its names, `law` and `operation.law`."""
    for module in pkgutil.iter_modules(properties.__path__):
        if module.name.startswith("test_"):
            importlib.import_module(f"seqlaws.properties.{module.name}")
    names = {law.name for law in LAWS.values()}
    return sorted(names | {f"{o}.{law.name}" for law in LAWS.values() for o in law.operations})
