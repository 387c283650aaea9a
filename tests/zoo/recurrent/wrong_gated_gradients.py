"""Wrong vjps of lstm and gru in NumPy, the forward being right."""

from functools import partial

import numpy as np

from zoo.cases import case, fill
from zoo.entries import wrong
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm
from zoo.witness import gradient_differs

given_lstm, given_gru = partial(case, "lstm"), partial(case, "gru")
lstm_result = partial(wrong, lstm, "vjp_result", "gradient")
lstm_arguments = partial(wrong, lstm, "vjp_arguments", "gradient")
lstm_carry = partial(wrong, lstm, "carry", "gradient")
gru_result = partial(wrong, gru, "vjp_result", "gradient")
LSTM, GRU = gradient_differs(given_lstm()), gradient_differs(given_gru())


@lstm_result(LSTM, diagnosis="dc0 zero")
def lstm_dc0_zero(a, g):
    """The initial cell state gets no gradient."""
    g.c0 = np.zeros_like(g.c0)


@lstm_result(LSTM, diagnosis="dh0 zero")
def lstm_dh0_zero(a, g):
    """The initial hidden state gets no gradient."""
    g.h0 = np.zeros_like(g.h0)


@lstm_arguments(LSTM, diagnosis="dc_n ignored")
def lstm_dc_n_ignored(a):
    """The cotangent of the final cell state is ignored."""
    a.dc_n = np.zeros_like(a.dc_n)


@lstm_arguments(gradient_differs(given_lstm(), only=("h_n",)), diagnosis="dh_n ignored")
def lstm_dh_n_ignored(a):
    """The cotangent of the final hidden state is ignored."""
    a.dh_n = np.zeros_like(a.dh_n)


@lstm_carry(LSTM, diagnosis="cell state detached")
def lstm_cell_detached(a, t, dstate):
    """No gradient goes back along the cell state."""
    return dstate[0], np.zeros_like(dstate[1])


@lstm_carry(LSTM, diagnosis="hidden state detached")
def lstm_hidden_detached(a, t, dstate):
    """No gradient goes back along the hidden state."""
    return np.zeros_like(dstate[0]), dstate[1]


@lstm_carry(gradient_differs(given_lstm(T=20, bias_ih=fill(np.repeat([0.0, 9, 0, 0], 4)))))
def lstm_cell_truncated_after_ten(a, t, dstate):
    """The gradient along the cell state ends after ten steps."""
    back = t + 1 if a.reverse else a.x.shape[1] - t
    return dstate[0], dstate[1] * np.float32(back % 10 != 0)


@lstm_result(LSTM, diagnosis="gradients in the order f,i,g,o")
def lstm_dweights_in_other_order(a, g):
    """The gradients of the weights come in the order forget, input, candidate, output."""
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        i, f, c, o = np.split(getattr(g, name), 4)
        setattr(g, name, np.concatenate([f, i, c, o]))


@lstm_result(LSTM, diagnosis="forget gate's gradient missing")
def lstm_forget_gate_untrained(a, g):
    """The forget gate's rows get no gradient."""
    n = a.h0.shape[1]
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(g, name)[n : 2 * n] = 0


@lstm_result(gradient_differs(given_lstm(reverse=True)))
def lstm_no_gradient_in_reverse(a, g):
    """In the reverse direction the input gets no gradient."""
    if a.reverse:
        g.x[...] = 0


@lstm_result(gradient_differs(given_lstm(B=3)))
def lstm_third_row_without_gradient(a, g):
    """In a batch of three the last row's input gets no gradient."""
    if len(a.x) == 3:
        g.x[2] = 0


@gru_result(GRU, diagnosis="reset gate's gradient missing")
def gru_reset_gate_untrained(a, g):
    """The reset gate's rows get no gradient."""
    n = a.h0.shape[1]
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(g, name)[:n] = 0


@gru_result(GRU, diagnosis="bias_hh gradient without the reset gate")
def gru_dbias_hh_like_dbias_ih(a, g):
    """bias_hh gets the gradient of bias_ih, without the reset gate."""
    g.bias_hh = g.bias_ih.copy()


@wrong(
    gru,
    "vjp_arguments",
    "gradient",
    gradient_differs(given_gru(reset_after=False)),
    diagnosis="reset after",
)
def gru_vjp_of_reset_after(a):
    """The vjp is that of reset_after, whatever the forward did."""
    a.reset_after = True


@gru_result(GRU, diagnosis="dh0 zero")
def gru_dh0_zero(a, g):
    """The initial state gets no gradient."""
    g.h0 = np.zeros_like(g.h0)


@wrong(gru, "carry", "gradient", GRU, diagnosis="gradient halved at each step")
def gru_gradient_halved_at_each_step(a, t, dstate):
    """The gradient is halved at each step back."""
    return (dstate[0] / 2,)


@gru_result(gradient_differs(given_gru(T=17)))
def gru_dx_missing_at_17(a, g):
    """With 17 steps the last position's input gets no gradient."""
    if a.x.shape[1] == 17:
        g.x[:, -1] = 0
