"""Laws of gates: saturated gates, open or shut, and the state that they keep."""

import numpy as np

from seqlaws.properties.laws import Array, Case, Expected, Subject, agree, drawn, exactly, law

OPEN, SHUT = 1000.0, -1000.0
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def with_gates(case: Case, *blocks: float | None) -> Case:
    """Saturate each block of rows by its bias alone; None leaves a block as drawn."""
    hidden = case.arrays["bias_ih"].shape[0] // len(blocks)
    changes: dict[str, Array] = {n: np.array(case.arrays[n]) for n in WEIGHTS}
    for k, bias in enumerate(blocks):
        rows = slice(k * hidden, (k + 1) * hidden)
        if bias is not None:
            for name in WEIGHTS:
                changes[name][rows] = bias if name == "bias_ih" else 0.0
    return case.having(**changes)


def held(case: Case, initial: str) -> Array:
    """Return the initial state, repeated over all existing steps."""
    batch, time = case.arrays["x"].shape[:2]
    lengths = case.option("lengths")
    exists = np.ones((batch, time), bool) if lengths is None else np.arange(time) < lengths[:, None]
    return np.where(exists[..., None], case.arrays[initial][:, None], 0.0)


@law("lstm", share=0.25)
def test_conveyor_belt(impl: Subject, case: Case) -> None:
    """With forget gate 1 and input gate 0 the cell state is kept: c_n = c_0, at any length.

    Allowed: the effect of an error of 4 ulp in a gate of 1, step by step.
    """
    kept = with_gates(case, SHUT, OPEN, None, None)
    outputs = impl.run(kept)
    due = Expected(case.arrays["c0"], impl.expected_of_steps(kept, outputs)["c_n"].allowed)
    agree(impl, outputs, {"c_n": due}, "the cell state was not kept")


@law("lstm", share=0.1, level="SHOULD")
def test_conveyor_belt_keeps_every_bit(impl: Subject, case: Case) -> None:
    """With forget gate 1 and input gate 0 the cell state is kept bit for bit: c_n = c_0."""
    kept = with_gates(case, SHUT, OPEN, None, None)
    agree(impl, impl.run(kept), {"c_n": exactly(case.arrays["c0"])}, "the cell state has changed")


@law("lstm", share=0.05, cases=drawn(T=300, I=2, H=3, B=2), section="edges")
def test_conveyor_belt_over_300_steps(impl: Subject, case: Case) -> None:
    """With forget gate 1 and input gate 0 the cell state is kept over 300 steps."""
    kept = with_gates(case, SHUT, OPEN, None, None)
    outputs = impl.run(kept)
    due = Expected(case.arrays["c0"], impl.expected_of_steps(kept, outputs)["c_n"].allowed)
    agree(impl, outputs, {"c_n": due}, "the cell state was not kept")


@law("lstm", share=0.2)
def test_shut_output_gate(impl: Subject, case: Case) -> None:
    """With output gate 0 the output is y = 0, and the cell state continues as specified."""
    shut = with_gates(case, None, None, None, SHUT)
    outputs = impl.run(shut)
    due = impl.expected_of_steps(shut, outputs)
    agree(impl, outputs, due, "the result with a shut output gate is wrong")


@law("lstm", share=0.2, cases=drawn(T=1, padded=False))
def test_forgetting_everything(impl: Subject, case: Case) -> None:
    """With forget gate 0 and input gate 0 nothing is kept: c_n = 0 and y = 0."""
    emptied = with_gates(case, SHUT, SHUT, None, None)
    outputs = impl.run(emptied)
    due = impl.expected_of_steps(emptied, outputs)
    agree(impl, outputs, due, "a state remains although both gates are shut")


@law("lstm", share=0.2)
def test_counting(impl: Subject, case: Case) -> None:
    """With all gates open and a saturated candidate the cell counts steps: c_n = c_0 + length."""
    whole = np.round(np.clip(case.arrays["c0"], -4, 4))
    counting = with_gates(case, OPEN, OPEN, OPEN, None).having(c0=whole)
    batch, time = case.arrays["x"].shape[:2]
    lengths = case.option("lengths")
    steps = np.full(batch, time) if lengths is None else np.asarray(lengths)
    outputs = impl.run(counting)
    allowed = impl.expected_of_steps(counting, outputs)["c_n"].allowed
    due = Expected(whole + steps[:, None], allowed)
    agree(impl, outputs, {"c_n": due}, "the cell does not count its steps")


@law("gru", share=0.25)
def test_open_update_gate_keeps_the_state(impl: Subject, case: Case) -> None:
    """With update gate 1 the state is kept, at any length: h_t = h_0, one step at a time."""
    kept = with_gates(case, None, OPEN, 0.0)
    outputs = impl.run(kept)
    due = impl.expected_of_steps(kept, outputs)
    agree(impl, outputs, due, "an open update gate changes the state")


@law("gru", share=0.1, level="SHOULD")
def test_open_update_gate_keeps_every_bit(impl: Subject, case: Case) -> None:
    """With update gate 1 the state is kept bit for bit, at any length: h_t = h_0.

    The candidate is 0, so that both (1 - z) n + z h and n + z (h - n) are exact.
    """
    kept = with_gates(case, None, OPEN, 0.0)
    due = {"h_n": exactly(case.arrays["h0"]), "y": exactly(held(case, "h0"))}
    agree(impl, impl.run(kept), due, "an open update gate changes the state")


@law("gru", share=0.2)
def test_shut_update_and_reset_gates(impl: Subject, case: Case) -> None:
    """With update gate 0 and reset gate 0 the state is forgotten: h_n does not depend on h_0."""
    forgetful = with_gates(case, SHUT, SHUT, None)
    other = forgetful.having(h0=1.0 - case.arrays["h0"])
    outputs, others = impl.run(forgetful), impl.run(other)
    agree(impl, others, impl.expected_of_steps(other, others))
    agree(impl, outputs, impl.expected_of_steps(forgetful, outputs))


@law("lstm_gates", share=0.25, section="edges")
def test_saturated_gates(impl: Subject, case: Case) -> None:
    """Pre-activations of +-1000 give gates of 1 and 0, and candidates of +-1."""
    random = case.random()
    saturated = with_gates(case, *(OPEN if random.randint(2) else SHUT for _ in range(4)))
    says = "a saturated gate is not 0 or 1"
    agree(impl, impl.run(saturated), impl.expected(saturated), says)


@law("rnn", share=0.2, cases=drawn(nonlinearity="relu", scales=(1.0,)))
def test_relu_of_integers_is_exact(impl: Subject, case: Case) -> None:
    """Integer inputs, states and weights give integer states, bit for bit, in any order."""
    small = {n: np.clip(np.round(a), -1, 1) for n, a in case.arrays.items()}
    time = case.arrays["x"].shape[1]
    whole = case.having(**{**small, "x": small["x"][:, :3]})
    if case.option("lengths") is not None:
        whole = whole.having(lengths=np.minimum(case.option("lengths"), min(time, 3)))
    agree(impl, impl.run(whole), impl.expected(whole), "integers are not summed exactly")


@law("rnn", share=0.1, gradients=True)
def test_relu_has_slope_0_at_0(impl: Subject, case: Case) -> None:
    """At a pre-activation of exactly 0 the slope of relu is 0: no gradient passes."""
    zeros = {n: np.zeros_like(case.arrays[n]) for n in ("x", "h0", "bias_ih", "bias_hh")}
    still = case.having(**zeros, nonlinearity="relu")
    time = case.arrays["x"].shape[1]
    lengths = np.full(len(case.arrays["x"]), time)  # a row of no steps hands its cotangent on
    still = still.having(lengths=lengths) if case.option("lengths") is not None else still
    if time:
        due = {n: exactly(np.zeros_like(a)) for n, a in still.arrays.items()}
        agree(impl, impl.pull(still), due, "a gradient passes where relu has slope 0")
