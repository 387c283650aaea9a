"""Right positions in torch: four dtypes, and the forms that libraries have."""

import math
from functools import partial

import torch

from zoo.entries import right
from zoo.positions import base_torch as base

ALL = ("float32", "float64", "bfloat16", "float16")
encoding = partial(right, base.positional_encoding, dtypes=("float64",))
rotary = partial(right, base.rotary_embedding, dtypes=ALL)


@encoding(None, "plain")
def torch_encoding_plain():
    """The base as it is."""
    return {}


@encoding("rates", "formulation")
def torch_encoding_by_exponentials(a):
    """The rates are exponentials of multiples of -log(10000) / dim."""
    i = torch.arange(0, a.dim, 2, dtype=torch.float64)
    return torch.exp(i * (-math.log(10000.0) / max(a.dim, 1)))


@encoding("phases", "formulation")
def torch_encoding_by_an_outer_product(a, rates):
    """Positions and rates are multiplied by torch.outer."""
    return torch.outer(torch.arange(a.length).double(), rates)


@rotary(None, "plain")
def torch_rotary_plain():
    """The base as it is; 16-bit dtypes are computed with in float32."""
    return {}


@rotary("waves", "precision", dtypes=("bfloat16", "float16"))
def torch_rotary_waves_in_storage_precision(a, angles):
    """Sines and cosines are cast to the dtype of x, as libraries do, and widened again."""
    return tuple(wave.to(a.x.dtype).float() for wave in (angles.cos(), angles.sin()))


@rotary("angles", "precision", dtypes=("float32", "bfloat16", "float16"))
def torch_rotary_angles_in_float32(a, frequencies):
    """Positions, rates and angles are float32, as the contract admits."""
    exponents = torch.arange(0, a.x.shape[-1], 2).float() / max(a.x.shape[-1], 1)
    return a.positions.float()[:, None] * (1.0 / (a.base**exponents))


@rotary("turn", "formulation")
def torch_rotary_by_complex_products(a, u, v, cos, sin):
    """Pairs are complex numbers, turned by a product with exp(i angle)."""
    z = torch.complex(u, v) * torch.complex(cos, sin)
    return z.real, z.imag


@rotary(None, "formulation")
def torch_rotary_by_rotate_half():
    """x cos + rotate_half(x) sin, with tables as wide as x."""

    def turn(a, u, v, cos, sin):
        x, turned = torch.cat([u, v], -1), torch.cat([-v, u], -1)
        y = x * torch.cat([cos, cos], -1) + turned * torch.cat([sin, sin], -1)
        return y.tensor_split(2, -1)

    return {"turn": turn}


@rotary("turn", "trait", dtypes=("bfloat16",), accumulate="bfloat16")
def torch_rotary_eager_in_bfloat16(a, u, v, cos, sin):
    """Tables, products and sums are stored in bfloat16 one by one, as declared."""
    return base.turn(a, *(z.bfloat16() for z in (u, v, cos, sin)))
