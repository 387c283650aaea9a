"""Right layers as people write them in NumPy: a transformer in sixty lines, a cache."""

import math

import numpy as np

from zoo.encoder import base as base_encoder
from zoo.entries import right_functions
from zoo.generate import base as base_generate


def softmax(x):
    exp_x = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return exp_x / np.sum(exp_x, axis=-1, keepdims=True)


def layer_norm(x, g, b, eps=1e-5):
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.var(x, axis=-1, keepdims=True)
    return g * (x - mean) / np.sqrt(variance + eps) + b


def linear(x, w, b):
    return x @ w.T + b


def relu(x):
    return np.maximum(0, x)


def gelu(x):
    erf = np.vectorize(math.erf, otypes=[x.dtype])
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def split_heads(x, n_head):  # (B, T, E) -> (B, N, T, D)
    return np.stack(np.split(x, n_head, axis=-1), axis=1)


def merge_heads(x):  # (B, N, T, D) -> (B, T, E)
    return np.concatenate([x[:, i] for i in range(x.shape[1])], axis=-1)


def attention(q, k, v, bias=0.0):
    return softmax(q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1]) + bias) @ v


def mha(x, c_attn, c_proj, n_head, bias):
    qkv = np.split(linear(x, *c_attn), 3, axis=-1)
    q, k, v = (split_heads(t, n_head) for t in qkv)
    return linear(merge_heads(attention(q, k, v, bias)), *c_proj)


def ffn(x, c_fc, c_proj, act):
    return linear(act(linear(x, *c_fc)), *c_proj)


@right_functions(base_encoder.encoder_layer, "style", bare=True, fully_masked="nan")
def encoder_in_sixty_lines(build):
    """A transformer block of small functions; it reads the parameters that it knows by name."""

    def encoder_layer(x, params, num_heads, activation="relu", norm_first=False, mask=None):
        bias = 0.0
        if mask is not None:
            bias = mask
            if mask.dtype == bool:
                bias = np.where(mask, 0, -np.inf).astype(x.dtype)
        in_proj = params["self_attn.in_proj_weight"], params["self_attn.in_proj_bias"]
        out_proj = params["self_attn.out_proj.weight"], params["self_attn.out_proj.bias"]
        fc1 = params["linear1.weight"], params["linear1.bias"]
        fc2 = params["linear2.weight"], params["linear2.bias"]
        ln_1 = params["norm1.weight"], params["norm1.bias"]
        ln_2 = params["norm2.weight"], params["norm2.bias"]
        act = {"relu": relu, "gelu": gelu}[activation]
        if norm_first:
            x = x + mha(layer_norm(x, *ln_1), in_proj, out_proj, num_heads, bias)
            return x + ffn(layer_norm(x, *ln_2), fc1, fc2, act)
        x = layer_norm(x + mha(x, in_proj, out_proj, num_heads, bias), *ln_1)
        return layer_norm(x + ffn(x, fc1, fc2, act), *ln_2)

    return {"encoder_layer": encoder_layer}


def sinusoids(length, channels):
    angles = np.arange(length)[:, None] / 10000 ** (2 * (np.arange(channels) // 2) / channels)
    return np.where(np.arange(channels) % 2 == 0, np.sin(angles), np.cos(angles))


class DecoderBlock:
    """One layer that reads one new token; keys and values of earlier ones are kept."""

    def __init__(self, weights, n_head, memory):
        self.p, self.n_head = weights, n_head
        _, wk, wv = np.split(self.p["multihead_attn.in_proj_weight"], 3)
        _, bk, bv = np.split(self.p["multihead_attn.in_proj_bias"], 3)
        self.cross_k = split_heads(linear(memory, wk, bk), n_head)
        self.cross_v = split_heads(linear(memory, wv, bv), n_head)
        self.k_cache = self.v_cache = None

    def pair(self, name):
        return self.p[name + "weight"], self.p[name + "bias"]

    def self_attention(self, x):
        qkv = np.split(linear(x, *self.pair("self_attn.in_proj_")), 3, axis=-1)
        q, k, v = (split_heads(t, self.n_head) for t in qkv)
        if self.k_cache is not None:
            k = np.concatenate([self.k_cache, k], axis=2)
            v = np.concatenate([self.v_cache, v], axis=2)
        self.k_cache, self.v_cache = k, v
        return linear(merge_heads(attention(q, k, v)), *self.pair("self_attn.out_proj."))

    def cross_attention(self, x):
        w, b = self.pair("multihead_attn.in_proj_")
        q = split_heads(linear(x, w[: x.shape[-1]], b[: x.shape[-1]]), self.n_head)
        out = merge_heads(attention(q, self.cross_k, self.cross_v))
        return linear(out, *self.pair("multihead_attn.out_proj."))

    def __call__(self, x):
        x = layer_norm(x + self.self_attention(x), *self.pair("norm1."))
        x = layer_norm(x + self.cross_attention(x), *self.pair("norm2."))
        h = ffn(x, self.pair("linear1."), self.pair("linear2."), relu)
        return layer_norm(x + h, *self.pair("norm3."))


@right_functions(base_generate.generate, "style", bare=True)
def text_with_a_cache(build):
    """A greedy loop over one token at a time, with keys and values kept in each block."""

    def generate(memory, start, steps, params, num_heads):
        blocks = []
        while f"layers.{len(blocks)}.norm1.weight" in params:
            prefix = f"layers.{len(blocks)}."
            own = {k[len(prefix) :]: v for k, v in params.items() if k.startswith(prefix)}
            blocks.append(DecoderBlock(own, num_heads, memory))
        wte = params["embedding.weight"]
        wpe = sinusoids(steps, wte.shape[1]).astype(wte.dtype)
        token, generated = start, []
        for t in range(steps):
            x = (wte[token] + wpe[t])[:, None, :]
            for block in blocks:
                x = block(x)
            logits = linear(x[:, -1], params["projection.weight"], params["projection.bias"])
            token = logits.argmax(axis=-1)
            generated.append(token)
        return np.stack(generated, axis=1)

    return {"generate": generate}
