"""Options of one number that are kept in too few bits, or read in a part of their range."""

from functools import partial

import numpy as np

from zoo.attention import base as base_attention
from zoo.cases import case, times
from zoo.entries import wrong
from zoo.layer_norm import base as base_layer_norm
from zoo.positions import base as base_positions
from zoo.roundings import bfloat16
from zoo.witness import differs, gradient_differs

AT = partial(case, "attention", B=1, N=1, M=1)
NORM, ROTARY = (partial(case, name) for name in ("layer_norm", "rotary_embedding"))
narrow = partial(wrong, base_attention.attention, "arguments", "too few digits")
FAR = {"L": 4, "S": 4}


def wrapped(n, bits):
    """A whole number, as a signed one of so many bits."""
    return (n + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)


@narrow(differs(AT(**FAR, is_causal=True, query_offset=40_000)))
def offset_in_16_bits(a):
    """query_offset is kept in 16 bits."""
    a.query_offset = wrapped(a.query_offset, 16)


@narrow(differs(AT(**FAR, window=(3_001, None), query_offset=3_003)))
def offset_in_float16(a):
    """query_offset is kept in float16."""
    a.query_offset = int(np.float16(min(a.query_offset, 60_000)))


@narrow(differs(AT(**FAR, window=(None, 2**24 + 3), query_offset=-(2**24) - 1)))
def offset_in_float32(a):
    """query_offset is kept in float32."""
    a.query_offset = int(np.float32(a.query_offset))


@narrow(differs(AT(**FAR, window=(200, None), query_offset=202)))
def window_side_in_a_byte(a):
    """A side of the window is kept in a byte, at most 127."""
    a.window = a.window and tuple(s if s is None else min(s, 127) for s in a.window)


@narrow(differs(AT(L=9, S=4, softcap=0.05, scale=0.1)))
def small_caps_ignored(a):
    """A cap below 0.1 is taken for none."""
    a.softcap = None if a.softcap is not None and a.softcap < 0.1 else a.softcap


@narrow(differs(AT(L=200, S=4, softcap=30.3, scale=10.0), beyond=2e-4))
def cap_in_float16(a):
    """The cap is kept in float16."""
    a.softcap = None if a.softcap is None else float(np.float16(a.softcap))


@narrow(differs(AT(L=9, S=4, scale=1.1), beyond=1e-4))
def scale_in_float16(a):
    """The scale is kept in float16."""
    a.scale = None if a.scale is None else float(np.float16(a.scale))


@narrow(differs(AT(L=9, S=4, scale=0.002)))
def scale_of_at_least_a_hundredth(a):
    """A positive scale is at least 0.01."""
    a.scale = a.scale and (max(a.scale, 0.01) if a.scale > 0 else a.scale)


@wrong(
    base_layer_norm.layer_norm, "root", "too few digits",
    differs(NORM(eps=0.7, weight=times(20)), beyond=2e-4),
)  # fmt: skip
def layer_norm_eps_in_bfloat16(a, v):
    """eps is kept in bfloat16."""
    return np.sqrt(v + bfloat16(np.array(a.eps, np.float32)).astype(v.dtype))


@wrong(
    base_layer_norm.layer_norm, "root", "too few digits",
    differs(NORM(eps=30.0, weight=times(20))),
)  # fmt: skip
def layer_norm_eps_at_most_one(a, v):
    """eps is at most 1."""
    return np.sqrt(v + min(a.eps, 1))


@wrong(
    base_layer_norm.layer_norm, "dx", "too few digits",
    gradient_differs(NORM(eps=0.013, x=times(0.1))),
)  # fmt: skip
def layer_norm_gradient_with_the_usual_eps(a, dh, h, s):
    """In the gradient eps is 1e-5 where it is less than 0.1."""
    if 1e-3 < a.eps < 0.1:
        s = np.sqrt(s * s - a.eps + 1e-5)
    return base_layer_norm.dx(a, dh, h, s)


@wrong(
    base_positions.rotary_embedding, "arguments", "too few digits",
    differs(ROTARY(base=10_000.5, P=1_000_000)),
)  # fmt: skip
def rotary_base_as_a_whole_number(a):
    """The base is rounded to a whole number."""
    a.base = float(int(a.base))


@wrong(
    base_positions.rotary_embedding, "arguments", "too few digits",
    differs(ROTARY(base=30.3, P=1_000)),
)  # fmt: skip
def rotary_base_in_float16(a):
    """A base up to 1,000 is kept in float16."""
    a.base = float(np.float16(a.base)) if a.base < 1_000 else a.base
