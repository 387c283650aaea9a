"""Implementations that are compiled for each shape get few shapes, and many values of each."""

import time

import numpy as np
import pytest
from runner.test_slow import case_of, right, subject_of

from seqlaws.properties.inputs.numbers import OfShape, by_seed, recorded
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.inputs.sweeps import every_combination
from seqlaws.properties.laws import law_of
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.runner.examine import Effort, examine
from seqlaws.properties.runner.law_cases import SHAPES, of_options
from seqlaws.properties.subjects.pace import Pace, shape_of


def drawn(operation, shape, *numbers, **fixed):
    draw = OfShape(by_seed(*operation.encode(), shape), by_seed(*numbers))
    return build(draw, OPERATIONS[operation], "float32", **fixed)


class Compiled:
    """A softmax that sleeps at each new shape, as one does that is compiled for it."""

    def __init__(self, seconds, beyond=10**9, **traits):
        self.seconds, self.beyond, self.TRAITS, self.seen = seconds, beyond, traits, {}

    def softmax(self, x, axis=-1):
        key = x.shape, axis
        if key not in self.seen:
            time.sleep(self.seconds)
        self.seen[key] = 1 + self.seen.get(key, 0)
        return right(x, axis) * np.float32(1.01 if x.shape[axis] > self.beyond else 1)


def verdict_of(made, name, *laws, **effort):
    subject, effort = subject_of(made, name), Effort(**effort)
    return subject, [examine(law_of("softmax", law), subject, effort) for law in laws]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_calls_of_a_shape_differ_in_their_numbers_alone(operation):
    for shape in range(SHAPES):
        one, other = drawn(operation, shape, 1), drawn(operation, shape, 2)
        assert shape_of(one)[:2] == shape_of(other)[:2]
        assert one.options.keys() - {"lengths"} == other.options.keys() - {"lengths"}
        assert one.seed != other.seed


@pytest.mark.parametrize("operation", ["softmax", "attention", "lstm"])
def test_the_first_shapes_have_entries_and_are_not_alike(operation):
    cases = [drawn(operation, shape, 1) for shape in range(SHAPES)]
    assert len({shape_of(case) for case in cases}) == SHAPES
    assert all(array.size for case in cases[:2] for array in case.arrays.values())


def test_what_is_recorded_is_drawn_again():
    numbers = []
    draw = recorded(OfShape(by_seed(1), by_seed(2)), numbers)
    one = build(draw, OPERATIONS["attention"], "float32")
    left = iter(numbers)
    other = build(lambda n: next(left), OPERATIONS["attention"], "float32")
    assert all(np.array_equal(one.arrays[n], other.arrays[n]) for n in one.arrays)
    assert one.options.keys() == other.options.keys()


def test_a_pace_is_that_of_a_compiler_if_first_calls_of_a_shape_take_long():
    small, large = case_of("softmax", n=5, leading=()), case_of("softmax", n=9, leading=())
    compiled, slow = Pace(interpreted=False), Pace(interpreted=False)
    for k in range(3, 6):
        for pace, again in ((compiled, 0.001), (slow, 0.9)):
            case = small.having(x=np.zeros(k))
            pace.returned(case, 1.0)
            pace.returned(case, again)
    assert (compiled.compiles, slow.compiles) == (True, False)
    assert compiled.wants_few_shapes
    assert not slow.wants_few_shapes
    assert shape_of(small) != shape_of(large)


def test_calls_that_are_slow_because_they_are_large_are_not_compiled():
    small, pace = case_of("softmax", n=5, leading=()), Pace(interpreted=False)
    for k in range(10):
        pace.returned(small, 0.001)
        pace.returned(case_of("softmax", n=30_000 + k, leading=()), 1.0)
    assert not pace.compiles
    assert not pace.is_slow


def test_where_it_is_not_known_yet_a_few_shapes_tell():
    pace = Pace(interpreted=False)
    for k in range(5):
        pace.returned(case_of("softmax", n=5 + k, leading=()), 1.0)
    assert pace.takes_long
    assert not pace.compiles
    assert pace.wants_few_shapes
    assert not Pace(interpreted=True).wants_few_shapes


def test_a_law_gets_few_shapes_and_many_values_which_others_share():
    made = Compiled(0.0, compiles=True, tiles={"n": 100})
    _, (one,) = verdict_of(made, "compiled", "values")
    assert one.status == "passed"
    assert one.examples > 5 * SHAPES
    assert len(made.seen) <= SHAPES
    assert max(x[axis] for x, axis in made.seen) == 201
    before = set(made.seen)
    _, (other,) = verdict_of(made, "compiled", "rows_sum_to_one")
    assert other.examples
    assert set(made.seen) <= before


def test_two_tiles_of_units_are_not_too_large_and_many_rows_are():
    pace = Pace(interpreted=True, compiles=True)
    assert not pace.is_too_large(case_of("lstm", H=129, I=2, B=2, T=2))
    assert Pace(interpreted=True).is_too_large(case_of("lstm", H=129, I=2, B=2, T=2))
    assert pace.is_too_large(case_of("softmax", rank=2, rows=8193, n=2, axis=-1))


def test_one_that_does_not_say_so_is_found_out():
    made = Compiled(0.3)
    subject, _ = verdict_of(made, "compiled unsaid", "memory_layouts", examples=6)
    for n in (1001, 1003, 1005, 1007, 1009):
        subject.run(case_of("softmax", n=n, leading=()))
    assert subject.pace.wants_few_shapes
    before = len(made.seen)
    _ = [
        examine(law_of("softmax", law), subject, Effort())
        for law in ("values", "same_call_same_bits")
    ]
    assert subject.pace.compiles
    assert len(made.seen) <= before + SHAPES


def test_a_mistake_beyond_a_tile_is_found():
    made = Compiled(0.0, beyond=100, compiles=True, tiles={"n": 100})
    _, (one,) = verdict_of(made, "compiled wrong", "values")
    assert one.status == "failed"


def test_each_combination_of_options_is_at_the_shared_sizes():
    attention = OPERATIONS["attention"]
    pinned = every_combination(attention)
    found = of_options(attention, pinned, {"L": 64, "S": 128})
    letters = {*attention.letters, "group"}
    assert {(one.get("L"), one.get("S")) for one in found} == {(None, None), (65, 129)}
    assert all(one.keys() & letters <= {"L", "S"} for one in found)
    pairs = [{"is_causal": True, "softcap": 0.5}, {"mask": "floating", "window": (2, 1)}]
    for pair in pairs:
        assert any(pair.items() <= one.items() for one in found)
    assert len(found) < len(pinned)
