"""Adapters of Equinox and Haiku: what they translate by hand, beside the specification."""

import numpy as np
import pytest

from seqlaws.impls import numpy_vectorized as right

jax = pytest.importorskip("jax")


def layer_of(rows, states, *, T=4):
    """Arrays of a recurrent layer, float32."""
    random = np.random.RandomState(0)
    shapes = [(2, T, 3), *[(2, 5)] * states, (rows * 5, 3), (rows * 5, 5), (rows * 5,), (rows * 5,)]
    return [random.standard_normal(shape).astype(np.float32) for shape in shapes]


def agree(found, due):
    for one, other in zip(found, due, strict=True):
        np.testing.assert_allclose(np.asarray(one), other, rtol=0, atol=1e-5)


def in_jax(arrays):
    return [jax.numpy.asarray(array) for array in arrays]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["equinox_nn", "haiku_nn"])
def test_gates_are_in_their_places(name, reverse):
    module = imported(name)
    lstm, gru = layer_of(4, 2), layer_of(3, 1)
    agree(module.lstm(*in_jax(lstm), reverse=reverse), right.lstm(*lstm, reverse=reverse))
    options = {"reverse": reverse} | ({} if name == "equinox_nn" else {"reset_after": False})
    agree(module.gru(*in_jax(gru), **options), right.gru(*gru, **options))


def test_haiku_refuses_what_its_cores_do_not_compute():
    module = imported("haiku_nn")
    with pytest.raises(NotImplementedError, match="before the product"):
        module.gru(*in_jax(layer_of(3, 1)))
    with pytest.raises(NotImplementedError, match="relu alone"):
        module.rnn(*in_jax(layer_of(1, 1)))
    with pytest.raises(ValueError, match="unknown nonlinearity 'swish'"):
        module.rnn(*in_jax(layer_of(1, 1)), nonlinearity="swish")
    given = layer_of(1, 1)
    agree(module.rnn(*in_jax(given), nonlinearity="relu"), right.rnn(*given, nonlinearity="relu"))


@pytest.mark.parametrize("offset", [0, 7, 30_000])
@pytest.mark.parametrize("heads", [1, 3])
def test_equinox_counts_positions_from_an_offset(offset, heads, monkeypatch):
    module = imported("equinox_nn")
    monkeypatch.setattr(module, "MANY", 10_000)  # more are rotated one head after another
    x = np.random.RandomState(0).standard_normal((2, heads, 5, 8)).astype(np.float32)
    positions = np.arange(offset, offset + 5)
    found = module.rotary_embedding(jax.numpy.asarray(x), positions)
    np.testing.assert_allclose(found, right.rotary_embedding(x, positions), rtol=0, atol=2e-2)
    if offset < 10:
        np.testing.assert_allclose(found, right.rotary_embedding(x, positions), rtol=0, atol=1e-5)


@pytest.mark.parametrize("positions", [[-1, 0], [0, 2], [1, 0], [3, 3]])
def test_equinox_refuses_other_positions(positions):
    module = imported("equinox_nn")
    with pytest.raises(NotImplementedError, match="counts positions up from 0"):
        module.rotary_embedding(jax.numpy.ones((1, 1, 2, 4)), np.array(positions))


def imported(name):
    pytest.importorskip({"equinox_nn": "equinox", "haiku_nn": "haiku"}[name])
    return __import__(f"seqlaws.impls.{name}", fromlist=[name])
