"""A subject called in a process of its own, which shows no sign of a test."""

from typing import Any

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.isolation.second_program import ask_elsewhere, end_elsewhere
from seqlaws.properties.subjects.record import Outputs
from seqlaws.properties.subjects.subject import Subject


def called_elsewhere(subject: Subject, case: Case, *, vjp: bool) -> tuple[str, Any]:
    """("answer", outputs or gradients by name), or ("raised" | "not offered", why).

    Raises LostError where the process ended.
    """
    traits = {"backend": subject.traits.backend, "device": subject.device}
    where: dict[str, Any] = {"limits": subject.place.limits, "until": subject.place.until}
    return ask_elsewhere(subject.spec, case, traits, subject.convention, vjp=vjp, **where)


def first_answer(subject: Subject, case: Case, *, vjp: bool) -> Outputs | None:
    """The answer to the first call of a new process; None if there is none."""
    end_elsewhere(subject.spec)
    kind, found = called_elsewhere(subject, case, vjp=vjp)
    return dict(found) if kind == "answer" else None
