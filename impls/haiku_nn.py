"""Haiku: its recurrent cores under `hk.dynamic_unroll`, `hk.MultiHeadAttention`, `hk.LayerNorm`.

Translated: weights are transposed, (inputs, rows); an LSTM's rows are in the order i, g, f, o, its
weights of inputs and state are one matrix, its bias is the sum of both, less the 1 that the core
adds to its forget gate; a GRU's update gate keeps the new state, not the old one, so that its rows
are negated, and it resets the state before the product; a mask has four axes. A vanilla core has
relu alone. Steps beyond a row's length are not known to `hk.dynamic_unroll`.

In 16 bits means, states and scores are rounded to them. The complement of an update gate is a
difference, 1 - z, which is less accurate where the contract's gate is small.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import haiku as hk
import jax
import jax.numpy as jnp
from jax import Array

from seqlaws.impls._jax_width import ALL, in_its_width
from seqlaws.impls._shapes import bind, bind_layer, bind_multi_head, of_any_rank

SIGMOID = "JAX's sigmoid in float16 is 0 below -11"
AFTER = "the contract's default, a reset after the product, is not among Haiku's"
TANH = "the contract's default, tanh, is not among Haiku's"
TRAITS: dict[str, Any] = {
    "backend": "jax",
    "device": "cpu",
    "dtypes": ALL,
    "accumulate": "dtype",
    "elementary": {"gru": "absolute"},
    "compiles": True,
    "fully_masked": "mean",
    "masked_nan": "may leak",
    "known_failures": {
        "lstm.*[float16]": SIGMOID,
        "gru.*[float16]": SIGMOID,
        "multi_head_attention.*[float16]": "masked scores are -1e30, which is -inf in float16: "
        "fully masked rows give NaN",
        # calls that leave the option out; where it is given, it is refused
        "gru.long_sums": AFTER,
        "gru.options_left_out": AFTER,
        "rnn.long_sums": TANH,
        "rnn.options_left_out": TANH,
    },
}
Parameters = dict[str, dict[str, Array]]


def _applied(function: Callable[..., Any], parameters: Mapping[str, Any], *arrays: Any) -> Any:
    """What a function of Haiku's modules returns with these parameters."""
    return hk.without_apply_rng(hk.transform(function)).apply(parameters, *arrays)


def layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
    """`hk.LayerNorm` of x, any shape that ends with E, by weight and bias (E,).

    Raises `TypeError` and `ValueError` for arrays that do not fit.
    """
    bind(Array, ALL, x=(x, of_any_rank(x, "E")), weight=(weight, "E"), bias=(bias, "E"))
    with in_its_width(x.dtype):
        return _layer_norm(x, weight, bias, eps=float(eps))


@partial(jax.jit, static_argnames="eps")
def _layer_norm(x: Array, weight: Array, bias: Array, *, eps: float) -> Array:
    parameters = {"layer_norm": {"scale": weight, "offset": bias}}
    options = {"create_scale": True, "create_offset": True, "eps": eps, "param_axis": -1}

    def normalise(given: Array) -> Array:
        layer = hk.LayerNorm(-1, **options)  # Haiku makes modules inside its transform
        return layer(given)

    return _applied(normalise, parameters, x)


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
    """`hk.MultiHeadAttention` from query (B, L, E) to key and value (B, S, E), (B, L, E).

    Raises `TypeError` and `ValueError` for arrays that do not fit, `NotImplementedError` for masks
    that are not of booleans, and where there are no queries.
    """
    parameters = (in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias)
    bind_multi_head(Array, ALL, query, key, value, parameters, num_heads, mask)
    if mask is not None:
        if mask.dtype != bool:
            raise NotImplementedError("Haiku takes masks of booleans")
        mask = mask.reshape((1,) * (4 - mask.ndim) + mask.shape)
    if query.size == 0:
        raise NotImplementedError("Haiku takes no empty queries")
    with in_its_width(query.dtype):
        return _attention(query, key, value, parameters, mask, num_heads=num_heads)


@partial(jax.jit, static_argnames="num_heads")
def _attention(
    query: Array,
    key: Array,
    value: Array,
    given: tuple[Array, ...],
    mask: Array | None,
    *,
    num_heads: int,
) -> Array:
    w, b, w_out, b_out = given
    weights, biases = (*jnp.split(w, 3), w_out), (*jnp.split(b, 3), b_out)
    names = ("query", "key", "value", "linear")
    parameters = {
        f"multi_head_attention/{name}": {"w": weight.T, "b": bias}
        for name, weight, bias in zip(names, weights, biases, strict=True)
    }
    features = query.shape[-1]

    def attend(*arrays: Array) -> Array:
        options = {"model_size": features, "w_init": hk.initializers.Constant(0)}
        return hk.MultiHeadAttention(num_heads, features // num_heads, **options)(*arrays)

    return _applied(attend, parameters, query, key, value, mask)


def rnn(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str = "tanh",
    reverse: bool = False,
) -> tuple[Array, Array]:
    """Unroll an `hk.VanillaRNN`; return y (B, T, H) and h_n (B, H).

    Raises `NotImplementedError` for activations other than relu.
    """
    if nonlinearity not in ("tanh", "relu", "sigmoid"):
        raise ValueError(f"unknown nonlinearity {nonlinearity!r}")
    if nonlinearity != "relu":
        raise NotImplementedError("hk.VanillaRNN has relu alone")
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    return _run("H", _vanilla, x, (h0,), parameters, reverse)


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
    """Unroll an `hk.LSTM`; return y (B, T, H), h_n and c_n (B, H)."""
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, last = _run("4H", _lstm, x, (h0, c0), parameters, reverse)
    return y, last.hidden, last.cell


def gru(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    reset_after: bool = True,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """Unroll an `hk.GRU`; return y (B, T, H) and h_n (B, H).

    Raises `NotImplementedError` for a reset after the product.
    """
    if reset_after:
        raise NotImplementedError("hk.GRU resets the state before the product")
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    return _run("3H", _gru, x, (h0,), parameters, reverse)


Core = Callable[..., tuple[Callable[[], Any], Parameters, Any]]


def _vanilla(states: Any, w: Array, r: Array, b: Array, b_hh: Array) -> Any:
    parameters = {"vanilla_rnn/linear": {"w": w.T, "b": b}}
    parameters |= {"vanilla_rnn/linear_1": {"w": r.T, "b": b_hh}}
    return lambda: hk.VanillaRNN(r.shape[1]), parameters, states[0]


def _lstm(states: Any, w: Array, r: Array, b: Array, b_hh: Array) -> Any:
    def ordered(rows: Array) -> Array:
        i, f, g, o = jnp.split(rows, 4)
        return jnp.concatenate([i, g, f, o])

    hidden = r.shape[1]
    forget = slice(2 * hidden, 3 * hidden)
    bias = ordered(b + b_hh).at[forget].add(-1)
    linear = {"w": ordered(jnp.concatenate([w, r], axis=1)).T, "b": bias}
    return lambda: hk.LSTM(hidden), {"lstm/linear": linear}, hk.LSTMState(*states)


def _gru(states: Any, w: Array, r: Array, b: Array, b_hh: Array) -> Any:
    def ordered(rows: Array) -> Array:
        reset, update, new = jnp.split(rows, 3)
        return jnp.concatenate([-update, reset, new])

    parameters = {"w_i": ordered(w).T, "w_h": ordered(r).T, "b": ordered(b + b_hh)}
    return lambda: hk.GRU(r.shape[1]), {"gru": parameters}, states[0]


def _run(
    rows: str,
    core: Core,
    x: Array,
    initial: tuple[Array, ...],
    parameters: tuple[Array, ...],
    reverse: bool,
) -> tuple[Array, Any]:
    """Check the arguments; y (B, T, H) and the final state."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    named = dict(zip(("h0", "c0"), initial, strict=False))
    bind_layer(Array, ALL, rows, x=x, **named, **dict(zip(names, parameters, strict=True)))
    with in_its_width(x.dtype):
        return _unrolled(x, initial, parameters, core=core, reverse=bool(reverse))


@partial(jax.jit, static_argnames=("core", "reverse"))
def _unrolled(
    x: Array, initial: Any, parameters: tuple[Array, ...], *, core: Core, reverse: bool
) -> tuple[Array, Any]:
    made, own, state = core(initial, *parameters)

    def unroll(x: Array, state: Any) -> Any:
        return hk.dynamic_unroll(made(), x, state, time_major=False, reverse=reverse)

    return _applied(unroll, own, x, state)
