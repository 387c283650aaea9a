"""Flash attention, forward and backward. Dao et al. (2022), Dao (2023).

A program has a tile of queries and a tile of keys of one head; programs of the same queries come
one after another, and share the maximum of the scores, the sum of the exponents and the sum of the
values. When the maximum grows, both sums are rescaled. Query i sees the keys from i + low to
i + high: a causal rule, a window and an offset are such a band, and tiles outside of it are
skipped. What a tile has beyond the last query or key is not defined.
"""

from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.experimental import pallas as pl

from seqlaws.impls.pallas_kernels._launch import KEYS, QUERIES, places, product


def is_seen(band: Any, i: Any, j: Any) -> Any:
    """Return whether a tile has a pair of a query and a key in the band."""
    return (j * KEYS <= i * QUERIES + QUERIES - 1 + band[1]) & (
        j * KEYS + KEYS - 1 >= i * QUERIES + band[0]
    )


def whole(tile: Any, first: Any, end: int) -> Array:
    """Return a tile of rows of an array; zeros beyond its end."""
    rows = tile[0]
    return jnp.where(places(rows.shape, 0, first) < end, rows, jnp.zeros_like(rows))


def scores(
    band: Any,
    factors: Any,
    q: Any,
    k: Any,
    masks: Any,
    i: Any,
    j: Any,
    L: int,
    S: int,
    capped: bool,
) -> tuple[Array, Array]:
    """Return capped scores, -inf where a query does not see a key, and tanh(scores / softcap)."""
    first, begin = i * QUERIES, j * KEYS
    s = product(whole(q, first, L), whole(k, begin, S), (1, 1)) * factors[0]
    bent = jnp.tanh(s / factors[1]) if capped else s
    s = factors[1] * bent if capped else s
    query, key = places(s.shape, 0, first), places(s.shape, 1, begin)
    visible = (query < L) & (key < S) & (query + band[0] <= key) & (key <= query + band[1])
    for mask in masks:
        given = mask[0, 0]
        if given.dtype == jnp.int8:
            visible &= given.astype(jnp.int32) != 0
        else:
            s += given.astype(jnp.float32)
    return jnp.where(visible, s, -jnp.inf), bent


def forward(
    band: Any, factors: Any, q: Any, k: Any, v: Any, *others: Any, L: int, S: int, capped: bool
) -> None:
    """Write the result, and the logarithms of the sums: inf for a query that sees no key."""
    *masks, out, logs, largest, total, values = others
    i, j = pl.program_id(1), pl.program_id(2)

    @pl.when(j == 0)
    def _begin() -> None:
        largest[...] = jnp.full_like(largest, -jnp.inf)
        total[...] = jnp.zeros_like(total)
        values[...] = jnp.zeros_like(values)

    @pl.when(is_seen(band, i, j))
    def _add() -> None:
        s, _ = scores(band, factors, q, k, masks, i, j, L, S, capped)
        new = jnp.maximum(largest[...], s.max(1, keepdims=True))
        base = jnp.where(new == -jnp.inf, 0.0, new)  # -inf - -inf would be NaN
        p = jnp.exp(s - base)
        rescale = jnp.exp(largest[...] - base)
        total[...] = total[...] * rescale + p.sum(1, keepdims=True)
        seen = whole(v, j * KEYS, S)
        values[...] = values[...] * rescale + product(p.astype(seen.dtype), seen, (1, 0))
        largest[...] = new

    @pl.when(j == pl.num_programs(2) - 1)
    def _write() -> None:
        none = total[...] == 0.0
        sums = jnp.where(none, 1.0, total[...])
        out[0] = values[...] / sums
        logs[0] = jnp.where(none, jnp.inf, largest[...] + jnp.log(sums))


def slopes(
    band: Any, factors: Any, q: Any, k: Any, v: Any, dout: Any, logs: Any, delta: Any, masks: Any,
    i: Any, j: Any, L: int, S: int, capped: bool,
) -> tuple[Array, Array]:  # fmt: skip
    """Return the weights p, and the gradient of the products q k."""
    s, bent = scores(band, factors, q, k, masks, i, j, L, S, capped)
    p = jnp.where(s == -jnp.inf, 0.0, jnp.exp(s - logs[0]))
    dp = product(whole(dout, i * QUERIES, L), whole(v, j * KEYS, S), (1, 1))
    ds = p * (dp - whole(delta, i * QUERIES, L))
    if capped:
        ds = ds * (1.0 - bent * bent)
    return p, ds * factors[0]


def of_queries(
    band: Any, factors: Any, q: Any, k: Any, v: Any, dout: Any, logs: Any, delta: Any, *others: Any,
    L: int, S: int, capped: bool,
) -> None:  # fmt: skip
    """dq = ds k, summed over tiles of keys."""
    *masks, dq, gradient = others
    i, j = pl.program_id(1), pl.program_id(2)

    @pl.when(j == 0)
    def _begin() -> None:
        gradient[...] = jnp.zeros_like(gradient)

    @pl.when(is_seen(band, i, j))
    def _add() -> None:
        _, ds = slopes(band, factors, q, k, v, dout, logs, delta, masks, i, j, L, S, capped)
        gradient[...] += product(ds, whole(k, j * KEYS, S).astype(jnp.float32), (1, 0))

    @pl.when(j == pl.num_programs(2) - 1)
    def _write() -> None:
        dq[0] = gradient[...].astype(dq.dtype)


def of_keys(
    band: Any, factors: Any, q: Any, k: Any, v: Any, dout: Any, logs: Any, delta: Any, *others: Any,
    L: int, S: int, capped: bool,
) -> None:  # fmt: skip
    """dk = ds^T q and dv = p^T dout, summed over heads of a group and tiles of queries."""
    *masks, dk, dv, keys, values = others
    j, member, i = pl.program_id(1), pl.program_id(2), pl.program_id(3)

    @pl.when((member == 0) & (i == 0))
    def _begin() -> None:
        keys[...] = jnp.zeros_like(keys)
        values[...] = jnp.zeros_like(values)

    @pl.when(is_seen(band, i, j))
    def _add() -> None:
        p, ds = slopes(band, factors, q, k, v, dout, logs, delta, masks, i, j, L, S, capped)
        keys[...] += product(ds, whole(q, i * QUERIES, L).astype(jnp.float32), (0, 0))
        pulled = whole(dout, i * QUERIES, L).astype(jnp.float32)
        values[...] += product(p, pulled, (0, 0))

    @pl.when((member == pl.num_programs(2) - 1) & (i == pl.num_programs(3) - 1))
    def _write() -> None:
        dk[0] = keys[...].astype(dk.dtype)
        dv[0] = values[...].astype(dv.dtype)
