"""A tiny sample of the search for sizes that no law reaches; `tests/tails.py` is the whole."""

import tails

from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.runner.pairing import register_laws

register_laws()
NORM = OPERATIONS["layer_norm"]


def test_a_lost_tail_is_seen():
    found = [law for name, _, _, law in tails.lost_tails(NORM, 4000) if name == "weight"]
    assert found == ["values_at_every_size", "gradients_at_every_size"]


def test_what_no_law_reaches_is_missed():
    every = {law for *_, law in tails.lost_tails(NORM, 10**9)}
    assert every == {""}
