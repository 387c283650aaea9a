"""The reduction of a failure: it keeps the kind of failure that it began with."""

import numpy as np
import pytest

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.isolation.limits import EnoughError
from seqlaws.properties.judging.search import Trial
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.record import Call, Entry, LawBrokenError, Record


def test_a_reduction_does_not_slide_into_another_failure():
    """A wrong number where x is large; NaN where it is 0, which is another failure."""

    record = Record()

    def check(case):
        record.begin()
        record.called(Call("softmax", case))
        x = case.arrays["x"]
        if x[0] == 0:
            raise LawBrokenError("wrong", entry=Entry("p", (0,), np.nan, 0.0, 0.0, (x,) * 4))
        if x[1] > 0:
            raise LawBrokenError("wrong", entry=Entry("p", (0,), 2.0, 0.0, 0.0, (x,) * 4))

    trial = Trial(check, record, seconds=10.0)
    case = Case(OPERATIONS["softmax"], "float32", {"x": np.array([3.0, 3.0, 3.0])})
    with pytest.raises(LawBrokenError):
        trial.attempt(case)
    with pytest.raises(LawBrokenError) as broken:
        trial.report()
    assert broken.value.entry.observed == 2.0
    assert broken.value.case.arrays["x"].tolist() == [1.0, 1.0, 1.0]


def trial_of(record, seconds, breaks):
    """A trial that notes its calls and fails where `breaks` says so."""

    def check(case):
        record.begin()
        record.called(Call("softmax", case))
        if breaks(case.arrays["x"]):
            raise LawBrokenError("wrong")

    return Trial(check, record, seconds=seconds)


def test_an_array_in_fortran_s_order_is_reduced():
    trial = trial_of(Record(), 10.0, lambda x: x[1, 2] > 1)
    x = np.asfortranarray(np.full((2, 3), 3.0))
    with pytest.raises(LawBrokenError):
        trial.attempt(Case(OPERATIONS["softmax"], "float32", {"x": x}))
    with pytest.raises(LawBrokenError) as broken:
        trial.report()
    assert broken.value.case.arrays["x"].tolist() == [[0, 0, 0], [0, 0, 3]]


def test_the_time_ends_a_reduction_that_repeats_a_case():
    trial = trial_of(Record(), 0.2, lambda x: True)
    case = Case(OPERATIONS["softmax"], "float32", {"x": np.array([3.0])})
    with pytest.raises(LawBrokenError):
        trial.attempt(case)
    trial.until = 0.0
    with pytest.raises(EnoughError):
        trial.attempt(case)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("x of shape (2, 3) is answered", "x of shape (1,) is answered", True),
        ("the input x was written to", "an output shares memory with the input x", False),
        ("an offset of 64 changes it", "an offset of -128.5 changes it", True),
    ],
)
def test_sentences_of_one_kind_differ_in_their_numbers(one, other, alike):
    assert (LawBrokenError(one).kind == LawBrokenError(other).kind) == alike


def test_exceptions_of_one_kind_are_of_one_type():
    kinds = {LawBrokenError("a", raised=error("b")).kind for error in (ValueError, TypeError)}
    assert len(kinds) == 2
