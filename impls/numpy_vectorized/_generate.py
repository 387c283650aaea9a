"""Greedy decoding, one position at a time. Vaswani et al. (2017); Shazeer (2019).

Keys and values of a position never change once it is written: they are kept, and at each step only
the last position is computed. Those of the memory are computed once.
"""

from typing import Any

import numpy as np

from seqlaws.impls._parameters import DECODER, FEED_FORWARD, of_generator
from seqlaws.impls.numpy_vectorized._attention import attention
from seqlaws.impls.numpy_vectorized._checks import Array, contiguous, integer
from seqlaws.impls.numpy_vectorized._feed_forward import feed_forward
from seqlaws.impls.numpy_vectorized._linear import linear
from seqlaws.impls.numpy_vectorized._multi_head import check_heads, join, split
from seqlaws.impls.numpy_vectorized._positions import positional_encoding
from seqlaws.impls.numpy_vectorized._sublayers import around, four, taken


@np.errstate(all="ignore")
def generate(
    memory: Array, start: Array, steps: Any, params: dict[str, Array], num_heads: int
) -> Array:
    """Write `steps` tokens after start (B,), given memory (B, S, E); return them, (B, steps).

    `params` has embedding.weight (V, E), the parameters of decoder layers under layers.0. and so
    on, projection.weight (V, E) and projection.bias (V,). Ties go to the lowest token. Raises
    `ValueError` for a wrong shape or name, a number of steps below 0 and a start that is no token,
    `TypeError` for a wrong dtype.
    """
    depth, shapes = of_generator(params)
    size, params = taken(params, shapes, memory=(memory, "B S E"))
    check_heads(num_heads, size["E"])
    steps, token = _checked(steps, start, size["B"], size["V"])
    layers = [
        _Layer({n: params[f"layers.{i}.{n}"] for n in DECODER}, contiguous(memory)[0], num_heads)
        for i in range(depth)
    ]
    positions = positional_encoding(steps, size["E"]).astype(memory.dtype)
    tokens = np.empty((size["B"], steps), np.int64)
    for t in range(steps):
        x = params["embedding.weight"][token][:, None] + positions[t]  # (B, 1, E)
        for layer in layers:
            x = layer.at_the_next_position(x)
        logits = linear(x, params["projection.weight"], params["projection.bias"])[:, 0]
        token = tokens[:, t] = np.argmax(logits, axis=-1)
    return tokens


class _Layer:
    """A decoder layer that remembers the keys and values of the positions before."""

    def __init__(self, params: dict[str, Array], memory: Array, num_heads: int) -> None:
        self.params, self.num_heads = params, num_heads
        self.keys, self.values = self.projected("multihead_attn", memory, slice(1, 3))
        self.written: tuple[Array, Array] | None = None

    def projected(self, name: str, z: Array, blocks: slice) -> list[Array]:
        """Those of query, key and value of z (B, T, E) that are asked for, each (B, N, T, D)."""
        weight, bias = (np.split(self.params[f"{name}.in_proj_{p}"], 3) for p in ("weight", "bias"))
        pairs = zip(weight[blocks], bias[blocks], strict=True)
        return [split(linear(z, w, b), self.num_heads) for w, b in pairs]

    def at_the_next_position(self, x: Array) -> Array:
        """Map x (B, 1, E) to (B, 1, E), given all positions before."""
        p = self.params
        norm = [(p[f"norm{i}.weight"], p[f"norm{i}.bias"]) for i in (1, 2, 3)]
        x = around(x, self.itself, *norm[0])
        x = around(x, self.cross, *norm[1])
        return around(x, self.forward, *norm[2])

    def itself(self, z: Array) -> Array:
        q, k, v = self.projected("self_attn", z, slice(3))
        if self.written is not None:
            pairs = zip(self.written, (k, v), strict=True)
            k, v = (np.concatenate(pair, axis=2) for pair in pairs)
        self.written = k, v
        return self.out("self_attn", attention(q, k, v))

    def cross(self, z: Array) -> Array:
        (q,) = self.projected("multihead_attn", z, slice(1))
        return self.out("multihead_attn", attention(q, self.keys, self.values))

    def forward(self, z: Array) -> Array:
        return feed_forward(z, *four(self.params, FEED_FORWARD), "relu")

    def out(self, name: str, heads: Array) -> Array:
        weight, bias = (self.params[f"{name}.out_proj.{part}"] for part in ("weight", "bias"))
        return linear(join(heads), weight, bias)


def _checked(steps: Any, start: Any, batch: int, vocabulary: int) -> tuple[int, Array]:
    """The number of steps and the first tokens."""
    steps = integer("steps", steps)
    if steps < 0:
        raise ValueError(f"steps must not be negative; got {steps}")
    if not isinstance(start, np.ndarray) or start.dtype.kind not in "iu":
        kind = getattr(start, "dtype", type(start).__name__)
        raise TypeError(f"start must be an array of integers, not of {kind}")
    if start.shape != (batch,):
        raise ValueError(f"start must have shape ({batch},); got {start.shape}")
    if ((start < 0) | (start >= vocabulary)).any():
        raise ValueError(f"start must lie in 0..{vocabulary - 1}; got {start.tolist()}")
    return steps, start
