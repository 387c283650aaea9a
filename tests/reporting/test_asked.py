"""What a report says that an implementation was asked for."""

import json

import numpy as np
import pytest

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.document import as_document
from seqlaws.properties.reporting.terminal import summary
from seqlaws.properties.subjects.visited import DIVISOR, NUMBERS, ONE_QUERY, merged, told, visit

SHAPES = [
    ("softmax", {"x": (3, 70)}, {}, {"...": 70, NUMBERS: 210}),
    ("layer_norm", {"x": (9, 4, 5), "weight": (5,), "bias": (5,)}, {}, {"...": 9, "E": 5}),
    ("positional_encoding", {}, {"length": 7, "dim": 5}, {"length": 7, "dim": 5}),
    ("attention", {"q": (1, 1, 1, 8), "k": (1, 1, 130, 8), "v": (1, 1, 130, 8)}, {},
     {"B": 1, "L": 1, "S": 130, "D": 8, ONE_QUERY: 130, DIVISOR: 2}),
    ("attention", {"q": (1, 2, 64, 32), "k": (1, 2, 96, 32), "v": (1, 2, 96, 64)}, {},
     {"L": 64, "S": 96, "Dv": 64, DIVISOR: 2}),
    ("attention", {"q": (1, 1, 64, 32), "k": (1, 1, 96, 32), "v": (1, 1, 96, 64)}, {},
     {DIVISOR: 32}),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "shapes", "options", "due"), SHAPES)
def test_sizes_of_a_case_are_visited(operation, shapes, options, due):
    arrays = {name: np.zeros(shape) for name, shape in shapes.items()}
    visited = {}
    visit(visited, Case(OPERATIONS[operation], "float32", arrays, options))
    assert {name: visited.get(name) for name in due} == due


def test_the_largest_of_several_is_told():
    some = merged([{"L": 8193, "S": 2, DIVISOR: 8}, {"L": 3, "S": 130, DIVISOR: 64}])
    assert told(some) == "L 8,193, S 130; all sizes divisible by 64"
    assert told({"L": 5, DIVISOR: 8}) == "L 5", "8 is no tile"


def verdict(**visited):
    return Verdict("rnn.values", "MUST", "rnn", "mine", "float32", "cpu", visited=visited)


def test_the_document_and_the_terminal_have_a_line_for_each_operation():
    due = "mine rnn was asked for at most: T 9, H 5"
    verdicts = [verdict(T=9, H=1), verdict(T=2, H=5)]
    assert json.loads(as_document({}, verdicts))["asked"] == [due]
    lines = [line.text for line in summary(verdicts, width=100, verbose=True)]
    assert any(due in line for line in lines)
    assert not any(due in line.text for line in summary(verdicts, width=100))
