"""Rows of a scan: lengths and reverse, right and wrong."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from specs import DECAY, source

from seqlaws import check

ROWS = DECAY.replace("batch=", 'lengths="B: lengths T", reversible=True, batch=')
RIGHT_ROWS = """
    import numpy as np
    TRAITS = {"dtypes": ("float32",)}

    def decay(x, rate, h, lengths=None, reverse=False):
        n = np.full(len(x), x.shape[1]) if lengths is None else lengths
        y, last = np.zeros_like(x), h.copy()
        for b, steps in enumerate(n):
            order = range(steps)
            for t in reversed(order) if reverse else order:
                last[b] = rate[b, t] * last[b] + x[b, t]
                y[b, t] = np.tanh(last[b])
        return y, last
"""
WRONG_ROWS = {  # another text in the right one, a law that fails, and the name of the cause
    "lengths": ("enumerate(n)", "enumerate(0 * n + x.shape[1])",
                "steps_beyond_a_length_have_no_influence", "lengths ignored"),
    "reverse": ("if reverse else", "if False else", "values_of_every_combination",
                "reverse ignored"),
    "flip": ("range(steps)", "range(x.shape[1])", "values", "lengths ignored"),
    "order": ("return y, last", "return y[:, ::-1] if reverse and lengths is None else y, last",
              "values_of_every_combination", "in the order in which they are read"),
    "state": ("return y, last", """for b, steps in enumerate(n):
            for t in range(steps, x.shape[1]) if not reverse else ():
                last[b] = rate[b, t] * last[b] + x[b, t]
        return y, last""", "steps_beyond_a_length_have_no_influence", "go on through the padding"),
    "padding": ("return y, last", """for b, steps in enumerate(n):
            y[b, steps:] = 0 if reverse else np.tanh(last[b])
        return y, last""", "steps_beyond_a_length_have_no_influence", "the last output again"),
}  # fmt: skip


def test_right_rows_pass(write, plug_in):
    spec = write(source(ROWS), "decay.py")
    result = check(plug_in(source(RIGHT_ROWS)), spec=spec, examples=6)
    passed = {v.law_name for v in result.verdicts if v.status == "passed"}
    assert not result.failures, str(result)
    assert passed >= {
        "steps_beyond_a_length_have_no_influence",
        "a_row_without_steps_keeps_its_state",
        "later_steps_have_no_influence",
        "chunks_continue",
    }
    assert {cause.kind for cause in result.causes} <= {"guards"}, str(result)


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_wrong_rows_are_named(name, write, plug_in):
    old, new, law, words = WRONG_ROWS[name]
    spec, right = write(source(ROWS), "decay.py"), source(RIGHT_ROWS)
    new = new.replace("\n        ", "\n    ")
    assert right.count(old) == 1
    result = check(plug_in(right.replace(old, new)), spec=spec, examples=6, sections=["numbers"])
    assert f"decay.{law}" in [v.law for v in result.failures], str(result)
    assert any(words in n for c in result.causes for n in c.names), str(result)
