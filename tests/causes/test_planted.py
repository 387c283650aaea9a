"""Every planted defect is one place in the source; nothing else of it is changed."""

import ast

import pytest

from causes.defects import DEFECTS
from causes.planted import SOURCES, pairs, planted, singles, together
from seqlaws.properties.discovery import loader

MANY = {"attention": 14, "lstm": 14, "gru": 14}


@pytest.mark.parametrize("operation", DEFECTS)
def test_there_are_enough_defects(operation):
    assert len(DEFECTS[operation]) >= MANY.get(operation, 10)


@pytest.mark.parametrize(("operation", "name"), list(singles()))
def test_the_text_is_in_one_place_and_the_new_one_is_python(operation, name):
    assert together(operation, name)
    file, old, new = DEFECTS[operation][name]
    assert ast.dump(ast.parse(SOURCES[file].replace(old, new))) != ast.dump(
        ast.parse(SOURCES[file])
    )


@pytest.mark.parametrize("operation", DEFECTS)
def test_no_two_defects_are_the_same_change(operation):
    changes = list(DEFECTS[operation].values())
    assert len(changes) == len(set(changes))


def test_pairs_can_stand_together_and_are_the_same_by_seed():
    drawn = list(pairs(60, seed=3))
    assert drawn == list(pairs(60, seed=3)) != list(pairs(60, seed=4))
    assert len(set(drawn)) == 60
    assert {operation for operation, *_ in drawn} == set(DEFECTS)
    assert all(together(*pair) for pair in drawn)


def test_overlapping_texts_are_refused(tmp_path):
    both = "the forget gate is left out", "the input gate is left out"
    with pytest.raises(ValueError, match="overlap"):
        planted("lstm", *both, into=tmp_path)


def test_a_package_stands_by_itself(tmp_path):
    path = planted("lstm", "bias_ih is left out", "h_n and c_n are swapped", into=tmp_path / "a")
    assert "seqlaws" not in "".join(file.read_text() for file in path.parent.iterdir())
    changed = loader.find(str(path))
    right = loader.find(str(planted("lstm", into=tmp_path / "b")))
    assert changed.lstm.__module__ != right.lstm.__module__
    assert set(right.__all__) <= set(dir(changed))
