"""Evidence stays as it is, whatever a misreading does with it."""

from contextlib import suppress

import numpy as np

from seqlaws.properties.diagnosis.evidence import plain
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.misreadings.edits import misread
from seqlaws.properties.misreadings.generated import generated
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.subject import Subject


def test_a_misreading_that_writes_to_its_arguments_leaves_the_case_as_it_is():
    made = generated("lstm", differentiable=True)
    one = next(m for m in made if m.name == "`h` read for `y`")
    case = build(by_seed(1), OPERATIONS["lstm"], "float32", B=1, T=1, I=2, H=3, lengths=None)
    before = {name: np.array(array) for name, array in case.arrays.items()}
    written = {name: np.array(array) for name, array in case.arrays.items()}
    with suppress(ValueError):
        misread(one, "lstm")(*written.values())
    assert not np.array_equal(written["h0"], before["h0"])  # it does write
    with suppress(ValueError):
        plain(Subject("it", {}, "lstm", "float32", "cpu"), one, case, vjp=False)
    for name, array in before.items():
        assert np.array_equal(case.arrays[name], array), name
