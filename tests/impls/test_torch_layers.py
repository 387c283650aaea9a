"""torch's layers are made once for each thread."""

from concurrent.futures import ThreadPoolExecutor

import pytest

torch = pytest.importorskip("torch")

from seqlaws.impls.torch_native._layers import layer  # noqa: E402


def lstm_layer(units=3, training=True):
    return layer(torch.nn.LSTM, training=training, input_size=2, hidden_size=units)


def test_a_thread_gets_its_own_layer_again():
    first = lstm_layer()
    assert lstm_layer() is first
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lstm_layer).result() is not first


def test_another_size_or_mode_is_another_layer():
    first = lstm_layer()
    assert lstm_layer(units=4).hidden_size == 4
    assert not lstm_layer(training=False).training
    assert first.training


def test_a_layer_keeps_no_parameters_of_a_call():
    made = lstm_layer()
    given = {name: torch.ones(p.shape) for name, p in made.named_parameters()}
    torch.func.functional_call(made, given, (torch.ones(1, 2, 2),))
    assert all(p.is_meta for p in made.parameters())
    with pytest.raises(RuntimeError):
        torch.func.functional_call(made, given, (torch.ones(1, 2, 7),))
    assert all(p.is_meta for p in made.parameters())
