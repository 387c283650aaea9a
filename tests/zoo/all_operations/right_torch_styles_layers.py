"""Right layers as people write them in torch: nn.LSTM's adapter, the Annotated Transformer."""

import math

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from zoo.decoder.base_torch import decoder_layer as base_decoder
from zoo.entries import right_functions
from zoo.recurrent.base_torch import lstm as base_lstm


@right_functions(base_lstm, "style", bare=True)
def lstm_of_torch(build):
    """nn.LSTM with a call's weights; lengths by packing, which refuses a length of 0."""

    def lstm(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None):
        net = nn.LSTM(x.size(2), h0.size(1), batch_first=True, device="meta")
        state = {
            "weight_ih_l0": weight_ih,
            "weight_hh_l0": weight_hh,
            "bias_ih_l0": bias_ih,
            "bias_hh_l0": bias_hh,
        }
        inputs = x
        if lengths is not None:
            inputs = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        hidden = h0.unsqueeze(0), c0.unsqueeze(0)
        y, (h_n, c_n) = torch.func.functional_call(net, state, (inputs, hidden))
        if lengths is not None:
            y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.size(1))
        return y, h_n.squeeze(0), c_n.squeeze(0)

    return {"lstm": lstm}


def subsequent_mask(size):
    """Mask out subsequent positions."""
    return torch.triu(torch.ones(1, 1, size, size), diagonal=1) == 0


def attention(query, key, value, mask=None):
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(query.size(-1))
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return torch.matmul(scores.softmax(dim=-1), value)


class LayerNorm(nn.Module):
    def __init__(self, weight, bias, eps=1e-5):
        super().__init__()
        self.weight, self.bias, self.eps = weight, bias, eps

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        var = centred.pow(2).mean(-1, keepdim=True)
        return self.weight * centred / torch.sqrt(var + self.eps) + self.bias


class MultiHeadedAttention(nn.Module):
    def __init__(self, h, p, prefix):
        super().__init__()
        self.h, self.p, self.prefix = h, p, prefix

    def forward(self, query, key, value, mask=None):
        B, d_model = query.size(0), query.size(-1)
        weights = self.p[self.prefix + "in_proj_weight"].chunk(3)
        biases = self.p[self.prefix + "in_proj_bias"].chunk(3)
        query, key, value = [
            (x @ w.T + b).view(B, -1, self.h, d_model // self.h).transpose(1, 2)
            for x, w, b in zip((query, key, value), weights, biases, strict=True)
        ]
        x = attention(query, key, value, mask).transpose(1, 2).contiguous()
        x = x.view(B, -1, d_model)
        return x @ self.p[self.prefix + "out_proj.weight"].T + self.p[self.prefix + "out_proj.bias"]


class SublayerConnection(nn.Module):
    """A residual connection and a norm, before or after the sublayer."""

    def __init__(self, norm, norm_first):
        super().__init__()
        self.norm, self.norm_first = norm, norm_first

    def forward(self, x, sublayer):
        if self.norm_first:
            return x + sublayer(self.norm(x))
        return self.norm(x + sublayer(x))


class DecoderLayer(nn.Module):
    """Self-attention, attention to the source, feed forward."""

    def __init__(self, p, h, activation, norm_first):
        super().__init__()
        self.p = p
        self.self_attn = MultiHeadedAttention(h, p, "self_attn.")
        self.src_attn = MultiHeadedAttention(h, p, "multihead_attn.")
        self.act = {"relu": nn.ReLU(), "gelu": nn.GELU()}[activation]
        self.sublayer = [
            SublayerConnection(LayerNorm(p[f"norm{i}.weight"], p[f"norm{i}.bias"]), norm_first)
            for i in (1, 2, 3)
        ]

    def feed_forward(self, x):
        h = self.act(x @ self.p["linear1.weight"].T + self.p["linear1.bias"])
        return h @ self.p["linear2.weight"].T + self.p["linear2.bias"]

    def forward(self, x, memory, src_mask, tgt_mask):
        m = memory
        x = self.sublayer[0](x, lambda x: self.self_attn(x, x, x, tgt_mask))
        x = self.sublayer[1](x, lambda x: self.src_attn(x, m, m, src_mask))
        return self.sublayer[2](x, self.feed_forward)


@right_functions(base_decoder, "style", bare=True, fully_masked="nan")
def decoder_of_the_annotated_transformer(build):
    """Modules of modules, in the Annotated Transformer's names; boolean masks of the memory."""

    def decoder_layer(
        x, memory, params, num_heads, activation="relu", norm_first=False, memory_mask=None
    ):
        layer = DecoderLayer(params, num_heads, activation, norm_first)
        return layer(x, memory, memory_mask, subsequent_mask(x.size(1)))

    return {"decoder_layer": decoder_layer}
