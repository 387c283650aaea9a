"""Adapters for libraries, where they are installed: numbers are right, wrong types are refused."""

import importlib
from importlib.util import find_spec

import pytest

from seqlaws.properties import check

pytestmark = pytest.mark.slow

ADAPTERS = {  # and the library, an operation of which a few numbers are checked
    "keras_layers": ("keras", "gru"),
    "mlx_nn": ("mlx", "lstm"),
}


def operation_of(name):
    library, operation = ADAPTERS[name]
    if find_spec(library) is None:  # which an import would not tell: Keras needs its backend, too
        pytest.skip(f"{library} is not installed")
    return operation


@pytest.mark.parametrize("name", ADAPTERS)
def test_numbers_pass(name):
    operation = operation_of(name)
    asked = {"operations": [operation], "dtypes": ["float32"], "sections": ["numbers"]}
    found = check(name, **asked, examples=3)
    assert found.status == "passed", found


@pytest.mark.parametrize("name", ADAPTERS)
def test_wrong_dtypes_are_refused(name):
    operation = operation_of(name)
    function = getattr(importlib.import_module(f"seqlaws.impls.{name}"), operation)
    with pytest.raises(TypeError):
        function(*[[1.0]] * 7)
