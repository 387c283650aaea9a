"""Misreadings of statements, constants and gradients: each gives the numbers that its name says."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from specs import source

from seqlaws.properties.misreadings import about, misread, tried_last
from seqlaws.properties.misreadings.parts import masked_behind_blocks, with_bits
from seqlaws.properties.own.adding import add_file, remove

CELL = """
    import numpy as np
    from seqlaws import operation

    @operation(x="B E", h="B E", weight="E", bias="E", returns="B E",
               options={"scale": (0.5, 2.0)})
    def cell(x, h, weight, bias, scale=1.5):
        h = h * weight
        error = x - h
        a = error + bias
        a = a * 0.375
        return np.tanh(a) + (scale * h - x)
"""
CONVOLUTION = """
    import numpy as np
    from seqlaws import operation
    from seqlaws.reference.algebra import log_sum_exp

    @operation(x="B T", w="", count="B T: below 256", other="T T: below 256",
               returns={"y": "B T", "n": "B T", "z": "B"})
    def shifted(x, w, count, other, factor: float = 2.0):
        before = np.zeros((x.shape[0], 2))
        padded = np.concatenate([before, x], axis=-1)
        y = np.concatenate([padded[:, :-2], factor * w * x[:, :0]], axis=-1)
        return y, w * (count @ other), log_sum_exp(x)[:, 0]
"""
X, H = np.random.RandomState(1).standard_normal((2, 3, 4))
W, B = np.random.RandomState(2).standard_normal((2, 4))
AS_NAMED = {
    "`h = h * weight` after `error = x - h`":
        np.tanh((X - H + B) * 0.375) + 1.5 * H * W - X,
    "`x` for `x - h`": np.tanh((X + B) * 0.375) + 1.5 * H * W - X,
    "`h` as before `h = h * weight` in `scale * h`":
        np.tanh((X - H * W + B) * 0.375) + 1.5 * H - X,
    "`bias` added to the result, not to `a`": np.tanh((X - H * W) * 0.375) + 1.5 * H * W - X + B,
    "0.735 for 0.375": np.tanh((X - H * W + B) * 0.735) + 1.5 * H * W - X,
    "`x` multiplied by `scale` as well": np.tanh((X - H * W + B) * 0.375) + 1.5 * (H * W - X),
}  # fmt: skip


@pytest.fixture
def added(write):
    names = []

    def add(text, name):
        names.extend(add_file(write(source(text), name), proving=True))
        every = (*about(f"{names[-1]}_vjp"), *tried_last(names[-1]))
        return {one.name: one for one in every}

    yield add
    remove(names)


def test_statements_are_changed_as_the_names_say(added):
    known = added(CELL, "cell.py")
    for name, due in AS_NAMED.items():
        assert name in known, [*known]
        np.testing.assert_allclose(misread(known[name], "cell")(X, H, W, B)[0], due)


def test_gradients_are_changed_as_the_names_say(added):
    known, dy = added(CELL, "cell.py"), np.ones((3, 4))
    slope = 0.375 * (1 - np.tanh((X - H * W + B) * 0.375) ** 2)
    dh = W * (1.5 - slope)
    right = slope - 1, dh, np.sum(H * (1.5 - slope), axis=0), np.sum(slope, axis=0)
    changed = {
        "the E of the gradient of x read backwards": {0: np.flip(right[0], -1)},
        "minus the gradient of bias": {3: -right[3]},
    }
    for name, gradients in changed.items():
        found = misread(known[name], "cell_vjp")(dy, X, H, W, B)
        for k, one in enumerate(found):
            np.testing.assert_allclose(one, gradients.get(k, right[k]), rtol=1e-12)
    found = misread(known["minus weight in the gradients of the others"], "cell_vjp")
    turned = 0.375 * (1 - np.tanh((X + H * W + B) * 0.375) ** 2)
    np.testing.assert_allclose(found(dy, X, H, W, B)[1], -W * (1.5 - turned))


def test_calls_are_changed_as_the_names_say(added):
    known = added(CONVOLUTION, "shifted.py")
    count, other = np.full((3, 4), 200), np.full((4, 4), 100)
    given = X, np.array(2.0), count, other
    (name,) = [n for n in known if n.startswith("half of `before` behind the rest")]
    y, *_ = misread(known[name], "shifted")(*given)
    np.testing.assert_array_equal(y, np.pad(X, ((0, 0), (1, 1)))[:, :4])
    _, n, _ = misread(known["sums of 16 bits that wrap around in `count @ other`"], "shifted")(
        *given
    )
    np.testing.assert_array_equal(n, np.full((3, 4), 2.0 * np.int64(80000).astype(np.int16)))
    (name,) = [n for n in known if n.startswith("the maximum not added")]
    *_, z = misread(known[name], "shifted")(*given)
    np.testing.assert_allclose(z, np.log(np.sum(np.exp(X), axis=-1)) - np.max(X, axis=-1))


def test_blocks_and_bits():
    assert with_bits(np.array([127, 128, 300, -129]), 8).tolist() == [127, -128, 44, 127]
    assert with_bits(np.array([0.5]), 8).tolist() == [0.5]
    masked = masked_behind_blocks(np.ones((1, 5)), 2)
    assert np.isneginf(masked).tolist() == [[False, False, False, False, True]]
    assert not np.isneginf(masked_behind_blocks(np.ones((1, 5)), 8)).any()
