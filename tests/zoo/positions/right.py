"""Right positions in NumPy: other formulas and precisions of angles."""

import math
from functools import partial

import numpy as np

from zoo.entries import right, right_functions
from zoo.positions import base

encoding = partial(right, base.positional_encoding, dtypes=("float64",))
rotary = partial(right, base.rotary_embedding)


@encoding(None, "plain")
def encoding_plain():
    """The base as it is."""
    return {}


@encoding("rates", "formulation")
def encoding_by_exponentials(a):
    """The rates are exponentials of multiples of -log(10000) / dim."""
    return np.exp(np.arange(0, a.dim, 2) * (-math.log(10000.0) / max(a.dim, 1)))


@encoding("phases", "formulation")
def encoding_by_division(a, rates):
    """Positions are divided by powers of 10000."""
    return np.arange(a.length)[:, None] / 10000.0 ** (np.arange(0, a.dim, 2) / max(a.dim, 1))


@encoding("columns", "formulation")
def encoding_by_complex_exponentials(a, phases):
    """Sine and cosine are the parts of exp(i angle)."""
    waves = np.exp(1j * phases)
    pairs = np.stack([waves.imag, waves.real], -1)
    return pairs.reshape(a.length, 2 * phases.shape[1])[:, : a.dim].copy()


@encoding("columns", "formulation")
def encoding_row_by_row(a, phases):
    """Each row is made alone, by the functions of Python's math."""
    table = np.zeros((a.length, a.dim))
    for p, j in np.ndindex(a.length, a.dim):
        table[p, j] = (math.cos if j % 2 else math.sin)(phases[p, j // 2])
    return table


@rotary(None, "plain")
def rotary_plain():
    """The base as it is."""
    return {}


@rotary("frequencies", "formulation")
def rotary_by_exponentials(a):
    """The rates are exponentials of multiples of -log(base) / D."""
    dim = a.x.shape[-1]
    return np.exp(np.arange(0, dim, 2) * (-math.log(a.base) / max(dim, 1)))


@rotary("angles", "precision", dtypes=("float32",))
def rotary_angles_in_float32(a, frequencies):
    """Positions, rates and angles are all float32, as the contract admits."""
    dim = np.float32(max(a.x.shape[-1], 1))
    exponents = np.arange(0, a.x.shape[-1], 2).astype(np.float32) / dim
    rates = 1 / np.float32(a.base) ** exponents
    return a.positions.astype(np.float32)[:, None] * rates


@rotary(None, "formulation")
def rotary_by_complex_products():
    """Pairs are complex numbers, turned by a product with exp(i angle)."""

    def turned(a, u, v, cos, sin, way):
        kind = np.complex64 if u.dtype == np.float32 else np.complex128
        z = np.empty(u.shape, kind)
        z.real, z.imag = u, v
        wave = np.empty(cos.shape, kind)
        wave.real, wave.imag = cos, way * sin
        z = z * wave
        return z.real, z.imag

    return {
        "turn": lambda a, *given: turned(a, *given, 1),
        "back": lambda a, *given: turned(a, *given, -1),
    }


@rotary(None, "formulation")
def rotary_by_matrices():
    """Each pair is multiplied by a matrix of two rows."""

    def matrices(cos, sin):
        return np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)

    def turn(a, u, v, cos, sin):
        pairs = np.einsum("bnliy,lixy->bnlix", np.stack([u, v], -1), matrices(cos, sin))
        return pairs[..., 0], pairs[..., 1]

    def back(a, u, v, cos, sin):
        return turn(a, u, v, cos, -sin)

    return {"turn": turn, "back": back}


@right_functions(base.rotary_embedding, "offers less")
def rotary_of_halves_alone(build):
    """Neither another base nor interleaved pairs are offered; the gradient is."""
    functions = build()

    def rotary_embedding(x, positions):
        return functions["rotary_embedding"](x, positions)

    def rotary_embedding_vjp(dout, x, positions):
        return functions["rotary_embedding_vjp"](dout, x, positions)

    return {"rotary_embedding": rotary_embedding, "rotary_embedding_vjp": rotary_embedding_vjp}
