"""Misreadings of an own operation: each gives numbers of its own, and says what it changes."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from specs import RMS_NORM, source

from seqlaws.properties.misreadings import about, misread, shown
from seqlaws.properties.own.adding import add_file, remove

HELPER = """
    import numpy as np
    from seqlaws import operation
    from seqlaws.functions import softmax

    def scores(q, k, scale):
        return np.einsum("bld,bsd->bls", q, k) * scale

    @operation(q="B L D", k="B S D", v="B S D", mask="L S: bool", returns="B L D", batch="B")
    def own_attention(q, k, v, mask=None, scale: float = 0.5, causal: bool = False):
        s = scores(q, k, scale)
        if mask is not None:
            s = np.where(mask, s, -1e4)
        if causal:
            s = np.where(np.tril(np.ones(s.shape[1:], bool)), s, -1e4)
        return softmax(s) @ v
"""


@pytest.fixture
def added(write):
    names = []

    def add(text, name):
        names.extend(add_file(write(source(text), name)))
        return names[-1]

    yield add
    remove(names)


def test_the_likely_mistakes_of_a_norm_are_among_them(added):
    name = added(RMS_NORM, "norm.py")
    known = [one.name for one in about(f"{name}_vjp")]
    for said in ("eps ignored", "no eps", "eps = 1e-5", "`eps` outside the root", "one plus weight",
                 "no gradient of weight", "`mean` over all axes, not -1"):  # fmt: skip
        assert said in known
    assert any("as the least of" in n for n in known)
    assert any("`sum` for `mean`" in n for n in known)
    assert any("no gradient through" in n for n in known)


def test_each_gives_other_numbers(added):
    name = added(RMS_NORM, "norm_of_others.py")
    random = np.random.default_rng(1)
    x, w, dy = (
        random.standard_normal((4, 5)),
        random.standard_normal(5),
        random.standard_normal((4, 5)),
    )
    from seqlaws.reference import function_of

    for one in about(f"{name}_vjp"):
        if "multiple of" in one.name or "block of" in one.name:
            continue  # shown by large sizes alone
        for x_ in (x, 1e-3 * x):
            back = one.gradients
            function = name + "_vjp" * back
            given = ([dy] if back else []) + [x_, w]
            truth = function_of(function)(*given, eps=2e-2)
            found = misread(one, function)(*given, eps=2e-2)
            plain = function_of(function)(*given)
            other = misread(one, function)(*given)
            differs = any(
                not np.allclose(a, b, 1e-9, 1e-12)
                for a, b in zip((*truth, *plain), (*found, *other), strict=True)
            )
            if differs:
                break
        assert differs, one.name


def test_functions_that_are_called_are_changed_too(added):
    name = added(HELPER, "with_helper.py")
    statements = {e.statement for one in about(name) for e in one.edits}
    assert statements == {"own_attention", "scores"}
    known = [one.name for one in about(name)]
    for said in ("scale ignored", "causal inverted", "causal always True", "mask inverted",
                 "k and v exchanged"):  # fmt: skip
        assert said in known, said


def test_what_is_shown_names_the_file_and_the_line(added):
    name = added(RMS_NORM, "shown.py")
    (one,) = [m for m in about(name) if m.name == "`eps` outside the root"]
    head, *lines = shown(one, name)
    assert head == "in shown.py, rms_norm:"
    assert any(line.startswith("+") and "+ eps" in line for line in lines)
