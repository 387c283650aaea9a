"""Greedy decoding with a cache of keys and values. Vaswani et al. (2017); Shazeer (2019).

Plugged in as `--impl torch_ops:cached`. `torch_ops.generate` computes everything anew for each
token; here only the last position is computed. Keys and values of a position never change once it
is written, and those of the memory are computed once.
"""

from typing import Any

import torch
from torch import Tensor

from seqlaws.impls._parameters import DECODER, FEED_FORWARD, of_generator
from seqlaws.impls.torch_ops._attention import attention
from seqlaws.impls.torch_ops._checks import wide
from seqlaws.impls.torch_ops._feed_forward import feed_forward
from seqlaws.impls.torch_ops._generate import checked, lowest_of_the_largest
from seqlaws.impls.torch_ops._multi_head import check_heads, split
from seqlaws.impls.torch_ops._positions import positional_encoding
from seqlaws.impls.torch_ops._sublayers import around, four, taken

TRAITS = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": ("float64", "float32", "bfloat16", "float16"),
}


def generate(
    memory: Tensor, start: Tensor, steps: Any, params: dict[str, Tensor], num_heads: int
) -> Tensor:
    """Write `steps` tokens after start (B,), given memory (B, S, E); return them, (B, steps).

    Arguments and exceptions are those of `torch_ops.generate`.
    """
    depth, shapes = of_generator(params)
    size, p = taken(params, shapes, memory=(memory, "B S E"))
    check_heads(num_heads, size["E"])
    steps = checked(steps, start, size["B"], size["V"])
    layers = [
        _Layer({n: p[f"layers.{i}.{n}"] for n in DECODER}, wide(memory), num_heads, steps)
        for i in range(depth)
    ]
    positions = positional_encoding(steps, size["E"]).to(p["embedding.weight"])
    tokens = start.new_empty((size["B"], steps), dtype=torch.int64)
    token = start.long()
    for t in range(steps):
        x = p["embedding.weight"][token][:, None] + positions[t]  # (B, 1, E)
        for layer in layers:
            x = layer.at_position(t, x)
        logits = x[:, 0] @ p["projection.weight"].mT + p["projection.bias"]
        token = tokens[:, t] = lowest_of_the_largest(logits)
    return tokens


class _Layer:
    """A decoder layer that keeps the keys and values of the positions before, (B, N, steps, D)."""

    def __init__(
        self, params: dict[str, Tensor], memory: Tensor, num_heads: int, steps: int
    ) -> None:
        self.params, self.num_heads = params, num_heads
        self.norms = [(params[f"norm{i}.weight"], params[f"norm{i}.bias"]) for i in (1, 2, 3)]
        self.memory = self.projected("multihead_attn", memory, slice(1, 3))
        batch, _, features = memory.shape
        shape = (batch, num_heads, steps, features // num_heads)
        self.keys, self.values = memory.new_empty(shape), memory.new_empty(shape)

    def projected(self, name: str, z: Tensor, blocks: slice) -> list[Tensor]:
        """Those of query, key and value of z (B, T, E) that are asked for, each (B, N, T, D)."""
        weight, bias = (self.params[f"{name}.in_proj_{p}"].chunk(3) for p in ("weight", "bias"))
        pairs = zip(weight[blocks], bias[blocks], strict=True)
        return [split(z @ w.mT + b, self.num_heads) for w, b in pairs]

    def at_position(self, t: int, x: Tensor) -> Tensor:
        """Map x (B, 1, E), the input at position t, to (B, 1, E)."""
        k_memory, v_memory = self.memory

        def itself(z: Tensor) -> Tensor:
            q, k, v = self.projected("self_attn", z, slice(3))
            self.keys[:, :, t], self.values[:, :, t] = k[:, :, 0], v[:, :, 0]
            k, v = self.keys[:, :, : t + 1], self.values[:, :, : t + 1]
            return self.out("self_attn", attention(q, k, v))

        def cross(z: Tensor) -> Tensor:
            (q,) = self.projected("multihead_attn", z, slice(1))
            return self.out("multihead_attn", attention(q, k_memory, v_memory))

        def forward(z: Tensor) -> Tensor:
            return feed_forward(z, *four(self.params, FEED_FORWARD), "relu")

        for f, norm in zip((itself, cross, forward), self.norms, strict=True):
            x = around(x, f, *norm, norm_first=False)
        return x

    def out(self, name: str, heads: Tensor) -> Tensor:
        """Join the heads (B, N, 1, D), and project them to (B, 1, E)."""
        weight, bias = (self.params[f"{name}.out_proj.{part}"] for part in ("weight", "bias"))
        return heads.transpose(1, 2).flatten(2) @ weight.mT + bias
