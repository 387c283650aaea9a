"""Rounding to narrower dtypes, by arithmetic on float arrays."""

import numpy as np

BITS = {"float64": 53, "float32": 24, "tf32": 11, "float16": 11, "bfloat16": 8}


def keep_bits(x, bits):
    """x with `bits` bits of significand, ties to even; the range stays that of its dtype."""
    with np.errstate(all="ignore"):
        m, e = np.frexp(x)
        return np.ldexp(np.round(m * 2.0**bits) / 2.0**bits, e).astype(x.dtype)


def bfloat16(x):
    return keep_bits(x, BITS["bfloat16"])


def tf32(x):
    return keep_bits(x, BITS["tf32"])


def float16(x):
    with np.errstate(all="ignore"):
        return x.astype(np.float16).astype(x.dtype)


def round_to(x, dtype):
    """A float64 array rounded to a dtype's values, still float64."""
    if dtype == "float64":
        return x
    if dtype == "bfloat16":
        with np.errstate(all="ignore"):
            return bfloat16(x.astype(np.float32)).astype(np.float64)
    with np.errstate(all="ignore"):
        return x.astype(dtype).astype(np.float64)
