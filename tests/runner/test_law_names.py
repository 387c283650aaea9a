"""Laws that the machinery names by a text: a law that is renamed is found here."""

import ast
from pathlib import Path

import pytest

from seqlaws import properties
from seqlaws.properties.laws import LAWS
from seqlaws.properties.runner import causes, order
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects import returned

register_laws()
REGISTERED = {law.name for law in LAWS.values()}
NOTED = {returned.KIND, returned.WRITTEN, returned.SHARED, returned.BEYOND, returned.INTO}
NAMED = {*order.FIRST, *order.LAST, *NOTED, causes.SURROUNDINGS}
ROOT = Path(properties.__path__[0])


def machinery():
    """Every file of the suite but those that have laws."""
    return [path for path in ROOT.rglob("*.py") if not path.name.startswith("test_")]


def texts(path):
    """Every text in a file that could be the name of a law: several words, without a space."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "_" in node.value:
            yield node.value


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_law_has_each_name(name):
    assert name in REGISTERED


def test_a_law_is_named_where_this_looks_and_nowhere_else():
    found = {text for path in machinery() for text in texts(path)} & REGISTERED
    assert found == {name for name in NAMED if "_" in name}


def test_no_law_is_known_by_how_its_name_begins():
    beginnings = {text for path in machinery() for text in texts(path) if text not in NAMED}
    several = {b for b in beginnings if len(b.split("_")) > 2 and not b.endswith("_")}
    assert not {b for b in several if any(name.startswith(f"{b}_") for name in REGISTERED)}


def test_the_laws_of_another_program_say_so():
    asked = {law.name for law in LAWS.values() if law.second_program}
    assert asked == {name for name in REGISTERED if "any_other_program" in name}
