"""Layer normalisation over the last axis, and its gradient.

A program has ROWS whole rows, in a tile as wide as a multiple of COLUMNS. What the tile has beyond
a row, or beyond the last row, is not defined. The gradients of weight and bias are summed over all
rows in one tile, which all programs write to in turn.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.experimental import pallas as pl

from seqlaws.impls._shapes import bind, of_any_rank
from seqlaws.impls.pallas_kernels._launch import (
    COLUMNS,
    DTYPES,
    ROWS,
    SCALARS,
    launch,
    places,
    shape_of,
)


def layer_norm(x: Array, weight: Array, bias: Array, eps: Any = 1e-5) -> Array:
    """weight (x - mean) / sqrt(variance + eps) + bias over the last axis of x, of rank 1 or more.

    Raises `TypeError` for a wrong dtype, `ValueError` for a wrong shape or an eps below 0.
    """
    shape = of_any_rank(x)
    if not shape:
        raise ValueError("x must have at least one axis, which is normalised")
    last = shape.split()[-1]
    bind(Array, DTYPES, x=(x, shape), weight=(weight, last), bias=(bias, last))
    if not float(eps) >= 0:
        raise ValueError(f"eps must not be negative, and it is {eps}")
    return _layer_norm(x, weight, bias, jnp.full(1, eps, jnp.float32))


@jax.custom_vjp
def _layer_norm(x: Array, weight: Array, bias: Array, eps: Array) -> Array:
    return _launched(eps, x, weight, bias)


def _with_inputs(x: Array, weight: Array, bias: Array, eps: Array) -> tuple[Array, Any]:
    return _layer_norm(x, weight, bias, eps), (x, weight, eps)


def _pulled(inputs: Any, dy: Array) -> tuple[Array, Array, Array, None]:
    x, weight, eps = inputs
    return *_launched_backward(eps, dy, x, weight), None


_layer_norm.defvjp(_with_inputs, _pulled)


@jax.jit
def _launched(eps: Array, x: Array, weight: Array, bias: Array) -> Array:
    if not x.size:
        return x
    grid, rows, line = _tiles(x)
    result = launch(
        partial(_forward, n=x.shape[-1]),
        grid=grid,
        in_specs=[SCALARS, rows, line, line],
        out_specs=rows,
        out_shape=shape_of((x.size // x.shape[-1], x.shape[-1]), x.dtype),
    )(eps, *_as_rows(x, weight, bias))
    return result.reshape(x.shape)


@jax.jit
def _launched_backward(eps: Array, dy: Array, x: Array, weight: Array) -> tuple[Array, ...]:
    if not x.size:
        return x, jnp.zeros_like(weight), jnp.zeros_like(weight)
    grid, rows, line = _tiles(x)
    count, n = x.size // x.shape[-1], x.shape[-1]
    dx, dweight, dbias = launch(
        partial(_backward, count=count, n=n),
        grid=grid,
        in_specs=[SCALARS, rows, rows, line],
        out_specs=[rows, line, line],
        out_shape=[shape_of((count, n), x.dtype), *[shape_of((1, n), jnp.float32)] * 2],
    )(eps, *_as_rows(dy, x, weight))
    return dx.reshape(x.shape), dweight[0].astype(x.dtype), dbias[0].astype(x.dtype)


def _tiles(x: Array) -> tuple[tuple[int], pl.BlockSpec, pl.BlockSpec]:
    """Return the grid, the tile of rows, and the tile of one line that all programs share."""
    n = x.shape[-1]
    width = pl.cdiv(n, COLUMNS) * COLUMNS
    rows = pl.BlockSpec((ROWS, width), lambda i: (i, 0))
    return (pl.cdiv(x.size // n, ROWS),), rows, pl.BlockSpec((1, width), lambda i: (0, 0))


def _as_rows(*arrays: Array) -> list[Array]:
    return [array.reshape(-1, array.shape[-1]) for array in arrays]


def _normalised(x: Any, eps: Any, inside: Array, n: int) -> tuple[Array, Array]:
    """Return (x - mean) / sigma and sigma, of two passes; zeros beyond the end of a row."""
    values = jnp.where(inside, x[...].astype(jnp.float32), 0.0)
    centred = jnp.where(inside, values - values.sum(1, keepdims=True) / n, 0.0)
    sigma = jnp.sqrt((centred * centred).sum(1, keepdims=True) / n + eps[0])
    return centred / sigma, sigma


def _forward(eps: Any, x: Any, weight: Any, bias: Any, y: Any, *, n: int) -> None:
    """y = weight (x - mean) / sigma + bias of rows of n numbers."""
    z, _ = _normalised(x, eps, places(x.shape, 1, 0) < n, n)
    y[...] = (z * weight[...].astype(jnp.float32) + bias[...].astype(jnp.float32)).astype(y.dtype)


def _backward(
    eps: Any, dy: Any, x: Any, weight: Any, dx: Any, dweight: Any, dbias: Any, *, count: int, n: int
) -> None:
    """dx = (g - mean(g) - z mean(g z)) / sigma, where g = weight dy and z = (x - mean) / sigma."""
    program = pl.program_id(0)
    inside = places(x.shape, 1, 0) < n
    inside &= places(x.shape, 0, program * ROWS) < count
    z, sigma = _normalised(x, eps, inside, n)
    d = jnp.where(inside, dy[...].astype(jnp.float32), 0.0)
    g = jnp.where(inside, d * weight[...].astype(jnp.float32), 0.0)
    across = g.sum(1, keepdims=True) / n
    along = (g * z).sum(1, keepdims=True) / n
    dx[...] = ((g - across - z * along) / sigma).astype(dx.dtype)

    @pl.when(program == 0)
    def _begin() -> None:
        dweight[...] = jnp.zeros_like(dweight)
        dbias[...] = jnp.zeros_like(dbias)

    dweight[...] += (d * z).sum(0, keepdims=True)
    dbias[...] += d.sum(0, keepdims=True)
