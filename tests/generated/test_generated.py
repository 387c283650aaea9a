"""A sample of generated right implementations is put to the laws: none is rejected.

`python tests/generated/run.py --count 1000` does the same with many.
"""

import types

import pytest

from generated.forms import forms_of
from generated.source import OPERATIONS, implementation
from seqlaws.properties import check

SAMPLE = {  # a seed for each operation, NumPy and torch in turn
    operation: next(
        seed
        for seed in range(100 * k, 100 * k + 100)
        if implementation(seed, operation).backend == ("numpy", "torch")[k % 2]
    )
    for k, operation in enumerate(OPERATIONS)
}
SECONDS = 1.0  # for each of the sample


def module_of(source):
    """A module of its source."""
    module = types.ModuleType("generated_implementation")
    exec(compile(source, "generated_implementation", "exec"), module.__dict__)
    return module


def judged(source, operation, seconds=SECONDS):
    return check(module_of(source), [operation], seconds=seconds, isolate=False)


@pytest.mark.parametrize(("operation", "seed"), SAMPLE.items())
def test_a_generated_right_implementation_is_not_rejected(operation, seed):
    made = implementation(seed, operation)
    result = judged(made.source, operation)
    assert not result.problem
    assert [v.message for v in result.failures] == []
    assert sum(verdict.entries for verdict in result.verdicts) > 0


def test_a_wrong_one_is_rejected():
    """The same way of judging finds a sum that leaves out its first term."""
    right = implementation(SAMPLE["softmax"], "softmax").source
    start = right.index("def total(x):")
    body = "def total(x):\n    return x[..., 1:].sum(-1, keepdims=True)\n\n\n"
    wrong = right[:start] + body + right[right.index("\ndef ", start) :]
    assert judged(wrong, "softmax", seconds=3).failures


def test_a_seed_decides_all():
    first, second = (implementation(7, "attention").source for _ in range(2))
    assert first == second
    assert first != implementation(8, "attention").source


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_every_form_is_used(library):
    """Each block is reached from an operation, by the names that forms call."""
    blocks = forms_of(library)
    reached, wanted = set(), [name for name in blocks if name.removesuffix("_vjp") in OPERATIONS]
    while wanted:
        block = wanted.pop()
        if block not in reached:
            reached.add(block)
            wanted += {name for form in blocks[block] for name in form.uses} & blocks.keys()
    assert reached == blocks.keys()
