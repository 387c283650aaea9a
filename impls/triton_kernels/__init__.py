"""Sequence models as Triton kernels: tiles, online softmax, flash attention, fused recurrent steps.

On a GPU they are compiled; without one, or with TRITON_INTERPRET=1, they run in Triton's
interpreter, a thousand times slower, on the CPU.
"""

from seqlaws.impls.triton_kernels._launch import (  # first: it decides where kernels run
    COLUMNS,
    DEVICE,
    DTYPES,
    HIDDEN,
    INNER,
    INTERPRETED,
    KEYS,
    QUERIES,
)
from seqlaws.impls.triton_kernels._attention import attention, attention_vjp
from seqlaws.impls.triton_kernels._layer_norm import layer_norm, layer_norm_vjp
from seqlaws.impls.triton_kernels._recurrent import gru, lstm
from seqlaws.impls.triton_kernels._rotary import rotary_embedding, rotary_embedding_vjp
from seqlaws.impls.triton_kernels._softmax import softmax, softmax_vjp

STEP = {"H": HIDDEN, "I": INNER}
TRAITS = {
    "backend": "torch",
    "device": DEVICE,
    "dtypes": DTYPES,
    "fully_masked": "zeros",
    "interpreted": INTERPRETED,
    "tiles": {
        "softmax": {"n": COLUMNS},
        "layer_norm": {"E": COLUMNS},
        "attention": {"L": QUERIES, "S": KEYS},
        "lstm": STEP,
        "gru": STEP,
    },
}

__all__ = [
    "TRAITS",
    "attention",
    "attention_vjp",
    "gru",
    "layer_norm",
    "layer_norm_vjp",
    "lstm",
    "rotary_embedding",
    "rotary_embedding_vjp",
    "softmax",
    "softmax_vjp",
]
