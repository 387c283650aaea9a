"""LSTM and GRU: all steps in one launch, each fused with its gates.

A program has one step of a tile of BATCH rows and HIDDEN units; steps come one after another. The
states stay in a kernel's memory, in float32 whatever the dtype. Hochreiter and Schmidhuber (1997),
Gers et al. (2000), Cho et al. (2014). These kernels have no gradient.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.experimental import pallas as pl

from seqlaws.impls._shapes import bind_layer, lengths_of
from seqlaws.impls.pallas_kernels._launch import (
    BATCH,
    DTYPES,
    HIDDEN,
    launch,
    product,
    shape_of,
    wide,
)

NAMES = "weight_ih", "weight_hh", "bias_ih", "bias_hh"


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
    """Run an LSTM over x (B, T, I) from h0, c0 (B, H); return y (B, T, H), h_n, c_n (B, H).

    The row blocks of the weights (4H, ...) are input, forget, candidate, output. lengths: integers
    (B,). Raises `TypeError` and `ValueError` for wrong arguments.
    """
    weights = weight_ih, weight_hh, bias_ih, bias_hh
    y, h, c = _run(_lstm_step, "4H", x, (h0, c0), weights, lengths, reverse)
    return y, h, c


def gru(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    reset_after: bool = True,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """Run a GRU over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

    The row blocks of the weights (3H, ...) are reset, update, new. Arguments as for `lstm`.
    """
    weights = weight_ih, weight_hh, bias_ih, bias_hh
    step = _gru_step if reset_after else _gru_step_reset_before
    y, h = _run(step, "3H", x, (h0,), weights, lengths, reverse)
    return y, h


def _run(
    step: Callable[..., tuple[Array, ...]],
    rows: str,
    x: Array,
    initial: tuple[Array, ...],
    weights: tuple[Array, ...],
    lengths: Any,
    reverse: bool,
) -> tuple[Array, ...]:
    """Check the arguments, and run the steps; y, and the last states."""
    states = dict(zip(("h0", "c0"), initial, strict=False))
    named = states | dict(zip(NAMES, weights, strict=True))
    n = bind_layer(Array, DTYPES, rows, x=x, **named)
    ends = jnp.asarray(lengths_of(lengths, n["B"], n["T"]), jnp.int32)
    return _without_gradient(x, initial, weights, ends, step, bool(reverse))


@partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _without_gradient(
    x: Array, initial: Any, weights: Any, ends: Array, step: Any, reverse: bool
) -> tuple[Array, ...]:
    return _launched(x, initial, weights, ends, step=step, reverse=reverse)


def _refused(*given: Any) -> Any:
    raise NotImplementedError("the kernels of recurrent steps have no gradient")


_without_gradient.defvjp(_refused, _refused)


@partial(jax.jit, static_argnames=("step", "reverse"))
def _launched(
    x: Array, initial: Any, weights: Any, ends: Array, *, step: Any, reverse: bool
) -> tuple[Array, ...]:
    (B, T, I), H = x.shape, initial[0].shape[1]
    if not B * T * H:
        return jnp.zeros((B, T, H), x.dtype), *initial
    blocks, tiles = weights[2].shape[0] // H, pl.cdiv(H, HIDDEN)
    stages = 2 if step is _gru_step_reset_before else 1

    def time(t: Any) -> Any:
        return T - 1 - t if reverse else t

    state = pl.BlockSpec((BATCH, H), lambda i, t, s, j: (i, 0))
    last = pl.BlockSpec((BATCH, HIDDEN), lambda i, t, s, j: (i, j))
    bias = pl.BlockSpec((blocks, HIDDEN), lambda i, t, s, j: (0, j))
    y, *states = launch(
        partial(_step, step=step, count=len(initial), time=time, stages=stages),
        grid=(pl.cdiv(B, BATCH), T, stages, tiles),
        in_specs=[
            pl.BlockSpec((BATCH, 1), lambda i, t, s, j: (i, 0)),
            pl.BlockSpec((1, BATCH, I), lambda i, t, s, j: (time(t), i, 0)),
            pl.BlockSpec((blocks, HIDDEN, I), lambda i, t, s, j: (0, j, 0)),
            pl.BlockSpec((blocks, HIDDEN, H), lambda i, t, s, j: (0, j, 0)),
            *(bias, bias, *([state] * len(initial))),
        ],
        out_specs=[
            pl.BlockSpec((1, BATCH, HIDDEN), lambda i, t, s, j: (time(t), i, j)),
            *([last] * len(initial)),
        ],
        out_shape=[shape_of((T, B, H), x.dtype), *(shape_of((B, H), x.dtype) for _ in initial)],
        scratch_shapes=[wide(BATCH, tiles * HIDDEN)] * (2 + len(initial)),
    )(
        ends[:, None],
        x.swapaxes(0, 1),
        *(w.reshape(blocks, H, *w.shape[1:]) for w in weights),
        *initial,
    )
    return y.swapaxes(0, 1), *states


def _step(
    ends: Any, x: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, *others: Any,
    step: Any, count: int, time: Any, stages: int,
) -> None:  # fmt: skip
    """One step of a tile of rows and units, whatever its gates.

    A row that has ended keeps its state, and its y is zero. Every unit reads the whole h: so the
    new one is put aside until all tiles of units have read the old one.
    """
    initial, y, last = others[:count], others[count], others[count + 1 : 2 * count + 1]
    *memory, aside, spare = others[2 * count + 1 :]
    t, stage, j = pl.program_id(1), pl.program_id(2), pl.program_id(3)
    H = weight_hh.shape[2]
    units = pl.ds(pl.multiple_of(j * HIDDEN, HIDDEN), HIDDEN)

    def inputs(k: int) -> Array:
        """Return the products of inputs with a block of the weights."""
        return product(x[0], weight_ih[k], (1, 1)) + bias_ih[k : k + 1].astype(jnp.float32)

    def states(k: int, read: Any = memory[0]) -> Array:
        """Return the products of states with a block of the weights."""
        w, b = weight_hh[k].astype(jnp.float32), bias_hh[k : k + 1].astype(jnp.float32)
        return product(read[:, :H], w, (1, 1)) + b

    @pl.when((t == 0) & (stage == 0) & (j == 0))
    def _begin() -> None:
        for kept, given in zip(memory, initial, strict=True):
            kept[:, :H] = given[...].astype(jnp.float32)

    old = [kept[:, units] for kept in memory]

    @pl.when(stage < stages - 1)
    def _reset() -> None:
        spare[:, units] = jax.nn.sigmoid(inputs(0) + states(0)) * old[0]

    @pl.when(stage == stages - 1)
    def _take() -> None:
        exists = time(t) < ends[...]
        found = step(inputs, states, old, spare)
        new = [jnp.where(exists, a, b) for a, b in zip(found, old, strict=True)]
        y[0] = jnp.where(exists, new[0], 0.0).astype(y.dtype)
        for kept, written, value in zip((aside, *memory[1:]), last, new, strict=True):
            kept[:, units] = value
            written[...] = value.astype(written.dtype)

    @pl.when((stage == stages - 1) & (j == pl.num_programs(3) - 1))
    def _next() -> None:
        memory[0][...] = aside[...]


def _lstm_step(inputs: Any, states: Any, old: list[Array], spare: Any) -> tuple[Array, ...]:
    """The blocks are input, forget, candidate, output."""
    i, f, g, o = (inputs(k) + states(k) for k in range(4))
    c = jax.nn.sigmoid(f) * old[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def _gru_step(inputs: Any, states: Any, old: list[Array], spare: Any) -> tuple[Array, ...]:
    """The blocks are reset, update, new; the reset gate multiplies W_hn h + b_hn."""
    r, z = (jax.nn.sigmoid(inputs(k) + states(k)) for k in range(2))
    n = jnp.tanh(inputs(2) + r * states(2))
    return ((1.0 - z) * n + z * old[0],)


def _gru_step_reset_before(
    inputs: Any, states: Any, old: list[Array], spare: Any
) -> tuple[Array, ...]:
    """The reset gate multiplies h: `spare` has r h of all units, from a stage before."""
    z = jax.nn.sigmoid(inputs(1) + states(1))
    n = jnp.tanh(inputs(2) + states(2, spare))
    return ((1.0 - z) * n + z * old[0],)
