"""Wrong tables of positions in NumPy."""

from functools import partial

import numpy as np

from zoo.buffers import into_buffer
from zoo.cases import case
from zoo.entries import wrong
from zoo.manners import shares_earlier
from zoo.positions import base
from zoo.roundings import bfloat16
from zoo.witness import differs

given = partial(case, "positional_encoding", dtype="float64")
encoding = partial(wrong, base.positional_encoding, dtypes=("float64",))
FINE = 1e-9  # in float64 angles up to a million are known to 1e-9


@encoding("rates", "formula", differs(given()), diagnosis="exponents i / D")
def encoding_exponent_without_two(a):
    """The exponent is i / dim in place of 2i / dim."""
    return 10000.0 ** -(np.arange(0, a.dim, 2) / 2 / max(a.dim, 1))


@encoding("columns", "formula", differs(given()), diagnosis="each column at a rate of its own")
def encoding_each_column_its_own_rate(a, phases):
    """A cosine has the exponent of its own column, not that of its pair's sine."""
    columns = np.arange(a.dim)
    angles = np.arange(a.length)[:, None] * 10000.0 ** -(columns / max(a.dim, 1))
    return np.where(columns % 2, np.cos(angles), np.sin(angles))


@encoding("rates", "formula", differs(given()))
def encoding_last_rate_is_the_base(a):
    """The rates go down to 1 / 10000 itself: divided by one pair less."""
    count = (a.dim + 1) // 2
    return 10000.0 ** -(np.arange(count) / max(count - 1, 1))


@encoding("rates", "formula", differs(given()), diagnosis="a base of 1000")
def encoding_of_another_base(a):
    """The base is 1000."""
    return 1000.0 ** -(np.arange(0, a.dim, 2) / max(a.dim, 1))


@encoding("columns", "formula", differs(given()), diagnosis="cosines in even columns")
def encoding_begins_with_cosine(a, phases):
    """Cosines stand in the even columns, sines in the odd ones."""
    waves = np.stack([np.cos(phases), np.sin(phases)], -1)
    return waves.reshape(a.length, 2 * phases.shape[1])[:, : a.dim]


@encoding("columns", "layout", differs(given()), diagnosis="sines first, then cosines")
def encoding_in_halves(a, phases):
    """All sines stand before all cosines."""
    return np.concatenate([np.sin(phases), np.cos(phases[:, : a.dim // 2])], axis=1)


@encoding("columns", "odd sizes", differs(given(dim=5)), diagnosis="an odd dim ends with a cosine")
def encoding_odd_dim_ends_with_cosine(a, phases):
    """An odd dim ends with a cosine."""
    table = base.columns(a, phases)
    if a.dim % 2:
        table[:, -1] = np.cos(phases[:, -1])
    return table


@encoding("columns", "odd sizes", differs(given(dim=7)))
def encoding_odd_dim_ends_with_nothing(a, phases):
    """For an odd dim the last column stays zero."""
    table = base.columns(a, phases)
    table[:, a.dim // 2 * 2 :] = 0
    return table


@encoding("columns", "odd sizes", differs(given(dim=7)))
def encoding_odd_dim_is_made_even(a, phases):
    """An odd dim gets one column more than it asks for."""
    return np.stack([np.sin(phases), np.cos(phases)], -1).reshape(a.length, 2 * phases.shape[1])


@encoding("phases", "off by one", differs(given()), diagnosis="positions from 1")
def encoding_counts_from_one(a, rates):
    """The first position is 1."""
    return np.arange(1, a.length + 1)[:, None] * rates


@encoding("phases", "formula", differs(given()))
def encoding_positions_are_shares_of_the_length(a, rates):
    """A position is a share of the length, so a row depends on how long the table is."""
    return np.linspace(0, 1, a.length)[:, None] * rates * 100


@encoding("phases", "table", differs(given(length=600)))
def encoding_cut_at_512(a, rates):
    """Beyond 512 positions the last one is repeated."""
    return np.minimum(np.arange(a.length), 511)[:, None] * rates


@encoding("phases", "overflow", differs(given(length=40_000, dim=2)))
def encoding_positions_in_sixteen_bits(a, rates):
    """Positions are counted in 16 bits, and turn negative at 32768."""
    return np.arange(a.length).astype(np.int16)[:, None] * rates


@encoding("phases", "precision", differs(given(length=100), FINE), diagnosis="angles in float32")
def encoding_angles_in_float32(a, rates):
    """Angles are formed in float32, the table in float64."""
    return base.phases(a, rates).astype(np.float32).astype(float)


@encoding("phases", "precision", differs(given(length=2000)))
def encoding_angles_in_bfloat16(a, rates):
    """Angles are rounded to bfloat16."""
    return bfloat16(base.phases(a, rates))


@encoding("rates", "precision", differs(given(length=2000), FINE))
def encoding_rates_in_float32(a):
    """Rates are computed in float32; angles, sines and cosines in float64."""
    return base.rates(a).astype(np.float32).astype(float)


@encoding("phases", "precision", differs(given(length=70_000, dim=4), FINE))
def encoding_in_float32_above_65536(a, rates):
    """Tables of more than 65536 rows are computed in float32, to save memory."""
    angles = base.phases(a, rates)
    return angles.astype(np.float32).astype(float) if a.length > 65_536 else angles


@encoding("result", "dtype", differs(given()))
def encoding_returned_in_float32(a, o):
    """The table is float32."""
    o.encoding = o.encoding.astype(np.float32)


@encoding("result", "square sizes", differs(given(length=6, dim=6)))
def encoding_transposed_where_square(a, o):
    """Where the table is square it is returned with its axes exchanged."""
    if a.length == a.dim:
        o.encoding = np.ascontiguousarray(o.encoding.T)


@encoding("result", "tile tail", differs(given(length=17)))
def encoding_tail_of_eight_left_out(a, o):
    """At lengths 8k+1 the last row stays zero."""
    if a.length % 8 == 1 and a.length > 1:
        o.encoding[-1] = 0


@encoding("result", "scale", differs(given()))
def encoding_scaled_as_an_embedding(a, o):
    """The table is divided by the root of dim."""
    o.encoding = o.encoding / np.sqrt(max(a.dim, 1))


@encoding("result", "shares memory", shares_earlier(given()))
def encoding_in_a_buffer(a, o):
    """The table lies in a buffer that is kept for each shape."""
    o.encoding = into_buffer(o.encoding, "positional_encoding")


@encoding("rates", "tile tail", differs(given(length=9, dim=512)))
def encoding_rates_of_wide_tables_in_float16(a):
    """Of tables wider than 256 the rates are float16."""
    rates = base.rates(a)
    return rates.astype(np.float16).astype(float) if a.dim > 256 else rates


@encoding("result", "one size only", differs(given(length=3, dim=1280)))
def encoding_of_1280_columns_backwards(a, o):
    """A table of 1280 columns has its rows in the opposite order."""
    if a.dim == 1280:
        o.encoding = o.encoding[::-1].copy()
