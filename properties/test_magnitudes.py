"""Laws of arrays that are much larger or smaller than the others.

An output, a gradient or a value between two stages that is clipped, flushed or kept in a narrow
format shows only beyond a magnitude that ordinary numbers do not have.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqlaws.properties.inputs.numbers import Draw
from seqlaws.properties.inputs.sizes import PLAIN
from seqlaws.properties.inputs.sweeps import beyond_tiles
from seqlaws.properties.laws import (
    Case,
    Expected,
    Fixed,
    Operation,
    Outputs,
    Subject,
    agree,
    build,
    law,
)
from seqlaws.properties.operations import Kind

LARGE, SMALL, TINY = 17, -12, -24  # exponents of two; float16 has less than the first and last
LARGE_IN_16 = 5  # in float16, where products and sums have to stay within its range
FEW = 8  # arrays, of which each gets every change


def magnitudes(operation: Operation) -> list[Fixed]:
    """Each array much larger and much smaller, alone, and beside smaller or larger factors.

    Of many arrays, as a layer has them, each gets one of these. So does one array at each size
    beyond a tile.
    """
    names = operation.scalable
    changes = [(LARGE, False), *((exponent, True) for exponent in (LARGE, SMALL, TINY))]
    if len(names) > FEW:
        pairs = [(name, changes[k % len(changes)]) for k, name in enumerate(names)]
    else:
        pairs = [(name, change) for name in names for change in changes]
    plain = PLAIN | {"positions": "consecutive"}  # as anybody turns them
    few = [plain | {"larger": name, "change": change} for name, change in pairs]
    far = beyond_tiles(operation)
    return few + [few[(5 * k + 1) % len(few)] | one for k, one in enumerate(far)]


def rescaled(
    draw: Draw,
    operation: Operation,
    dtype: str,
    larger: str = "",
    change: tuple[int, bool] = (0, False),
    **fixed: Any,
) -> Case:
    """A case with one array times a power of two; if balanced, its factors times the inverse.

    The factors of an array are the others along its last axis, which it is multiplied with.
    """
    case = build(draw, operation, dtype, **fixed)
    exponent, balanced = change
    exponent = max(-LARGE_IN_16, min(exponent, LARGE_IN_16)) if dtype == "float16" else exponent
    scales = {larger: exponent} if larger else {}
    if balanced:
        scales |= dict.fromkeys(factors(operation, larger), -exponent)
    return case.having(
        **{n: 2.0**e * case.arrays[n] for n, e in scales.items() if n in case.arrays}
    )


def factors(operation: Operation, name: str) -> list[str]:
    """Return the other arrays that share the last axis of an array."""
    last = operation.axes(name)[-1]
    return [n for n in operation.scalable if n != name and operation.axes(n)[-1] == last]


SCALABLE = Kind(lambda o: o.scalable and not o.whole)
WITH_GRADIENTS = Kind(lambda o: o.scalable and o.differentiable)


@law(SCALABLE, share=0.01, cases=rescaled, sweep=magnitudes)
def test_values_at_every_magnitude(impl: Subject, case: Case) -> None:
    """Values agree where one array is larger than others by 2^17, or smaller by 2^-12 or 2^-24.

    Also where the arrays that it is multiplied with are smaller or larger by as much. In float16
    by 2^5.
    """
    outputs = impl.run(case)
    agree(impl, outputs, claimed(impl, outputs, impl.expected_of_steps(case, outputs)))


@law(WITH_GRADIENTS, share=0.01, gradients=True, cases=rescaled, sweep=magnitudes)
def test_gradients_at_every_magnitude(impl: Subject, case: Case) -> None:
    """Gradients agree where one array is larger than others by 2^17, or smaller by 2^-12 or 2^-24.

    Also where the arrays that it is multiplied with are smaller or larger by as much. In float16
    by 2^5.
    """
    gradients = impl.pull(case)
    due = claimed(impl, gradients, impl.expected(case, vjp=True))
    agree(impl, gradients, due, nan_is_free=True)


def claimed(
    impl: Subject, observed: Outputs, due: Mapping[str, Expected]
) -> Mapping[str, Expected]:
    """Return what is expected; if a step of a scan may overflow, not where the answer is no number.

    Steps that are computed together are masked by zeros, and zero times infinity is NaN.
    """
    if not impl.operation.scan_axis or all(np.isfinite(e.allowed).all() for e in due.values()):
        return due
    return {
        n: Expected(e.value, np.where(np.isfinite(observed[n]), e.allowed, np.inf))
        for n, e in due.items()
    }
