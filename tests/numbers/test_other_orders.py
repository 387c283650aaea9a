"""Products in another order than the specification's: what is derived admits them."""

import itertools
import math

import numpy as np
import pytest

from seqlaws.reference.numbers import Arithmetic, lifted, unpacked

A = Arithmetic("float32")


def bounds(function, *arrays):
    (found,) = unpacked((function(*(lifted(x, A) for x in arrays)),), A)
    return found


def beyond(found, y):
    return np.max(np.abs(y - found.value) / np.maximum(found.allowed, 1e-300))


@pytest.fixture
def factors():
    """A scale with few digits, a whole number, and a factor with all digits."""
    random = np.random.RandomState(3)
    few = random.randint(1, 129, 4000) / 64
    whole = random.randint(-4000, 4001, 4000).astype(float)
    every = np.float32(random.standard_normal(4000)).astype(float)
    return few, whole, every


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_three_factors_may_be_multiplied_in_any_order(order, factors):
    found = bounds(lambda x, y, z: x * y * z, *factors)
    one, two, three = (np.float32(factors[k]) for k in order)
    assert beyond(found, (one * two) * three) <= 1
    assert np.median(found.allowed / np.abs(found.value).clip(1e-30)) < 2.1 * A.unit


def test_whole_numbers_are_exact_in_any_order(factors):
    few, whole, _ = factors
    found = bounds(lambda x, y, z: x * y * z, whole, 64 * few, np.round(few))
    assert not found.allowed.any()


def test_a_power_of_two_costs_nothing_in_any_order(factors):
    few, whole, every = factors
    twice = bounds(lambda x, y, z: x * y * z, few, whole, np.full_like(every, 0.25))
    assert not twice.allowed.any()


@pytest.mark.parametrize("features", [3, 6, 8, 16])
def test_what_divides_a_product_may_be_put_on_an_operand(features):
    random = np.random.RandomState(features)
    q, k = (np.round(8 * random.standard_normal((200, features))) / 4 for _ in "qk")
    found = bounds(lambda x, y: x @ np.swapaxes(y, -1, -2) / math.sqrt(features), q, k)
    scale = np.float32(1 / math.sqrt(features))
    first, second = np.float32(q), np.float32(k).T
    ways = (first * scale) @ second, first @ (second * scale), (first @ second) * scale
    for y in (*ways, (first @ second) / np.float32(math.sqrt(features))):
        assert beyond(found, y) <= 1


MOVED = {  # what is done with a product (5, 8), to which one number is added everywhere
    "transpose": np.transpose,
    "roll": lambda z: np.roll(z, 1, axis=0),
    "flip": lambda z: np.flip(z, 1),
    "pad": lambda z: np.pad(z, ((0, 0), (1, 0))),
    "take": lambda z: np.take(z, [3, 0], axis=0),
    "expand_dims": lambda z: np.expand_dims(z, 1),
    "broadcast_to": lambda z: np.broadcast_to(z, (2, *z.shape)),
    "where": lambda z: np.where(np.arange(8) % 2 == 0, z, 0.0),
    "stack": lambda z: np.stack([z, 2.0 * z, np.zeros_like(z)][::2]),
    "concatenate": lambda z: np.concatenate([z, np.zeros_like(z)]),
    "einsum": lambda z: np.einsum("ij->ji", z),
}


@pytest.mark.parametrize("name", MOVED)
def test_what_is_added_to_a_product_may_come_first(name):
    """Wherever the product's entries stand by then: a bias is where many kernels begin a sum."""
    move, random = MOVED[name], np.random.RandomState(5)
    x, w = (np.float32(2e-4 * random.standard_normal(s)).astype(float) for s in ((5, 40), (40, 8)))
    found = bounds(lambda x, w: move(x @ w) + 1.0, x, w)
    total = move(np.ones((5, 8), np.float32)) * 0 + np.float32(1)
    for k in range(40):
        total = total + move(np.float32(x[:, k, None]) * np.float32(w[k]))
    assert beyond(found, total) <= 1
    assert np.max(np.abs(total - found.value)) > 2 * A.unit  # more than the last addition's


def test_what_is_chosen_beside_a_sum_is_not_charged_as_one():
    random = np.random.RandomState(7)
    x, w, other = (random.standard_normal(s) for s in ((5, 40), (40, 8), (5, 8)))
    odd = np.arange(8) % 2 == 1
    found = bounds(lambda x, w, z: np.where(odd, x @ w, z), x, w, np.float32(other).astype(float))
    assert not found.allowed[:, ~odd].any()
