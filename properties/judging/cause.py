"""Causes: what explains the failures of one implementation, together."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

KINDS = ("specification", "trait", "precision", "calls", "manners", "exception", "guards", "law")


@dataclass
class Cause:
    """One defect, with everything that it explains.

    kind: "specification", another reading of an equation; "trait", what a trait would declare;
    "precision"; "calls", answers that change from call to call; "manners", of the outputs or of
    memory; "exception"; "guards", invalid input that is accepted; "law", a law that nothing
    explains. names: the misreadings that explain equally well, the likeliest first. lines: the
    changed line of the specification. remedy: what to declare or to mend. laws: what it explains,
    "operation.law". not_asked: failed laws of which there was no time to see whether it explains
    them. may_follow: failed laws of gradients that nothing explains, where these are computed from
    the values that are wrong. smallest: the smallest failure, as in its verdict.
    """

    implementation: str
    kind: str
    sentence: str
    level: str = "MUST"
    names: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    remedy: str = ""
    operations: list[str] = field(default_factory=list)
    dtypes: list[str] = field(default_factory=list)
    laws: list[str] = field(default_factory=list)
    not_asked: list[str] = field(default_factory=list)
    may_follow: list[str] = field(default_factory=list)
    failures: int = 0
    smallest: dict[str, Any] = field(default_factory=dict)

    @property
    def maybe(self) -> str:
        """How many failed laws it may explain beside its own: " and maybe 3 more", or ""."""
        count = len({*self.not_asked, *self.may_follow})
        return f" and maybe {count} more" if count else ""

    @property
    def subject(self) -> tuple[str, str, tuple[str, ...], str]:
        """Identity of the defect: two operations with the same one have one cause."""
        if self.kind == "law":
            about = self.operations[0] if self.names else self.laws[0].partition(".")[2]
            return self.implementation, self.kind, self.names, about
        alike = self.kind in ("trait", "manners", "guards")
        text = self.remedy if alike else self.sentence
        if self.kind == "exception":  # the sentence has the numbers of a case
            text = ""
        return self.implementation, self.kind, self.names, text


def merged_causes(causes: Iterable[Cause]) -> list[Cause]:
    """One cause of those that are the same in several laws, dtypes or operations."""
    known: dict[Any, Cause] = {}
    for one in causes:
        before = known.setdefault(one.subject, one)
        if before is one:
            continue
        for name in ("operations", "dtypes", "laws", "not_asked", "may_follow"):
            both = [*getattr(before, name), *getattr(one, name)]
            setattr(before, name, list(dict.fromkeys(both)))
        before.failures += one.failures
        if (one.level, entries_of(one.smallest)) < (before.level, entries_of(before.smallest)):
            before.level, before.smallest = one.level, one.smallest
            before.sentence = one.sentence
    return list(known.values())


def ordered(causes: list[Cause]) -> list[Cause]:
    """MUST before SHOULD, what is explained before what is not, the commonest first."""
    return sorted(causes, key=lambda c: (c.level != "MUST", c.kind == "law", -c.failures))


def entries_of(witness: dict[str, Any]) -> int:
    """Entries of the arrays of a witness; many where they are too large to be listed."""
    arrays = witness.get("arrays")
    if not arrays:
        return 1_000_000
    return sum(int(np.size(np.array(a, dtype=object))) for a in arrays.values())
