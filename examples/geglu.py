"""GEGLU (Shazeer, 2020) with the exact gelu or its approximation by tanh."""

import math
from typing import Literal

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import normal_cdf


@operation(x="... 2F", returns={"y": "... F"})
def geglu(x, approximate: Literal["none", "tanh"] = "none"):
    """y = gelu(gate) up, where gate is the first half of x and up the second."""
    gate, up = np.split(x, 2, axis=-1)
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (gate + 0.044715 * gate * gate * gate)
        return 0.5 * gate * (1 + np.tanh(inner)) * up
    return gate * normal_cdf(gate) * up
