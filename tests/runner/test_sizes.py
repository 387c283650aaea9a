"""The trait `sizes`: an implementation is asked for no others, and for these as for all."""

import time
from types import MappingProxyType

import numpy as np
import pytest

from seqlaws.impls import numpy_vectorized
from seqlaws.properties import check
from seqlaws.properties.discovery.traits import UnknownTraitError, traits_of
from seqlaws.properties.inputs.admitted import parsed
from seqlaws.properties.inputs.numbers import by_seed


class Kernel:
    """An attention of tiles: heads of 8 or 16 features, whole tiles of queries."""

    def __init__(self, wrong_at=None):
        self.TRAITS = {
            "dtypes": ("float32",),
            "sizes": {"D": (8, 16), "Dv": (8, 16), "L": "multiple of 4", "S": "at most 40"},
        }
        self.wrong_at, self.asked = wrong_at, set()

    def attention(self, q, k, v, mask=None, is_causal=False, scale=None):
        sizes = q.shape[-1], v.shape[-1], q.shape[2], k.shape[2]
        assert {*sizes[:2]} <= {8, 16}
        assert sizes[2] % 4 == 0
        assert sizes[2] > 0
        assert 0 < sizes[3] <= 40
        self.asked.add(sizes)
        out = numpy_vectorized.attention(q, k, v, mask, is_causal, scale)
        return out * np.float32(1.01) if self.wrong_at == sizes[0] else out


class EqualHeads:
    """An attention of 8, 16 or 32 features in keys and values alike; wrong for long rows of 32."""

    def __init__(self, wrong_beyond=10**9):
        sizes = {"D": (8, 16, 32), "Dv": "D"}
        self.TRAITS, self.wrong_beyond = {"dtypes": ("float32",), "sizes": sizes}, wrong_beyond
        self.shared, self.asked = [None], set()

    def attention(self, q, k, v, mask=None, is_causal=False, scale=None):
        assert q.shape[-1] == v.shape[-1]
        self.asked.add((q.shape[-1], k.shape[2]))
        out = numpy_vectorized.attention(q, k, v, mask, is_causal, scale)
        wrong = q.shape[-1] == 32 and k.shape[2] > self.wrong_beyond
        return out * np.float32(1.01) if wrong else out


class Unsafe(EqualHeads):
    """One whose threads share what they write."""

    def attention(self, q, k, v, mask=None, is_causal=False, scale=None):
        self.shared[0] = q
        time.sleep(0.001)
        return super().attention(self.shared[0].reshape(q.shape), k, v, mask, is_causal, scale)


class Layer:
    """A layer of 64 features."""

    TRAITS = MappingProxyType({"dtypes": ("float32",), "sizes": {"E": 64}})
    multi_head_attention = staticmethod(numpy_vectorized.multi_head_attention)
    encoder_layer = staticmethod(numpy_vectorized.encoder_layer)


def of(result, status):
    return [v for v in result.verdicts if v.status == status]


def checked(kernel, **how):
    sections = ["numbers", "edges", "manners"]
    return check(kernel, isolate=False, examples=5, explain=False, sections=sections, **how)


@pytest.mark.slow
def test_no_other_sizes_are_asked_for():
    kernel = Kernel()
    result = checked(kernel)
    assert not of(result, "failed")
    assert len(of(result, "passed")) > 30
    assert {sizes[0] for sizes in kernel.asked} == {8, 16}
    assert len(kernel.asked) > 50
    assert max(sizes[2] for sizes in kernel.asked) > 100


@pytest.mark.slow
def test_each_admitted_size_is_asked_for():
    result = checked(Kernel(wrong_at=16))
    assert any(v.law_name == "values" for v in of(result, "failed"))


@pytest.mark.slow
def test_the_features_of_a_layer_are_those_of_its_heads():
    result = checked(Layer)
    assert not of(result, "failed")
    for operation in ("multi_head_attention", "encoder_layer"):
        names = {v.law_name for v in of(result, "passed") if v.operation == operation}
        assert names >= {"values", "values_at_every_size", "values_of_every_combination"}


@pytest.mark.slow
def test_two_sizes_may_have_to_be_equal():
    kernel = EqualHeads()
    result = checked(kernel)
    assert not of(result, "failed")
    assert len(of(result, "passed")) > 30
    assert {size for size, _ in kernel.asked} == {8, 16, 32}


@pytest.mark.slow
def test_long_rows_come_beside_each_admitted_size():
    failed = {v.law_name for v in of(checked(EqualHeads(wrong_beyond=200)), "failed")}
    assert failed & {"values_at_every_size", "values_of_every_combination"}


def test_threads_call_with_admitted_sizes():
    result = checked(Unsafe())
    assert "threads_do_not_disturb_each_other" in {v.law_name for v in of(result, "failed")}


@pytest.mark.parametrize(
    ("value", "inside", "outside", "next_to"),
    [
        (64, [64], [63, 65, 0, 128], {1: 64, 100: 64}),
        ((128, 64), [64, 128], [96, 0], {1: 64, 65: 128, 200: 128}),
        ([3], [3], [4], {9: 3}),
        ("multiple of 16", [16, 48], [0, 8, 17], {0: 16, 16: 16, 17: 32}),
        ("at most 5", [1, 5], [0, 6], {0: 1, 4: 4, 9: 5}),
    ],
)
def test_what_a_value_means(value, inside, outside, next_to):
    sizes = parsed(value)
    assert all(n in sizes for n in inside)
    assert not any(n in sizes for n in outside)
    assert {n: sizes.nearest(n) for n in next_to} == next_to
    drawn = [sizes.drawn(by_seed(k)) for k in range(20)]
    assert all(n is None or n in sizes for n in drawn)


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"D": "64"}, "trait 'sizes' of D is '64'; known: an int, a tuple of ints"),
        ({"D": (0, 64)}, "trait 'sizes' of D is (0, 64); known:"),
        ({"D": "multiple of 0"}, "trait 'sizes' of D is 'multiple of 0'; known:"),
        ({"Dv": "x"}, "trait 'sizes' has an unknown letter 'x'"),
        ({"Dv": "H"}, "trait 'sizes' of Dv is 'H', which attention does not have"),
        ({"d": 64}, "trait 'sizes' has an unknown letter 'd'"),
        (64, "trait 'sizes' is 64; known: {letter: sizes}"),
        ({"attention": 64}, "trait 'sizes' is 64; known: {letter: sizes}"),
    ],
)
def test_a_wrong_value_is_one_sentence(sizes, told):
    with pytest.raises(UnknownTraitError) as error:
        traits_of({"sizes": sizes}, "attention")
    assert str(error.value).startswith(told)


def test_a_letter_of_another_operation_is_left_out():
    sizes = {"D": 64, "H": 32}
    assert traits_of({"sizes": sizes}, "attention").sizes.keys() == {"D"}
    assert traits_of({"sizes": {"lstm": {"H": 32}}}, "attention").sizes == {}
    assert traits_of({"sizes": {"lstm": {"H": 32}}}, "lstm").sizes.keys() == {"H"}
