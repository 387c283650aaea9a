"""Losses over logits, as fused kernels compute them: one pass over blocks of the vocabulary."""

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}
BLOCK = 16


def blocks(n):
    return [slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]


def maximum_and_sum(x):
    """The running maximum m of each row, and the sum of exp(x - m)."""
    m = np.full(x.shape[:-1], -np.inf, x.dtype)
    s = np.zeros(x.shape[:-1], x.dtype)
    for block in blocks(x.shape[-1]):
        higher = np.maximum(m, np.max(x[..., block], axis=-1))
        s = s * np.exp(m - higher) + np.sum(np.exp(x[..., block] - higher[..., None]), axis=-1)
        m = higher
    return m, s


def log_softmax(x):
    m, s = maximum_and_sum(x)
    return (x - m[..., None]) - np.log(s)[..., None]


def log_softmax_vjp(dy, x):
    p = np.exp(log_softmax(x))
    total = np.zeros(x.shape[:-1], x.dtype)
    for block in blocks(x.shape[-1]):
        total = total + np.sum(dy[..., block], axis=-1)
    return dy - p * total[..., None]


def cross_entropy(logits, targets, label_smoothing=0.0, ignore_index=-100, z_loss=0.0):
    m, s = maximum_and_sum(logits)
    lse = m + np.log(s)
    loss = np.zeros(len(targets), logits.dtype)
    for row, target in enumerate(targets):
        if target != ignore_index:
            x = logits[row]
            mean = x.dtype.type(0)
            for block in blocks(len(x)):
                mean += np.sum(x[block] - lse[row]) / len(x)
            loss[row] = (1 - label_smoothing) * (lse[row] - x[target]) - label_smoothing * mean
            loss[row] += z_loss * lse[row] ** 2
    return loss


def cross_entropy_vjp(dloss, logits, targets, label_smoothing=0.0, ignore_index=-100, z_loss=0.0):
    v = logits.shape[-1]
    m, s = maximum_and_sum(logits)
    lse = m + np.log(s)
    d = np.zeros_like(logits)
    for row, target in enumerate(targets):
        if target == ignore_index:
            continue
        for block in blocks(v):
            p = np.exp(logits[row, block] - m[row]) / s[row]
            d[row, block] = p + 2 * z_loss * lse[row] * p - label_smoothing / v
        d[row, target] -= 1 - label_smoothing
        d[row] *= dloss[row]
    return d


def kl_divergence(student, teacher, temperature=1.0):
    x, y = student / temperature, teacher / temperature
    log_q, log_p = log_softmax(x), log_softmax(y)
    loss = np.zeros(len(x), x.dtype)
    for block in blocks(x.shape[-1]):
        lp = log_p[:, block]
        loss += np.sum(np.exp(lp) * (lp - log_q[:, block]), axis=-1)
    return loss * (temperature * temperature)


def jensen_shannon(p_logits, q_logits, beta=0.5):
    log_p, log_q = log_softmax(p_logits), log_softmax(q_logits)
    loss = np.zeros(len(log_p), log_p.dtype)
    for block in blocks(log_p.shape[-1]):
        p, q = np.exp(log_p[:, block]), np.exp(log_q[:, block])
        log_m = np.log(beta * p + (1 - beta) * q)
        terms = beta * p * (log_p[:, block] - log_m)
        loss += np.sum(terms + (1 - beta) * q * (log_q[:, block] - log_m), axis=-1)
    return loss
