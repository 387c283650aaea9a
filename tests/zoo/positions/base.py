"""Positions in plain NumPy: the table of sines and cosines, and the rotary embedding.

Parts of the table: rates(a) how far each pair of columns turns in one position; phases(a, rates)
the angles; columns(a, phases) the table.
Parts of the rotation: frequencies(a) and angles(a, frequencies), in float64; waves(a, angles)
cosine and sine in the dtype; pairs(a, z) and together(a, u, v); turn(a, u, v, cos, sin), and back
for the gradient.
"""

from types import SimpleNamespace

import numpy as np

from zoo.base import Base
from zoo.signatures import dtype_name, expect


def check_sizes(a):
    for size in (a.length, a.dim):
        if isinstance(size, bool) or not isinstance(size, int):
            raise TypeError(f"{size!r} is no size")
        if size < 0:
            raise ValueError(f"{size!r} is no size")


def rates(a):
    return 10000.0 ** -(np.arange(0, a.dim, 2) / max(a.dim, 1))


def phases(a, rates):
    return np.arange(a.length)[:, None] * rates


def columns(a, phases):
    table = np.empty((a.length, a.dim))
    table[:, 0::2] = np.sin(phases)
    table[:, 1::2] = np.cos(phases[:, : a.dim // 2])
    return table


def table(a):
    return SimpleNamespace(encoding=a.part.columns(a, a.part.phases(a, a.part.rates(a))))


def encoding_functions(call, call_vjp):
    def positional_encoding(length, dim):
        return call(length=length, dim=dim)

    return {"positional_encoding": positional_encoding}


def check(a):
    sizes = expect(a, {"x": "B N L D"}, a.traits["dtypes"])
    if not hasattr(a.positions, "dtype") or "int" not in dtype_name(a.positions):
        raise TypeError("positions are no whole numbers")
    if tuple(a.positions.shape) != (sizes["L"],) or sizes["D"] % 2:
        raise ValueError(f"positions {tuple(a.positions.shape)} of x {tuple(a.x.shape)}")
    if not a.base > 0:
        raise ValueError(f"a base of {a.base}")


def check_cotangents(a):
    expect(a, {"x": "B N L D", "dout": "B N L D"}, a.traits["dtypes"])


def frequencies(a):
    dim = a.x.shape[-1]
    return float(a.base) ** -(np.arange(0, dim, 2) / max(dim, 1))


def angles(a, frequencies):
    return a.positions[:, None] * frequencies


def waves(a, angles):
    return np.cos(angles).astype(a.x.dtype), np.sin(angles).astype(a.x.dtype)


def pairs(a, z):
    half = z.shape[-1] // 2
    return (z[..., 0::2], z[..., 1::2]) if a.interleaved else (z[..., :half], z[..., half:])


def together(a, u, v):
    if a.interleaved:
        return np.stack([u, v], axis=-1).reshape(*u.shape[:-1], 2 * u.shape[-1])
    return np.concatenate([u, v], axis=-1)


def turn(a, u, v, cos, sin):
    return u * cos - v * sin, v * cos + u * sin


def back(a, u, v, cos, sin):
    return u * cos + v * sin, v * cos - u * sin


def turned(a, z, turn):
    with np.errstate(all="ignore"):
        cos, sin = a.part.waves(a, a.part.angles(a, a.part.frequencies(a)))
        return a.part.together(a, *turn(a, *a.part.pairs(a, z), cos, sin))


def forward(a):
    return SimpleNamespace(out=turned(a, a.x, a.part.turn))


def gradient(a):
    return SimpleNamespace(x=turned(a, a.dout, a.part.back))


def rotary_functions(call, call_vjp):
    def rotary_embedding(x, positions, base=10000.0, interleaved=False):
        return call(x=x, positions=positions, base=base, interleaved=interleaved)

    def rotary_embedding_vjp(dout, x, positions, base=10000.0, interleaved=False):
        return call_vjp(dout=dout, x=x, positions=positions, base=base, interleaved=interleaved)

    return {"rotary_embedding": rotary_embedding, "rotary_embedding_vjp": rotary_embedding_vjp}


ENCODING = {"check": check_sizes, "rates": rates, "phases": phases, "columns": columns}
ROTARY = {
    part.__name__: part
    for part in (
        *(check, check_cotangents, frequencies, angles, waves),
        *(pairs, together, turn, back),
    )
}
positional_encoding = Base(
    "positional_encoding", "numpy", table, None, ENCODING, encoding_functions
)
rotary_embedding = Base("rotary_embedding", "numpy", forward, gradient, ROTARY, rotary_functions)
