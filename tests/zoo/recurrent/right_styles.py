"""Right recurrences as people write them: a blog's networks, a fused cell, Keras's loop."""

import numpy as np

from zoo.entries import right_functions
from zoo.recurrent import base_gru, base_lstm, base_rnn


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


class CharRNN:
    """h_t = tanh(Wxh x_t + Whh h_{t-1} + b), trained by backpropagation through time."""

    def __init__(self, Wxh, Whh, b):
        self.Wxh, self.Whh, self.b = Wxh, Whh, b

    def forward(self, inputs, hprev):
        self.xs, self.hs = {}, {-1: np.copy(hprev)}
        for t in range(inputs.shape[1]):
            self.xs[t] = inputs[:, t]
            self.hs[t] = np.tanh(self.xs[t] @ self.Wxh.T + self.hs[t - 1] @ self.Whh.T + self.b)
        return np.stack([self.hs[t] for t in range(inputs.shape[1])], axis=1)

    def backward(self, dhs, dhnext):
        dWxh, dWhh = np.zeros_like(self.Wxh), np.zeros_like(self.Whh)
        db = np.zeros_like(self.b)
        dxs = []
        for t in reversed(range(len(self.xs))):
            dh = dhs[:, t] + dhnext
            dhraw = (1 - self.hs[t] * self.hs[t]) * dh  # through the tanh
            db += dhraw.sum(0)
            dWxh += dhraw.T @ self.xs[t]
            dWhh += dhraw.T @ self.hs[t - 1]
            dxs.append(dhraw @ self.Wxh)
            dhnext = dhraw @ self.Whh
        return np.stack(dxs[::-1], axis=1), dhnext, dWxh, dWhh, db


@right_functions(base_rnn.rnn, "style", bare=True)
def rnn_of_a_blog(build):
    """A character model's layer: dicts of states, one bias, backward pass by hand, no options."""

    def rnn(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
        y = CharRNN(weight_ih, weight_hh, bias_ih + bias_hh).forward(x, h0)
        return y, y[:, -1]

    def rnn_vjp(dy, dh_n, x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
        net = CharRNN(weight_ih, weight_hh, bias_ih + bias_hh)
        net.forward(x, h0)
        dx, dh0, dWxh, dWhh, db = net.backward(dy, dh_n)
        return dx, dh0, dWxh, dWhh, db, db

    return {"rnn": rnn, "rnn_vjp": rnn_vjp}


class LSTM:
    """Long short-term memory with a weight matrix for each gate."""

    def __init__(self, W, U, b):
        self.Wi, self.Wf, self.Wc, self.Wo = np.split(W, 4)
        self.Ui, self.Uf, self.Uc, self.Uo = np.split(U, 4)
        self.bi, self.bf, self.bc, self.bo = np.split(b, 4)

    def step(self, x, h_prev, c_prev):
        i = sigmoid(x.dot(self.Wi.T) + h_prev.dot(self.Ui.T) + self.bi)
        f = sigmoid(x.dot(self.Wf.T) + h_prev.dot(self.Uf.T) + self.bf)
        c_bar = np.tanh(x.dot(self.Wc.T) + h_prev.dot(self.Uc.T) + self.bc)
        o = sigmoid(x.dot(self.Wo.T) + h_prev.dot(self.Uo.T) + self.bo)
        c = f * c_prev + i * c_bar
        return o * np.tanh(c), c

    def forward(self, x, h, c):
        hidden = []
        for t in range(x.shape[1]):
            h, c = self.step(x[:, t, :], h, c)
            hidden.append(h)
        return np.array(hidden).transpose(1, 0, 2), h, c


@right_functions(base_lstm.lstm, "style", bare=True)
def lstm_of_a_blog(build):
    """A class with a matrix for each gate and a list of hidden states; forward only, no options."""

    def lstm(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
        if x.shape[1] == 0:
            raise ValueError("empty sequence")
        return LSTM(weight_ih, weight_hh, bias_ih + bias_hh).forward(x, h0, c0)

    return {"lstm": lstm}


def fused_gates(x, h, weight_ih, weight_hh, bias):
    """One product for all gates, activations in place."""
    H = h.shape[1]
    z = np.concatenate([x, h], axis=1) @ np.concatenate([weight_ih, weight_hh], axis=1).T
    z += bias
    np.tanh(z[:, 2 * H : 3 * H], out=z[:, 2 * H : 3 * H])
    for gates in (z[:, : 2 * H], z[:, 3 * H :]):
        np.exp(-gates, out=gates)
        np.add(gates, 1, out=gates)
        np.reciprocal(gates, out=gates)
    return z


@right_functions(base_lstm.lstm_gates, "style", bare=True)
def gates_of_a_fused_cell(build):
    """Input and state side by side, one product, activations in place in its one buffer."""

    def lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
        z = fused_gates(x, h, weight_ih, weight_hh, bias_ih + bias_hh)
        return tuple(np.split(z, 4, axis=1))

    return {"lstm_gates": lstm_gates}


class GRUCell:
    """Keras's cell: gates in the order update, reset, new; `reset_after=True`."""

    def __init__(self, kernel, recurrent_kernel, bias):
        self.kernel, self.recurrent_kernel = kernel, recurrent_kernel
        self.input_bias, self.recurrent_bias = bias

    def __call__(self, inputs, h_tm1):
        matrix_x = inputs @ self.kernel + self.input_bias
        x_z, x_r, x_h = np.split(matrix_x, 3, axis=1)
        matrix_inner = h_tm1 @ self.recurrent_kernel + self.recurrent_bias
        recurrent_z, recurrent_r, recurrent_h = np.split(matrix_inner, 3, axis=1)
        z = sigmoid(x_z + recurrent_z)
        r = sigmoid(x_r + recurrent_r)
        hh = np.tanh(x_h + r * recurrent_h)
        return z * h_tm1 + (1 - z) * hh


def rnn_loop(cell, inputs, initial_state, mask, go_backwards):
    """Masked steps keep the state and put out zeros."""
    state = np.array(initial_state)
    outputs = np.zeros((*inputs.shape[:2], state.shape[1]), inputs.dtype)
    time = range(inputs.shape[1])
    for t in reversed(time) if go_backwards else time:
        here = mask[:, t, None]
        state = np.where(here, cell(inputs[:, t], state), state)
        outputs[:, t] = np.where(here, state, 0)
    return outputs, state


@right_functions(base_gru.gru, "style", bare=True)
def gru_of_keras(build):
    """Keras's cell and masked loop behind an adapter that reorders the gates."""

    def zrh(w):
        r, z, n = np.split(w, 3)
        return np.concatenate([z, r, n])

    def gru(x, h0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None, reverse=False):
        mask = np.ones(x.shape[:2], bool)
        if lengths is not None:
            mask = np.arange(x.shape[1]) < np.asarray(lengths)[:, None]
        cell = GRUCell(zrh(weight_ih).T, zrh(weight_hh).T, (zrh(bias_ih), zrh(bias_hh)))
        return rnn_loop(cell, x, h0, mask, reverse)

    return {"gru": gru}
