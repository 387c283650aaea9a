"""NNX's cells under `nnx.RNN`, with the parameters of a call."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from seqlaws.impls._jax_width import WIDE, in_its_width
from seqlaws.impls._shapes import bind_layer, lengths_of

ACTIVATIONS = {"tanh": nnx.tanh, "relu": nnx.relu, "sigmoid": nnx.sigmoid}
SHUT = 100.0  # its sigmoid is 1
GATES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def rnn(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str = "tanh",
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """`nnx.RNN` of an `nnx.SimpleCell`; return y (B, T, H) and h_n (B, H)."""
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity must be one of {[*ACTIVATIONS]}, not {nonlinearity!r}")
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    cell = SIMPLE[nonlinearity]
    y, (h_n,) = _run("H", cell, x, (h0,), parameters, lengths, reverse)
    return y, h_n


def lstm(
    x: Array,
    h0: Array,
    c0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array, Array]:
    """`nnx.RNN` of an `nnx.OptimizedLSTMCell`; return y (B, T, H), h_n and c_n (B, H)."""
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, (c_n, h_n) = _run("4H", _lstm_cell, x, (h0, c0), parameters, lengths, reverse)
    return y, h_n, c_n


def gru(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """`nnx.RNN` of an `nnx.GRUCell`; return y (B, T, H) and h_n (B, H)."""
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, (h_n,) = _run("3H", _gru_cell, x, (h0,), parameters, lengths, reverse)
    return y, h_n


def _cell(kind: Any, weight_ih: Array, weight_hh: Array, bias: Array, **options: Any) -> Any:
    """A cell with these parameters."""
    zeros = nnx.initializers.zeros_init()
    options |= {"kernel_init": zeros, "recurrent_kernel_init": zeros, "rngs": nnx.Rngs(0)}
    options |= {"dtype": bias.dtype, "param_dtype": bias.dtype}
    cell = kind(weight_ih.shape[1], weight_hh.shape[1], **options)
    cell.dense_i.kernel[...], cell.dense_h.kernel[...] = weight_ih.T, weight_hh.T
    biased = cell.dense_i if cell.dense_h.bias is None else cell.dense_h
    biased.bias[...] = bias
    return cell


def _simple_cell(act: Any, states: Any, w: Array, r: Array, b: Array, b_hh: Array) -> Any:
    return _cell(nnx.SimpleCell, w, r, b + b_hh, activation_fn=act), states[0]


SIMPLE = {name: partial(_simple_cell, act) for name, act in ACTIVATIONS.items()}


def _lstm_cell(states: Any, w: Array, r: Array, b: Array, b_hh: Array) -> Any:
    h0, c0 = states
    return _cell(nnx.OptimizedLSTMCell, w, r, b + b_hh), (c0, h0)


def _gru_cell(states: Any, w: Array, r: Array, b: Array, b_hh: Array) -> Any:
    h0 = jnp.pad(states[0], ((0, 0), (0, 1)), constant_values=1)
    hidden = h0.shape[1] - 1
    last = jnp.array([0, SHUT, 0], b.dtype)[:, None]  # of the unit that stays 1, in r, z and n
    w = jnp.pad(w.reshape(3, hidden, -1), ((0, 0), (0, 1), (0, 0))).reshape(3 * (hidden + 1), -1)
    r = jnp.concatenate([r, b_hh[:, None]], axis=1).reshape(3, hidden, hidden + 1)
    r = jnp.pad(r, ((0, 0), (0, 1), (0, 0))).reshape(3 * (hidden + 1), -1)
    b = jnp.concatenate([b.reshape(3, hidden), last], axis=1).reshape(-1)
    return _cell(nnx.GRUCell, w, r, b), h0


def _run(
    rows: str,
    cell: Callable[..., Any],
    x: Array,
    initial: tuple[Array, ...],
    parameters: tuple[Array, ...],
    lengths: Any,
    reverse: bool,
) -> tuple[Array, tuple[Array, ...]]:
    """Check the arguments; y (B, T, H) and the final carry. Raises `NotImplementedError`."""
    named = dict(zip(("h0", "c0"), initial, strict=False))
    named |= dict(zip(GATES, parameters, strict=True))
    n = bind_layer(Array, WIDE, rows, x=x, **named)
    ends = lengths_of(lengths, n["B"], n["T"])
    if lengths is not None and n["T"] == 0:
        raise NotImplementedError("nnx.RNN has no carry to select where there are no steps")
    given = None if lengths is None else jnp.asarray(ends, "int32")
    with in_its_width(x.dtype):
        return _layer(x, initial, parameters, given, cell=cell, reverse=bool(reverse))


@partial(jax.jit, static_argnames=("cell", "reverse"))
def _layer(
    x: Array,
    initial: tuple[Array, ...],
    parameters: tuple[Array, ...],
    ends: Array | None,
    *,
    cell: Callable[..., Any],
    reverse: bool,
) -> tuple[Array, tuple[Array, ...]]:
    made, carry = cell(initial, *parameters)
    layer = nnx.RNN(made, return_carry=True, reverse=reverse, keep_order=True)
    last, y = layer(x, initial_carry=carry, seq_lengths=ends)
    if ends is not None:
        y = jnp.where((jnp.arange(x.shape[1]) < ends[:, None])[..., None], y, 0)
        last = jax.tree.map(lambda a, b: jnp.where(ends[:, None] > 0, a, b), last, carry)
    hidden = initial[0].shape[1]
    finals = last if isinstance(last, tuple) else (last,)
    return y[..., :hidden], tuple(state[:, :hidden] for state in finals)
