"""Session of the suite under pytest: the implementations, their verdicts, the summary."""

import functools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seqlaws.properties.backends import side_effects
from seqlaws.properties.discovery import loader
from seqlaws.properties.discovery.exits import listen
from seqlaws.properties.discovery.traits import DTYPES
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.client import Contained, contained
from seqlaws.properties.isolation.environment import keep_freed_memory, let_waiting_threads_sleep
from seqlaws.properties.isolation.limits import Limits, LostError
from seqlaws.properties.isolation.specification_server import SpecificationError
from seqlaws.properties.judging.precision_grade import Grade, grade
from seqlaws.properties.judging.verdict import Verdict, loaded, settle_noted
from seqlaws.properties.laws import SECTIONS, Law
from seqlaws.properties.operations import OPERATIONS, SPECS
from seqlaws.properties.own.proof import SpecError
from seqlaws.properties.reporting.document import as_document, versions
from seqlaws.properties.reporting.environment import machine
from seqlaws.properties.reporting.law_text import statements
from seqlaws.properties.reporting.terminal import Line, summary
from seqlaws.properties.reporting.unexecuted import gaps
from seqlaws.properties.runner.causes import BROKEN, explained
from seqlaws.properties.runner.effort import effort_of, is_strict, limits_of, refuse
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.known_failures import stale_in
from seqlaws.properties.runner.pairing import Candidate, law_names, register_laws
from seqlaws.properties.runner.selection import candidates_of, why_unavailable
from seqlaws.properties.subjects.subject import Subject

if TYPE_CHECKING:
    from seqlaws.properties.judging.cause import Cause


class Session:
    """Session of a run: the selection of --impl, --device, --dtype and --op, and the verdicts."""

    def __init__(
        self,
        specs: Iterable[str],
        devices: list[str],
        dtypes: list[str],
        operations: list[str],
        strict: bool = False,
        effort: Callable[[], Effort] = Effort,
        grading: bool = False,
        limits: Limits | None = None,
        sections: Collection[str] = (),
        strict_sections: Collection[str] = (),
    ) -> None:
        self.sections, self.strict_sections = sections, strict_sections
        self.devices, self.dtypes, self.operations = devices, dtypes, operations
        self.strict, self.decide_effort, self.grading = strict, effort, grading
        self.limits = limits  # of each implementation's own process, if it is to have one
        self.started = datetime.now(UTC)
        self.flows: list[dict[str, Any]] = []
        self.grades: list[Grade] = []
        self.problems: list[str] = []
        self.absent: list[str] = []
        self.found: dict[str, tuple[str, Any]] = {}
        self.verdicts: list[Verdict] = []
        self.complaints: list[str] = []
        self.causes: list[Cause] = []
        self.settled: list[str] | None = None  # what the laws noted of each other, once explained
        self.undecided: list[str] = []
        self.ended, self.not_reached = "", 0
        let_waiting_threads_sleep()
        keep_freed_memory()
        specification_server.start()  # before anybody else's code runs
        side_effects.remember()
        listen()
        for spec in dict.fromkeys(specs):
            self.add(spec)

    @functools.cached_property
    def effort(self) -> Effort:
        """Decided late: Hypothesis loads the profile after this plugin is configured."""
        return self.decide_effort()

    @classmethod
    def from_options(cls, config: pytest.Config) -> "Session":
        """Make the session of a command line. Raises UsageError if nothing can run."""
        get = config.getoption
        refuse("--dtype", get("dtype") or [], DTYPES)
        try:
            specification_server.keep_answers(get("spec_cache"))
        except OSError as error:
            raise pytest.UsageError(f"--spec-cache: {error}") from None
        try:
            own = [n for file in get("own_spec") or [] for n in specification_server.add(file)]
        except SpecError as error:
            raise pytest.UsageError(str(error)) from None
        refuse("--op", get("op") or [], tuple(OPERATIONS))
        refuse("--section", get("section") or [], SECTIONS)
        refuse("--strict-section", get("strict_section") or [], SECTIONS)
        made = cls(
            get("impl") or ["numpy_vectorized"],
            get("device") or [],
            get("dtype") or [],
            get("op") or own,
            is_strict(config),
            lambda: replace(effort_of(config), explains=False),  # all together, after the run
            bool(get("grade_precision") or get("report")),
            limits_of(config),
            get("section") or [],
            get("strict_section") or [],
        )
        offered = [c for c in made.selected if not c.not_offered]
        if not made.found or (offered and all(c.unavailable for c in offered)):
            reasons = made.problems + made.unavailable + made.absent
            raise pytest.UsageError("; ".join(reasons) or "there is no implementation to check")
        return made

    def add(self, spec: str, missing: list[str] | None = None) -> None:
        """Find an implementation, or remember in one sentence why it cannot be used."""
        if spec == "all":
            for name in loader.every_name():
                self.add(name, missing=self.absent)
            return
        try:
            namespace = Contained(spec, self.limits) if self.limits else loader.find(spec)
        except LostError as lost:
            self.problems.append(f"--impl {spec}: importing it {lost}")
        except loader.MissingDependencyError as error:
            (self.problems if missing is None else missing).append(str(error))
        except loader.NotFoundError as error:
            self.problems.append(str(error))
        else:
            self.found[loader.short_name(spec, self.found)] = (spec, namespace)

    @functools.cached_property
    def selected(self) -> list[Candidate]:
        """Candidates of the run: each implementation, operation, dtype and device."""
        asked = self.operations, self.dtypes, self.devices
        return [
            candidate
            for name, (spec, namespace) in self.found.items()
            for candidate in candidates_of(spec, name, namespace, *asked)
        ]

    @property
    def unavailable(self) -> list[str]:
        """Reasons why some candidates cannot run, each once."""
        return list(dict.fromkeys(c.unavailable for c in self.selected if c.unavailable))

    def devices_of(self, name: str) -> list[str]:
        """The devices on which an implementation is selected."""
        offered = [c for c in self.selected if c.name == name and not c.not_offered]
        return list(dict.fromkeys(c.device for c in offered))

    def why_not(self, name: str, operation: str, device: str) -> str:
        """Return why an implementation's operation cannot run on a device; "" if it can."""
        reason = why_unavailable(self.found[name][1], operation, device)
        return reason and f"{name}: {reason}"

    def candidates(self, law: Law) -> list[Candidate]:
        """Return the candidates that a law judges."""
        if self.sections and law.section not in self.sections:
            return []
        about = [c for c in self.selected if c.is_put_to(law)]
        return [replace(c, effort=self.effort) for c in about]

    def subjects(self) -> Iterator[Subject]:
        """Return the subjects of the candidates that can run."""
        return (c.subject() for c in self.selected if c.runs)

    def header(self) -> list[str]:
        """Return the header of the run: implementations, devices, dtypes, seed and versions."""
        lines = []
        for name in self.found:
            offered = [c for c in self.selected if c.name == name and not c.not_offered]
            dtypes = [d for d in DTYPES if any(c.dtype == d for c in offered)]
            on = f" on {', '.join(self.devices_of(name))}" if offered else ""
            shown = ", ".join(dtypes) or "nothing that is selected is offered"
            lines.append(f"seqlaws: {name}{on}: {shown}")
            if spec := loader.wanted_by(self.found[name][1]):
                functions = " or ".join(SPECS[spec])
                lines.append(f"seqlaws: {name} has {functions}, which --spec {spec} checks")
        lines.append(
            f"seqlaws: suite seed {self.effort.seed}, {self.effort.examples} examples a law; "
            + ", ".join(f"{k} {v}" for k, v in versions().items())
        )
        return lines + [f"seqlaws: {problem}" for problem in self.problems + self.absent]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the verdicts, on whichever process they were reached."""
        if report.when == "call":
            for name, value in report.user_properties:
                if name == "seqlaws":
                    self.verdicts.append(loaded(str(value)))

    def measure(self, *, reporting: bool) -> None:
        """Grade the precision, and measure what a page shows."""
        for subject in self.subjects() if self.grading else ():
            try:
                self.grades.append(grade(subject, self.effort.seed))
            except SpecificationError as error:
                self.undecided.append(f"{subject.name}: {error}")
        if reporting:
            from seqlaws.properties.judging.gradient_reach import flows

            self.flows = flows(self.subjects())

    def cut(self, ended: str, missing: list[Verdict], sentences: list[str]) -> None:
        """Note that the run was ended before its time.

        missing: a verdict on each check that was not run.
        """
        self.ended = ended
        self.not_reached = sum(v.status == "not run" for v in missing)
        self.verdicts += missing
        self.problems += sentences

    def finish(self, path: str | None = None) -> bool:
        """Write verdict.json, if asked; whether there is a complaint."""
        self.explain(calls=False)
        undecided = [f"{v.implementation}: {v.reason}" for v in self.verdicts if v.is_undecided]
        undecided += self.undecided
        self.complaints = [*self.problems, *self.unavailable, *dict.fromkeys(undecided)]
        if not self.ended:
            traits = {n: getattr(one, "TRAITS", {}) for n, (_, one) in self.found.items()}
            self.complaints += stale_in(traits, law_names(), self.verdicts, self.effort.examples)
        strict = SECTIONS if self.strict else self.strict_sections
        loose = [v for v in self.verdicts if v.status == "SHOULD failed" and v.section in strict]
        names = dict.fromkeys(v.law for v in loose)
        self.complaints += [f"--strict: the SHOULD law {name} failed" for name in names]
        if path is not None:
            Path(path).write_text(self.document(), encoding="utf-8")
        return bool(self.complaints or self.settled)

    def explain(self, *, elsewhere: bool = False, calls: bool = True) -> None:
        """Find the causes of what failed; the verdicts that a cause explains say so.

        elsewhere: the laws ran in other processes, and this one has called no implementation yet.
        calls: whether implementations may be called once more.
        """
        if self.settled is not None:
            return
        self.settled = settle_noted(self.verdicts)
        for name, (spec, namespace) in self.found.items():
            own = [v for v in self.verdicts if v.implementation == name]
            if not any(v.status in BROKEN for v in own):
                continue
            anew = elsewhere and not self.limits
            own_process = contained(spec) if anew and calls else None
            place = own_process if anew else namespace
            subject_of = partial(self.subject_of, name, place) if calls and place else None
            self.causes += explained(own, subject_of, every=self.effort.shows)
            if own_process is not None:
                own_process.end()

    def subject_of(self, name: str, namespace: Any, operation: str, dtype: str) -> Subject:
        """An implementation's subject for an operation and dtype, in another namespace."""
        asked = name, operation, dtype
        same = (c for c in self.selected if (c.name, c.operation, c.dtype) == asked)
        return replace(next(same), namespace=namespace).subject()

    def described(self) -> dict[str, Any]:
        """The run for verdict.json."""
        return {
            "seed": self.effort.seed,
            "examples": self.effort.examples,
            "profile": self.effort.profile,
            "when": self.started.isoformat(timespec="seconds"),
            "versions": versions(),
            "machine": machine(c.device for c in self.selected if c.runs),
            "implementations": {name: spec for name, (spec, _) in self.found.items()},
            "operations": self.operations or list(OPERATIONS),
            "sections": list(self.sections or SECTIONS),
            "complaints": self.complaints + self.absent,
            "precision": [g.as_data() for g in self.grades],
            "ended": self.ended,
            "not_reached": self.not_reached,
        }

    def document(self) -> str:
        """verdict.json."""
        register_laws()
        parts = {
            "laws": statements(),
            "gradient_flow": self.flows,
            "causes": [asdict(one) for one in self.causes],
            "unexecuted": [asdict(one) for one in gaps(self.verdicts)],
        }
        return as_document(self.described(), self.verdicts, **parts)

    def summary(self, width: int = 80, *, verbose: bool = False) -> list[Line]:
        """Return the lines of the summary at the end of the run."""
        said = [g.line() for g in self.grades], self.absent, self.complaints
        return summary(self.verdicts, self.causes, *said, width=width, verbose=verbose)
