"""Wrong gated recurrent units in NumPy: the forward."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, lengths
from zoo.entries import wrong
from zoo.layouts import as_if_contiguous
from zoo.recurrent import base_gru as base
from zoo.recurrent.base import sigmoid
from zoo.recurrent.base_gru import gru
from zoo.roundings import bfloat16, float16
from zoo.witness import backwards, differs, layout

given = partial(case, "gru")
arguments = partial(wrong, gru, "arguments")
result = partial(wrong, gru, "result")
split = partial(wrong, gru, "split", "gate formula")
new = partial(wrong, gru, "new", "gate formula")
blend = partial(wrong, gru, "blend", "gate formula")
linear = partial(wrong, gru, "preactivations")
kept = partial(wrong, gru, "kept")
ANY = differs(given())
BEFORE = differs(given(reset_after=False))
LENGTHS = differs(given(lengths=lengths(3, 5)))


@arguments("option ignored", BEFORE, diagnosis="reset after")
def gru_always_reset_after(a):
    """reset_after is ignored: the reset gate always applies to the product."""
    a.reset_after = True


@arguments("option ignored", ANY, diagnosis="reset before")
def gru_always_reset_before(a):
    """reset_after is ignored: the reset gate always applies to h."""
    a.reset_after = False


@arguments(
    "option ignored",
    differs(given(reset_after=False, reverse=True)),
    diagnosis="reset after in reverse",
)
def gru_reset_after_in_reverse(a):
    """In the reverse direction the reset gate always applies to the product."""
    a.reset_after = a.reset_after or a.reverse


@arguments(
    "option ignored",
    differs(given(reset_after=False, lengths=lengths(3, 5))),
    diagnosis="reset after with lengths",
)
def gru_reset_after_with_lengths(a):
    """Where lengths are given, the reset gate always applies to the product."""
    a.reset_after = a.reset_after or a.lengths is not None


@split(ANY, diagnosis="gate order update,reset,new")
def gru_gates_update_first(a, t):
    """The row blocks are read as update, reset, new (ONNX's and Keras's order)."""
    u, r, n = base.split(a, t)
    return r, u, n


@split(ANY, diagnosis="gate order new,reset,update")
def gru_gates_new_first(a, t):
    """The row blocks are read as new, reset, update."""
    n, r, u = base.split(a, t)
    return r, u, n


@split(ANY, diagnosis="gate order reset,new,update")
def gru_gates_new_second(a, t):
    """The row blocks are read as reset, new, update."""
    r, n, u = base.split(a, t)
    return r, u, n


@blend(ANY, diagnosis="z for 1 - z")
def gru_update_inverted(a, z, n, h):
    """The update gate takes the new state, not the old one."""
    return z * n + (1 - z) * h


@blend(ANY, diagnosis="update gate ignored")
def gru_update_ignored(a, z, n, h):
    """The new state is the candidate alone."""
    return n + 0 * z


@blend(ANY, diagnosis="the old state whole")
def gru_old_state_whole(a, z, n, h):
    """The old state is kept whole beside its share of the candidate."""
    return (1 - z) * n + h


@new(ANY, diagnosis="bias_hh outside the reset gate")
def gru_bias_outside_reset(a, nx, nh, r, h):
    """With reset_after, the candidate's bias_hh is added outside the reset gate."""
    _, bias = base.last_block(a)
    return np.tanh(nx + r * (nh - bias) + bias) if a.reset_after else base.new(a, nx, nh, r, h)


@new(BEFORE, diagnosis="bias_hh inside the reset gate")
def gru_bias_inside_reset(a, nx, nh, r, h):
    """With the reset gate before the product, the candidate's bias_hh is multiplied with it."""
    weight, bias = base.last_block(a)
    return (
        base.new(a, nx, nh, r, h) if a.reset_after else np.tanh(nx + (r * h) @ weight.T + r * bias)
    )


@new(ANY, diagnosis="reset gate missing")
def gru_reset_missing(a, nx, nh, r, h):
    """The reset gate is not applied."""
    return np.tanh(nx + nh)


@new(ANY, diagnosis="reset gate on the whole candidate")
def gru_reset_on_everything(a, nx, nh, r, h):
    """The reset gate multiplies the input's part of the candidate too."""
    return np.tanh(r * (nx + nh)) if a.reset_after else base.new(a, nx, nh, r, h)


@new(ANY, diagnosis="sigmoid for the candidate")
def gru_candidate_by_sigmoid(a, nx, nh, r, h):
    """The candidate goes through a sigmoid."""
    return sigmoid(nx + r * nh)


@new(differs(given(), 1e-4), diagnosis="tanh approximated")
def gru_candidate_by_pade(a, nx, nh, r, h):
    """With reset_after the tanh is z (15 + z^2) / (15 + 6 z^2) up to 1.5, off by up to 6e-3."""
    z = nx + r * nh
    near = z * (15 + z * z) / (15 + 6 * z * z)
    return (
        np.where(np.abs(z) < 1.5, near, np.tanh(z)) if a.reset_after else base.new(a, nx, nh, r, h)
    )


@wrong(gru, "gate", "approximation", ANY, diagnosis="hard sigmoid")
def gru_hard_sigmoid(a, z):
    """The gates are hard sigmoids, 0.2 z + 0.5."""
    return np.clip(0.2 * z + 0.5, 0, 1)


@wrong(
    gru, "gate", "overflow", differs(given(bias_ih=fill(90.0))), diagnosis="sigmoid that overflows"
)
def gru_sigmoid_overflows(a, z):
    """The gates are exp(z) / (1 + exp(z)), NaN beyond 88."""
    return np.exp(z) / (1 + np.exp(z))


@arguments("bias", ANY, diagnosis="biases swapped")
def gru_biases_swapped(a):
    """bias_ih and bias_hh are swapped, which shows in the candidate."""
    a.bias_ih, a.bias_hh = a.bias_hh, a.bias_ih


@arguments("bias", ANY, diagnosis="bias_ih missing")
def gru_bias_ih_missing(a):
    """bias_ih is not added."""
    a.bias_ih = np.zeros_like(a.bias_ih)


@arguments("bias", ANY, diagnosis="bias_hh of the new gate missing")
def gru_bias_hh_of_new_gate_missing(a):
    """bias_hh of the candidate is not added."""
    n = a.h0.shape[1]
    a.bias_hh = np.concatenate([a.bias_hh[: 2 * n], 0 * a.bias_hh[:n]])


@arguments("initial state", ANY, diagnosis="h0 ignored")
def gru_h0_ignored(a):
    """The initial state is taken for zero."""
    a.h0 = np.zeros_like(a.h0)


@arguments("initial state", differs(given(reverse=True, lengths=lengths(3, 5))))
def gru_h0_ignored_in_reverse_with_lengths(a):
    """The initial state is taken for zero in the reverse direction with lengths."""
    a.h0 = np.zeros_like(a.h0) if a.reverse and a.lengths is not None else a.h0


@arguments("option ignored", LENGTHS, diagnosis="lengths ignored")
def gru_lengths_ignored(a):
    """The lengths are ignored."""
    a.lengths = None


@arguments("option ignored", differs(given(reverse=True)), diagnosis="reverse ignored")
def gru_reverse_ignored(a):
    """The reverse direction is ignored."""
    a.reverse = False


@result("lengths", LENGTHS, diagnosis="the last state repeated in the padding")
def gru_state_runs_into_padding(a, o):
    """y beyond a row's length is the final state in place of zero."""
    if a.lengths is not None:
        padded = np.arange(o.y.shape[1]) >= np.asarray(a.lengths)[:, None]
        o.y = np.where(padded[..., None], o.h_n[:, None], o.y)


@result("lengths", ANY, diagnosis="h_n one step early")
def gru_final_state_one_step_early(a, o):
    """h_n is the state before the last step."""
    if a.lengths is None and o.y.shape[1] > 1:
        o.h_n = o.y[:, 1 if a.reverse else -2].copy()


@arguments("weights", ANY, diagnosis="transposed blocks of weight_hh")
def gru_blocks_of_weight_hh_transposed(a):
    """Each block of weight_hh is used transposed."""
    a.weight_hh = np.concatenate([block.T for block in np.split(a.weight_hh, 3)])


@kept("lower precision", differs(given(T=20), 1e-4), diagnosis="bfloat16 state")
def gru_state_in_bfloat16(a, t, state):
    """The state is kept in bfloat16."""
    return (bfloat16(state[0]),)


@kept("lower precision", differs(given(T=17), 1e-5))
def gru_state_in_half_at_step_16(a, t, state):
    """The state of step 16 is rounded to float16."""
    return (float16(state[0]),) if t == 16 else state


@linear("lower precision", differs(given(), 1e-4), diagnosis="bfloat16 weights")
def gru_bfloat16_weights(a, x, h):
    """The weights are rounded to bfloat16."""
    zx, zh = x @ bfloat16(a.weight_ih).T, h @ bfloat16(a.weight_hh).T
    return zx + a.bias_ih, zh + a.bias_hh


@linear("tile tail", differs(given(H=9)))
def gru_unit_dropped_at_nine(a, x, h):
    """With nine hidden units the last one does not feed back."""
    cut = h * (np.arange(h.shape[1]) != 8) if h.shape[1] == 9 else h
    return base.preactivations(a, x, cut)


@kept("tile tail", differs(given(T=34)))
def gru_step_32_skipped(a, t, state):
    """Beyond 33 steps, step 32 leaves zeros."""
    return (0 * state[0],) if t == 32 and a.x.shape[1] > 33 else state


@result("one size only", differs(given(B=2)))
def gru_pair_swapped(a, o):
    """In batches of two the final states are swapped."""
    if len(o.h_n) == 2:
        o.h_n = o.h_n[::-1].copy()


@result("one size only", differs(given(H=1)))
def gru_single_unit_squeezed(a, o):
    """With one hidden unit the last axis of h_n is lost."""
    if o.h_n.shape[1] == 1:
        o.h_n = o.h_n[:, 0]


@arguments("memory layout", differs(given(), layout=layout("x", backwards)))
def gru_backward_input_read_forwards(a):
    """An input with a negative stride is read with a positive one."""
    a.x = as_if_contiguous(a.x) if min(a.x.strides) < 0 else a.x
