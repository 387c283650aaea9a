"""The dtypes of JAX, and where arrays of them may be made."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax

WIDE = ("float64", "float32")
ALL = (*WIDE, "bfloat16", "float16")


def in_its_width(dtype: Any) -> AbstractContextManager[Any]:
    """Where arrays of this dtype may be made."""
    return jax.enable_x64(True) if str(dtype) == "float64" else nullcontext()
