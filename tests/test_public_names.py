"""docs/public.md: each name that it promises is there, with the signature that it says."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[1] / "docs/public.md").read_text(encoding="utf-8")
CALLS = re.findall(r"`(seqlaws\.[\w.]+)\(([^`]*)\)`", PAGE)


def test_the_page_promises_functions():
    assert len(CALLS) >= 5


@pytest.mark.parametrize(("name", "parameters"), CALLS)
def test_a_promised_name_is_there(name, parameters):
    module, _, attribute = name.rpartition(".")
    promised = [p.partition("=")[0].strip(" *") for p in parameters.split(",")]
    found = inspect.signature(getattr(importlib.import_module(module), attribute)).parameters
    assert [p for p in promised if p] == list(found)


def test_a_result_has_what_is_promised():
    from seqlaws.properties.check_result import Result

    (row,) = re.findall(r"\| `Result`[^|]*\|([^|]*)\|", PAGE)
    result = Result("mine", 1.0, 0)
    for name in re.findall(r"`(\w+)(?:\(\))?`", row):
        assert name == "str" or hasattr(result, name)


def test_the_desk_of_law_writers_has_what_is_promised():
    desk = importlib.import_module("seqlaws.properties.laws")
    (line,) = re.findall(r"what a law needs: ([^;]*) and more", PAGE.replace("\n", " "))
    assert set(re.findall(r"`(\w+)`", line)) <= set(desk.__all__)
    assert all(hasattr(desk, name) for name in desk.__all__)
