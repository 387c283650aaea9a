"""Adapters for libraries, where they are installed: numbers are right, wrong types are refused."""

import importlib

import pytest

from seqlaws.properties import check

pytestmark = pytest.mark.slow

ADAPTERS = {  # and the library, an operation of which a few numbers are checked
    "keras_layers": ("keras", "gru"),
    "mlx_nn": ("mlx", "lstm"),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_numbers_pass(name):
    library, operation = ADAPTERS[name]
    pytest.importorskip(library)
    asked = {"operations": [operation], "dtypes": ["float32"], "sections": ["numbers"]}
    found = check(name, **asked, examples=3)
    assert found.status == "passed", found


@pytest.mark.parametrize("name", ADAPTERS)
def test_wrong_dtypes_are_refused(name):
    library, operation = ADAPTERS[name]
    pytest.importorskip(library)
    function = getattr(importlib.import_module(f"seqlaws.impls.{name}"), operation)
    with pytest.raises(TypeError):
        function(*[[1.0]] * 7)
