"""The same in PyTorch; gradients by autograd."""

import torch
from torch.nn import functional

TRAITS = {"backend": "torch", "dtypes": ("float32",)}


def linear_attention(q, k, v, eps=1e-6):
    q, k = functional.elu(q) + 1, functional.elu(k) + 1
    states = torch.cumsum(k[..., :, None] * v[..., None, :], dim=2)
    z = torch.cumsum(k, dim=2)
    out = torch.einsum("bntd,bntde->bnte", q, states)
    return out / (torch.einsum("bntd,bntd->bnt", q, z)[..., None] + eps)


def gated_delta_rule(q, k, v, decay, beta, state):
    out = []
    state = state.clone()
    for t in range(q.shape[2]):
        state = torch.sigmoid(decay[:, :, t])[..., None, None] * state
        error = v[:, :, t] - torch.einsum("bnd,bnde->bne", k[:, :, t], state)
        state = state + torch.einsum("bnd,bne->bnde", k[:, :, t], beta[:, :, t, None] * error)
        out.append(torch.einsum("bnd,bnde->bne", q[:, :, t], state))
    return torch.stack(out, dim=2) if out else torch.zeros_like(v), state


def selective_scan(x, dt, a_log, b, c, d, dt_softplus=False):
    if dt_softplus:
        dt = functional.softplus(dt)
    a = -torch.exp(a_log)
    h = x.new_zeros(x.shape[0], *a_log.shape)
    out = []
    for t in range(x.shape[1]):
        gain = torch.exp(torch.einsum("be,es->bes", dt[:, t], a))
        h = gain * h + torch.einsum("be,bs,be->bes", dt[:, t], b[:, t], x[:, t])
        out.append(torch.einsum("bes,bs->be", h, c[:, t]))
    y = torch.stack(out, dim=1) if out else torch.zeros_like(x)
    return y + d * x


def mlstm_cell(q, k, v, i, f, c, n, m):
    log_f = functional.logsigmoid(f)
    m_new = torch.maximum(log_f + m, i)
    f_gate, i_gate = torch.exp(log_f + m - m_new), torch.exp(i - m_new)
    k = k * k.shape[-1] ** -0.5
    c_new = f_gate[..., None, None] * c + i_gate[..., None, None] * (k[..., None] * v[..., None, :])
    n_new = f_gate[..., None] * n + i_gate[..., None] * k
    h = torch.einsum("bnd,bnde->bne", q, c_new)
    size = torch.maximum((q * n_new).sum(-1).abs(), torch.exp(-m_new))
    return h / size[..., None], c_new, n_new, m_new


def slstm_cell(z, i, f, o, c, n, m):
    log_f = functional.logsigmoid(f)
    m_new = torch.maximum(log_f + m, i)
    f_gate, i_gate = torch.exp(log_f + m - m_new), torch.exp(i - m_new)
    c_new = f_gate * c + i_gate * torch.tanh(z)
    n_new = f_gate * n + i_gate
    return torch.sigmoid(o) * (c_new / n_new), c_new, n_new, m_new
