"""Linear attention, state-space scans and xLSTM's cells: a loop over time, as in the papers."""

import math

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def feature(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def feature_slope(x):
    return np.where(x > 0, 1, np.exp(np.minimum(x, 0)))


def linear_attention(q, k, v, eps=1e-6):
    b, n, steps, d = q.shape
    fq, fk = feature(q), feature(k)
    state, z = np.zeros((b, n, d, v.shape[-1]), q.dtype), np.zeros((b, n, d), q.dtype)
    out = np.empty(v.shape, q.dtype)
    for t in range(steps):
        state = state + fk[:, :, t, :, None] * v[:, :, t, None, :]
        z = z + fk[:, :, t]
        denominator = np.sum(fq[:, :, t] * z, axis=-1, keepdims=True) + eps
        out[:, :, t] = (fq[:, :, t, None] @ state)[:, :, 0] / denominator
    return out


def linear_attention_vjp(dout, q, k, v, eps=1e-6):
    fq, fk, steps = feature(q), feature(k), q.shape[2]
    causal = np.tril(np.ones((steps, steps), q.dtype))
    a = fq @ fk.swapaxes(-1, -2) * causal
    denominator = np.sum(a, axis=-1, keepdims=True) + eps
    out = a @ v / denominator
    dn = dout / denominator
    da = (dn @ v.swapaxes(-1, -2) - np.sum(dn * out, axis=-1, keepdims=True)) * causal
    dq = da @ fk * feature_slope(q)
    return dq, da.swapaxes(-1, -2) @ fq * feature_slope(k), a.swapaxes(-1, -2) @ dn


def gated_delta_rule(q, k, v, decay, beta, state):
    alpha, out = sigmoid(decay), np.empty(v.shape, v.dtype)
    state = state.copy()
    for t in range(q.shape[2]):
        state = state * alpha[:, :, t, None, None]
        read = np.sum(k[:, :, t, :, None] * state, axis=-2)
        error = beta[:, :, t, None] * (v[:, :, t] - read)
        state = state + k[:, :, t, :, None] * error[:, :, None, :]
        out[:, :, t] = np.sum(q[:, :, t, :, None] * state, axis=-2)
    return out, state


def gated_delta_rule_vjp(dout, dlast, q, k, v, decay, beta, state):
    alpha = sigmoid(decay)
    before = []
    for t in range(q.shape[2]):
        before.append(state)
        state = state * alpha[:, :, t, None, None]
        error = beta[:, :, t, None] * (v[:, :, t] - np.sum(k[:, :, t, :, None] * state, axis=-2))
        state = state + k[:, :, t, :, None] * error[:, :, None, :]
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    ddecay, dbeta, ds = np.zeros_like(decay), np.zeros_like(beta), dlast.copy()
    for t in reversed(range(q.shape[2])):
        kt, qt, bt = k[:, :, t], q[:, :, t], beta[:, :, t, None]
        decayed = before[t] * alpha[:, :, t, None, None]
        read = np.sum(kt[..., None] * decayed, axis=-2)
        error = bt * (v[:, :, t] - read)
        after = decayed + kt[..., None] * error[:, :, None, :]
        dq[:, :, t] = np.sum(after * dout[:, :, t, None, :], axis=-1)
        ds = ds + qt[..., None] * dout[:, :, t, None, :]
        derror = np.sum(kt[..., None] * ds, axis=-2)
        dbeta[:, :, t] = np.sum(derror * (v[:, :, t] - read), axis=-1)
        dv[:, :, t] = dread = derror * bt
        dk[:, :, t] = np.sum(ds * error[:, :, None, :], axis=-1)
        dk[:, :, t] -= np.sum(decayed * dread[:, :, None, :], axis=-1)
        ds = ds - kt[..., None] * dread[:, :, None, :]
        dalpha = np.sum(ds * before[t], axis=(-1, -2))
        ddecay[:, :, t] = dalpha * alpha[:, :, t] * (1 - alpha[:, :, t])
        ds = ds * alpha[:, :, t, None, None]
    return dq, dk, dv, ddecay, dbeta, ds


def selective_scan(x, dt, a_log, b, c, d, dt_softplus=False):
    if dt_softplus:
        dt = softplus(dt)
    a = -np.exp(a_log)
    h = np.zeros((x.shape[0], *a_log.shape), x.dtype)
    y = np.empty(x.shape, x.dtype)
    for t in range(x.shape[1]):
        step = dt[:, t, :, None]
        h = np.exp(step * a) * h + step * b[:, t, None, :] * x[:, t, :, None]
        y[:, t] = np.sum(h * c[:, t, None, :], axis=-1) + d * x[:, t]
    return y


def selective_scan_vjp(dy, x, dt, a_log, b, c, d, dt_softplus=False):
    steps = softplus(dt) if dt_softplus else dt
    a, states = -np.exp(a_log), [np.zeros((x.shape[0], *a_log.shape), x.dtype)]
    for t in range(x.shape[1]):
        step = steps[:, t, :, None]
        states.append(np.exp(step * a) * states[-1] + step * b[:, t, None] * x[:, t, :, None])
    dx, db, dc, ddt = dy * d, np.zeros_like(b), np.zeros_like(c), np.zeros_like(dt)
    da, dh = np.zeros_like(a_log), np.zeros_like(states[0])
    for t in reversed(range(x.shape[1])):
        step, gain = steps[:, t, :, None], np.exp(steps[:, t, :, None] * a)
        dc[:, t] = np.sum(states[t + 1] * dy[:, t, :, None], axis=1)
        dh = dh + dy[:, t, :, None] * c[:, t, None]
        dx[:, t] += np.sum(dh * step * b[:, t, None], axis=-1)
        db[:, t] = np.sum(dh * step * x[:, t, :, None], axis=1)
        through = dh * gain * states[t]
        ddt[:, t] = np.sum(through * a + dh * b[:, t, None] * x[:, t, :, None], axis=-1)
        da += np.sum(through * step, axis=0)
        dh = dh * gain
    if dt_softplus:
        ddt = ddt * sigmoid(dt)
    return dx, ddt, da * a, db, dc, np.sum(dy * x, axis=(0, 1))


def log_sigmoid(x):
    return -softplus(-x)


def mlstm_cell(q, k, v, i, f, c, n, m):
    log_f = log_sigmoid(f)
    m_new = np.maximum(log_f + m, i)
    f_gate, i_gate = np.exp(log_f + m - m_new), np.exp(i - m_new)
    k = k / math.sqrt(k.shape[-1])
    c_new = f_gate[..., None, None] * c + i_gate[..., None, None] * (
        k[..., :, None] * v[..., None, :]
    )
    n_new = f_gate[..., None] * n + i_gate[..., None] * k
    read = np.sum(q[..., :, None] * c_new, axis=-2)
    size = np.maximum(np.abs(np.sum(q * n_new, axis=-1)), np.exp(-m_new))
    return read / size[..., None], c_new, n_new, m_new


def slstm_cell(z, i, f, o, c, n, m):
    log_f = log_sigmoid(f)
    m_new = np.maximum(log_f + m, i)
    f_gate, i_gate = np.exp(log_f + m - m_new), np.exp(i - m_new)
    c_new = f_gate * c + i_gate * np.tanh(z)
    n_new = f_gate * n + i_gate
    return sigmoid(o) * c_new / n_new, c_new, n_new, m_new
