"""The gallery: specifications of at most 30 lines, forms that pass, defects that are caught.

A sample runs here; `measure.py` runs all of it.
"""

import ast
from collections import Counter
from pathlib import Path

import pytest

from gallery.measure import FORMS, OPERATIONS, forms_of
from gallery.wrong import WRONG
from seqlaws import check

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAMPLE = [one for one in WRONG if one.operation in OPERATIONS[::4]][::3]
NAMES = [f"{one.operation}: {one.defect}" for one in WRONG]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_a_specification_is_short(path):
    specification, *_ = path.read_text(encoding="utf-8").split("@law(")
    assert len(specification.rstrip().splitlines()) <= 30


def test_every_specification_has_forms_and_defects():
    assert sorted(OPERATIONS) == sorted(path.stem for path in EXAMPLES.glob("*.py"))
    assert len(WRONG) >= 60
    assert min(Counter(one.operation for one in WRONG).values()) >= 3
    for operation in OPERATIONS:
        offered = [f for f in forms_of(operation) if f"def {operation}(" in source_of(f)]
        assert len(offered) >= 3, operation


def source_of(form):
    return (FORMS / f"{form}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("one", WRONG, ids=NAMES)
def test_a_defect_is_a_change_of_the_form(one):
    assert ast.dump(ast.parse(one.source())) != ast.dump(ast.parse(source_of(one.form)))


@pytest.mark.slow
@pytest.mark.parametrize("one", SAMPLE, ids=lambda one: f"{one.operation}: {one.defect}")
def test_a_wrong_one_is_caught(one, tmp_path):
    spec = EXAMPLES / f"{one.operation}.py"
    result = check(one.written(tmp_path), spec=spec, seconds=20, stop_at_first=True)
    assert not result.problem
    assert result.failures


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS[::4])
def test_a_right_one_is_not_rejected(operation):
    form = FORMS / f"{forms_of(operation)[0]}.py"
    result = check(form, spec=EXAMPLES / f"{operation}.py", dtypes=["float32"], examples=1)
    assert not result.problem
    assert not result.failures, result
