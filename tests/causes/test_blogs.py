"""Apart from the causes that are expected of them, the blogs are right."""

import functools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from causes.expected import EXPECTED
from seqlaws.properties import check
from seqlaws.properties.discovery import loader

OPERATIONS = ("softmax", "lstm", "attention")
GUARDS = "wrong_shapes_are_refused", "wrong_dtypes_are_refused", "wrong_options_are_refused"
# bits and 0 * NaN: the contract only asks for it
OF_NO_ACCOUNT = ("invariance", "nan_in_", "masked_for_one_query")


def blog(name):
    return loader.find(str(Path(__file__).with_name(f"{name}.py")))


def repaired(function):
    """The same with the right dtype, fresh outputs and no floating masks."""

    @functools.wraps(function)
    def call(x, *arguments, **options):
        mask = options.get("mask")
        if mask is not None and mask.dtype != bool:
            raise NotImplementedError("floating masks")
        outputs = function(x, *arguments, **options)
        if isinstance(outputs, tuple):
            return tuple(np.array(output, x.dtype) for output in outputs)
        return np.array(outputs, x.dtype)

    return call


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_else_is_wrong(name, operation):
    function = repaired(getattr(blog(name), operation))
    subject = SimpleNamespace(TRAITS={"fully_masked": "nan"}, **{operation: function})
    result = check(subject, [operation], ["float32"], examples=4)
    assert not result.failures, str(result)
    for verdict in result.verdicts:
        if verdict.status == "SHOULD failed":
            assert verdict.law.endswith(GUARDS) or any(w in verdict.law for w in OF_NO_ACCOUNT)


@pytest.mark.parametrize("name", EXPECTED)
def test_all_six_are_there(name):
    subject, ones = blog(name), functools.partial(np.ones, dtype=np.float32)
    q, k, v = ones((1, 4, 2, 3)), ones((1, 4, 5, 3)), np.arange(60, dtype=np.float32)
    v = v.reshape(1, 4, 5, 3)
    state = ones((2, 1))
    parameters = ones((4, 1)), ones((4, 1)), ones(4), ones(4)
    assert subject.softmax(ones(3)).dtype == subject.attention(q, k, v).dtype == np.float64
    y, *_ = subject.lstm(ones((2, 3, 1)), state, state, *parameters)
    assert y.dtype == np.float64

    added = np.array([[1, 1, 0, 0, 0]] * 2, np.float32)
    as_boolean = subject.attention(q, k, v, mask=added == 1)
    assert np.array_equal(subject.attention(q, k, v, mask=added), as_boolean)
    hidden = np.zeros((2, 5), bool)
    with np.errstate(invalid="ignore"):
        assert np.isnan(subject.attention(q, k, v, mask=hidden)).all()
        assert np.isnan(subject.softmax(np.full(3, -np.inf, np.float32))).all()

    _, h_n, c_n = subject.lstm(ones((2, 0, 1)), state, state, *parameters)
    assert h_n is state
    assert c_n is state
    with pytest.raises(ValueError, match="broadcast"):
        subject.attention(q, k[:, :2], v[:, :2])
    integers = np.ones((1, 1, 1, 1), int)
    assert subject.attention(integers, integers, integers) == 1
