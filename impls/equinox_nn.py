"""Equinox: its LSTM and GRU cells, `MultiheadAttention`, `LayerNorm`, `RotaryPositionalEmbedding`.

Translated: layers take no batch, so that they are mapped over it by `jax.vmap`, as their
documentation says; cells are one step, which `jax.lax.scan` repeats, reversed with `reverse`;
masks have the axes of the scores without the batch; an LSTM cell has one bias, the sum of both, a
GRU cell that of the input and `bias_n`, which is inside the reset gate. A rotary embedding counts
positions from 0: its rows stand behind as many rows of zeros as the first position says.

Layers of rotary embeddings with one size share one table of angles, whatever their `theta`: the
module offers the default base alone, `equinox_nn:theta` offers all. In 16 bits a cell's state is
rounded at every step, and so are scores; a norm and a rotary embedding are computed in float32.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from seqlaws.impls._jax_width import ALL, in_its_width
from seqlaws.impls._shapes import bind, bind_layer, bind_multi_head, of_any_rank

SIGMOID = "JAX's sigmoid in float16 is 0 below -11"
TRAITS: dict[str, Any] = {
    "backend": "jax",
    "device": "cpu",
    "dtypes": ALL,
    "accumulate": {"lstm": "dtype", "gru": "dtype", "multi_head_attention": "dtype"},
    "compiles": True,
    "fully_masked": "mean",
    "masked_nan": "may leak",
    "known_failures": {"lstm.*[float16]": SIGMOID, "gru.*[float16]": SIGMOID},
}
KEY = jax.random.key(0)  # of parameters that are replaced
MANY = 2**22  # numbers, with the zeros before them, of which not all heads are rotated at once
States = tuple[Array, ...]


def layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
    """`eqx.nn.LayerNorm` of x, any shape that ends with E, by weight and bias (E,).

    Raises `TypeError` and `ValueError` for arrays that do not fit.
    """
    bind(Array, ALL, x=(x, of_any_rank(x, "E")), weight=(weight, "E"), bias=(bias, "E"))
    with in_its_width(x.dtype):
        return _layer_norm(x, weight, bias, eps=float(eps))


@partial(jax.jit, static_argnames="eps")
def _layer_norm(x: Array, weight: Array, bias: Array, *, eps: float) -> Array:
    layer = eqx.nn.LayerNorm(x.shape[-1], eps=eps, dtype=x.dtype)
    layer = eqx.tree_at(lambda a: (a.weight, a.bias), layer, (weight, bias))
    for _ in x.shape[:-1]:
        layer = jax.vmap(layer)
    return layer(x)


def rotary_embedding(x: Array, positions: Any) -> Array:
    """`eqx.nn.RotaryPositionalEmbedding` of x (B, N, L, D) at consecutive positions (L,).

    Raises `TypeError` and `ValueError` for arrays that do not fit, `NotImplementedError` for
    positions that do not count up from one that is not negative.
    """
    return _rotated(x, positions, 10000.0)


class theta:  # noqa: N801 (a name for --impl)
    """The same layer with any base."""

    TRAITS: dict[str, Any] = {  # noqa: RUF012
        "backend": "jax",
        "device": "cpu",
        "dtypes": ALL,
        "compiles": True,
        "known_failures": {
            "rotary_embedding.*": "a table of angles is made once for each size, with the theta "
            "of whichever layer was called first",
        },
    }

    @staticmethod
    def rotary_embedding(x: Array, positions: Any, base: float = 10000.0) -> Array:
        """Of x (B, N, L, D) at consecutive positions (L,), with `theta` the base."""
        return _rotated(x, positions, float(base))


def _rotated(x: Array, positions: Any, base: float) -> Array:
    n = bind(Array, ALL, x=(x, "B N L D"))
    positions = np.asarray(positions)
    if positions.dtype.kind not in "iu":
        raise TypeError(f"positions must be integers, not {positions.dtype}")
    if positions.shape != (n["L"],):
        raise ValueError(f"positions must have shape ({n['L']},); got {positions.shape}")
    if n["D"] % 2:
        raise ValueError(f"features come in pairs; got {n['D']} of them")
    first = int(positions[0]) if n["L"] else 0
    if first < 0 or (np.diff(positions) != 1).any():
        raise NotImplementedError("Equinox counts positions up from 0")
    with in_its_width(x.dtype):
        layer = eqx.nn.RotaryPositionalEmbedding(n["D"], theta=base)
        heads = x.reshape(n["B"] * n["N"], n["L"], n["D"])

        def rotated(head: Array) -> Array:
            return layer(jnp.pad(head, ((first, 0), (0, 0))))[first:]

        few = len(heads) * (first + n["L"]) * n["D"] <= MANY
        turned = jax.vmap(rotated)(heads) if few else jax.lax.map(rotated, heads)
        return turned.reshape(x.shape)


def multi_head_attention(
    query: Array,
    key: Array,
    value: Array,
    in_proj_weight: Array,
    in_proj_bias: Array,
    out_proj_weight: Array,
    out_proj_bias: Array,
    num_heads: int,
    mask: Array | None = None,
) -> Array:
    """`eqx.nn.MultiheadAttention` from query (B, L, E) to key and value (B, S, E), (B, L, E).

    Raises `TypeError` and `ValueError` for arrays that do not fit, `NotImplementedError` for masks
    that are not of booleans, and where there are no queries or keys.
    """
    parameters = (in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias)
    n = bind_multi_head(Array, ALL, query, key, value, parameters, num_heads, mask)
    if mask is not None:
        if mask.dtype != bool:
            raise NotImplementedError("Equinox takes masks of booleans")
        mask = jnp.broadcast_to(mask, (n["B"], num_heads, n["L"], n["S"]))
    if n["L"] == 0 or n["S"] == 0:
        raise NotImplementedError("Equinox takes no sequences of length 0")
    with in_its_width(query.dtype):
        return _attention(query, key, value, parameters, mask, num_heads=num_heads)


@partial(jax.jit, static_argnames="num_heads")
def _attention(
    query: Array,
    key: Array,
    value: Array,
    parameters: tuple[Array, ...],
    mask: Array | None,
    *,
    num_heads: int,
) -> Array:
    biased = dict.fromkeys(("use_query_bias", "use_key_bias", "use_value_bias"), True)
    options = {**biased, "use_output_bias": True, "dtype": query.dtype, "key": KEY}
    layer = eqx.nn.MultiheadAttention(num_heads, query.shape[-1], **options)
    w, b, w_out, b_out = parameters
    weights, biases = (*jnp.split(w, 3), w_out), (*jnp.split(b, 3), b_out)

    def places(layer: Any) -> list[Any]:
        linear = (layer.query_proj, layer.key_proj, layer.value_proj, layer.output_proj)
        return [*(one.weight for one in linear), *(one.bias for one in linear)]

    layer = eqx.tree_at(places, layer, [*weights, *biases])
    if mask is None:
        return jax.vmap(layer)(query, key, value)
    return jax.vmap(layer)(query, key, value, mask)


def lstm(
    x: Array,
    h0: Array,
    c0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    reverse: bool = False,
) -> tuple[Array, Array, Array]:
    """A scan of an `eqx.nn.LSTMCell`; return y (B, T, H), h_n and c_n (B, H)."""
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, (h_n, c_n) = _run("4H", _lstm_cell, x, (h0, c0), parameters, reverse)
    return y, h_n, c_n


def gru(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """A scan of an `eqx.nn.GRUCell`; return y (B, T, H) and h_n (B, H)."""
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, (h_n,) = _run("3H", _gru_cell, x, (h0,), parameters, reverse)
    return y, h_n


def _lstm_cell(w: Array, r: Array, b: Array, b_hh: Array) -> Callable[..., States]:
    cell = eqx.nn.LSTMCell(w.shape[1], r.shape[1], dtype=w.dtype, key=KEY)
    return eqx.tree_at(lambda c: (c.weight_ih, c.weight_hh, c.bias), cell, (w, r, b + b_hh))


def _gru_cell(w: Array, r: Array, b: Array, b_hh: Array) -> Callable[..., States]:
    gates = 2 * r.shape[1]
    cell = eqx.nn.GRUCell(w.shape[1], r.shape[1], dtype=w.dtype, key=KEY)
    given = (w, r, b.at[:gates].add(b_hh[:gates]), b_hh[gates:])
    cell = eqx.tree_at(lambda c: (c.weight_ih, c.weight_hh, c.bias, c.bias_n), cell, given)
    return lambda now, state: (cell(now, state[0]),)


def _run(
    rows: str,
    cell: Callable[..., Callable[..., States]],
    x: Array,
    initial: States,
    parameters: tuple[Array, ...],
    reverse: bool,
) -> tuple[Array, States]:
    """Check the arguments; y (B, T, H) and the final states (B, H)."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    named = dict(zip(("h0", "c0"), initial, strict=False))
    bind_layer(Array, ALL, rows, x=x, **named, **dict(zip(names, parameters, strict=True)))
    with in_its_width(x.dtype):
        return _layer(x, initial, parameters, cell=cell, reverse=bool(reverse))


@partial(jax.jit, static_argnames=("cell", "reverse"))
def _layer(
    x: Array,
    initial: States,
    parameters: tuple[Array, ...],
    *,
    cell: Callable[..., Callable[..., States]],
    reverse: bool,
) -> tuple[Array, States]:
    made = cell(*parameters)

    def step(state: States, now: Array) -> tuple[States, Array]:
        new = made(now, state)
        return new, new[0]

    def row(x: Array, state: States) -> tuple[Array, States]:
        last, y = jax.lax.scan(step, state, x, reverse=reverse)
        return y, last

    return jax.vmap(row)(x, initial)
