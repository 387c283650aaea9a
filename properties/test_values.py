"""Agreement with the specification: values."""

from seqlaws.properties.cases import Case
from seqlaws.properties.checks import agree
from seqlaws.properties.laws import law
from seqlaws.properties.subject import Subject


@law("softmax", "rnn", "lstm_gates", "lstm", "gru", "attention")
def test_values(impl: Subject, case: Case) -> None:
    """Every output entry is within the derived bound of the specification's value.

    |out - spec(x)| <= allowed(x), for every option beside every other; recurrences step by step,
    each from the implementation's own state.
    """
    outputs = impl.run(case)
    agree(impl, outputs, impl.expected_of_steps(case, outputs))


@law("softmax", "rnn", "lstm_gates", "lstm", "gru", "attention", gradients=True)
def test_gradients(impl: Subject, case: Case) -> None:
    """Every gradient entry is within the derived bound of the specification's vjp.

    For random cotangents on every output at once: |dx - spec_vjp(cotangents, x)| <= allowed.
    """
    gradients = impl.pull(case)
    agree(impl, gradients, impl.expected(case, vjp=True), nan_is_free=True)
