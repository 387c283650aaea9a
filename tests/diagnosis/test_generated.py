"""Misreadings that are made from a source, and gradients by differences."""

import ast

import numpy as np
import pytest

from seqlaws.properties.diagnosis.differences import AT_MOST, by_differences
from seqlaws.properties.diagnosis.evidence import plain
from seqlaws.properties.diagnosis.memory import bounded
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.misreadings.edits import misread, source
from seqlaws.properties.misreadings.generated import generated
from seqlaws.properties.misreadings.variants import variants
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.subject import Subject

TEXT = '''
def scaled(x, weight, eps: float = 1e-6, centred=False):
    """Scale the rows of x."""
    if centred:
        x = x - np.mean(x, axis=-1, keepdims=True)
    root, size = np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps), x.shape[-1]
    total = x @ weight / root
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
    "`total` for its negative": "total, total)",
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


@pytest.mark.parametrize("name", ["softmax", "attention", "lstm", "rnn", "gru"])
def test_differences_are_the_gradients(name):
    class Right:
        pass

    small = dict.fromkeys("BTIHLSNMn", 2) | {"D": 3, "E": 3, "leading": (2,)}
    fixed = {"gradients": True, "scales": (1.0,), "regime": "ordinary", **small}
    drawn = (build(by_seed(k), OPERATIONS[name], "float64", **fixed) for k in range(100))
    case = next(c for c in drawn if sum(a.size for a in c.arrays.values()) <= AT_MOST)
    subject = Subject("right", Right, name, "float64", "cpu")
    found = by_differences(lambda near: plain(subject, None, near, vjp=False), case)
    for n, value in plain(subject, None, case, vjp=True).items():
        np.testing.assert_allclose(found[n], value, rtol=1e-7, atol=1e-8 * np.abs(value).max())


def test_a_misreading_that_broadcasts_without_end_gets_no_memory():
    with pytest.raises(MemoryError), bounded():
        np.zeros(1 << 28)
    assert np.zeros(1 << 20).size == 1 << 20


def test_too_many_entries_are_no_work_for_differences():
    case = build(by_seed(1), OPERATIONS["softmax"], "float64", gradients=True, n=AT_MOST + 1)
    with pytest.raises(ValueError, match="too many entries"):
        by_differences(lambda near: {}, case)
