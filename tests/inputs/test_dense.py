"""Cases for the diagnosis: other masks and lengths of the same shapes."""

import numpy as np

from seqlaws.properties.inputs.dense import dense, redrawn
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.operations import OPERATIONS


def case_of(operation, **fixed):
    return dense(build(by_seed(5), OPERATIONS[operation], "float32", **fixed))


def test_another_mask_has_the_shape_and_kind_of_the_first():
    bare = case_of("attention", B=2, L=9, S=11, M=1, group=1, mask=None)
    random = np.random.RandomState(0)
    keep = random.random_sample((2, 1, 9, 11)) < 0.7
    numbers = random.standard_normal(keep.shape)
    for mask in (keep, numbers, np.where(keep, numbers, -np.inf)):
        other = redrawn(bare.having(mask=mask)).options["mask"]
        assert (other.shape, other.dtype) == (mask.shape, mask.dtype)
        assert not np.array_equal(other, mask)
        assert np.isneginf(other).any() == np.isneginf(mask).any()
        seen = other if other.dtype == bool else ~np.isneginf(other)
        assert seen.any(-1).all() == np.array_equal(mask, numbers), "some rows see no key"


def test_other_lengths_are_those_of_the_steps():
    case = case_of("rnn", B=9, T=6).having(lengths=np.full(9, 3))
    lengths = redrawn(case).options["lengths"]
    assert lengths.shape == (9,)
    assert len({*lengths}) > 2
    assert lengths.min() >= 0
    assert lengths.max() <= 6


def test_a_case_without_mask_and_lengths_has_no_other():
    assert redrawn(case_of("softmax", rank=2)) is None
