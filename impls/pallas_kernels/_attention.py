"""Scaled dot-product attention: arguments, tiles and grids of the kernels."""

import math
from collections.abc import Callable
from functools import partial
from operator import index
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.experimental import pallas as pl

from seqlaws.impls._shapes import bind_attention
from seqlaws.impls.pallas_kernels import _flash
from seqlaws.impls.pallas_kernels._launch import (
    DTYPES,
    KEYS,
    QUERIES,
    SCALARS,
    launch,
    shape_of,
    wide,
)


def attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    is_causal: bool = False,
    scale: Any = None,
    query_offset: Any = 0,
    window: Any = None,
    softcap: Any = None,
) -> Array:
    """Attend from q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv); return (B, N, L, Dv).

    `mask` is broadcastable to (B, N, L, S): booleans (True: may attend) or floats of the inputs'
    dtype, added to the scores and constant for gradients. `window` is (left, right), either None.
    Raises `ValueError` for a wrong shape, window or softcap, `TypeError` for a wrong dtype or an
    option of a wrong kind.
    """
    size = bind_attention(Array, DTYPES, q, k, v, mask)
    scale = 1 / math.sqrt(size["D"] or 1) if scale is None else float(scale)
    if softcap is not None and not (math.isfinite(softcap) and softcap):
        raise ValueError(f"softcap must be finite and not zero, not {softcap}")
    band = _band(size["L"], size["S"], is_causal, index(query_offset), window)
    factors = jnp.array([scale, float(softcap or 1.0)], jnp.float32)
    if mask is not None:
        mask = mask.reshape((1,) * (4 - mask.ndim) + mask.shape)
        mask = mask.astype(jnp.int8) if mask.dtype == bool else mask
    return _attention(q, k, v, mask, jnp.array(band, jnp.int32), factors, softcap is not None)


def _band(L: int, S: int, is_causal: bool, offset: int, window: Any) -> tuple[int, int]:
    """Return low and high: query i sees the keys from i + low to i + high.

    They are cut to what L and S make of them, so that they fit into 32 bits beside any index.
    """
    left, right = (None, None) if window is None else window
    low = -L if left is None else offset - index(left)
    high = S if right is None else offset + index(right)
    if is_causal:
        high = min(high, offset)
    return max(-L, min(S, low)), max(-L, min(S, high))


@partial(jax.custom_vjp, nondiff_argnums=(6,))
def _attention(
    q: Array, k: Array, v: Array, mask: Any, band: Array, factors: Array, capped: bool
) -> Array:
    return _forward(q, k, v, mask, band, factors, capped=capped)[0].astype(q.dtype)


def _with_sums(*given: Any) -> tuple[Array, Any]:
    *arrays, capped = given
    out, logs = _forward(*arrays, capped=capped)
    return out.astype(arrays[0].dtype), (arrays, out, logs)


def _pulled(capped: bool, kept: Any, dout: Array) -> tuple[Any, ...]:
    arrays, out, logs = kept
    return *_backward(*arrays, out, logs, dout, capped=capped), None, None, None


_attention.defvjp(_with_sums, _pulled)


class Tiles(NamedTuple):
    """Tiles of a call's arrays.

    where: from the indices of a program to its query head of all, its tile of queries and of keys.
    """

    where: Callable[..., tuple[Any, Any, Any]]
    heads: int
    group: int

    def of_queries(self, features: int) -> pl.BlockSpec:
        """Return a tile of an array of queries (B N, L, features)."""

        def place(*program: Any) -> tuple[Any, ...]:
            head, i, _ = self.where(*program)
            return head, i, 0

        return pl.BlockSpec((1, QUERIES, features), place)

    def of_keys(self, features: int) -> pl.BlockSpec:
        """Return a tile of an array of keys (B M, S, features)."""

        def place(*program: Any) -> tuple[Any, ...]:
            head, _, j = self.where(*program)
            return lax.div(head, self.group), j, 0

        return pl.BlockSpec((1, KEYS, features), place)

    def of_masks(self, masks: list[Array]) -> list[pl.BlockSpec]:
        """Return a tile of each mask (B, N, L, S), whose axes are whole or 1."""
        return [self.of_mask(mask.shape) for mask in masks]

    def of_mask(self, shape: tuple[int, ...]) -> pl.BlockSpec:
        """Return a tile of a mask of this shape."""

        def place(*program: Any) -> tuple[Any, ...]:
            head, i, j = self.where(*program)
            found = lax.div(head, self.heads), lax.rem(head, self.heads), i, j
            return tuple(p if n > 1 else 0 for p, n in zip(found, shape, strict=True))

        return pl.BlockSpec((1, 1, min(shape[2], QUERIES), min(shape[3], KEYS)), place)


def _by_head(*arrays: Array) -> list[Array]:
    """Return arrays (B, N, ...) as (B N, ...)."""
    return [array.reshape(-1, *array.shape[2:]) for array in arrays]


@partial(jax.jit, static_argnames="capped")
def _forward(
    q: Array, k: Array, v: Array, mask: Any, band: Array, factors: Array, *, capped: bool
) -> tuple[Array, Array]:
    """Return the result in float32, and the logarithms (B N, L, 1) of the softmax's sums."""
    (B, N, L, D), (M, S, Dv) = q.shape, v.shape[1:]
    if not q.size or not S:
        none = jnp.full((B * N, L, 1), jnp.inf, jnp.float32)
        return jnp.zeros((B, N, L, Dv), jnp.float32), none
    masks = [] if mask is None else [mask]
    tiles = Tiles(lambda head, i, j: (head, i, j), N, N // M)
    out, logs = launch(
        partial(_flash.forward, L=L, S=S, capped=capped),
        grid=(B * N, pl.cdiv(L, QUERIES), pl.cdiv(S, KEYS)),
        in_specs=[
            *(SCALARS, SCALARS, tiles.of_queries(D), tiles.of_keys(D), tiles.of_keys(Dv)),
            *tiles.of_masks(masks),
        ],
        out_specs=[tiles.of_queries(Dv), tiles.of_queries(1)],
        out_shape=[shape_of((B * N, L, n), jnp.float32) for n in (Dv, 1)],
        scratch_shapes=[wide(QUERIES, 1), wide(QUERIES, 1), wide(QUERIES, Dv)],
    )(band, factors, *_by_head(q, k, v), *masks)
    return out.reshape(B, N, L, Dv), logs


@partial(jax.jit, static_argnames="capped")
def _backward(
    q: Array,
    k: Array,
    v: Array,
    mask: Any,
    band: Array,
    factors: Array,
    out: Array,
    logs: Array,
    dout: Array,
    *,
    capped: bool,
) -> tuple[Array, Array, Array]:
    """Return the gradients of q, k and v."""
    (B, N, L, D), (M, S, Dv) = q.shape, v.shape[1:]
    if not q.size or not S:
        return jnp.zeros_like(q), jnp.zeros_like(k), jnp.zeros_like(v)
    masks, group = [] if mask is None else [mask], N // M
    delta = (dout * out).sum(-1, keepdims=True)  # the sums of the weights times their gradients
    given = band, factors, *_by_head(q, k, v, dout), logs, *_by_head(delta), *masks
    sizes, queries, keys = {"L": L, "S": S, "capped": capped}, pl.cdiv(L, QUERIES), pl.cdiv(S, KEYS)

    def inputs(tiles: Tiles) -> list[pl.BlockSpec]:
        arrays = tiles.of_queries(D), tiles.of_keys(D), tiles.of_keys(Dv), tiles.of_queries(Dv)
        sums = tiles.of_queries(1), tiles.of_queries(1)
        return [SCALARS, SCALARS, *arrays, *sums, *tiles.of_masks(masks)]

    tiles = Tiles(lambda head, i, j: (head, i, j), N, group)
    dq = launch(
        partial(_flash.of_queries, **sizes),
        grid=(B * N, queries, keys),
        in_specs=inputs(tiles),
        out_specs=tiles.of_queries(D),
        out_shape=shape_of((B * N, L, D), q.dtype),
        scratch_shapes=[wide(QUERIES, D)],
    )(*given)
    tiles = Tiles(lambda shared, j, member, i: (shared * group + member, i, j), N, group)
    dk, dv = launch(
        partial(_flash.of_keys, **sizes),
        grid=(B * M, keys, group, queries),
        in_specs=inputs(tiles),
        out_specs=[tiles.of_keys(D), tiles.of_keys(Dv)],
        out_shape=[shape_of((B * M, S, n), k.dtype) for n in (D, Dv)],
        scratch_shapes=[wide(KEYS, D), wide(KEYS, Dv)],
    )(*given)
    return dq.reshape(q.shape), dk.reshape(k.shape), dv.reshape(v.shape)
