"""Where the kernels run, and the sizes of their tiles."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import tpu as pltpu

DEVICE = "tpu" if jax.default_backend() == "tpu" else "cpu"
INTERPRETED = DEVICE == "cpu"
DTYPES = ("float32", "bfloat16")

ROWS, COLUMNS = 8, 128  # of a tile of rows
QUERIES, KEYS = 64, 128  # of a tile of attention
BATCH, HIDDEN = 8, 128  # of a tile of a recurrent step

shape_of = jax.ShapeDtypeStruct
SCALARS = pl.BlockSpec(memory_space=pltpu.SMEM)  # a whole array of numbers that steer a kernel


def launch(kernel: Any, **how: Any) -> Any:
    """Return the function of arrays that launches a kernel, or interprets it."""
    return pl.pallas_call(kernel, interpret=INTERPRETED, **how)


def wide(*shape: int) -> Any:
    """Return memory of a kernel that lasts from one program to the next: float32 numbers."""
    return pltpu.VMEM(shape, jnp.float32)


def places(shape: tuple[int, ...], axis: int, first: Any) -> Array:
    """Return the place of each number of a tile along an axis, where the tile begins at first."""
    return first + lax.broadcasted_iota(jnp.int32, shape, axis)


def product(a: Array, b: Array, over: tuple[int, int]) -> Array:
    """Return the product of two matrices over an axis of each, summed in float32."""
    dimensions = ((over[:1], over[1:]), ((), ()))
    exact = lax.Precision.HIGHEST if a.dtype == jnp.float32 else None  # else one pass in bfloat16
    return lax.dot_general(a, b, dimensions, exact, preferred_element_type=jnp.float32)
