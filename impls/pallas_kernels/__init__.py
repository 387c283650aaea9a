"""Sequence models as Pallas kernels: tiles, online softmax, flash attention, fused recurrent steps.

They are written for a TPU, which takes the programs of a grid one after another. Elsewhere they run
in Pallas's interpreter, on the CPU: JAX compiles it for each new shape, and then it is fast.
"""

from seqlaws.impls.pallas_kernels._attention import attention
from seqlaws.impls.pallas_kernels._launch import (
    COLUMNS,
    DEVICE,
    DTYPES,
    HIDDEN,
    INTERPRETED,
    KEYS,
    QUERIES,
)
from seqlaws.impls.pallas_kernels._layer_norm import layer_norm
from seqlaws.impls.pallas_kernels._recurrent import gru, lstm
from seqlaws.impls.pallas_kernels._softmax import softmax

TRAITS = {
    "backend": "jax",
    "device": DEVICE,
    "dtypes": DTYPES,
    "fully_masked": "zeros",
    "interpreted": INTERPRETED,
    "compiles": True,
    "tiles": {
        "softmax": {"n": COLUMNS},
        "layer_norm": {"E": COLUMNS},
        "attention": {"L": QUERIES, "S": KEYS},
        "lstm": {"H": HIDDEN},
        "gru": {"H": HIDDEN},
    },
}

__all__ = ["TRAITS", "attention", "gru", "layer_norm", "lstm", "softmax"]
