"""Notes for week 6: recurrent networks, and what replaced them.

Shapes: B batch, T time steps, N heads, L queries, S keys, D features.
"""

import numpy as np


def softmax(x, axis=-1):
    # scores are shifted so that the largest exponent is zero
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    numerator = np.exp(np.subtract(x, top, dtype=np.float64))
    return numerator / np.sum(numerator, axis=axis, keepdims=True)


def sigmoid(a):
    # exp is only taken of negative numbers
    out = np.empty(a.shape)
    positive = a >= 0
    out[positive] = 1 / (1 + np.exp(-a[positive]))
    e = np.exp(a[~positive])
    out[~positive] = e / (1 + e)
    return out


class LSTMCell:
    def __init__(self, weight_ih, weight_hh, bias_ih, bias_hh):
        # one matrix for each gate: input, forget, candidate, output
        self.W = np.split(weight_ih, 4)
        self.U = np.split(weight_hh, 4)
        self.b = np.split(bias_ih + bias_hh, 4)

    def gate(self, n, x, h):
        return x @ self.W[n].T + h @ self.U[n].T + self.b[n]

    def step(self, x, h, c):
        i = sigmoid(self.gate(0, x, h))
        f = sigmoid(self.gate(1, x, h))
        g = np.tanh(self.gate(2, x, h))
        o = sigmoid(self.gate(3, x, h))
        c = f * c + i * g
        return o * np.tanh(c), c


def lstm(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None, reverse=False):
    B, T = x.shape[:2]
    if lengths is None:
        lengths = np.full(B, T)
    cell = LSTMCell(weight_ih, weight_hh, bias_ih, bias_hh)
    exists = np.arange(T)[:, None] < lengths  # (T, B)
    outputs = np.zeros((T, B, h0.shape[1]))
    h, c = h0, c0
    for t in reversed(range(T)) if reverse else range(T):
        h_t, c_t = cell.step(x[:, t], h, c)
        h, c = np.where(exists[t][:, None], (h_t, c_t), (h, c))
        outputs[t, exists[t]] = h_t[exists[t]]
    return outputs.transpose(1, 0, 2), h, c


def attention(q, k, v, mask=None, is_causal=False, scale=None, query_offset=0, window=None):
    L, S, D = q.shape[2], k.shape[2], q.shape[3]
    scores = np.einsum("bnld,bnsd->bnls", q, k)
    scores = scores / np.sqrt(D) if scale is None else scores * scale

    distance = np.arange(S) - (np.arange(L)[:, None] + query_offset)
    if is_causal:
        scores = np.where(distance <= 0, scores, -np.inf)
    if window is not None:
        left = np.inf if window[0] is None else window[0]
        right = np.inf if window[1] is None else window[1]
        scores = np.where((-left <= distance) & (distance <= right), scores, -np.inf)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    return np.einsum("bnls,bnsd->bnld", softmax(scores), v)
