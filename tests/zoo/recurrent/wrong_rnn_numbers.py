"""Wrong simple recurrent networks in NumPy: approximations, precision, tiles, single sizes."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.layouts import as_if_contiguous
from zoo.recurrent import base as loop
from zoo.recurrent import base_rnn as base
from zoo.recurrent.base_rnn import rnn
from zoo.roundings import bfloat16, float16, tf32
from zoo.witness import differs, layout, transposed

given = partial(case, "rnn")
arguments = partial(wrong, rnn, "arguments")
result = partial(wrong, rnn, "result")
linear = partial(wrong, rnn, "preactivation")
activation = partial(wrong, rnn, "activation")
kept = partial(wrong, rnn, "kept")
ANY = differs(given())
# One step of one unit from 0 with the input 1 and small weights: the argument of the activation is
# exact, so the output is off by a few ulp, 5e-7.
ONE = partial(given, B=1, T=1, I=1, H=1, h0=fill(0), bias_ih=fill(0), bias_hh=fill(0), x=fill(1))
FINE = 2e-6


@activation("approximation", differs(given(nonlinearity="sigmoid")), diagnosis="hard sigmoid")
def rnn_hard_sigmoid(a, z):
    """The sigmoid is the hard one, 0.2 z + 0.5 between 0 and 1."""
    return np.clip(0.2 * z + 0.5, 0, 1) if a.nonlinearity == "sigmoid" else base.activation(a, z)


@activation("approximation", ANY, diagnosis="hard tanh")
def rnn_hard_tanh(a, z):
    """The tanh is the hard one, z between -1 and 1."""
    return np.clip(z, -1, 1) if a.nonlinearity == "tanh" else base.activation(a, z)


@activation("approximation", differs(given(x=times(9), nonlinearity="relu")), diagnosis="relu6")
def rnn_relu_clipped_at_six(a, z):
    """The relu ends at 6."""
    return np.clip(z, 0, 6) if a.nonlinearity == "relu" else base.activation(a, z)


@activation("approximation", differs(given(nonlinearity="relu")), diagnosis="leaky relu")
def rnn_leaky_relu(a, z):
    """The relu lets 1 % of negative values through."""
    return np.maximum(z, 0.01 * z) if a.nonlinearity == "relu" else base.activation(a, z)


@activation("approximation", differs(given(), 1e-3), diagnosis="tanh approximated")
def rnn_tanh_by_pade_two(a, z):
    """tanh is z (27 + z^2) / (27 + 9 z^2) up to 3, off by up to 2e-2."""
    pade = z * (27 + z * z) / (27 + 9 * z * z)
    tanh = np.where(np.abs(z) < 3, pade, np.sign(z))
    return tanh if a.nonlinearity == "tanh" else base.activation(a, z)


@activation("approximation", differs(ONE(weight_ih=fill(2.9)), 5e-5), diagnosis="tanh approximated")
def rnn_tanh_by_pade_four(a, z):
    """tanh is a quotient of polynomials of degree 5, off by up to 4e-4 below 3."""
    s = z * z
    pade = z * (945 + s * (105 + s)) / (945 + s * (420 + 15 * s))
    tanh = np.where(np.abs(z) < 3, pade, np.sign(z))
    return tanh if a.nonlinearity == "tanh" else base.activation(a, z)


@activation("approximation", differs(ONE(weight_ih=fill(2.9)), FINE), diagnosis="tanh approximated")
def rnn_tanh_by_pade_six(a, z):
    """tanh is a quotient of polynomials of degree 6, off by up to 2e-5 below 3."""
    s = z * z
    pade = z * (10395 + s * (1260 + s * 21)) / (10395 + s * (4725 + s * (210 + s)))
    tanh = np.where(np.abs(z) < 3, pade, np.tanh(z))
    return tanh if a.nonlinearity == "tanh" else base.activation(a, z)


@activation(
    "approximation", differs(ONE(weight_ih=fill(5.0)), FINE), diagnosis="tanh saturates early"
)
def rnn_tanh_saturates_at_four(a, z):
    """tanh is 1 beyond 4, off by 7e-4."""
    y = base.activation(a, z)
    return np.where(np.abs(z) > 4, np.sign(y), y) if a.nonlinearity == "tanh" else y


@activation(
    "overflow",
    differs(given(nonlinearity="sigmoid", x=times(200))),
    diagnosis="sigmoid that overflows",
)
def rnn_sigmoid_overflows(a, z):
    """The sigmoid is exp(z) / (1 + exp(z)), NaN beyond 88."""
    return np.exp(z) / (1 + np.exp(z)) if a.nonlinearity == "sigmoid" else base.activation(a, z)


@kept("lower precision", differs(given(T=20)), diagnosis="bfloat16 state")
def rnn_state_in_bfloat16(a, t, state):
    """The state is kept in bfloat16."""
    return (bfloat16(state[0]),)


# Steps contract (weights of norm below 1): the states before are off by 2e-6 at most.
@kept("lower precision", differs(given(T=25), 1e-4))
def rnn_one_step_of_twenty_in_bfloat16(a, t, state):
    """The state of each twentieth step is rounded to bfloat16."""
    return (bfloat16(state[0]),) if t % 20 == 19 else state


@kept("lower precision", differs(given(), 2e-5), diagnosis="float16 state")
def rnn_state_in_half(a, t, state):
    """The state is kept in float16."""
    return (float16(state[0]),)


@linear("lower precision", differs(given(), 2e-5), diagnosis="TF32 operands")
def rnn_tf32_operands(a, x, h):
    """The operands of the products are rounded to TF32, which is not declared."""
    return tf32(x) @ tf32(a.weight_ih).T + a.bias_ih + tf32(h) @ tf32(a.weight_hh).T + a.bias_hh


@linear(
    "lower precision",
    differs(given(dtype="float64"), 1e-9),
    dtypes=("float64",),
    diagnosis="float32 inside",
)
def rnn_double_in_single(a, x, h):
    """float64 values are multiplied in float32."""
    return base.preactivation(a, x, h).astype(np.float32).astype(np.float64)


@kept("tile tail", differs(given(T=70)))
def rnn_state_lost_at_64(a, t, state):
    """The state is lost after 64 steps, at the border of a chunk."""
    return (np.zeros_like(state[0]),) if t == 63 and a.x.shape[1] > 64 else state


@result("tile tail", differs(given(T=9)))
def rnn_last_step_missing_at_8k_plus_1(a, o):
    """With 8k+1 steps y at the last one is zero."""
    if a.x.shape[1] % 8 == 1 and a.x.shape[1] > 1:
        o.y[:, -1] = 0


@linear("tile tail", differs(given(I=9)))
def rnn_input_feature_dropped_at_nine(a, x, h):
    """Input features beyond a multiple of eight are dropped where there are more than eight."""
    n = x.shape[1] if x.shape[1] <= 8 else x.shape[1] // 8 * 8
    return x[:, :n] @ a.weight_ih.T[:n] + a.bias_ih + h @ a.weight_hh.T + a.bias_hh


@linear("tile tail", differs(given(H=5)))
def rnn_state_feature_dropped_at_five(a, x, h):
    """With five hidden units the last one does not feed back."""
    n = 4 if h.shape[1] == 5 else h.shape[1]
    return x @ a.weight_ih.T + a.bias_ih + h[:, :n] @ a.weight_hh.T[:n] + a.bias_hh


@result("one size only", differs(given(B=3)))
def rnn_third_row_like_second(a, o):
    """In a batch of three the last row of y is that of the row before."""
    if len(o.y) == 3:
        o.y[2] = o.y[1]


@result("one size only", differs(given(B=5, T=5)))
def rnn_time_and_batch_swapped_when_alike(a, o):
    """Where B equals T, y is returned with time first."""
    if o.y.shape[0] == o.y.shape[1]:
        o.y = np.ascontiguousarray(np.swapaxes(o.y, 0, 1))


@kept("one size only", differs(given(B=2)))
def rnn_rows_mix(a, t, state):
    """In batches of two or more, step 1 of row 1 starts from the state of row 0."""
    h = state[0].copy()
    if t == 0 and len(h) > 1:
        h[1] = h[0]
    return (h,)


@arguments("memory layout", differs(given(), layout=layout("x", transposed)))
def rnn_reads_transposed_input_as_contiguous(a):
    """An input stored with time last is read in the order of memory."""
    a.x = as_if_contiguous(a.x) if a.x.strides[-1] > a.x.strides[-2] > 0 else a.x


@arguments("memory layout", differs(given(), layout=layout("weight_hh", transposed)))
def rnn_reads_transposed_weight_as_contiguous(a):
    """A weight_hh stored transposed is read in the order of memory."""
    a.weight_hh = as_if_contiguous(a.weight_hh)


@wrong(rnn, "order", "reverse", differs(given(T=17, reverse=True)))
def rnn_reverse_skips_first_step_at_17(a):
    """With 17 steps the reverse direction ends before x[:, 0]."""
    steps = loop.order(a)
    return steps[:-1] if a.reverse and len(steps) == 17 else steps
