"""Gradient flow: how much of a gradient comes back from a place that lies d steps behind.

One pull for each operation: the cotangent is that of the last output alone, and the gradient's
norm at each earlier place is told as a share of that at the last place itself.

Bengio, Simard and Frasconi (1994), "Learning long-term dependencies with gradient descent is
difficult"; Hochreiter and Schmidhuber (1997), "Long short-term memory".
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.diagnosis.evidence import answer
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array, representable
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.page.documents import Run, made
from seqlaws.properties.reporting.page.pictures import Line, Picture, decades, doublings
from seqlaws.properties.reporting.page.report import Report
from seqlaws.properties.subjects.subject import Subject

FARTHEST = 64
SPECIFICATION = "the specification"
ALONG = {"rnn": ("x", 1), "lstm": ("x", 1), "gru": ("x", 1), "attention": ("v", 2)}  # and its axis
SIZES = {"B": 8, "T": FARTHEST + 1, "I": 16, "H": 32, "N": 2, "M": 2, "D": 16, "Dv": 16}
SIZES |= {"L": FARTHEST + 1, "S": FARTHEST + 1}


@dataclass
class Flow:
    """norms: that of the gradient of `of` at each of the distances, over that at distance 0."""

    implementation: str
    operation: str
    dtype: str
    device: str
    of: str
    distances: list[int] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)


def flows(subjects: Iterable[Subject]) -> list[dict[str, Any]]:
    """For verdict.json: each implementation in its first dtype; what raises is left out."""
    found: dict[tuple[str, str, str], Flow] = {}
    for subject in subjects:
        name = subject.operation.name
        place = subject.name, name, subject.device
        if name not in ALONG or place in found or not subject.gives_gradients:
            continue
        case = subject.adapted(problem(name, subject.dtype))
        gradients = answer(subject, case, vjp=True)
        if gradients is None:  # that it gives none, a law says
            continue
        distances, norms = shares(name, gradients)
        of = ALONG[name][0]
        found[place] = Flow(*place[:2], subject.dtype, subject.device, of, distances, norms)
        if (SPECIFICATION, name, "") not in found:
            due = shares(name, specified(name, case))
            found[SPECIFICATION, name, ""] = Flow(SPECIFICATION, name, "float64", "", of, *due)
    return [asdict(flow) for flow in found.values()]


def problem(operation: str, dtype: str) -> Case:
    """Weights as layers are begun with, uniform within 1/sqrt(H); the last output's cotangent.

    Attention is causal, so that the last query alone sees all.
    """
    random, known = np.random.RandomState(7), OPERATIONS[operation]

    def filled(named: Mapping[str, str]) -> dict[str, Array]:
        arrays = {}
        for name, letters in named.items():
            shape = tuple(extent(axis) for axis in letters.split())
            if name.startswith(("weight", "bias")):
                values = random.uniform(-1, 1, shape) / SIZES["H"] ** 0.5
            else:
                values = random.standard_normal(shape)
            arrays[name] = representable(values, dtype)
        return arrays

    arrays, cotangents = filled(known.arrays), filled(known.outputs)
    axis = ALONG[operation][1]
    for k, (name, cotangent) in enumerate(cotangents.items()):
        alone = np.zeros_like(cotangent)
        if k == 0:
            last = (slice(None),) * axis + (-1,)
            alone[last] = cotangent[last]
        cotangents[name] = alone
    options = {"is_causal": True} if "is_causal" in known.options else {}
    return Case(known, dtype, arrays, options, cotangents)


def extent(axis: str) -> int:
    """How long an axis such as "T" or "4H" is."""
    return int(axis[0]) * SIZES[axis[1:]] if axis[0].isdigit() else SIZES[axis]


def specified(operation: str, case: Case) -> dict[str, Array]:
    """The gradients that the specification has, in float64."""
    vjp = getattr(reference, f"{operation}_vjp")
    found = vjp(*case.cotangents.values(), *case.arrays.values(), **case.options)
    return dict(zip(case.arrays, found, strict=True))


def shares(operation: str, gradients: Mapping[str, Array]) -> tuple[list[int], list[float]]:
    """Distances from the last place, and the gradient's norm there over that at distance 0."""
    of, axis = ALONG[operation]
    steps = np.moveaxis(gradients[of], axis, 0)
    norms = np.sqrt(np.sum(steps.reshape(len(steps), -1) ** 2, axis=1))[::-1]
    with np.errstate(all="ignore"):
        relative = norms / norms[0]
    return list(range(len(norms))), [float(f"{n:.4g}") for n in relative]


def pictures(report: Report) -> list[Picture]:
    """One for each operation, a line for each implementation and one for the specification."""
    found = {(f.operation, f.implementation, f.device): f for r in report.runs for f in told(r)}
    drawn = []
    names = [*report.implementations, SPECIFICATION]
    for operation in [o for o in ALONG if any(key[0] == o for key in found)]:
        lines, of = [], ""
        for (_, name, device), flow in found.items():
            points = [(float(d), n) for d, n in zip(flow.distances, flow.norms, strict=False)][1:]
            if flow.operation != operation or not points:
                continue
            of = flow.of
            note = f"{flow.dtype} {device}".strip()
            number = names.index(name) if name in names else len(names)
            lines.append(Line(name, [p for p in points if p[1] > 0], number, note))
        lines = sorted((line for line in lines if line.points), key=lambda line: line.number)
        if not lines:
            continue
        points = [p for line in lines for p in line.points]
        ends = "; ".join(f"{li.name} {li.points[-1][1]:.2g}" for li in lines)
        drawn.append(
            Picture(
                operation,
                f"the gradient of {of} by distance, over that at distance 0; at the end: {ends}",
                doublings("distance", [1, 2, 4, 8, 16, 32, 64]),
                decades("share of the gradient", (y for _, y in points)),
                lines,
            )
        )
    return drawn


def told(run: Run) -> list[Flow]:
    """What a run has measured. Raises RefusedError."""
    return [
        made(Flow, row, f"{run.file}: gradient_flow {k}") for k, row in enumerate(run.gradient_flow)
    ]
