"""docs/gradient_flow.svg shows what the laws state: the numbers behind it obey them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parents[2] / "docs"
SPEC = importlib.util.spec_from_file_location("gradient_flow", HERE / "gradient_flow.py")
gradient_flow = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(gradient_flow)
FLOWS = gradient_flow.measured()
NAMES = [flow.name.partition(":")[0] for flow in FLOWS]


@pytest.mark.parametrize("flow", FLOWS, ids=NAMES)
def test_what_is_measured_is_what_the_law_states(flow):
    """But for the roundings of float64: 16 for each of the factors or terms that there are."""
    own = 16 * gradient_flow.STEPS * 2.0**-53 * flow.stated
    assert flow.norm.shape == flow.stated.shape == (gradient_flow.STEPS,)
    assert (flow.norm > 0).all()
    assert (flow.norm <= flow.stated + own).all()
    if flow.equal:
        assert (flow.norm >= flow.stated - own).all()


def test_they_are_the_same_on_every_run():
    for flow, again in zip(FLOWS, gradient_flow.measured(), strict=True):
        np.testing.assert_array_equal(flow.norm, again.norm)


def test_the_picture_shows_all_of_them():
    picture = (HERE / "gradient_flow.svg").read_text(encoding="utf-8")
    for flow in FLOWS:
        for line in flow.name.splitlines():
            assert f">{line}</text>" in picture, line
