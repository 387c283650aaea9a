"""One run of the suite under pytest: the implementations at hand, their verdicts, the summary."""

import fnmatch
import functools
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from seqlaws.properties.backends import side_effects
from seqlaws.properties.discovery import loader
from seqlaws.properties.discovery.exits import listen
from seqlaws.properties.discovery.traits import DTYPES, known_failures_of, nearest, traits_of
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.limits import Limits, LostError
from seqlaws.properties.isolation.location import place_of
from seqlaws.properties.judging.precision_grade import Grade, grade
from seqlaws.properties.judging.verdict import (
    Verdict,
    as_document,
    loaded,
    options_not_offered,
    table,
    totals,
    versions,
)
from seqlaws.properties.laws import Law
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.environment import machine
from seqlaws.properties.reporting.law_text import statements
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.pairing import Candidate, covers, dtypes_of, law_names
from seqlaws.properties.subjects.subject import Subject

PROFILES = {"quick": 10, "nightly": 1000}
SHORT = 100  # with fewer examples a law may be passed by luck


def register_profiles() -> None:
    """`quick` and `nightly` for --hypothesis-profile, unless the project has its own."""
    for name, examples in PROFILES.items():
        try:
            hypothesis.settings.get_profile(name)
        except hypothesis.errors.InvalidArgument:
            hypothesis.settings.register_profile(name, max_examples=examples)


class Session:
    """What --impl, --device, --dtype and --op select, and what became of it."""

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
    ) -> None:
        self.devices, self.dtypes, self.operations = devices, dtypes, operations
        self.strict, self.decide_effort, self.grading = strict, effort, grading
        self.limits = limits  # of each implementation's own process, if it is to have one
        self.started = datetime.now(UTC)
        self.flows: list[dict[str, Any]] = []
        self.grades: list[Grade] = []
        self.problems: list[str] = []
        self.absent: list[str] = []
        self.found: dict[str, tuple[str, Any]] = {}
        self.unavailable: dict[tuple[str, str], str] = {}
        self.verdicts: list[Verdict] = []
        self.complaints: list[str] = []
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
        """From the command line. Raises UsageError where nothing is left to run."""
        get = config.getoption
        refuse("--dtype", get("dtype") or [], DTYPES)
        refuse("--op", get("op") or [], tuple(OPERATIONS))
        made = cls(
            get("impl") or ["numpy_vectorized"],
            get("device") or [],
            get("dtype") or [],
            get("op") or [],
            bool(get("seqlaws_strict")) or "--strict" in config.invocation_params.args,
            lambda: effort_of(config),
            bool(get("grade_precision") or get("report")),
            limits_of(config),
        )
        runs = [(name, d) for name in made.found for d in made.devices_of(name)]
        if all(made.why_not(name, device) for name, device in runs):
            reasons = made.problems + list(dict.fromkeys(made.unavailable.values())) + made.absent
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
            self.found[short_name(spec, self.found)] = (spec, namespace)

    def devices_of(self, name: str) -> list[str]:
        """The devices asked for, or the implementation's own."""
        declared = getattr(self.found[name][1], "TRAITS", {})
        own = [traits_of(declared, operation).device for operation in OPERATIONS]
        return self.devices or list(dict.fromkeys(own))

    def why_not(self, name: str, device: str) -> str:
        """Empty, or why nothing can run there."""
        if (name, device) not in self.unavailable:
            declared = getattr(self.found[name][1], "TRAITS", {})
            library = traits_of(declared, "softmax").backend
            try:
                reason = place_of(self.found[name][1]).backend(library).available(device)
            except ImportError as error:
                reason = str(error)
            self.unavailable[name, device] = reason and f"{name}: {reason}"
        return self.unavailable[name, device]

    def candidates(self, law: Law) -> list[Candidate]:
        """For each implementation and operation of the law: its dtypes and devices."""
        chosen = [o for o in law.operations if not self.operations or o in self.operations]
        made = []
        for name, (spec, namespace) in self.found.items():
            for operation in chosen:
                declared = dtypes_of(namespace, operation)
                for device in self.devices_of(name):
                    reason = self.why_not(name, device)
                    for dtype in self.dtypes or declared:
                        one = Candidate(
                            spec, name, namespace, operation, dtype, device, self.effort, reason
                        )
                        made.append(one)
        return made

    def subjects(self) -> Iterator[Subject]:
        """Every operation that can be run, in each declared dtype, on each device."""
        for name, (spec, namespace) in self.found.items():
            for operation in self.operations or OPERATIONS:
                dtypes = dtypes_of(namespace, operation)
                for device in self.devices_of(name):
                    runs = not self.why_not(name, device)
                    for dtype in dtypes if runs and hasattr(namespace, operation) else ():
                        if dtype in (self.dtypes or dtypes):
                            yield Subject(name, namespace, operation, dtype, device, spec)

    def header(self) -> list[str]:
        """What runs, and on what."""
        lines = []
        for name in self.found:
            dtypes = {d for o in OPERATIONS for d in dtypes_of(self.found[name][1], o)}
            shown = [d for d in DTYPES if d in (self.dtypes or dtypes)]
            devices = ", ".join(self.devices_of(name))
            lines.append(f"seqlaws: {name} on {devices}: {', '.join(shown)}")
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

    def finish(self, path: str | None = None, *, reporting: bool = False) -> bool:
        """Grade and measure, and write verdict.json, if asked; whether there is a complaint."""
        if self.grading:
            self.grades = [grade(subject, self.effort.seed) for subject in self.subjects()]
        if reporting:
            from seqlaws.properties.judging.gradient_reach import flows

            self.flows = flows(self.subjects())
        unavailable = [reason for reason in self.unavailable.values() if reason]
        self.complaints = self.problems + unavailable + self.stale_known_failures()
        if self.strict:
            broken = [v.law for v in self.verdicts if v.status == "not kept"]
            self.complaints += [f"--strict: {law} is not kept" for law in dict.fromkeys(broken)]
        if path is not None:
            Path(path).write_text(self.document(), encoding="utf-8")
        return bool(self.complaints)

    def document(self) -> str:
        """verdict.json; docs/verdict.md says what it means."""
        usable = [d for n in self.found for d in self.devices_of(n) if not self.why_not(n, d)]
        run = {
            "seed": self.effort.seed,
            "examples": self.effort.examples,
            "profile": self.effort.profile,
            "when": self.started.isoformat(timespec="seconds"),
            "versions": versions(),
            "machine": machine(usable),
            "implementations": {name: spec for name, (spec, _) in self.found.items()},
            "operations": self.operations or list(OPERATIONS),
            "complaints": self.complaints + self.absent,
            "precision": [g.as_data() for g in self.grades],
        }
        law_names()  # registers the laws
        more = {"laws": statements(), "gradient_flow": self.flows}
        return as_document(run, self.verdicts, **more)

    def stale_known_failures(self) -> list[str]:
        """Known failures that passed, or that name no law."""
        lines = []
        for name, (_, namespace) in self.found.items():
            keys = known_failures_of(getattr(namespace, "TRAITS", {}))
            names = law_names() if keys else []
            for key in keys:
                law = key.partition("[")[0]
                if not fnmatch.filter(names, law):
                    lines.append(
                        f"{name}: known_failures names no law {law!r}{nearest(law, names)}"
                    )
                    continue
                about = [v for v in self.verdicts if v.implementation == name and covers(key, v)]
                ran = [v for v in about if v.status in ("passed", "failed", "known failure")]
                lucky = "*" in key and self.effort.examples < SHORT
                if ran and not lucky and all(v.status == "passed" for v in ran):
                    lines.append(
                        f"{name}: {key} is declared a known failure and passed; "
                        "take it out of known_failures"
                    )
        return lines

    def summary(self) -> list[str]:
        """The table, what was not checked, and the complaints."""
        graded = [g.line() for g in self.grades]
        if not self.verdicts:
            return [*graded, *self.complaints]
        lines = [*table(self.verdicts), "", *graded, *options_not_offered(self.verdicts)]
        known = {
            v.law + f" ({v.dtype})": v.reason for v in self.verdicts if v.status == "known failure"
        }
        lines += [f"known failure: {law}: {reason}" for law, reason in known.items()]
        loose = {v.law + f" ({v.dtype})": v.reason for v in self.verdicts if v.status == "not kept"}
        lines += [f"SHOULD, not kept: {law}: {reason}" for law, reason in loose.items()]
        absent = [f"not run: {line}" for line in self.absent]
        return [*lines, *absent, *self.complaints, totals(self.verdicts)]


def limits_of(config: pytest.Config) -> Limits | None:
    """What the options of containment say; None where an implementation runs in this process."""
    if not config.getoption("isolate"):
        return None
    return Limits(config.getoption("isolate_seconds"), config.getoption("isolate_memory"))


def effort_of(config: pytest.Config) -> Effort:
    """What the Hypothesis profile and the seed options say."""
    seed, profile = config.getoption("seqlaws_seed"), config.getoption("--hypothesis-profile", None)
    given = config.getoption("--hypothesis-seed", None) if seed is None else seed
    return Effort(
        seed=int(given) if str(given).isdigit() else 0,
        examples=hypothesis.settings().max_examples,
        shrinking={"quick": 0.5, "nightly": 10.0}.get(str(profile), 1.0),
        target=profile == "nightly",
        profile=str(profile or ""),
    )


def short_name(spec: str, taken: Iterable[str]) -> str:
    """What to call an implementation: its file's name rather than its path."""
    target, colon, attribute = spec.partition(":")
    short = (Path(target).stem if target.endswith(".py") else target) + colon + attribute
    return spec if short in taken else short


def refuse(option: str, given: list[str], known: tuple[str, ...]) -> None:
    """UsageError for a word that an option does not know."""
    for word in given:
        if word not in known:
            raise pytest.UsageError(f"{option} {word}: unknown{nearest(word, list(known))}")
