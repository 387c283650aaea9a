"""The same in chunks: a state from chunk to chunk, products of matrices within."""

import math

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}
CHUNK = 4


def chunks(steps):
    return [slice(start, min(start + CHUNK, steps)) for start in range(0, steps, CHUNK)]


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype)


def feature(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0))) + 1


def linear_attention(q, k, v, eps=1e-6):
    b, n, steps, d = q.shape
    fq, fk = feature(q), feature(k)
    state = np.zeros((b, n, d, v.shape[-1] + 1), q.dtype)  # its last column: the normaliser
    v = np.concatenate([v, np.ones((b, n, steps, 1), q.dtype)], axis=-1)
    out = np.empty((b, n, steps, v.shape[-1] - 1), q.dtype)
    for chunk in chunks(steps):
        qc, kc, vc = fq[:, :, chunk], fk[:, :, chunk], v[:, :, chunk]
        read = qc @ state + np.tril(qc @ kc.swapaxes(-1, -2)) @ vc
        out[:, :, chunk] = read[..., :-1] / (read[..., -1:] + eps)
        state = state + kc.swapaxes(-1, -2) @ vc
    return out


def gated_delta_rule(q, k, v, decay, beta, state):
    """Within a chunk the errors solve a triangular system (the WY form)."""
    out, alpha = np.empty(v.shape, v.dtype), sigmoid(decay)
    state = state.copy()
    for chunk in chunks(q.shape[2]):
        qc, kc, vc, bc = q[:, :, chunk], k[:, :, chunk], v[:, :, chunk], beta[:, :, chunk]
        size = qc.shape[2]
        gain = np.zeros((*alpha.shape[:2], size, size), q.dtype)  # of step s as seen at t
        for t in range(size):
            gain[:, :, t, t] = 1
            for s in range(t):
                gain[:, :, t, s] = np.prod(alpha[:, :, chunk][:, :, s + 1 : t + 1], axis=-1)
        whole = (gain[:, :, :, 0] * alpha[:, :, chunk][:, :, :1])[..., None]
        known = vc - whole * (kc @ state)
        overlaps = kc @ kc.swapaxes(-1, -2) * gain
        errors = np.empty_like(vc)
        for t in range(size):
            earlier = overlaps[:, :, t, None, :t] @ errors[:, :, :t]
            errors[:, :, t] = bc[:, :, t, None] * (known[:, :, t] - earlier[:, :, 0])
        out[:, :, chunk] = whole * (qc @ state) + (qc @ kc.swapaxes(-1, -2) * gain) @ errors
        kept = kc * gain[:, :, -1, :, None]
        state = whole[:, :, -1:] * state + kept.swapaxes(-1, -2) @ errors
    return out, state


def selective_scan(x, dt, a_log, b, c, d, dt_softplus=False):
    if dt_softplus:
        dt = np.logaddexp(dt, dt.dtype.type(0))
    y = np.empty(x.shape, x.dtype)
    for entry in range(x.shape[0]):
        h = np.zeros(a_log.shape, x.dtype)
        for chunk in chunks(x.shape[1]):
            gains = np.exp(-np.exp(a_log) * dt[entry, chunk, :, None])
            inputs = (dt[entry, chunk] * x[entry, chunk])[..., None] * b[entry, chunk, None, :]
            for t, (gain, new) in enumerate(zip(gains, inputs, strict=True)):
                h = gain * h + new
                y[entry, chunk.start + t] = h @ c[entry, chunk.start + t]
    return y + x * d


def log_sigmoid(x):
    return -np.logaddexp(x.dtype.type(0), -x)


def mlstm_cell(q, k, v, i, f, c, n, m):
    """The normaliser is one more column of the memory."""
    memory = np.concatenate([c, n[..., None]], axis=-1)
    v = np.concatenate([v, np.ones((*v.shape[:-1], 1), v.dtype)], axis=-1)
    kept = log_sigmoid(f) + m
    m_new = np.maximum(kept, i)
    update = (np.exp(i - m_new) * (1 / math.sqrt(q.shape[-1])))[..., None, None] * (
        k[..., None] @ v[..., None, :]
    )
    memory = np.exp(kept - m_new)[..., None, None] * memory + update.astype(c.dtype)
    read = (q[..., None, :] @ memory)[..., 0, :]
    size = np.maximum(np.abs(read[..., -1:]), np.exp(-m_new)[..., None])
    return read[..., :-1] / size, memory[..., :-1].copy(), memory[..., -1].copy(), m_new


def slstm_cell(z, i, f, o, c, n, m):
    kept = log_sigmoid(f) + m
    m_new = np.maximum(i, kept)
    cn = np.stack([c, n]) * np.exp(kept - m_new)
    cn = cn + np.stack([np.tanh(z), np.ones_like(z)]) * np.exp(i - m_new)
    return cn[0] / cn[1] * sigmoid(o), cn[0].copy(), cn[1].copy(), m_new
