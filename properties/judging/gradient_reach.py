"""Gradient flow: the norm of a gradient over the distance that it travels.

For each operation one gradient is taken, with a cotangent on the last output only. The norm of the
gradient at each earlier position is given relative to that at the last position.

Bengio, Simard and Frasconi (1994), "Learning long-term dependencies with gradient descent is
difficult"; Hochreiter and Schmidhuber (1997), "Long short-term memory".
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array, by_seed, representable
from seqlaws.properties.inputs.operation import Operation, extent
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.subjects.subject import Subject, answer
from seqlaws.reference import function_of

FARTHEST = 64
SPECIFICATION = "the specification"
SIZES = {"B": 8, "T": FARTHEST + 1, "I": 16, "H": 32, "N": 2, "M": 2, "D": 16, "Dv": 16}
SIZES |= {"L": FARTHEST + 1, "S": FARTHEST + 1}


@dataclass
class Flow:
    """Gradient flow of one implementation.

    norms: the norm of the gradient of `of` at each distance, relative to that at distance 0.
    """

    implementation: str
    operation: str
    dtype: str
    device: str
    of: str
    distances: list[int] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)


def flows(subjects: Iterable[Subject]) -> list[dict[str, Any]]:
    """Measure each implementation in its first dtype, for verdict.json; failures are left out."""
    found: dict[tuple[str, str, str], Flow] = {}
    for subject in subjects:
        operation = subject.operation
        place = subject.name, operation.name, subject.device
        if operation.reach is None or place in found or not subject.gives_gradients:
            continue
        of, letter = operation.reach
        axis = operation.axes(of).index(letter)
        made = problem_of_own if operation.own else problem
        case = subject.adapted(made(operation, subject.dtype, axis))
        gradients = answer(subject, case, vjp=True)
        if gradients is None:  # that it gives none, a law says
            continue
        shares = along(gradients[of], axis)
        found[place] = Flow(*place[:2], subject.dtype, subject.device, of, *shares)
        specified = SPECIFICATION, operation.name, ""
        if specified not in found:
            shares = along(gradients_of(case)[of], axis)
            found[specified] = Flow(*specified[:2], "float64", "", of, *shares)
    return [asdict(flow) for flow in found.values()]


def problem(operation: Operation, dtype: str, axis: int) -> Case:
    """Return a case with usual initial weights, uniform within 1/sqrt(H), and one cotangent.

    Operations are causal where possible, so that only the last output depends on all inputs.
    """
    random = np.random.RandomState(7)

    def filled(named: Mapping[str, str]) -> dict[str, Array]:
        arrays = {}
        for name, letters in named.items():
            shape = tuple(extent(axis, SIZES) for axis in letters.split())
            if name.startswith(("weight", "bias")):
                values = random.uniform(-1, 1, shape) / SIZES["H"] ** 0.5
            else:
                values = random.standard_normal(shape)
            arrays[name] = representable(values, dtype)
        return arrays

    arrays, cotangents = filled(operation.arrays), filled(operation.outputs)
    for k, (name, cotangent) in enumerate(cotangents.items()):
        alone = np.zeros_like(cotangent)
        if k == 0:
            last = (slice(None),) * axis + (-1,)
            alone[last] = cotangent[last]
        cotangents[name] = alone
    options = {"is_causal": True} if "is_causal" in operation.options else {}
    return Case(operation, dtype, arrays, options, cotangents)


def problem_of_own(operation: Operation, dtype: str, axis: int) -> Case:
    """Return a case of a scan of one's own, with one cotangent: of the last step, or at the end."""
    long = {operation.scan_axis: FARTHEST + 1}
    sizes: dict[str, Any] = {**dict.fromkeys(operation.letters, 8), **long}
    sizes |= {"leading": (8,), "dense": True, "regime": "ordinary", "scales": (1.0,)}
    case = build(by_seed(7), operation, dtype, **sizes).without(*operation.options)
    along = operation.along_scan(case.cotangents)
    alone = {name: np.zeros_like(c) for name, c in case.cotangents.items()}
    name = next(iter(along), next(iter(alone)))
    last: Any = (..., -1, *(slice(None),) * (-1 - along[name])) if along else ...
    alone[name][last] = case.cotangents[name][last]
    return case.pulled(**alone)


def gradients_of(case: Case) -> dict[str, Array]:
    """Return the specification's gradients in float64."""
    given, options = case.operation.arranged(case.arrays, case.options)
    vjp = function_of(f"{case.operation.name}_vjp")
    found = vjp(*case.cotangents.values(), *given, **options)
    return dict(zip(case.differentiated, found, strict=True))


def along(gradient: Array, axis: int) -> tuple[list[int], list[float]]:
    """Return distances from the last position, and the relative norm of the gradient there."""
    steps = np.moveaxis(gradient, axis, 0)
    norms = np.sqrt(np.sum(steps.reshape(len(steps), -1) ** 2, axis=1))[::-1]
    with np.errstate(all="ignore"):
        relative = norms / norms[0]
    return list(range(len(norms))), [float(f"{n:.4g}") for n in relative]
