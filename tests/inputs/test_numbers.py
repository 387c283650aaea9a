"""Drawn numbers: large arrays, of which the numbers repeat; rounding to a dtype."""

import numpy as np
import pytest

from seqlaws.properties.inputs.numbers import DRAWN, Filling, by_seed, representable


@pytest.mark.parametrize("shape", [(65_537, 3), (3, 65_537), (182, 360, 5), (2, 3, 513, 129)])
def test_rows_of_a_large_array_differ(shape):
    array = Filling(by_seed(0), "float32", {"dense": True, "regime": "ordinary"}).array(*shape)
    assert array.shape == shape
    assert array.size > DRAWN
    rows = array.reshape(-1, shape[-1])
    assert len(np.unique(rows[:, :3], axis=0)) == len(rows)


def test_a_small_array_is_drawn_whole():
    array = Filling(by_seed(0), "float64", {"dense": True}).dense(2, DRAWN // 2)
    assert len(np.unique(array)) == array.size == DRAWN


@pytest.mark.parametrize("dtype", ["float16", "float32", "bfloat16"])
def test_what_is_finite_stays_finite(dtype):
    values = np.array([0.1, 1e300, -1e300, np.inf, -np.inf, np.nan])
    held = representable(values, dtype)
    assert np.array_equal(np.isfinite(held), np.isfinite(values))
    assert np.array_equal(np.sign(held[:5]), np.sign(values[:5]))
    assert np.array_equal(representable(held, dtype), held, equal_nan=True)
