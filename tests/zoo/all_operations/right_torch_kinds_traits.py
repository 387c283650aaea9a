"""Right ones in torch that declare traits: F.layer_norm, 16-bit F.softmax, rows by kind of mask."""

import torch
from torch import nn

from zoo.attention.base_torch import attention as base_attention
from zoo.entries import right, right_functions
from zoo.layer_norm.base_torch import layer_norm as base_layer_norm
from zoo.multi_head.base_torch import encoder_layer as base_encoder
from zoo.recurrent.base_torch import lstm as base_lstm
from zoo.softmax.base_torch import softmax as base_softmax

SIXTEEN = ("bfloat16", "float16")
NAN_QUERY = "on the CPU scaled_dot_product_attention answers a NaN query with zeros"


@right(base_lstm, "gate", "trait", elementary="absolute")
def torch_lstm_of_sigmoids_by_tanh(a, z):
    """Gates are (1 + tanh(z / 2)) / 2, as declared."""
    return 0.5 * (1 + torch.tanh(0.5 * z))


@right_functions(base_layer_norm, "trait", bare=True, normalise="affine")
def torch_layer_norm_of_torch(build):
    """nn.functional.layer_norm, which scales and shifts, as declared."""

    def layer_norm(x, weight, bias, eps=1e-5):
        return nn.functional.layer_norm(x, x.shape[-1:], weight, bias, eps)

    return {"layer_norm": layer_norm}


@right_functions(
    base_encoder, "trait", bare=True, normalise="affine",
    known_failures={"encoder_layer.nan_shows": NAN_QUERY},
)  # fmt: skip
def torch_encoder_of_torch(build):
    """nn.TransformerEncoderLayer, given the parameters that it knows; its norms are affine."""

    def encoder_layer(x, params, num_heads, activation="relu", norm_first=False, mask=None):
        B, T, E = x.shape
        layer = nn.TransformerEncoderLayer(
            E, num_heads, params["linear1.bias"].numel(), dropout=0.0, activation=activation,
            batch_first=True, norm_first=norm_first, device="meta",
        )  # fmt: skip
        own = {name: params[name] for name, _ in layer.named_parameters()}
        src_mask = None
        if mask is not None:
            src_mask = mask.expand(B, num_heads, T, T).reshape(B * num_heads, T, T)
            if mask.dtype == torch.bool:
                src_mask = ~src_mask  # there, True means "may not attend"
        return torch.func.functional_call(layer, own, (x,), {"src_mask": src_mask})

    return {"encoder_layer": encoder_layer}


@right_functions(
    base_softmax, "trait", dtypes=SIXTEEN, bare=True, accumulate="dtype", fully_masked="nan"
)
def torch_softmax_of_torch_in_16_bits(build):
    """nn.functional.softmax, which keeps numerators in 16 bits along some axes, as declared."""

    def softmax(x, axis=-1):
        return nn.functional.softmax(x, dim=axis)

    return {"softmax": softmax}


@right_functions(
    base_attention, "trait", dtypes=SIXTEEN, bare=True, accumulate="dtype", fully_masked="nan"
)
def torch_attention_eager_in_16_bits(build):
    """Scores, weights and output are stored in 16 bits, one after the other, as declared."""

    def attention(q, k, v, mask=None, is_causal=False):
        scores = q @ k.transpose(-2, -1) / k.size(-1) ** 0.5
        if is_causal:
            causal = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
            mask = causal if mask is None else mask & causal
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        return torch.softmax(scores, dim=-1) @ v

    return {"attention": attention}


@right_functions(
    base_attention, "trait", bare=True, fully_masked={"boolean": "mean", "floating": "nan"}
)
def torch_attention_of_two_kinds_of_rows(build):
    """Boolean masks fill in the lowest number, floating ones are added, as declared."""

    def attention(q, k, v, mask=None, scale=None):
        scores = q @ k.transpose(-2, -1) * (q.size(-1) ** -0.5 if scale is None else scale)
        if mask is not None and mask.dtype == torch.bool:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        elif mask is not None:
            scores = scores + mask
        return torch.softmax(scores, dim=-1) @ v

    return {"attention": attention}


@right_functions(
    base_attention, "trait", bare=True, fully_masked={"attention": {"boolean": "zeros",
    "floating": "nan", "causal": "zeros"}},
)  # fmt: skip
def torch_attention_of_a_safe_softmax(build):
    """Boolean and causal rows without a key get zeros, those of a floating mask NaN."""

    def attention(q, k, v, mask=None, is_causal=False, query_offset=0):
        scores = q @ k.transpose(-2, -1) / q.size(-1) ** 0.5
        if mask is not None and mask.is_floating_point():
            assert not is_causal
            return torch.softmax(scores + mask, dim=-1) @ v
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool)
        if is_causal:
            seen = seen.tril(query_offset)
        if mask is not None:
            seen = seen & mask
        blind = ~seen.any(dim=-1, keepdim=True)
        scores = scores.masked_fill(~(seen | blind), -torch.inf)
        return torch.softmax(scores, dim=-1).masked_fill(blind, 0.0) @ v

    return {"attention": attention}
