"""Right softmax, layer norm and sequence likelihood as people write them: loops, tiles, logs."""

import math

import numpy as np

from zoo.entries import right_functions
from zoo.layer_norm import base as base_layer_norm
from zoo.markov import base as base_markov
from zoo.softmax import base as base_softmax


def softmax_row(src, dst):
    """C in Python: one row at a time."""
    biggest = max(src)
    total = 0.0
    for j, value in enumerate(src):
        dst[j] = math.exp(value - biggest)
        total += dst[j]
    for j in range(len(src)):
        dst[j] /= total


@right_functions(base_softmax.softmax, "style", bare=True, fully_masked="nan")
def softmax_by_loops(build):
    """Loops over each row, as a port from C; a row of -inf is NaN, as declared."""

    def softmax(x, axis=-1):
        rows = np.moveaxis(x, axis, -1)
        out = np.empty(rows.shape, x.dtype)
        for index in np.ndindex(rows.shape[:-1]):
            softmax_row(rows[index].tolist(), out[index])
        return np.ascontiguousarray(np.moveaxis(out, -1, axis))

    return {"softmax": softmax}


BLOCK = 16
LOG2E = math.log2(math.e)


def online_softmax_kernel(x):
    """x (rows, n), n a multiple of BLOCK: statistics in one pass over tiles, output in another."""
    m = np.full(x.shape[0], -np.inf, x.dtype)
    l = np.zeros(x.shape[0], x.dtype)
    for start in range(0, x.shape[1], BLOCK):
        tile = x[:, start : start + BLOCK] * LOG2E
        m_new = np.maximum(m, tile.max(axis=1))
        shift = np.where(m_new == -np.inf, 0, m_new)
        l = l * np.exp2(m - shift) + np.exp2(tile - shift[:, None]).sum(axis=1)
        m = m_new
    shift = np.where(m == -np.inf, 0, m)
    return np.exp2(x * LOG2E - shift[:, None]) / np.where(l == 0, 1, l)[:, None]


@right_functions(base_softmax.softmax, "style", bare=True)
def softmax_of_a_kernel(build):
    """A wrapper that flattens rows, pads them to tiles with -inf, and runs an online softmax."""

    def softmax(x, axis=-1):
        rows = np.moveaxis(x, axis, -1)
        shape, n = rows.shape, rows.shape[-1]
        rows = rows.reshape(-1, n)
        padded = np.full((len(rows), -(-n // BLOCK) * BLOCK), -np.inf, x.dtype)
        padded[:, :n] = rows
        y = online_softmax_kernel(padded)[:, :n].reshape(shape)
        return np.ascontiguousarray(np.moveaxis(y, -1, axis))

    def softmax_vjp(dy, x, axis=-1):
        y = softmax(x, axis)
        return y * (dy - (y * dy).sum(axis=axis, keepdims=True))

    return {"softmax": softmax, "softmax_vjp": softmax_vjp}


def welford(x):
    """Mean and variance over the last axis, updated feature by feature."""
    mean = np.zeros(x.shape[:-1], x.dtype)
    m2 = np.zeros(x.shape[:-1], x.dtype)
    for count, value in enumerate(np.moveaxis(x, -1, 0), start=1):
        delta = value - mean
        mean += delta / count
        m2 += delta * (value - mean)
    return mean[..., None], m2[..., None] / x.shape[-1]


@right_functions(base_layer_norm.layer_norm, "style", bare=True)
def layer_norm_of_a_fused_kernel(build):
    """Welford's moments in one pass, the reciprocal root kept for the backward pass."""

    def layer_norm_fwd(x, eps):
        mean, var = welford(x)
        rstd = 1.0 / np.sqrt(var + eps)
        return (x - mean) * rstd, rstd

    def layer_norm(x, weight, bias, eps=1e-5):
        x_hat, _ = layer_norm_fwd(x, eps)
        return x_hat * weight + bias

    def layer_norm_vjp(dy, x, weight, bias, eps=1e-5):
        x_hat, rstd = layer_norm_fwd(x, eps)
        wdy = weight * dy
        c1 = (x_hat * wdy).mean(axis=-1, keepdims=True)
        c2 = wdy.mean(axis=-1, keepdims=True)
        rows = (-1, x.shape[-1])
        dweight = (dy * x_hat).reshape(rows).sum(axis=0)
        return (wdy - (x_hat * c1 + c2)) * rstd, dweight, dy.reshape(rows).sum(axis=0)

    return {"layer_norm": layer_norm, "layer_norm_vjp": layer_norm_vjp}


class MarkovChain:
    """An order-k chain in log space, scored one sequence at a time."""

    def __init__(self, startprob, transmat):
        with np.errstate(divide="ignore"):
            self.log_startprob = np.log(startprob)
            self.log_transmat = np.log(transmat)
        self.order = startprob.ndim

    def score(self, sequence):
        k = self.order
        logprob = self.log_startprob[tuple(sequence[:k])]
        for t in range(k, len(sequence)):
            logprob = logprob + self.log_transmat[tuple(sequence[t - k : t + 1])]
        return logprob


@right_functions(base_markov.markov_log_prob, "style", bare=True)
def markov_of_an_hmm(build):
    """A class with log tables and a `score` of one sequence, as hidden Markov libraries have it."""

    def markov_log_prob(states, initial, transition):
        chain = MarkovChain(initial, transition)
        return np.array([chain.score(sequence) for sequence in states], dtype=transition.dtype)

    return {"markov_log_prob": markov_log_prob}
