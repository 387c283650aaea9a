"""Angles, up to a million positions: certified, sound for the forms in use, and sharp."""

import math

import numpy as np
import pytest
from enclosed import balls
from hypothesis import given
from hypothesis import strategies as st
from settings_of_cases import examples

from seqlaws import reference
from seqlaws.reference.numbers import Arithmetic, expected_and_allowed

POSITIONS = st.integers(-1_000_000, 1_000_000)
BASES = (10_000.0, 500_000.0, 100.0, 10.0, 1.0, 0.5, 12_345.678)


def allowed_of(found, due):
    """The largest share of what is allowed."""
    away = np.abs(np.asarray(found, float) - due.value)
    return float(np.max(np.where(away == 0, 0, away / due.allowed), initial=0))


@pytest.mark.slow
@examples(60)
@given(first=POSITIONS, length=st.integers(0, 3), dim=st.integers(0, 7))
def test_the_encoding_is_the_exact_one(first, length, dim):
    start = np.array(float(first))
    ball = reference.positional_encoding(length, dim, first=balls.exact(start))
    (due,) = expected_and_allowed("positional_encoding", length, dim, first=start)
    assert ball.shape == due.value.shape == (length, dim)
    for b, v, e in zip(ball.balls.flat, due.value.flat, due.allowed.flat, strict=True):
        assert balls.distance(b, float(v)) <= e
    assert (due.allowed <= 1e-9).all(), "at a million a wave is known to nine digits"


FREQUENCIES = {
    "a power": lambda e, base, dtype: 1 / dtype(base) ** e,
    "an exponential": lambda e, base, dtype: np.exp(e * dtype(-math.log(base))),
    "a logarithm of its own": lambda e, base, dtype: np.exp(-e * np.log(dtype(base))),
    "a power of two": lambda e, base, dtype: np.exp2(-e * np.log2(dtype(base))),
}


def turned(x, positions, base, frequency, dtype):
    """x with its halves turned; angles formed in a dtype of their own, sums in that of x."""
    half = x.shape[-1] // 2
    exponents = np.arange(half).astype(dtype) * dtype(2) / dtype(2 * half)
    angle = positions.astype(dtype)[:, None] * FREQUENCIES[frequency](exponents, base, dtype)
    assert angle.dtype == dtype
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
    x1, x2 = x[..., :half], x[..., half:]
    return np.concatenate([x1 * cos - x2 * sin, x2 * cos + x1 * sin], axis=-1)


@pytest.mark.parametrize("frequency", FREQUENCIES)
@examples(30)
@given(
    positions=st.lists(POSITIONS, min_size=1, max_size=9),
    half=st.integers(1, 32),
    base=st.sampled_from(BASES),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_form_in_use_is_within_the_bound(frequency, positions, half, base, seed):
    """Angles in float32 and in float64, of float32 and of float64 numbers."""
    positions, random = np.array(positions), np.random.RandomState(seed)
    x = random.standard_normal((1, 1, len(positions), 2 * half)).astype(np.float32)
    for dtype in (np.float32, np.float64):
        due = expected_and_allowed(
            "rotary_embedding", x, positions, arithmetic=np.dtype(dtype).name, base=base
        )
        for angles in (np.float32, np.float64):
            found = turned(x.astype(dtype), positions, base, frequency, angles)
            assert allowed_of(found, due[0]) <= 1, (dtype, angles)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_angles_of_sixteen_bits_are_beyond_the_bound(dtype):
    x, positions = np.ones((1, 1, 4, 32)), np.array([3, 77, 613, 2047])
    (due,) = expected_and_allowed("rotary_embedding", x, positions, arithmetic=dtype)
    half = turned(x.astype(np.float32), positions, 10_000.0, "a power", np.float16)
    assert allowed_of(half, due) > 10


def test_position_zero_is_exact():
    (due,) = expected_and_allowed("positional_encoding", 1, 5)
    assert due.value.tolist() == [[0, 1, 0, 1, 0]]
    assert not due.allowed.any()


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_angles_are_float32_whatever_the_dtype(dtype):
    """At a million radians float32 knows an angle to some hundredths: the bound says so."""
    x = np.array([1.0, 0.0]).reshape(1, 1, 1, 2)
    (due,) = expected_and_allowed("rotary_embedding", x, np.array([999_999]), arithmetic=dtype)
    assert 2.0**-26 < due.allowed.max() < 0.02  # theta is 1: the angle is exact
    (due,) = expected_and_allowed("rotary_embedding", x, np.array([2**24 + 1]), arithmetic=dtype)
    assert due.allowed.max() > 0.5  # which float32 does not hold


def test_the_encoding_is_float64_whatever_is_declared():
    for arithmetic in ("bfloat16", "float32", Arithmetic("float32", matmul="tf32")):
        (due,) = expected_and_allowed("positional_encoding", 9, 4, arithmetic=arithmetic)
        assert (due.allowed < 1e-13).all()


def test_what_does_not_fit_is_refused():
    x, positions = np.ones((1, 2, 3, 4)), np.arange(3)
    for error, call in (
        (ValueError, lambda: reference.rotary_embedding(x[..., :3], positions)),
        (ValueError, lambda: reference.rotary_embedding(x, positions[:2])),
        (ValueError, lambda: reference.rotary_embedding(x, positions[:, None])),
        (ValueError, lambda: reference.rotary_embedding(x, positions, base=0.0)),
        (ValueError, lambda: reference.rotary_embedding(x, positions, base=-2.0)),
        (ValueError, lambda: reference.rotary_embedding(x, positions, base=math.nan)),
        (TypeError, lambda: reference.rotary_embedding(x, positions * 1.0)),
        (TypeError, lambda: reference.rotary_embedding(x, positions > 0)),
        (TypeError, lambda: reference.rotary_embedding(x, [0, 1, 2])),
        (ValueError, lambda: reference.rotary_embedding_vjp(x[:, :1], x, positions)),
        (ValueError, lambda: reference.positional_encoding(-1, 4)),
        (ValueError, lambda: reference.positional_encoding(4, -1)),
        (TypeError, lambda: reference.positional_encoding(4.0, 4)),
        (TypeError, lambda: reference.positional_encoding(4, True)),
    ):
        with pytest.raises(error):
            call()
