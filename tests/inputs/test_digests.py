"""The cases that each law draws are those that digests.json says, bit for bit."""

import json

import hypothesis
import pytest
from digests import FILE, digest

from seqlaws.properties.laws import LAWS
from seqlaws.properties.runner.pairing import law_names

KNOWN = json.loads(FILE.read_text(encoding="utf-8"))
WRITE = "if that is meant, python tests/digests.py --write"
law_names()


def test_every_law_has_a_digest():
    assert KNOWN["laws"].keys() == LAWS.keys(), WRITE


@pytest.mark.parametrize("key", KNOWN["laws"])
def test_cases_stay_the_same(key):
    drawn = LAWS[key].sweep is None
    if drawn and hypothesis.__version__ != KNOWN["hypothesis"]:
        pytest.skip(f"drawn by Hypothesis {KNOWN['hypothesis']}, here is {hypothesis.__version__}")
    assert digest(LAWS[key]) == KNOWN["laws"][key], WRITE
