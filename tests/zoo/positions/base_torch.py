"""Positions in plain torch operations; parts as in base_positions, without those of the vjp."""

from types import SimpleNamespace

import torch

from zoo.base import Base
from zoo.base_torch import wide
from zoo.positions.base import check, check_sizes, encoding_functions, pairs, turn


def rates(a):
    return 10000.0 ** -(torch.arange(0, a.dim, 2, dtype=torch.float64) / max(a.dim, 1))


def phases(a, rates):
    return torch.arange(a.length, dtype=torch.float64)[:, None] * rates


def columns(a, phases):
    table = torch.zeros(a.length, a.dim, dtype=torch.float64)
    table[:, 0::2] = torch.sin(phases)
    table[:, 1::2] = torch.cos(phases[:, : a.dim // 2])
    return table


def table(a):
    return SimpleNamespace(encoding=a.part.columns(a, a.part.phases(a, a.part.rates(a))))


def frequencies(a):
    dim = a.x.shape[-1]
    i = torch.arange(0, dim, 2, dtype=torch.float64, device=a.x.device)
    return float(a.base) ** -(i / max(dim, 1))


def angles(a, frequencies):
    return a.positions[:, None] * frequencies


def waves(a, angles):
    dtype = wide(a.x).dtype
    return torch.cos(angles).to(dtype), torch.sin(angles).to(dtype)


def together(a, u, v):
    return torch.stack([u, v], -1).flatten(-2) if a.interleaved else torch.cat([u, v], -1)


def forward(a):
    cos, sin = a.part.waves(a, a.part.angles(a, a.part.frequencies(a)))
    u, v = a.part.turn(a, *a.part.pairs(a, wide(a.x)), cos, sin)
    return SimpleNamespace(out=a.part.together(a, u, v).to(a.x.dtype))


def rotary_functions(call, call_vjp):
    def rotary_embedding(x, positions, base=10000.0, interleaved=False):
        return call(x=x, positions=positions, base=base, interleaved=interleaved)

    return {"rotary_embedding": rotary_embedding}


ENCODING = {"check": check_sizes, "rates": rates, "phases": phases, "columns": columns}
ROTARY = {
    part.__name__: part for part in (check, frequencies, angles, waves, pairs, together, turn)
}
positional_encoding = Base(
    "positional_encoding", "torch", table, None, ENCODING, encoding_functions
)
rotary_embedding = Base("rotary_embedding", "torch", forward, None, ROTARY, rotary_functions)
