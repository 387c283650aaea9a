"""Gradients of a changed specification by central differences, in float64."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.subjects.record import Outputs

AT_MOST = 100  # entries: each takes four calls
STEP = 2.0**-9  # truncation and rounding are then both far below the accuracy of float32


def by_differences(function: Callable[[Case], Outputs], case: Case) -> Outputs:
    """The gradients of sum(output * cotangent) at a case, by differences of the fourth order.

    Raises ValueError for a case with too many entries.
    """
    arrays = {name: case.arrays[name] for name in case.differentiated}
    if sum(a.size for a in arrays.values()) > AT_MOST:
        raise ValueError("too many entries for differences")

    def total(name: str, array: Array) -> float:
        found = function(replace(case, arrays={**case.arrays, name: array}))
        return float(
            sum(np.sum(found[n] * d) for n, d in zip(found, case.cotangents.values(), strict=True))
        )

    gradients = {}
    for name, array in arrays.items():
        gradient = np.zeros(array.shape)
        for k in np.ndindex(array.shape):
            h = STEP * max(1.0, abs(float(array[k])))
            slopes = []
            for step in (h, 2 * h):
                up, down = np.array(array), np.array(array)
                up[k] += step
                down[k] -= step
                slopes.append((total(name, up) - total(name, down)) / (2 * step))
            gradient[k] = (4 * slopes[0] - slopes[1]) / 3
        gradients[name] = gradient
    return gradients
