"""Right ones in NumPy that declare traits: sigmoids by tanh, affine norms, rows by kind of mask."""

import numpy as np

from zoo.attention.base import attention as base_attention
from zoo.entries import right, right_functions
from zoo.layer_norm.base import layer_norm
from zoo.multi_head.base import multi_head_attention as base_multi_head
from zoo.recurrent import base_gru, base_lstm, base_rnn


def sigmoid(z):
    """Small values have no digits of their own: they are differences from one half."""
    return (1 + np.tanh(z / 2)) / 2


@right(base_lstm.lstm, "gate", "trait", elementary="absolute")
def lstm_of_sigmoids_by_tanh(a, z):
    """Gates are (1 + tanh(z / 2)) / 2, as declared."""
    return sigmoid(z)


@right(base_lstm.lstm_gates, "gate", "trait", elementary="absolute")
def gates_of_sigmoids_by_tanh(a, z):
    """Gates are (1 + tanh(z / 2)) / 2, as declared."""
    return sigmoid(z)


@right(base_gru.gru, "gate", "trait", elementary={"gru": "absolute"})
def gru_of_sigmoids_by_tanh(a, z):
    """Gates are (1 + tanh(z / 2)) / 2, as declared."""
    return sigmoid(z)


@right(base_rnn.rnn, "activation", "trait", elementary="absolute")
def rnn_of_sigmoids_by_tanh(a, z):
    """The sigmoid is (1 + tanh(z / 2)) / 2, as declared."""
    return sigmoid(z) if a.nonlinearity == "sigmoid" else base_rnn.activation(a, z)


@right_functions(layer_norm, "trait", bare=True, normalise="affine")
def layer_norm_as_a_scale_and_a_shift(build):
    """Welford's moments, then x times 1 / sigma plus -mean / sigma, as declared."""

    def layer_norm(x, weight, bias, eps=1e-5):
        mean = np.zeros((*x.shape[:-1], 1), x.dtype)
        m2 = np.zeros_like(mean)
        for n in range(x.shape[-1]):
            delta = x[..., n : n + 1] - mean
            mean += delta / (n + 1)
            m2 += delta * (x[..., n : n + 1] - mean)
        scale = 1 / np.sqrt(m2 / x.shape[-1] + eps)
        shift = -mean * scale
        return (x * scale + shift) * weight + bias

    return {"layer_norm": layer_norm}


ROWS = {"boolean": "mean", "floating": "nan", "causal": "zeros"}


def by_kind(base):
    """The operation's functions for each kind of mask, by the dtype that a mask has or lacks."""
    made = {kind: base.build(None, {"fully_masked": value}) for kind, value in ROWS.items()}

    def of(mask, is_causal):
        if mask is not None and is_causal:
            raise NotImplementedError("a mask together with is_causal")
        if mask is None:
            return made["causal"]
        return made["boolean" if mask.dtype == bool else "floating"]

    return of


@right_functions(base_attention, "trait", fully_masked=ROWS)
def attention_of_three_kinds_of_rows(build):
    """What a row that is masked throughout gets depends on the kind of mask, as declared."""
    of = by_kind(base_attention)

    def attention(q, k, v, mask=None, is_causal=False, scale=None, query_offset=0):
        whole = of(mask, is_causal)["attention"]
        return whole(q, k, v, mask, is_causal, scale, query_offset)

    def attention_vjp(dout, q, k, v, mask=None, is_causal=False, scale=None, query_offset=0):
        whole = of(mask, is_causal)["attention_vjp"]
        return whole(dout, q, k, v, mask, is_causal, scale, query_offset)

    return {"attention": attention, "attention_vjp": attention_vjp}


@right_functions(base_multi_head, "trait", fully_masked={"multi_head_attention": ROWS})
def multi_head_of_three_kinds_of_rows(build):
    """What a row that is masked throughout gets depends on the kind of mask, as declared."""
    of = by_kind(base_multi_head)

    def multi_head_attention(
        query, key, value, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias,
        num_heads, mask=None, is_causal=False,
    ):  # fmt: skip
        whole = of(mask, is_causal)["multi_head_attention"]
        return whole(
            query, key, value, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias,
            num_heads, mask, is_causal,
        )  # fmt: skip

    return {"multi_head_attention": multi_head_attention}
