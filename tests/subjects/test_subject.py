"""What every call of a subject is held to, where there is nothing to go by."""

from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.record import LawBrokenError, NotOfferedError
from seqlaws.properties.subjects.returned import KIND, SHARED, WRITTEN
from seqlaws.properties.subjects.subject import Subject


def test_what_has_no_inputs_may_lie_on_any_device():
    """A table of positions is asked for by two sizes, which are on no device."""
    pytest.importorskip("torch")
    from seqlaws.impls import torch_ops

    subject = Subject("torch_ops", torch_ops, "positional_encoding", "float64", "cuda")
    case = Case(OPERATIONS["positional_encoding"], "float64", {}, {"length": 3, "dim": 4})
    assert subject.run(case)["encoding"].shape == (3, 4)


def softmax_of(function, **traits):
    """A subject whose softmax is a function."""
    namespace = SimpleNamespace(TRAITS=traits, softmax=function)
    return Subject("made", namespace, "softmax", "float32", "cpu")


CASE = Case(OPERATIONS["softmax"], "float32", {"x": np.zeros(2)})


def test_what_lies_nowhere_cannot_be_read():
    torch = pytest.importorskip("torch")
    moved = softmax_of(lambda x, axis=-1: torch.softmax(x, axis).to("meta"), backend="torch")
    with pytest.raises(LawBrokenError, match="an array on meta that cannot be read"):
        moved.run(CASE)


@pytest.mark.parametrize(
    ("law", "says", "function"),
    [
        (KIND, "with dtype float64, not float32", lambda x, axis=-1: np.full(2, 0.5)),
        (KIND, "as a list, not a NumPy array", lambda x, axis=-1: [0.5, 0.5]),
        (SHARED, "shares memory with the input x", lambda x, axis=-1: x),
        (WRITTEN, "the input x was modified", lambda x, axis=-1: np.copy(np.add(x, 0.5, out=x))),
    ],
)
def test_manners_are_noted_and_repaired(law, says, function):
    subject = softmax_of(function)
    outputs = subject.run(CASE)
    assert outputs["p"].dtype == float
    assert says in subject.record.noted[law]


@pytest.mark.parametrize(
    ("x", "refused"), [(np.zeros(2), False), (np.zeros(0), True), (np.full(2, -np.inf), True)]
)
def test_a_refusal_is_a_limit_beyond_the_core_alone(x, refused):
    def fails(x, axis=-1):
        raise ZeroDivisionError

    error = NotOfferedError if refused else LawBrokenError
    with pytest.raises(error):
        softmax_of(fails).run(Case(OPERATIONS["softmax"], "float32", {"x": x}))


@pytest.mark.parametrize("window", [(1, 1), [1, 1]])
def test_a_window_in_a_list_may_be_refused_like_any_call(window):
    def fails(q, k, v, window=None):
        raise TypeError

    namespace = SimpleNamespace(TRAITS={}, attention=fails)
    subject = Subject("made", namespace, "attention", "float32", "cpu")
    arrays = {name: np.ones((1, 1, 2, 2)) for name in "qkv"}
    case = Case(OPERATIONS["attention"], "float32", arrays, {"window": window})
    with pytest.raises(LawBrokenError, match="attention raised TypeError"):
        subject.run(case)
