"""Precision grade of an implementation: the lowest precision that it conforms to.

The same outputs are compared with the bounds of one arithmetic after another, the most accurate
first. If an arithmetic is narrower than the implementation's dtype, the inputs are rounded to it
too.
"""

import copy
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from seqlaws.properties.inputs.admitted import drawn_within
from seqlaws.properties.inputs.case import Case, is_floating
from seqlaws.properties.inputs.numbers import by_seed, representable
from seqlaws.properties.judging.comparison import ratios
from seqlaws.properties.subjects.record import LawBrokenError, NotOfferedError, Outputs
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Arithmetic, Expected, Rounding
from seqlaws.reference.numbers.arithmetic import FORMATS, greatest, unit_roundoff
from seqlaws.reference.numbers.rounding import exact

LADDER = (  # the most exact first
    Arithmetic("float64"),
    Arithmetic("float32", "float64"),
    Arithmetic("float32"),
    Arithmetic("float32", matmul="tf32"),
    Arithmetic("float32", matmul="bf16"),
    Arithmetic("float16"),
    Arithmetic("bfloat16"),
    Arithmetic("float16", "float16"),
    Arithmetic("bfloat16", "bfloat16"),
)
CASES = {"values": 40, "gradients": 40}
LONG = 8  # one case in so many goes past a tile
NONE = "none of the known arithmetics"


@dataclass
class Grade:
    """The lowest precision that an implementation's values and gradients conform to.

    values, gradients: the arithmetic; NONE, or the reason why there is none; empty if not
    applicable. beyond: for each of them, the factor by which the worst entry exceeds each more
    accurate bound.
    """

    implementation: str
    operation: str
    dtype: str
    device: str
    declared: str
    values: str = ""
    gradients: str = ""
    beyond: dict[str, dict[str, float]] = field(default_factory=dict)

    def line(self) -> str:
        """Return the grade in one line."""
        both = self.values == self.gradients
        said = f"{self.values} (values{' and gradients' if both else ''})"
        if self.gradients and not both:
            said += f", {self.gradients} (gradients)"
        worst = max((b.get(self.declared, 0.0) for b in self.beyond.values()), default=0.0)
        if worst == np.inf:
            said += f"; declared: {self.declared}, which allows no error at some entry that has one"
        elif worst > 1:
            said += f"; declared: {self.declared}, bound exceeded {worst:.3g} times"
        return f"precision: {self.implementation} {self.operation} {self.dtype}: {said}"

    def as_data(self) -> dict[str, Any]:
        """Return the grade in the format of verdict.json."""
        return asdict(self)


def described(a: Arithmetic) -> str:
    """Return an arithmetic in words."""
    operands = {"ieee": "", "tf32": " with TF32 operands", "bf16": " with bfloat16 operands"}
    plain = Arithmetic(a.dtype)
    if FORMATS[a.dtype][0] < FORMATS["float32"][0] and a.accumulate == a.dtype:
        kept = " throughout"
    elif a.accumulate == plain.accumulate == a.dtype:
        kept = ""
    else:
        kept = f" with {a.accumulate} accumulation"
    told = operands[a.matmul] if a.operand_unit else ""
    return a.dtype + kept + (told.replace(" with", " and", 1) if kept and told else told)


def ladder(dtype: str, declared: Arithmetic) -> list[Arithmetic]:
    """Return the arithmetics that outputs of a dtype can show, including the declared one."""
    forms = {n: getattr(declared, n) for n in ("elementary", "normalise", "scale")}
    rungs = [replace(a, **forms) for a in LADDER if FORMATS[a.dtype][0] <= FORMATS[dtype][0]]
    if described(declared) not in map(described, rungs):
        narrower = [k for k, a in enumerate(rungs) if a.dtype != dtype]
        rungs.insert(narrower[0] if narrower else len(rungs), declared)
    return rungs


def grade(subject: Subject, seed: int) -> Grade:
    """Grade an implementation for one operation, dtype and device, always on the same cases."""
    made = Grade(
        subject.name, subject.operation.name, subject.dtype, subject.device,
        described(subject.arithmetic),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.values = narrowest(subject, seed, "values", made.beyond)
        if subject.gives_gradients:
            made.gradients = narrowest(subject, seed, "gradients", made.beyond)
    return made


def narrowest(subject: Subject, seed: int, part: str, beyond: dict[str, dict[str, float]]) -> str:
    """Return the first arithmetic of the ladder whose bounds all hold; note the others' excess."""
    exceeded = beyond.setdefault(part, {})
    try:
        found = list(answers(subject, seed, part))
    except LawBrokenError as broken:
        return f"not graded: {broken}"
    if not found:
        return "not graded: the implementation supports none of the drawn cases"
    for arithmetic in ladder(subject.dtype, subject.arithmetic):
        worst = max(exceeding(subject, arithmetic, case, out, part) for case, out in found)
        if worst <= 1:
            return described(arithmetic)
        exceeded[described(arithmetic)] = worst
    return NONE


def answers(subject: Subject, seed: int, part: str) -> Iterable[tuple[Case, Outputs]]:
    """Return cases and the implementation's outputs. Raises LawBrokenError."""
    call = subject.pull if part == "gradients" else subject.run
    operation = subject.operation
    for number in range(CASES[part]):
        long = operation.past_a_tile if number % LONG == LONG - 1 else {}
        draw, admitted = by_seed(seed, 11, number), subject.traits.sizes
        case = subject.adapted(drawn_within(draw, operation, subject.dtype, admitted, long))
        try:
            yield case, call(case)
        except NotOfferedError:
            continue


def exceeding(
    subject: Subject, arithmetic: Arithmetic, case: Case, outputs: Outputs, part: str
) -> float:
    """Return the worst observed / allowed of one case if this were the declared arithmetic."""
    judged = copy.copy(subject)
    judged.arithmetic = arithmetic
    held = replace(
        case,
        arrays=narrowed(case.arrays, arithmetic, case.dtype),
        options=narrowed(case.options, arithmetic, case.dtype),
        cotangents=narrowed(case.cotangents, arithmetic, case.dtype),
    )
    expected: dict[str, Expected]
    if part == "gradients":
        expected = judged.expected(held, vjp=True)
    else:
        expected = judged.expected_of_steps(held, outputs)
    worst = [
        ratios(outputs[name], value, allowed, nan_is_free=True).max(initial=0.0)
        for name, (value, allowed) in expected.items()
    ]
    return float(max(worst))


def narrowed(arguments: Any, a: Arithmetic, dtype: str) -> dict[str, Any]:
    """Return floating arrays rounded to an arithmetic that may be narrower than their dtype."""
    if FORMATS[a.dtype][0] >= FORMATS[dtype][0]:
        return dict(arguments)
    return {n: rounded(x, a) if is_floating(x) else x for n, x in arguments.items()}


def rounded(x: np.ndarray[Any, Any], a: Arithmetic) -> Rounding:
    """Return the numbers rounded to the arithmetic's dtype."""
    held = exact(x, a)
    lost = unit_roundoff(a.dtype) * np.abs(x) + a.storage_tiny
    error = np.where(representable(x, a.dtype) == x, held.error, lost)
    overflows = np.isfinite(x) & (np.abs(x) > greatest(a.dtype))
    return Rounding(x, np.where(overflows, np.inf, error), a, held.grid if not lost.any() else 0.0)
