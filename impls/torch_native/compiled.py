"""torch's functions under `torch.compile`: a fused program, which Inductor writes and g++ compiles.

Plugged in as `--impl torch_native:compiled.inductor`; `.traced` takes the same graph, but not
Inductor ("aot_eager"): what differs between the two is Inductor's. One program serves all sizes
but 0 and 1, which torch compiles for themselves; the first takes a minute, others seconds.
Attention is written out, as its equation; of the LSTM a step is compiled, and called in turn. It
needs torch 2.13.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqlaws.impls._shapes import axis_of, bind, bind_attention, bind_layer, of_any_rank
from seqlaws.impls.torch_native._checks import ALL, WIDE

TRAITS: dict[str, Any] = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": {"softmax": ALL, "layer_norm": ALL, "attention": WIDE}
    | dict.fromkeys(("lstm", "lstm_gates"), WIDE),
    "fully_masked": "nan",
    "causal_alignment": "top-left",
    "masked_nan": {"attention": "may leak"},
}


def weigh(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, is_causal: bool, scale: float
) -> Tensor:
    """softmax(scale q k^T + mask) v."""
    repeats = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1)
    scores = q @ k.mT * scale
    if is_causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
        scores = scores.masked_fill(later, -torch.inf)
    if mask is not None:
        scores = (
            scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
        )
    return functional.softmax(scores, dim=-1) @ v


def gates(
    x: Tensor, h: Tensor, w: Tensor, r: Tensor, b: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """i, f, g, o of an LSTM's step."""
    i, f, g, o = (functional.linear(x, w, b) + functional.linear(h, r, b_hh)).chunk(4, dim=1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


def step(x: Tensor, h: Tensor, c: Tensor, *parameters: Tensor) -> tuple[Tensor, Tensor]:
    """h and c after a step."""
    i, f, g, o = gates(x, h, *parameters)
    c = f * c + i * g
    return o * c.tanh(), c


class Compiled:
    """The functions under one of torch's compilers."""

    def __init__(self, backend: str) -> None:
        self.TRAITS, self.backend = TRAITS, backend
        self.compiled = cache(self.compile)

    def compile(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whole and for all sizes."""
        options: dict[str, Any] = {"recompile_limit": 1 << 16, "isolate_recompiles": True}
        options |= {"fullgraph": True, "dynamic": True, "backend": self.backend}
        compiled: Callable[..., Any] = torch.compile(function, **options)
        return compiled

    def softmax(self, x: Tensor, axis: int = -1) -> Tensor:
        """`torch.nn.functional.softmax` of x, any shape, along `axis`; -inf throughout: NaN."""
        bind(Tensor, ALL, x=(x, of_any_rank(x)))
        return self.compiled(functional.softmax)(x, dim=axis_of(x, axis))

    def layer_norm(self, x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
        """`torch.nn.functional.layer_norm` over the last axis of x, of rank 1 or more."""
        bind(Tensor, ALL, x=(x, of_any_rank(x, "E")), weight=(weight, "E"), bias=(bias, "E"))
        return self.compiled(functional.layer_norm)(x, x.shape[-1:], weight, bias, eps)

    def attention(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None = None,
        is_causal: bool = False,
        scale: float | None = None,
    ) -> Tensor:
        """From q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv), (B, N, L, Dv)."""
        n = bind_attention(Tensor, WIDE, q, k, v, mask)
        scale = max(n["D"], 1) ** -0.5 if scale is None else float(scale)
        return self.compiled(weigh)(q, k, v, mask, bool(is_causal), scale)

    def lstm_gates(
        self,
        x: Tensor,
        h: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
    ) -> tuple[Tensor, ...]:
        """The gates i, f, g, o of x (B, I) and h (B, H), each (B, H)."""
        shapes = {"x": "B I", "h": "B H", "weight_ih": "4H I", "weight_hh": "4H H"}
        given = (x, h, weight_ih, weight_hh, bias_ih, bias_hh)
        shapes |= {"bias_ih": "4H", "bias_hh": "4H"}
        named = zip(shapes, given, strict=True)
        bind(Tensor, WIDE, **{name: (array, shapes[name]) for name, array in named})
        found: tuple[Tensor, ...] = self.compiled(gates)(*given)
        return found

    def lstm(
        self,
        x: Tensor,
        h0: Tensor,
        c0: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
        reverse: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Over x (B, T, I) from h0, c0 (B, H); return y (B, T, H), h_n and c_n (B, H)."""
        parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        bind_layer(
            Tensor, WIDE, "4H", x=x, h0=h0, c0=c0, **dict(zip(names, parameters, strict=True))
        )
        run, h, c, y = self.compiled(step), h0, c0, []
        order = range(x.shape[1])
        for t in reversed(order) if reverse else order:
            h, c = run(x[:, t], h, c, *parameters)
            y.append(h)
        if not y:
            return x.new_zeros(x.shape[0], 0, h0.shape[1]), h0.clone(), c0.clone()
        return torch.stack(y[::-1] if reverse else y, dim=1), h.clone(), c.clone()


inductor, traced = Compiled("inductor"), Compiled("aot_eager")
