"""Wrong positions in torch: what the default dtype, a cast model and autograd do to angles."""

from functools import partial

import numpy as np
import torch

from zoo.base_torch import wide
from zoo.cases import case
from zoo.entries import wrong
from zoo.positions import base_torch as base
from zoo.witness import differs, gradient_differs

given = partial(case, "rotary_embedding")
table = partial(case, "positional_encoding", dtype="float64")
rotary = partial(wrong, base.rotary_embedding)
encoding = partial(wrong, base.positional_encoding, dtypes=("float64",))
ALL = ("float32", "bfloat16", "float16")
LATE = partial(given, positions=lambda _: np.array([30_001, 3, 777, 1, 0]))
BEYOND = given(positions=lambda _: np.array([2049, 3, 9000, 1, 0]))
FINE = 1e-9  # in float64 angles up to a million are known to 1e-9
# In 16 bits a right one is off by three roundings of numbers around 4; these are off by some units.
COARSE = 0.1


@encoding(
    "phases",
    "precision",
    differs(table(length=100), FINE),
    diagnosis="angles in float32, and positions and rates",
)
def torch_encoding_in_the_default_dtype(a, rates):
    """Angles are formed in torch's default dtype, float32."""
    return (torch.arange(a.length).float()[:, None] * rates.float()).double()


@encoding("columns", "odd sizes", differs(table(dim=5)))
def torch_encoding_odd_dim_lacks_its_last_sine(a, phases):
    """For an odd dim the last column stays zero, where torch refused the assignment."""
    made = torch.zeros(a.length, a.dim, dtype=torch.float64)
    half = a.dim // 2
    made[:, 0 : 2 * half : 2] = torch.sin(phases[:, :half])
    made[:, 1::2] = torch.cos(phases[:, :half])
    return made


@encoding("result", "shape", differs(table()))
def torch_encoding_with_a_batch_axis(a, o):
    """The table has an axis for a batch in front, as a module's buffer has."""
    o.encoding = o.encoding[None]


@rotary("angles", "precision", differs(LATE(dtype="bfloat16"), COARSE), dtypes=("bfloat16",))
def torch_rotary_angles_in_bfloat16(a, frequencies):
    """The buffer of rates was cast with the model, so angles are formed in bfloat16."""
    return a.positions.to(a.x.dtype)[:, None] * frequencies.to(a.x.dtype)


@rotary(
    "angles", "precision", differs(LATE(dtype="bfloat16"), COARSE), dtypes=("bfloat16", "float16")
)
def torch_rotary_positions_in_the_inputs_dtype(a, frequencies):
    """Positions take the dtype of x before they meet the rates in float32."""
    return a.positions.to(a.x.dtype).float()[:, None] * frequencies.float()


@rotary("frequencies", "precision", differs(LATE(dtype="float16"), COARSE), dtypes=("float16",))
def torch_rotary_rates_in_the_inputs_dtype(a):
    """Rates are rounded to the dtype of x, positions and angles are float32."""
    return base.frequencies(a).to(a.x.dtype).float()


@rotary("turn", "formula", differs(given()), diagnosis="the rotation in the other direction")
def torch_rotary_in_the_other_direction(a, u, v, cos, sin):
    """rotate_half takes the sign from the other half."""
    return u * cos + v * sin, v * cos - u * sin


@rotary("waves", "broadcast", differs(given(N=5, L=5)))
def torch_rotary_turns_heads_for_positions(a, angles):
    """The tables get their axis for the heads behind, which fits where N = L."""
    cos, sin = base.waves(a, angles)
    swapped = a.x.shape[1] == a.x.shape[2]
    return (cos[:, None], sin[:, None]) if swapped else (cos, sin)


@rotary("turn", "gradient", gradient_differs(given()), diagnosis="the gradient without its sines")
def torch_rotary_gradient_without_sines(a, u, v, cos, sin):
    """What is multiplied by the sine is detached, so nothing comes back of it."""
    return u * cos - v.detach() * sin, v * cos + u.detach() * sin


@rotary("pairs", "gradient", gradient_differs(given(interleaved=True)))
def torch_rotary_gradient_cut_where_interleaved(a, z):
    """Interleaved pairs are read through a copy that autograd does not see in full."""
    if not a.interleaved:
        return base.pairs(a, z)
    return z[..., 0::2], z.detach()[..., 1::2]


@rotary("frequencies", "tile tail", differs(given(D=66)))
def torch_rotary_only_thirty_two_pairs(a):
    """Pairs beyond the thirty-second are not turned."""
    rates = base.frequencies(a)
    return torch.where(torch.arange(len(rates)) < 32, rates, 0.0)


@rotary("turn", "precision", differs(given(dtype="float64"), 1e-9), dtypes=("float64",))
def torch_rotary_in_float32(a, u, v, cos, sin):
    """Float64 numbers, not only their angles, are turned in float32."""
    u, v = base.turn(a, u.float(), v.float(), cos.float(), sin.float())
    return u.double(), v.double()


@rotary(
    "angles",
    "table",
    differs(given(positions=lambda _: np.array([2049, 3, 9000, 1, 0]))),
    dtypes=ALL,
)
def torch_rotary_table_of_2048(a, frequencies):
    """Positions beyond the table of 2048 begin again."""
    return (a.positions % 2048)[:, None] * frequencies


@rotary("waves", "option ignored", differs(given(base=100.0)), diagnosis="base ignored")
def torch_rotary_base_ignored(a, angles):
    """The tables are those of a base of 10000."""
    a.base = 10000.0
    angles = a.positions[:, None] * base.frequencies(a)
    return torch.cos(angles).to(wide(a.x).dtype), torch.sin(angles).to(wide(a.x).dtype)
