"""Subjects held to the changed specification, and the changed specification as a subject."""

import copy
from collections.abc import Mapping
from typing import Any

from seqlaws.properties.diagnosis.changes import Change, together
from seqlaws.properties.diagnosis.evidence import expected, plain
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array, representable
from seqlaws.properties.misreadings import Misreading
from seqlaws.properties.subjects.record import NotOfferedError, Outputs
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Expected


class ChangedSubject(Subject):
    """A subject that is held to a misreading of the specification, which is run in this process.

    misread: that of the values, and that of the gradients; None where there is none.
    """

    misread: dict[bool, Misreading | None]

    def expected(self, case: Case, *, vjp: bool = False) -> dict[str, Expected]:
        """Return the misreading's values and the errors that are allowed about them."""
        if self.misread[vjp] is None:
            return super().expected(case, vjp=vjp)
        found = expected(self, case, vjp=vjp, one=self.misread[vjp])
        return dict(zip(found, self.claimed(case, [*found.values()]), strict=True))

    def expected_of_steps(self, case: Case, outputs: Outputs) -> dict[str, Expected]:
        """Return the expected values of the whole call: a misreading is not run step by step."""
        return (
            self.expected(case) if self.misread[False] else super().expected_of_steps(case, outputs)
        )

    def expected_of_steps_back(self, case: Case, gradients: Outputs) -> dict[str, Expected]:
        """Return the expected gradients of the whole call."""
        return self.expected(case, vjp=True)

    def plain(self, case: Case, *, vjp: bool = False) -> dict[str, Array]:
        """Return the misreading's values in float64."""
        return plain(self, self.misread[vjp], case, vjp=vjp)


class AsChanged(Subject):
    """A subject in whose place the changed specification answers, rounded to the dtype."""

    probe: Subject
    misread: dict[bool, Misreading | None]

    def run(self, case: Case, layouts: Mapping[str, str] | None = None) -> Outputs:
        """Return the changed specification's outputs."""
        return self.given(case, vjp=False)

    def pull(self, case: Case, layouts: Mapping[str, str] | None = None) -> Outputs:
        """Return the changed specification's gradients."""
        return self.given(case, vjp=True)

    def given(self, case: Case, *, vjp: bool) -> Outputs:
        """Return what it gives for a case."""
        values = plain(self.probe, self.misread[vjp], case, vjp=vjp)
        return {name: representable(value, self.dtype) for name, value in values.items()}

    def called(self, *_: Any, **__: Any) -> Any:
        """Refuse all other calls: they would ask the implementation."""
        raise NotOfferedError("only whole calls are known of a changed specification")


def answering_as(subject: Subject, changes: tuple[Change, ...]) -> Subject:
    """The changed specification as if it were the implementation."""
    made = copy.copy(subject)
    made.__class__ = AsChanged
    assert isinstance(made, AsChanged)
    made.probe, made.misread = both_ways(subject, changes)
    return made


def changed(subject: Subject, changes: tuple[Change, ...]) -> Subject:
    """The subject as it is held to the changed specification."""
    probe, misread = both_ways(subject, changes)
    if misread == {False: None, True: None}:
        return probe
    held = copy.copy(probe)
    held.__class__ = ChangedSubject
    assert isinstance(held, ChangedSubject)
    held.misread = misread
    return held


def both_ways(
    subject: Subject, changes: tuple[Change, ...]
) -> tuple[Subject, dict[bool, Misreading | None]]:
    """The subject with other traits, and the misreadings of the function and of the vjp."""
    probe, back = together(subject, changes, vjp=True)
    return probe, {False: together(subject, changes, vjp=False)[1], True: back}
