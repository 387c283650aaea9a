"""Rotary embeddings that lose digits of an angle: of the position, the angle, the frequency."""

from functools import partial

import numpy as np

from zoo.cases import case
from zoo.entries import wrong
from zoo.positions import base
from zoo.roundings import bfloat16
from zoo.witness import differs, gradient_differs

ROTARY = partial(case, "rotary_embedding", B=1, N=1)
digits = partial(wrong, base.rotary_embedding)


def at(*positions, **given):
    """A case at these positions."""
    return ROTARY(L=len(positions), positions=lambda drawn: np.array(positions), **given)


@digits("angles", "too few digits", differs(at(999_983, 524_287, 70_001), 0.05))
def rotary_angles_in_bfloat16_frequencies(a, frequencies):
    """The frequencies are kept in bfloat16."""
    return base.angles(a, bfloat16(frequencies.astype(np.float32)).astype(float))


@digits("angles", "too few digits", differs(at(2049, 4099, 60_001)))
def rotary_positions_in_float16(a, frequencies):
    """Positions are kept in float16."""
    near = np.clip(a.positions, -60_000, 60_000).astype(np.float16).astype(float)
    return near[:, None] * frequencies


@digits("angles", "too few digits", differs(at(2049, 4099, 60_001)))
def rotary_angles_in_float16(a, frequencies):
    """Angles are kept in float16."""
    angles = np.clip(base.angles(a, frequencies), -60_000, 60_000)
    return angles.astype(np.float16).astype(float)


@digits("angles", "too few digits", differs(at(257, 301)))
def rotary_far_positions_in_bfloat16(a, frequencies):
    """Positions are kept in bfloat16."""
    return bfloat16(a.positions.astype(np.float32)).astype(float)[:, None] * frequencies


@digits("angles", "too few digits", differs(at(40_000, 65_000)))
def rotary_positions_in_16_bits(a, frequencies):
    """Positions are kept in a signed whole number of 16 bits."""
    return a.positions.astype(np.int16)[:, None] * frequencies


@digits("angles", "too few digits", differs(at(9_000, 20_000)))
def rotary_table_of_8192_positions(a, frequencies):
    """A position beyond the 8,191st is taken for that one, as from a table."""
    return np.minimum(a.positions, 8191)[:, None] * frequencies


@digits("angles", "too few digits", gradient_differs(at(200_001, 500_009)))
def rotary_positions_modulo_2_to_the_17(a, frequencies):
    """Positions are kept in 17 bits, whatever their sign."""
    return (a.positions % 2**17)[:, None] * frequencies
