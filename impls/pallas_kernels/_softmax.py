"""Softmax of rows, and its gradient. Online normaliser: Milakov and Gimelshein (2018).

A tile of ROWS rows is gone over COLUMNS numbers at a time, twice: first for the maximum and the
sum, which is rescaled whenever the maximum grows, then for the result. What a tile has beyond the
end of a row is not defined: it counts as -inf.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.experimental import pallas as pl

from seqlaws.impls._shapes import axis_of, bind, of_any_rank
from seqlaws.impls.pallas_kernels._launch import (
    COLUMNS,
    DTYPES,
    ROWS,
    launch,
    places,
    shape_of,
    wide,
)

TILE = ROWS, COLUMNS


def softmax(x: Array, axis: Any = -1) -> Array:
    """Softmax of x, any shape of rank 1 or more, along `axis`; -inf throughout gives zeros.

    Raises `TypeError` for a wrong dtype or an axis that is not an integer, `IndexError` for an
    axis that x does not have.
    """
    bind(Array, DTYPES, x=(x, of_any_rank(x)))
    return _softmax(x, axis_of(x, axis))


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _softmax(x: Array, axis: int) -> Array:
    return _by_rows(x, kernel=_forward, scratch=2, axis=axis)


def _with_weights(x: Array, axis: int) -> tuple[Array, Array]:
    p = _softmax(x, axis)
    return p, p


def _pulled(axis: int, p: Array, dp: Array) -> tuple[Array]:
    return (_by_rows(p, dp, kernel=_backward, scratch=1, axis=axis),)


_softmax.defvjp(_with_weights, _pulled)


@partial(jax.jit, static_argnames=("kernel", "scratch", "axis"))
def _by_rows(*arrays: Array, kernel: Any, scratch: int, axis: int) -> Array:
    """Launch a kernel on the rows of arrays along an axis; its result, of their shape."""
    x = jnp.moveaxis(arrays[0], axis, -1)
    if not x.size:
        return arrays[0]
    given = [jnp.moveaxis(array, axis, -1).reshape(-1, x.shape[-1]) for array in arrays]
    rows, n = given[0].shape
    result = launch(
        partial(kernel, n=n),
        grid=(pl.cdiv(rows, ROWS), 2, pl.cdiv(n, COLUMNS)),
        in_specs=[pl.BlockSpec(TILE, lambda i, again, j: (i, j))] * len(given),
        out_specs=pl.BlockSpec(TILE, lambda i, again, j: (i, j * again)),
        out_shape=shape_of((rows, n), x.dtype),
        scratch_shapes=[wide(ROWS, 1)] * scratch,
    )(*given)
    return jnp.moveaxis(result.reshape(x.shape), -1, axis)


def _forward(x: Any, p: Any, largest: Any, total: Any, *, n: int) -> None:
    """p = softmax(x) of rows of n numbers; a row of -inf throughout gives zeros."""
    again, j = pl.program_id(1), pl.program_id(2)
    inside = places(TILE, 1, j * COLUMNS) < n
    s = jnp.where(inside, x[...].astype(jnp.float32), -jnp.inf)

    @pl.when((again == 0) & (j == 0))
    def _begin() -> None:
        largest[...] = jnp.full_like(largest, -jnp.inf)
        total[...] = jnp.zeros_like(total)

    @pl.when(again == 0)
    def _sum() -> None:
        new = jnp.maximum(largest[...], s.max(1, keepdims=True))
        base = jnp.where(new == -jnp.inf, 0.0, new)  # -inf - -inf would be NaN
        rescale = jnp.exp(largest[...] - base)
        total[...] = total[...] * rescale + jnp.exp(s - base).sum(1, keepdims=True)
        largest[...] = new

    @pl.when(again == 1)
    def _write() -> None:
        base = jnp.where(largest[...] == -jnp.inf, 0.0, largest[...])
        whole = jnp.where(total[...] == 0.0, 1.0, total[...])
        p[...] = (jnp.exp(s - base) / whole).astype(p.dtype)


def _backward(p: Any, dp: Any, dx: Any, inner: Any, *, n: int) -> None:
    """dx = p (dp - sum(p dp)) of rows of n numbers."""
    again, j = pl.program_id(1), pl.program_id(2)
    inside = places(TILE, 1, j * COLUMNS) < n
    weight = p[...].astype(jnp.float32)
    pull = dp[...].astype(jnp.float32)

    @pl.when((again == 0) & (j == 0))
    def _begin() -> None:
        inner[...] = jnp.zeros_like(inner)

    @pl.when(again == 0)
    def _sum() -> None:
        inner[...] += jnp.where(inside, weight * pull, 0.0).sum(1, keepdims=True)

    @pl.when(again == 1)
    def _write() -> None:
        dx[...] = (weight * (pull - inner[...])).astype(dx.dtype)
