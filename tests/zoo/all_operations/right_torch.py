"""Right implementations in torch: four dtypes, other formulas, declared traits."""

from types import SimpleNamespace

import torch

from zoo.attention import base_torch as base
from zoo.attention.base_torch import attention
from zoo.entries import right, right_functions, right_together
from zoo.recurrent.base_gru import last_block
from zoo.recurrent.base_torch import gru, lstm, lstm_gates, rnn
from zoo.softmax.base_torch import softmax

ALL = ("float32", "float64", "bfloat16", "float16")


@right(softmax, None, "plain", dtypes=ALL)
def torch_softmax_plain():
    """The base as it is; 16-bit dtypes are computed with in float32."""
    return {}


@right(attention, None, "plain", dtypes=ALL)
def torch_attention_plain():
    """The base as it is; 16-bit dtypes are computed with in float32."""
    return {}


@right(rnn, None, "plain", dtypes=ALL)
def torch_rnn_plain():
    """The base as it is; 16-bit dtypes are computed with in float32."""
    return {}


@right(lstm, None, "plain", dtypes=ALL)
def torch_lstm_plain():
    """The base as it is; 16-bit dtypes are computed with in float32."""
    return {}


@right(lstm_gates, None, "plain", dtypes=ALL)
def torch_gates_plain():
    """The base as it is; 16-bit dtypes are computed with in float32."""
    return {}


@right(gru, None, "plain", dtypes=ALL)
def torch_gru_plain():
    """The base as it is; 16-bit dtypes are computed with in float32."""
    return {}


@right(softmax, "probabilities", "trait", dtypes=("bfloat16",), accumulate="bfloat16")
def torch_softmax_in_bfloat16(a, x):
    """Every intermediate is kept in bfloat16, as declared."""
    x = x.bfloat16()
    if x.shape[-1] == 0:
        return x
    empty = (x == -torch.inf).all(-1, keepdim=True)
    e = torch.exp(torch.where(empty, 0, x) - torch.where(empty, 0, x).amax(-1, keepdim=True))
    return torch.where(empty, 0, e / e.sum(-1, keepdim=True))


@right(softmax, None, "trait", fully_masked="nan")
def torch_softmax_native():
    """torch.softmax itself, whose row of -inf gives NaN, as declared."""
    return {"probabilities": lambda a, x: torch.softmax(x, -1)}


@right(attention, "softmax", "trait", dtypes=ALL, fully_masked={"attention": "nan"})
def torch_attention_fully_masked_is_nan(a, s):
    """torch.softmax inside; a query that may attend to nothing gets NaN, as declared."""
    return torch.softmax(s, -1)


@right(attention, "softmax", "precision inside", dtypes=("bfloat16", "float16"))
def torch_attention_weights_in_storage(a, s):
    """The weights are kept in the storage dtype, which 16-bit implementations always may."""
    p = base.softmax(a, s)
    return p + (p.to(a.q.dtype).float() - p).detach()  # the gradient stays in float32


@right(attention, "scores", "formulation")
def torch_attention_scale_on_q(a, q, k, allowed):
    """The scale is put on the queries."""
    one = SimpleNamespace(part=SimpleNamespace(factor=lambda _: 1.0))
    return base.scores(one, q * base.factor(a), k, allowed)


class _Recomputing(torch.autograd.Function):
    """softmax(mask(cap(c q k^T))) v, which saves the log-sum-exp and recomputes P from it."""

    @staticmethod
    def forward(ctx, q, k, v, scores):
        s, _ = scores(q, k)
        m = s.amax(-1, keepdim=True)
        m = torch.where(m == -torch.inf, 0, m)
        total = torch.exp(s - m).sum(-1, keepdim=True)
        lse = torch.where(total == 0, 0, m + torch.log(total))
        out = torch.exp(s - m) @ v / torch.where(total == 0, 1, total)
        ctx.scores = scores
        ctx.save_for_backward(q, k, v, lse, out)
        return out

    @staticmethod
    def backward(ctx, dout):
        q, k, v, lse, out = ctx.saved_tensors
        s, slope = ctx.scores(q, k)
        p = torch.exp(s - lse)
        ds = p * (dout @ v.mT - (dout * out).sum(-1, keepdim=True)) * slope
        return ds @ k, ds.mT @ q, p.mT @ dout, None


@right_functions(attention, "formulation", masked_nan="may leak")
def torch_attention_recomputing(build):
    """The backward recomputes P from the log-sum-exp and takes rowsum(P dP) as rowsum(dO O)."""

    def product(a, p, v, allowed):
        if not v.shape[2]:
            return p @ v

        def scores(q, k):
            c = base.factor(a)
            s = c * (q @ k.mT)
            slope = c if a.softcap is None else c * (1 - torch.tanh(s / a.softcap) ** 2)
            return base.masked(a, base.cap(a, s), allowed), slope

        return _Recomputing.apply(a.q, base.heads(a, a.k), v, scores)

    return build(product=product)


@right_functions(attention, "offers less", causal_alignment={"attention": "bottom-right"})
def torch_attention_aligned_bottom_right(build):
    """is_causal is aligned with the last key, as declared; no offset, window or soft cap."""
    whole = build()["attention"]

    def attention_(q, k, v, mask=None, is_causal=False, scale=None):
        return whole(q, k, v, mask, is_causal, scale)

    return {"attention": attention_}


@right(rnn, "preactivation", "formulation")
def torch_rnn_one_product(a, x, h):
    """Input and state are concatenated, and so are the weights: one product."""
    weight = torch.cat([a.weight_ih, a.weight_hh], 1)
    return torch.cat([x, h], 1) @ weight.T + (a.bias_ih + a.bias_hh)


@right(lstm, "inside", "precision inside", dtypes=("float32", "bfloat16", "float16"))
def torch_lstm_in_double(a, t):
    """Everything inside is float64."""
    return t.double()


@right(lstm, "kept", "trait", dtypes=("bfloat16",), accumulate={"lstm": "bfloat16"})
def torch_lstm_state_in_bfloat16(a, t, state):
    """Hidden and cell state are kept in bfloat16 between steps, as declared."""
    return tuple(s.bfloat16().float() for s in state)


@right(gru, "preactivations", "formulation")
def torch_gru_by_functional_linear(a, x, h):
    """The products are torch.nn.functional.linear's, biases included."""
    linear = torch.nn.functional.linear
    return linear(x, a.weight_ih, a.bias_ih), linear(h, a.weight_hh, a.bias_hh)


@right_together("torch", "plain", dtypes=ALL)
def torch_all_operations():
    """All operations in one subject, as the bases are."""
    return [softmax, attention, rnn, lstm, lstm_gates, gru]


@right(gru, "new", "precision inside", dtypes=("float32", "bfloat16", "float16"))
def torch_gru_reset_state_in_the_dtype(a, nx, nh, r, h):
    """What the reset gate leaves of the state is stored before it is multiplied."""
    if a.reset_after:
        return torch.tanh(nx + r * nh)
    weight, bias = last_block(a)
    left = r * h
    stored = left + (left.to(a.dtype).float() - left).detach()
    return torch.tanh(nx + stored @ weight.T + bias)
