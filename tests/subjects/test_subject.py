"""What every call of a subject is held to, where there is nothing to go by."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.judging.comparison import ratios
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.failure_text import headline
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


def test_an_exception_keeps_its_text_and_names_the_line():
    def softmax(x, axis=-1):
        raise ValueError("one\ntwo\n" + 30 * "more\n")

    with pytest.raises(LawBrokenError) as broken:
        softmax_of(softmax).run(CASE)
    first, second, *others = str(broken.value).splitlines()
    line = softmax.__code__.co_firstlineno + 1
    assert re.fullmatch(rf"softmax raised ValueError: one \(\S*test_subject.py:{line}\)", first)
    assert second == "two"
    assert len(others) == 19
    assert others[-1] == "... 12 more lines"
    assert headline(broken.value) == first


def test_what_is_not_written_is_seen():
    """Rows that are left to `np.empty` hold odd bytes, not what happened to lie there."""
    subject = softmax_of(lambda x, axis=-1: np.empty(x.shape, x.dtype))
    for shape in ((2,), (3, 40), (5, 7, 90)):
        outputs = subject.run(Case(OPERATIONS["softmax"], "float32", {"x": np.zeros(shape)}))
        assert np.count_nonzero(outputs["p"] > 1e30) > outputs["p"].size / 2


def test_without_keys_an_output_is_zeros_or_nan():
    specification_server.start()
    arrays = {"q": np.ones((1, 1, 2, 2)), "k": np.ones((1, 1, 0, 2)), "v": np.ones((1, 1, 0, 2))}
    case = Case(OPERATIONS["attention"], "float32", arrays)
    for declared in ("nan", "mean"):
        namespace = SimpleNamespace(TRAITS={"fully_masked": declared}, attention=lambda q, k, v: q)
        subject = Subject("made", namespace, "attention", "float32", "cpu")
        for value, holds in ((0.0, True), (np.nan, True), (4.5e33, False)):
            outputs = {"out": np.full((1, 1, 2, 2), value)}
            due = subject.expected_of_steps(case, outputs)["out"]
            assert (ratios(outputs["out"], *due, nan_is_free=False) <= 1).all() == holds
