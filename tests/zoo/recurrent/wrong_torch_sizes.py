"""Wrong rnn, lstm, lstm_gates and gru in torch, only at one length, one batch size, one flag."""

from functools import partial

import numpy as np
import torch

from zoo.cases import case, fill, lengths, put, times
from zoo.entries import wrong
from zoo.recurrent import base_torch as recurrent
from zoo.recurrent.base_torch import gru, lstm, lstm_gates, rnn
from zoo.witness import differs, gradient_differs

RNN, LSTM, GRU = (partial(case, name) for name in ("rnn", "lstm", "gru"))
GATES = partial(case, "lstm_gates")


@wrong(rnn, "kept", "tile tail", differs(RNN(T=33)))
def torch_rnn_state_lost_at_32(a, t, state):
    """Step 32 starts from zero in rows of exactly 33 steps."""
    lost = t == 31 and a.x.shape[1] == 33
    return (torch.zeros_like(state[0]),) if lost else state


@wrong(rnn, "arguments", "initial state", differs(RNN(T=1)))
def torch_rnn_h0_ignored_for_one_step(a):
    """The path for a single step starts from zero."""
    a.h0 = torch.zeros_like(a.h0) if a.x.shape[1] == 1 else a.h0


@wrong(rnn, "result", "lengths", differs(RNN(lengths=lengths(0, 5))))
def torch_rnn_empty_row_gives_zero_state(a, o):
    """A row of length 0 returns a zero state, not its initial one."""
    if a.lengths is not None:
        o.h_n = torch.where((torch.as_tensor(a.lengths) == 0)[:, None], 0, o.h_n)


@wrong(rnn, "exists", "lengths", differs(RNN(lengths=lengths(3, 4))), diagnosis="lengths one more")
def torch_rnn_lengths_one_more(a, t):
    """Each row is read one step too far."""
    return recurrent.exists(a, t - 1) if a.lengths is not None else recurrent.exists(a, t)


@wrong(
    rnn,
    None,
    "leak",
    differs(RNN(lengths=lengths(3, 5), x=put(np.s_[0, 3:], np.nan))),
    diagnosis="0 * NaN",
)
def torch_rnn_padding_times_zero():
    """Steps behind a row's length are computed and multiplied with 0, so a NaN there stays."""

    def pick(a, here, new, old):
        return here.to(new.dtype) * new + (~here).to(new.dtype) * old

    return {"read": lambda a, t, here: a.x[:, t], "pick": pick}


@wrong(
    lstm, "read", "leak", gradient_differs(LSTM(lengths=lengths(3, 5), x=put(np.s_[0, 3:], np.nan)))
)
def torch_lstm_padding_reaches_the_gradient(a, t, here):
    """The padding is kept from the outputs; its NaN reaches the gradient of the weights."""
    return a.x[:, t]


@wrong(rnn, "activation", "approximation", differs(RNN(), 1e-3), diagnosis="tanh approximated")
def torch_rnn_tanh_by_pade(a, z):
    """tanh is z (27 + z^2) / (27 + 9 z^2), clipped to +-1."""
    if a.nonlinearity != "tanh":
        return recurrent.activation(a, z)
    return (z * (27 + z * z) / (27 + 9 * z * z)).clamp(-1, 1)


@wrong(rnn, "preactivation", "lower precision", differs(RNN(), 1e-4), diagnosis="bfloat16 operands")
def torch_rnn_bfloat16_products(a, x, h):
    """The products are those of bfloat16, as under autocast."""
    low = torch.bfloat16
    z = x.to(low).float() @ a.weight_ih.to(low).float().T + a.bias_ih
    return (z + h.to(low).float() @ a.weight_hh.to(low).float().T + a.bias_hh).to(x.dtype)


@wrong(lstm, "arguments", "option ignored", differs(LSTM(reverse=True, lengths=lengths(3, 5))))
def torch_lstm_reverse_ignored_with_lengths(a):
    """The reverse direction is ignored where lengths are given."""
    a.reverse = a.reverse and a.lengths is None


@wrong(lstm, "split", "gate formula", differs(LSTM(H=16)))
def torch_lstm_gates_swapped_at_sixteen_units(a, z):
    """With 16 hidden units input and forget gate are swapped."""
    i, f, g, o = recurrent.split(a, z)
    return (f, i, g, o) if i.shape[-1] == 16 else (i, f, g, o)


@wrong(lstm, "cell", "gate formula", differs(LSTM(c0=fill(20.0))), diagnosis="cell state clipped")
def torch_lstm_cell_clipped(a, i, f, g, o, c):
    """The cell state is clipped to +-5."""
    c = (f * c + i * g).clamp(-5, 5)
    return o * torch.tanh(c), c


@wrong(lstm, "preactivation", "tile tail", differs(LSTM(H=9)))
def torch_lstm_unit_dropped_at_nine(a, x, h):
    """With nine hidden units the last one does not feed back."""
    h = h * (torch.arange(9) < 8) if h.shape[1] == 9 else h
    return recurrent.preactivation(a, x, h)


@wrong(lstm, "before", "gradient", gradient_differs(LSTM(T=17)))
def torch_lstm_detached_at_step_sixteen(a, t, state):
    """Hidden and cell state are detached at step 16."""
    return tuple(s.detach() for s in state) if t == 16 else state


@wrong(lstm, "result", "initial state", differs(LSTM()), diagnosis="h_n and c_n swapped")
def torch_lstm_final_states_swapped(a, o):
    """h_n and c_n are returned in each other's place."""
    o.h_n, o.c_n = o.c_n, o.h_n


@wrong(gru, "arguments", "option ignored", differs(GRU(reset_after=False, lengths=lengths(3, 5))))
def torch_gru_reset_after_with_lengths(a):
    """Where lengths are given the reset gate always applies to the product."""
    a.reset_after = a.reset_after or a.lengths is not None


@wrong(gru, "new", "gate formula", differs(GRU()), diagnosis="bias_hh outside the reset gate")
def torch_gru_bias_outside_reset(a, nx, nh, r, h):
    """With reset_after, the candidate's bias_hh is added outside the reset gate."""
    bias = a.bias_hh[2 * h.shape[1] :]
    return (
        torch.tanh(nx + r * (nh - bias) + bias) if a.reset_after else recurrent.new(a, nx, nh, r, h)
    )


@wrong(gru, "gate", "overflow", differs(GRU(x=times(200))))
def torch_gru_sigmoid_overflows(a, z):
    """The gates are exp(z) / (1 + exp(z)), NaN beyond 88."""
    return torch.exp(z) / (1 + torch.exp(z))


@wrong(gru, "result", "one size only", differs(GRU(B=1)))
def torch_gru_single_row_squeezed(a, o):
    """For a batch of one h_n loses the batch axis."""
    o.h_n = o.h_n[0] if len(o.h_n) == 1 else o.h_n


@wrong(gru, "kept", "lower precision", differs(GRU(T=25), 1e-4))
def torch_gru_one_step_of_twenty_in_half(a, t, state):
    """The state of each twentieth step is rounded to 8 bits."""
    return (state[0].bfloat16().to(state[0].dtype),) if t % 20 == 19 else state


@wrong(gru, "arguments", "gradient", gradient_differs(GRU(B=3)))
def torch_gru_state_detached_at_batch_three(a):
    """In a batch of three the initial state gets no gradient."""
    a.h0 = a.h0.detach() if len(a.h0) == 3 else a.h0


@wrong(lstm_gates, "split", "gate formula", differs(GATES(H=8)))
def torch_gates_swapped_at_eight_units(a, z):
    """With eight hidden units candidate and output gate are swapped."""
    i, f, g, o = recurrent.split(a, z)
    return (i, f, o, g) if i.shape[-1] == 8 else (i, f, g, o)


@wrong(lstm_gates, "gate", "approximation", differs(GATES()), diagnosis="hard sigmoid")
def torch_gates_hard_sigmoid(a, z):
    """The gates are torch's hard sigmoids."""
    return torch.nn.functional.hardsigmoid(z)


@wrong(lstm_gates, "result", "gradient", gradient_differs(GATES(), only=("g",)))
def torch_gates_candidate_detached(a, o):
    """The candidate is detached."""
    o.g = o.g.detach()
