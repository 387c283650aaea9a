"""Wrong rnn, lstm, lstm_gates and gru in torch; gradients are what autograd makes of them."""

from functools import partial

import numpy as np
import torch

from zoo.base_torch import with_gradient
from zoo.cases import case, fill, lengths
from zoo.entries import wrong
from zoo.recurrent import base_torch as base
from zoo.recurrent.base_torch import gru, lstm, lstm_gates, rnn
from zoo.witness import differs, gradient_differs, layout, transposed

RNN, LSTM, GRU = (partial(case, name) for name in ("rnn", "lstm", "gru"))
GATES = partial(case, "lstm_gates")


@wrong(rnn, "arguments", "initial state", differs(RNN()), diagnosis="h0 ignored")
def torch_rnn_h0_ignored(a):
    """The initial state is taken for zero."""
    a.h0 = torch.zeros_like(a.h0)


@wrong(rnn, "arguments", "option ignored", differs(RNN(nonlinearity="sigmoid", reverse=True)))
def torch_rnn_tanh_for_sigmoid_in_reverse(a):
    """In the reverse direction sigmoid is taken for tanh."""
    if a.reverse and a.nonlinearity == "sigmoid":
        a.nonlinearity = "tanh"


@wrong(rnn, "arguments", "option ignored", differs(RNN(lengths=lengths(3, 5), T=17)))
def torch_rnn_lengths_ignored_above_sixteen(a):
    """The lengths are ignored for more than 16 steps."""
    a.lengths = a.lengths if a.x.shape[1] <= 16 else None


@wrong(rnn, "result", "reverse", differs(RNN(reverse=True)), diagnosis="y not flipped back")
def torch_rnn_reverse_not_flipped_back(a, o):
    """In the reverse direction y stays in the order of reading."""
    if a.reverse:
        o.y = o.y.flip(1)


@wrong(rnn, "arguments", "weights", differs(RNN()), diagnosis="transposed weight_hh")
def torch_rnn_weight_hh_transposed(a):
    """weight_hh is used transposed."""
    a.weight_hh = a.weight_hh.T


@wrong(rnn, "arguments", "memory layout", differs(RNN(), layout=layout("x", transposed)))
def torch_rnn_transposed_input_as_contiguous(a):
    """An input stored with time last is read in the order of memory."""
    if a.x.stride(-1) > a.x.stride(-2) > 0 and a.x.mT.is_contiguous():
        a.x = a.x.mT.reshape(a.x.shape)


@wrong(rnn, "before", "gradient", gradient_differs(RNN()), diagnosis="gradient cut at every step")
def torch_rnn_state_detached(a, t, state):
    """The state is detached at each step."""
    return (state[0].detach(),)


WHOLE = {
    "nonlinearity": "relu",
    "x": fill(1.0),
    "weight_ih": fill(0.1),
    "weight_hh": fill(np.eye(4)),
    "h0": fill(1.0),
    "bias_ih": fill(0.1),
    "bias_hh": fill(0.1),
}


@wrong(
    rnn,
    "before",
    "gradient",
    gradient_differs(RNN(T=40, **WHOLE)),
    diagnosis="truncated after 32 steps",
)
def torch_rnn_truncated_after_32(a, t, state):
    """The state is detached after each 32 steps."""
    return (state[0].detach(),) if t % 32 == 31 else state


@wrong(
    rnn, "before", "gradient", gradient_differs(RNN(T=12, **WHOLE)), diagnosis="gradient clipped"
)
def torch_rnn_gradient_clipped(a, t, state):
    """The gradient of the state is clipped to +-1."""
    return (with_gradient(state[0], lambda g: g.clamp(-1, 1)),)


@wrong(
    rnn, "activation", "gradient",
    gradient_differs(
        RNN(nonlinearity="relu", T=2, x=fill(0), h0=fill(0), bias_ih=fill(1), bias_hh=fill(-1))
    ),
    diagnosis="relu slope 1/2 at 0",
)  # fmt: skip
def torch_rnn_relu_slope_half_at_zero(a, z):
    """The relu is max(z, 0) with a gradient that is shared at a tie."""
    if a.nonlinearity == "relu":
        return torch.maximum(z, torch.zeros_like(z))
    return base.activation(a, z)


@wrong(rnn, "activation", "gradient", gradient_differs(RNN(nonlinearity="relu")))
def torch_rnn_relu_straight_through(a, z):
    """The relu passes every gradient."""
    y = base.activation(a, z)
    return z + (y - z).detach() if a.nonlinearity == "relu" else y


@wrong(rnn, "result", "gradient", gradient_differs(RNN(), only=("h_n",)), diagnosis="dh_n ignored")
def torch_rnn_final_state_detached(a, o):
    """h_n is detached."""
    o.h_n = o.h_n.detach()


@wrong(rnn, "kept", "lower precision", differs(RNN(T=20)), diagnosis="bfloat16 state")
def torch_rnn_state_in_bfloat16(a, t, state):
    """The state is kept in bfloat16."""
    return (state[0].bfloat16().to(state[0].dtype),)


# A state that goes from 1 in steps of 2^-10: bfloat16 would stay at 1.
@wrong(
    rnn, "kept", "lower precision",
    differs(
        RNN(
            T=40, nonlinearity="relu", x=fill(0), weight_hh=fill(np.eye(4)), h0=fill(1.0),
            bias_ih=fill(2.0**-10), bias_hh=fill(0), dtype="bfloat16",
        ),
        0.02,
    ),
    dtypes=("bfloat16",), diagnosis="bfloat16 accumulation",
)  # fmt: skip
def torch_rnn_bfloat16_state_between_steps(a, t, state):
    """With bfloat16 arguments the state is rounded to bfloat16 after each step, undeclared."""
    return (state[0].bfloat16().to(state[0].dtype),)


@wrong(lstm, "split", "gate formula", differs(LSTM()), diagnosis="gate order f,i,g,o")
def torch_lstm_gates_figo(a, z):
    """The row blocks are read as forget, input, candidate, output."""
    f, i, g, o = base.split(a, z)
    return i, f, g, o


@wrong(lstm, "split", "gate formula", differs(LSTM()), diagnosis="gate order i,o,f,g")
def torch_lstm_gates_iofg(a, z):
    """The row blocks are read as input, output, forget, candidate."""
    i, o, f, g = base.split(a, z)
    return i, f, g, o


@wrong(lstm, "arguments", "initial state", differs(LSTM(reverse=True)))
def torch_lstm_c0_ignored_in_reverse(a):
    """The initial cell state is taken for zero in the reverse direction."""
    a.c0 = torch.zeros_like(a.c0) if a.reverse else a.c0


@wrong(lstm, "result", "lengths", differs(LSTM(lengths=lengths(3, 5))))
def torch_lstm_final_state_of_last_column(a, o):
    """h_n is y at T - 1."""
    if o.y.shape[1] and not a.reverse:
        o.h_n = o.y[:, -1].clone()


@wrong(lstm, "arguments", "bias", differs(LSTM()), diagnosis="bias_hh missing")
def torch_lstm_bias_hh_missing(a):
    """bias_hh is not added."""
    a.bias_hh = torch.zeros_like(a.bias_hh)


@wrong(lstm, "gate", "approximation", differs(LSTM()), diagnosis="hard sigmoid")
def torch_lstm_hard_sigmoid(a, z):
    """The gates are torch's hard sigmoids."""
    return torch.nn.functional.hardsigmoid(z)


@wrong(lstm, "before", "gradient", gradient_differs(LSTM()), diagnosis="cell state detached")
def torch_lstm_cell_detached(a, t, state):
    """The cell state is detached at each step."""
    return state[0], state[1].detach()


@wrong(lstm, "arguments", "gradient", gradient_differs(LSTM(lengths=lengths(3, 5))))
def torch_lstm_initial_states_detached_with_lengths(a):
    """The initial states get no gradient where lengths are given."""
    if a.lengths is not None:
        a.h0, a.c0 = a.h0.detach(), a.c0.detach()


@wrong(lstm, "arguments", "gradient", gradient_differs(LSTM()), diagnosis="bias_hh gradient zero")
def torch_lstm_bias_hh_detached(a):
    """bias_hh gets no gradient."""
    a.bias_hh = a.bias_hh.detach()


@wrong(lstm, "kept", "lower precision", differs(LSTM(T=25), 1e-4))
def torch_lstm_one_step_of_twenty_in_bfloat16(a, t, state):
    """The cell state of each twentieth step is rounded to bfloat16."""
    rounded = state[1].bfloat16().to(state[1].dtype)
    return state[0], rounded if t % 20 == 19 else state[1]


@wrong(lstm, "kept", "tile tail", differs(LSTM(T=65)))
def torch_lstm_cell_lost_at_64(a, t, state):
    """The cell state is lost after 64 steps."""
    return (state[0], torch.zeros_like(state[1])) if t == 63 else state


@wrong(lstm, "result", "one size only", differs(LSTM(B=3)))
def torch_lstm_third_row_like_first(a, o):
    """In a batch of three the last row gets the first one's output."""
    if len(o.y) == 3:
        o.y = o.y[[0, 1, 0]]


@wrong(lstm_gates, "split", "gate formula", differs(GATES()), diagnosis="gate order i,f,o,g")
def torch_gates_ifog(a, z):
    """The row blocks are read as input, forget, output, candidate."""
    i, f, o, g = base.split(a, z)
    return i, f, g, o


@wrong(lstm_gates, "arguments", "gradient", gradient_differs(GATES()), diagnosis="dh zero")
def torch_gates_state_detached(a):
    """The hidden state gets no gradient."""
    a.h = a.h.detach()


@wrong(lstm_gates, "arguments", "bias", differs(GATES()), diagnosis="bias_ih missing")
def torch_gates_bias_ih_missing(a):
    """bias_ih is not added."""
    a.bias_ih = torch.zeros_like(a.bias_ih)


@wrong(gru, "arguments", "option ignored", differs(GRU(reset_after=False)), diagnosis="reset after")
def torch_gru_always_reset_after(a):
    """reset_after is ignored."""
    a.reset_after = True


@wrong(gru, "split", "gate formula", differs(GRU()), diagnosis="gate order update,reset,new")
def torch_gru_gates_update_first(a, t):
    """The row blocks are read as update, reset, new."""
    u, r, n = base.split_three(a, t)
    return r, u, n


@wrong(gru, "blend", "gate formula", differs(GRU()), diagnosis="z for 1 - z")
def torch_gru_update_inverted(a, z, n, h):
    """The update gate takes the new state, not the old one."""
    return z * n + (1 - z) * h


@wrong(gru, "arguments", "bias", differs(GRU()), diagnosis="biases swapped")
def torch_gru_biases_swapped(a):
    """bias_ih and bias_hh are swapped."""
    a.bias_ih, a.bias_hh = a.bias_hh, a.bias_ih


@wrong(gru, "new", "gradient", gradient_differs(GRU()), diagnosis="reset gate detached")
def torch_gru_reset_gate_detached(a, nx, nh, r, h):
    """The reset gate gets no gradient."""
    return base.new(a, nx, nh, r.detach(), h)


@wrong(
    gru,
    "result",
    "gradient",
    gradient_differs(GRU(reverse=True)),
    diagnosis="dy ignored in reverse",
)
def torch_gru_output_detached_in_reverse(a, o):
    """In the reverse direction y is detached."""
    o.y = o.y.detach() if a.reverse else o.y
