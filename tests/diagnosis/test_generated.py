"""Misreadings that are made from a source, and the derivatives of what they change."""

import ast
import warnings

import numpy as np
import pytest

from seqlaws.properties.diagnosis.evidence import expected, plain
from seqlaws.properties.diagnosis.memory import bounded
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.misreadings.edits import Misreading, compiled, misread, source
from seqlaws.properties.misreadings.generated import generated
from seqlaws.properties.misreadings.variants import variants
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.subject import Subject

DIFFERENTIABLE = [o for o in OPERATIONS.values() if o.differentiable]
TEXT = '''
def scaled(x, weight, eps: float = 1e-6, centred=False):
    """Scale the rows of x."""
    if centred:
        x = x - np.mean(x, axis=-1, keepdims=True)
    root, size = np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps), x.shape[-1]
    total = x @ weight / root
    total_before = total
    return np.where(total <= size, total, -total)
'''.strip()
CHANGED = {
    "`eps` ignored": "eps = 1e-6\n",
    "`centred` taken for false": "if False:",
    "`eps` left out of": "keepdims=True)), x.shape",
    "`np.mean(x, axis=-1, keepdims=True)` added in `x - np.mean(x, axis=-1, keepdims=True)`": "x +",
    "the factor `x` left out of `x * x`": "np.mean(x, axis=-1, keepdims=True) + eps",
    "the division by `root` left out": "total = (x @ weight)\n",
    "`weight` transposed": "x @ np.swapaxes(weight, -1, -2)",
    "`sum` for `mean`": "np.sum(x",
    "axis 0 for -1": "axis=0",
    "`root` and `size` exchanged": "size, root =",
    "`<` for `<=` in `total <= size`": "total < size",
    "`total <= size` the other way round": "np.where(total <= size, -total, total)",
    "`total` for `-total`": "total, total)",
    "`total_before` for `total` in `total <= size`": "where(total_before <= size",
}


def test_each_place_of_a_source_is_changed_alone():
    found = list(variants(TEXT))
    for one in found:
        assert TEXT.count(one.old) == 1
        ast.parse(TEXT.replace(one.old, one.new))
    assert len({TEXT.replace(one.old, one.new) for one in found}) == len(found)


@pytest.mark.parametrize(("name", "text"), CHANGED.items(), ids=CHANGED)
def test_a_variant_is_what_its_name_says(name, text):
    made = [TEXT.replace(one.old, one.new) for one in variants(TEXT) if one.name.startswith(name)]
    assert any(text in each for each in made), [one.name for one in variants(TEXT)]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
def test_every_generated_misreading_compiles(operation):
    made = generated(operation.name, differentiable=operation.differentiable)
    assert len(made) > 30
    for one in made:
        assert one.edits[0].old in source(one.edits[0].module, one.edits[0].statement)
        assert callable(misread(one, operation.name + "_vjp" * one.gradients))
    assert any(one.gradients for one in made) == operation.differentiable


@pytest.mark.parametrize("operation", DIFFERENTIABLE, ids=lambda o: o.name)
def test_derivatives_of_the_unchanged_function_are_its_vjp(operation):
    class Right:
        pass

    case = build(by_seed(1), operation, "float64", dense=True, regime="ordinary", scales=(1.0,))
    subject = Subject("right", Right, operation.name, "float64", "cpu")
    unchanged = Misreading("nothing changed", (operation.name,), (), differentiated=True)
    found = expected(subject, case, vjp=True, one=unchanged)
    for n, value in plain(subject, None, case, vjp=True).items():
        np.testing.assert_allclose(found[n].value, value, atol=1e-13 * max(1, np.abs(value).max()))
        assert np.isfinite(found[n].allowed).all()


def test_a_misreading_that_broadcasts_without_end_gets_no_memory():
    with pytest.raises(MemoryError), bounded():
        np.zeros(1 << 28)
    assert np.zeros(1 << 20).size == 1 << 20


def test_python_s_warnings_of_a_changed_source_are_not_printed():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code = compiled("def first(x):\n    return 1[0]\n")
    names = {}
    exec(code, names)
    with pytest.raises(TypeError):
        names["first"](2)
