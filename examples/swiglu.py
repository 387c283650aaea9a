"""SwiGLU (Shazeer, 2020) on gate and up projections that stand behind each other."""

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import sigmoid


@operation(x="... 2F", returns={"y": "... F"})
def swiglu(x):
    """y = gate sigmoid(gate) up, where gate is the first half of x and up the second."""
    gate, up = np.split(x, 2, axis=-1)
    return gate * sigmoid(gate) * up
