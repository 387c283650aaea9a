"""Verdicts: what became of each law, for each implementation, dtype and device."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

from seqlaws.properties.isolation.specification_server import SPECIFICATION_RAISED

SCHEMA = 4  # docs/verdict.md says what it means; a change of a meaning is a new number
STATUSES = ("passed", "failed", "known failure", "SHOULD failed", "not offered", "not run")


@dataclass
class Verdict:
    """One law on one implementation, operation, dtype and device.

    status: one of STATUSES; "SHOULD failed" is a SHOULD that does not hold.
    worst: the largest observed / allowed; entries and unclaimed: output entries compared, and those
    of them of which nothing can be said. not_offered: options or combinations, how often.
    interpreted: True if the implementation ran in an interpreter of kernels.
    accuracy: for each output how far it was from what is due, as `errors.Errors` tells it.
    visited: the largest sizes that were asked for, as `subjects.visited` has them.
    executed: lines of the implementation by file, as `isolation.executed_lines` notes them, where
    that is asked for; not in verdict.json, which has those that are missing.
    """

    law: str
    level: str
    operation: str
    implementation: str
    dtype: str
    device: str
    status: str = "passed"
    examples: int = 0
    entries: int = 0
    unclaimed: int = 0
    worst: float = 0.0
    seconds: float = 0.0
    reason: str = ""
    message: str = ""
    diagnosis: str = ""
    witness: dict[str, Any] = field(default_factory=dict)
    not_offered: dict[str, int] = field(default_factory=dict)
    section: str = "numbers"
    noted: dict[str, str] = field(default_factory=dict)  # against manners, by the law about it
    accuracy: dict[str, Any] = field(default_factory=dict)
    visited: dict[str, int] = field(default_factory=dict)
    executed: dict[str, list[int]] = field(default_factory=dict)
    interpreted: bool = False
    evidence: str = ""  # the calls that show it, for `causes`; not in verdict.json

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Identity of a verdict: not pytest's node id."""
        return self.law, self.operation, self.implementation, self.dtype, self.device

    @property
    def is_undecided(self) -> bool:
        """True if the specification failed, so that the implementation cannot be judged."""
        return self.status == "not run" and self.reason.startswith(SPECIFICATION_RAISED)

    @property
    def law_name(self) -> str:
        """The law's own name, without its operation."""
        return self.law.partition(".")[2]


def dumped(value: Any, indent: int | None = None) -> str:
    """JSON; numbers that JSON does not have become "inf", "-inf" and "nan"."""
    return json.dumps(finite(value), indent=indent, allow_nan=False)


def finite(value: Any) -> Any:
    """Return the value with every number that JSON lacks as a text."""
    if isinstance(value, dict):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def loaded(text: str) -> Verdict:
    """A verdict from its JSON."""
    data = json.loads(text)
    data["worst"] = float(data["worst"])
    return Verdict(**data)


def settle_noted(verdicts: list[Verdict]) -> list[str]:
    """Fail a law that passed, where another law's calls were noted to break it.

    The law about manners sees fewer calls than all laws together. Returns a sentence for each.
    """
    known = {v.key: v for v in verdicts}
    said = []
    for v in verdicts:
        for name, says in v.noted.items():
            law = f"{v.operation}.{name}"
            about = known.get((law, *v.key[1:]))
            if about is not None and about.status == "passed":
                about.status, about.reason = "failed", f"{says} (seen by {v.law})"
                about.message = f"{about.law}: {about.reason}"
                said.append(f"{v.implementation}: {law} ({v.dtype}): {about.reason}")
    return said
