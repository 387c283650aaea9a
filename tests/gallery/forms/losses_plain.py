"""Losses over logits, straight from the equations."""

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}


def shifted(x):
    return x - np.max(x, axis=-1, keepdims=True)


def softmax(x):
    e = np.exp(shifted(x))
    return e / np.sum(e, axis=-1, keepdims=True)


def log_softmax(x):
    x = shifted(x)
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))


def log_softmax_vjp(dy, x):
    return dy - softmax(x) * np.sum(dy, axis=-1, keepdims=True)


def cross_entropy(logits, targets, label_smoothing=0.0, ignore_index=-100, z_loss=0.0):
    v = logits.shape[-1]
    log_p = log_softmax(logits)
    kept = targets != ignore_index
    picked = log_p[np.arange(len(targets)), np.where(kept, targets, 0)]
    lse = np.max(logits, -1) + np.log(np.sum(np.exp(shifted(logits)), axis=-1))
    nll = -(1 - label_smoothing) * picked - label_smoothing / v * np.sum(log_p, axis=-1)
    return np.where(kept, nll + z_loss * lse * lse, 0).astype(logits.dtype)


def cross_entropy_vjp(dloss, logits, targets, label_smoothing=0.0, ignore_index=-100, z_loss=0.0):
    n, v = logits.shape
    p = softmax(logits)
    kept = targets != ignore_index
    lse = np.max(logits, -1) + np.log(np.sum(np.exp(shifted(logits)), axis=-1))
    d = p * (1 + 2 * z_loss * lse)[:, None] - label_smoothing / v
    d[np.arange(n), np.where(kept, targets, 0)] -= 1 - label_smoothing
    return (np.where(kept, dloss, 0)[:, None] * d).astype(logits.dtype)


def kl_divergence(student, teacher, temperature=1.0):
    log_q, log_p = log_softmax(student / temperature), log_softmax(teacher / temperature)
    return np.sum(np.exp(log_p) * (log_p - log_q), axis=-1) * temperature**2


def kl_divergence_vjp(dloss, student, teacher, temperature=1.0):
    log_q, log_p = log_softmax(student / temperature), log_softmax(teacher / temperature)
    p, d = np.exp(log_p), (dloss * temperature)[:, None]
    loss = np.sum(p * (log_p - log_q), axis=-1, keepdims=True)
    return d * (np.exp(log_q) - p), d * p * (log_p - log_q - loss)


def jensen_shannon(p_logits, q_logits, beta=0.5):
    log_p, log_q = log_softmax(p_logits), log_softmax(q_logits)
    p, q = np.exp(log_p), np.exp(log_q)
    log_m = np.log(beta * p + (1 - beta) * q)
    to_p = np.sum(p * (log_p - log_m), axis=-1)
    to_q = np.sum(q * (log_q - log_m), axis=-1)
    return beta * to_p + (1 - beta) * to_q


def jensen_shannon_vjp(dloss, p_logits, q_logits, beta=0.5):
    log_p, log_q = log_softmax(p_logits), log_softmax(q_logits)
    p, q = np.exp(log_p), np.exp(log_q)
    log_m = np.log(beta * p + (1 - beta) * q)
    dp, dq = log_p - log_m, log_q - log_m
    dp = p * (dp - np.sum(p * dp, axis=-1, keepdims=True))
    dq = q * (dq - np.sum(q * dq, axis=-1, keepdims=True))
    return dloss[:, None] * beta * dp, dloss[:, None] * (1 - beta) * dq
