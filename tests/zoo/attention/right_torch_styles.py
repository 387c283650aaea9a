"""Right attention as people write it in torch: a course's module, a small GPT's, torch's own."""

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from zoo.attention.base_torch import attention as base
from zoo.entries import right_functions
from zoo.multi_head.base_torch import multi_head_attention as base_multi_head
from zoo.positions.base_torch import rotary_embedding as base_rotary

NAN_QUERY = "on the CPU scaled_dot_product_attention answers a NaN query with zeros"


class ScaledDotProductAttention(nn.Module):
    """softmax(Q K^T / sqrt(d)) V with einsum."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, q, k, v, mask=None):
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k) / math.sqrt(q.size(-1))
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        weights = self.dropout(F.softmax(scores, dim=-1))
        return torch.einsum("bhqk,bhkd->bhqd", weights, v)


@right_functions(base, "style", bare=True, fully_masked="nan")
def attention_of_a_course(build):
    """An nn.Module with einsum and boolean masks; `~` refuses any other; NaN rows, as declared."""
    module = ScaledDotProductAttention()

    def attention(q, k, v, mask=None):
        return module(q, k, v, mask)

    return {"attention": attention}


class CausalSelfAttention(nn.Module):
    """Attention of a small GPT: the causal mask is a buffer, cut to size."""

    def __init__(self, block_size):
        super().__init__()
        tril = torch.tril(torch.ones(block_size, block_size))
        self.register_buffer("bias", tril.view(1, 1, block_size, block_size))

    def forward(self, q, k, v, causal):
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        if causal:
            T, S = att.shape[-2:]
            att = att.masked_fill(self.bias[:, :, :T, :S] == 0, float("-inf"))
        att = F.softmax(att, dim=-1)
        return att @ v


@right_functions(base, "style", bare=True)
def attention_of_a_small_gpt(build):
    """A causal mask in a registered buffer; heads are whatever the product broadcasts."""

    def attention(q, k, v, is_causal=False):
        model = CausalSelfAttention(block_size=max(q.size(2), k.size(2)))
        return model(q, k, v, is_causal)

    return {"attention": attention}


@right_functions(base, "style", bare=True, known_failures={"attention.nan_shows": NAN_QUERY})
def attention_of_torch(build):
    """F.scaled_dot_product_attention behind an adapter of one line."""

    def attention(q, k, v, mask=None, is_causal=False):
        return F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=is_causal, enable_gqa=True
        )

    return {"attention": attention}


@right_functions(
    base_multi_head, "style", bare=True,
    known_failures={"multi_head_attention.nan_shows": NAN_QUERY},
)  # fmt: skip
def multi_head_of_torch(build):
    """nn.MultiheadAttention behind an adapter that turns masks around and gives them its shape."""

    def multi_head_attention(
        query, key, value, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias, num_heads,
        mask=None, is_causal=False,
    ):  # fmt: skip
        state = {
            "in_proj_weight": in_proj_weight,
            "in_proj_bias": in_proj_bias,
            "out_proj.weight": out_proj_weight,
            "out_proj.bias": out_proj_bias,
        }
        B, L, E = query.shape
        S = key.size(1)
        attn_mask = None
        if is_causal:
            assert mask is None
            attn_mask = torch.triu(torch.ones(L, S, dtype=torch.bool), diagonal=1)
        elif mask is not None:
            attn_mask = mask.expand(B, num_heads, L, S).reshape(B * num_heads, L, S)
            if mask.dtype == torch.bool:
                attn_mask = ~attn_mask  # there, True means "may not attend"
        mha = nn.MultiheadAttention(E, num_heads, batch_first=True, device="meta")
        kwargs = {"attn_mask": attn_mask, "need_weights": False}
        return torch.func.functional_call(mha, state, (query, key, value), kwargs)[0]

    return {"multi_head_attention": multi_head_attention}


def precompute_freqs_cis(dim, positions, theta):
    freqs = 1.0 / (theta ** (torch.arange(0, dim, 2).float() / dim))
    freqs = torch.outer(positions.float(), freqs)
    return torch.polar(torch.ones_like(freqs), freqs)  # complex64


def apply_rotary_emb(x, freqs_cis):
    x_ = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(x_ * freqs_cis).flatten(3).type_as(x)


@right_functions(base_rotary, "style", dtypes=("float32", "bfloat16"), bare=True)
def rotary_of_a_llama(build):
    """Pairs are complex numbers, angles torch.polar's; split halves are permuted to pairs."""

    def rotary_embedding(x, positions, base=10000.0, interleaved=False):
        D = x.size(-1)
        freqs_cis = precompute_freqs_cis(D, positions, base)
        if interleaved:
            return apply_rotary_emb(x, freqs_cis)
        pairs = x.unflatten(-1, (2, D // 2)).transpose(-1, -2).flatten(-2)
        turned = apply_rotary_emb(pairs, freqs_cis)
        return turned.unflatten(-1, (D // 2, 2)).transpose(-1, -2).flatten(-2)

    return {"rotary_embedding": rotary_embedding}
