"""Laws of rnn, gru and lstm: time, batch, padding, direction, hidden units."""

import numpy as np

from seqlaws.properties.inputs.sweeps import beyond_tiles
from seqlaws.properties.laws import (
    POISON,
    Array,
    Case,
    Expected,
    Fixed,
    Operation,
    Outputs,
    Subject,
    agree,
    drawn,
    exactly,
    harmful,
    law,
    same,
)
from seqlaws.properties.operations import RECURRENT
from seqlaws.properties.operations.recurrent import padded_with
from seqlaws.reference.numbers.arithmetic import FORMATS

WHOLE = drawn(padded=False)


def lengths_of(case: Case) -> Array:
    """Return the rows' lengths, or T if none are given."""
    batch, time = case.arrays["x"].shape[:2]
    given = case.option("lengths")
    return np.full(batch, time) if given is None else np.asarray(given)


def states(case: Case) -> list[str]:
    """Return the names of the initial states."""
    return [n for n in ("h0", "c0") if n in case.arrays]


def as_whole(impl: Subject, case: Case, outputs: Outputs, says: str) -> None:
    """Raise LawBrokenError unless the outputs match those of one call on the whole sequence."""
    agree(impl, outputs, impl.expected_of_steps(case, outputs), says)


@law(*RECURRENT, share=0.25, cases=WHOLE)
def test_chunked_is_whole(impl: Subject, case: Case) -> None:
    """A sequence in two parts, the second from the first's final states, equals the whole."""
    time = case.arrays["x"].shape[1]
    cut = int(case.random().randint(0, time + 1))
    backward = -1 if case.option("reverse") else 1
    parts = [slice(0, cut), slice(cut, time)][::backward]
    first = impl.run(case.having(x=case.arrays["x"][:, parts[0]]))
    carried = {f"{n[0]}0": first[n] for n in first if n != "y"}
    second = impl.run(case.having(x=case.arrays["x"][:, parts[1]], **carried))
    whole = {**second, "y": np.concatenate([first["y"], second["y"]][::backward], axis=1)}
    as_whole(impl, case, whole, "a sequence in two parts differs from the whole sequence")


@law(*RECURRENT, share=0.25, cases=WHOLE)
def test_causality(impl: Subject, case: Case) -> None:
    """Inputs that are read later have no influence on earlier outputs y."""
    time = case.arrays["x"].shape[1]
    cut = int(case.random().randint(0, time + 1))
    later = slice(0, time - cut) if case.option("reverse") else slice(cut, time)
    impl.run(case)
    x = np.array(case.arrays["x"])
    x[:, later] = -1.5
    outputs = impl.run(case.having(x=x))
    value, allowed = impl.expected_of_steps(case, outputs)["y"]
    allowed = np.array(allowed)
    allowed[:, later] = np.inf
    says = "a later input affects an earlier output"
    agree(impl, outputs, {"y": Expected(value, allowed)}, says)


@law(*RECURRENT, share=0.2)
def test_batch_is_its_rows(impl: Subject, case: Case) -> None:
    """Each row of a batch equals the row computed alone."""
    rows = []
    for b in range(case.arrays["x"].shape[0]):
        one = {n: case.arrays[n][b : b + 1] for n in ("x", *states(case))}
        if case.option("lengths") is not None:
            one["lengths"] = case.option("lengths")[b : b + 1]
        rows.append(impl.run(case.having(**one)))
    if rows:
        together = {n: np.concatenate([r[n] for r in rows]) for n in rows[0]}
        as_whole(impl, case, together, "a row computed alone differs from the one in the batch")


@law(*RECURRENT, share=0.2)
def test_hidden_unit_permutation(impl: Subject, case: Case) -> None:
    """Permuting the hidden units throughout permutes the states."""
    hidden = case.arrays["h0"].shape[1]
    s = case.random().permutation(hidden)
    rows = (np.arange(case.operation.blocks)[:, None] * hidden + s).ravel()
    changes = {n: case.arrays[n][..., s] for n in states(case)}
    changes |= {n: case.arrays[n][rows] for n in ("weight_ih", "bias_ih", "bias_hh")}
    changes["weight_hh"] = case.arrays["weight_hh"][rows][:, s]
    shuffled = impl.run(case.having(**changes))
    back = np.argsort(s)
    restored = {n: value[..., back] for n, value in shuffled.items()}
    as_whole(impl, case, restored, "the order of the hidden units changes the states")


def counting(operation: Operation) -> list[Fixed]:
    """Return some batch sizes and directions."""
    return [
        {"B": b, "T": 20, "I": 1, "H": 1, "reverse": way} for b in (1, 3) for way in (False, True)
    ]


@law(*RECURRENT, share=0.01, sweep=counting, section="edges")
def test_state_is_kept_in_the_accumulating_dtype(impl: Subject, case: Case) -> None:
    """A state that moves by less than the storage dtype's spacing at each step still moves.

    relu(h + 1) from h0 = 2^p, or a cell whose gates are open: c + 1; the significand has p bits.
    A GRU's state decays: h' = z h from h0 = 1.5 with 1 - z below 2^-(p + 1).
    """
    bits = FORMATS[impl.dtype][0]
    wide = FORMATS[impl.arithmetic.accumulate][0] > bits + 5
    if not wide or (case.operation.name == "rnn" and not impl.offers("nonlinearity")):
        raise impl.record.not_about("only for a state that is wider than the arrays, and relu")
    says, case = "the state is kept with too few bits", case.without("lengths")
    if case.operation.name == "gru":
        decaying = case.having(**gates_that_keep(case, bits))
        outputs, steps = impl.run(decaying), case.arrays["x"].shape[1]
        allowed = impl.expected_of_steps(decaying, outputs)["h_n"].allowed
        each = (2 * impl.arithmetic.ulps + 4) * impl.arithmetic.unit  # of z, and of products
        value = impl.plain(decaying)["h_n"]
        agree(impl, outputs, {"h_n": Expected(value, allowed + steps * each * value)}, says)
        return
    state = "h" if case.operation.name == "rnn" else "c"
    counted = case.having(**gates_that_count(case, state, 2.0**bits))
    if case.operation.name == "rnn":
        counted = counted.having(nonlinearity="relu")
    outputs = impl.run(counted)
    allowed = impl.expected_of_steps(counted, outputs)[f"{state}_n"].allowed
    due = Expected(counted.arrays[f"{state}0"] + case.arrays["x"].shape[1], allowed)
    agree(impl, outputs, {f"{state}_n": due}, says)


def gates_that_count(case: Case, state: str, start: float) -> dict[str, Array]:
    """Return arrays of one unit whose state grows by one at each step."""
    arrays = {n: np.ones_like(a) if n.startswith("w") else 0 * a for n, a in case.arrays.items()}
    arrays[f"{state}0"] += start
    arrays["x"] += 1
    if case.operation.name == "lstm":
        arrays |= {"weight_ih": 0 * arrays["weight_ih"], "weight_hh": 0 * arrays["weight_hh"]}
        arrays["bias_ih"] += 30
    return arrays


def gates_that_keep(case: Case, bits: int) -> dict[str, Array]:
    """Return arrays of one unit of a GRU whose candidate is 0 and whose update gate is near 1."""
    arrays = {n: np.zeros_like(a) for n, a in case.arrays.items()}
    arrays["h0"] += 1.5
    arrays["bias_ih"][1] += round((bits + 2) * np.log(2))  # 1 - z is about 2^-(bits + 2)
    return arrays


@law(*RECURRENT, share=0.2, cases=drawn(padded=True), needs=("lengths",), also=beyond_tiles)
def test_padding_has_no_influence(impl: Subject, case: Case) -> None:
    """1e6 beyond a row's length does not affect any output, and y is exactly 0 there."""
    outputs = impl.run(case)
    as_whole(impl, case, outputs, "padding affects the output")
    spoilt = impl.run(impl.spoilt(case, POISON[0]))
    same(impl, spoilt, outputs, "1e6 in the padding affects the output")


@law(*RECURRENT, share=0.2, cases=drawn(padded=True), needs=("lengths",), level="SHOULD",
     also=beyond_tiles, section="edges", promised=("never", "never in outputs"))  # fmt: skip
def test_nan_in_the_padding_reaches_no_output(impl: Subject, case: Case) -> None:
    """NaN and infinities beyond a row's length do not affect any output."""
    for poison in POISON[1:]:
        outputs = impl.run(impl.spoilt(case, poison))
        as_whole(impl, case, outputs, f"{poison} in the padding affects the output")


@law(
    *RECURRENT,
    share=0.1,
    gradients=True,
    cases=drawn(padded=True),
    needs=("lengths",),
    also=beyond_tiles,
)
def test_padding_has_no_influence_on_gradients(impl: Subject, case: Case) -> None:
    """1e6 beyond a row's length, in x or in dy, does not affect any gradient."""
    padding_reaches_no_gradient(impl, case, POISON[:1])


@law(*RECURRENT, share=0.1, gradients=True, cases=drawn(padded=True), needs=("lengths",),
     also=beyond_tiles, level="SHOULD", section="edges", promised=("never",))  # fmt: skip
def test_nan_in_the_padding_reaches_no_gradient(impl: Subject, case: Case) -> None:
    """NaN and infinities beyond a row's length, in x or in dy, do not affect any gradient."""
    padding_reaches_no_gradient(impl, case, POISON[1:])


def padding_reaches_no_gradient(impl: Subject, case: Case, poisons: tuple[float, ...]) -> None:
    """Raise LawBrokenError if values beyond a row's length affect a gradient."""
    gradients = impl.expected(case, vjp=True)
    for poison in poisons:
        says = f"{poison} in the padding affects a gradient"
        agree(impl, impl.pull(impl.spoilt(case, poison)), gradients, says)
        cotangent = padded_with(case, case.cotangents["y"], harmful(poison, case.dtype))
        says = f"{poison} in a cotangent of the padding affects a gradient"
        agree(impl, impl.pull(case.pulled(y=cotangent)), gradients, says)


@law(*RECURRENT, share=0.25, needs=("lengths",), also=beyond_tiles)
def test_lengths_are_shorter_sequences(impl: Subject, case: Case) -> None:
    """A row of length n equals the row cut to n steps: same y, same final states."""
    batch, time = case.arrays["x"].shape[:2]
    lengths = case.random().randint(0, time + 1, batch)
    case = case.having(lengths=lengths)
    if not batch:
        return
    rows = []
    for b, n in enumerate(lengths):
        one = {name: case.arrays[name][b : b + 1] for name in states(case)}
        cut = case.without("lengths").having(x=case.arrays["x"][b : b + 1, :n], **one)
        row = impl.run(cut)
        padding = np.zeros((1, time - n, row["y"].shape[2]))
        rows.append({**row, "y": np.concatenate([row["y"], padding], axis=1)})
    together = {n: np.concatenate([r[n] for r in rows]) for n in rows[0]}
    as_whole(impl, case, together, "a row with a length differs from the row cut to that length")


@law(*RECURRENT, share=0.25, needs=("reverse",))
def test_reverse_is_flip(impl: Subject, case: Case) -> None:
    """reverse reads the existing steps last to first: it equals flip, run forward, flip back."""
    backward = case.having(reverse=True)
    as_whole(impl, backward, impl.run(backward), "the result does not match the specification")
    steps = np.arange(case.arrays["x"].shape[1])
    lengths = lengths_of(case)[:, None]
    flip = np.where(steps < lengths, lengths - 1 - steps, steps)[..., None]
    x = np.take_along_axis(case.arrays["x"], flip, axis=1)
    outputs = impl.run(case.having(x=x, reverse=False))
    outputs["y"] = np.take_along_axis(outputs["y"], flip, axis=1)
    as_whole(
        impl,
        backward,
        outputs,
        "reverse differs from flipping the sequence, running it and flipping back",
    )


@law(*RECURRENT, share=0.2, section="edges")
def test_an_empty_sequence_returns_the_initial_state(impl: Subject, case: Case) -> None:
    """For T = 0 or a length of 0, y is empty or zero and the final states are the initial ones."""
    empty = case.without("lengths").having(x=case.arrays["x"][:, :0])
    due = {f"{n[0]}_n": case.arrays[n] for n in states(case)}
    outputs = impl.run(empty)
    agree(impl, outputs, {n: exactly(value) for n, value in due.items()})
    if impl.offers("lengths"):
        none = case.having(lengths=np.zeros(len(case.arrays["x"]), np.int64))
        outputs = impl.run(none)
        due["y"] = np.zeros_like(outputs["y"])
        agree(impl, outputs, {n: exactly(value) for n, value in due.items()})


@law(*RECURRENT, share=0.2, cases=drawn(T=3, padded=False))
def test_the_final_state_is_the_last_output(impl: Subject, case: Case) -> None:
    """h_n equals y at the step read last, within storage precision."""
    outputs = impl.run(case)
    last = outputs["y"][:, 0 if case.option("reverse") else -1]
    unit = impl.expected_of_steps(case, outputs)["h_n"].allowed
    agree(impl, outputs, {"h_n": Expected(last, unit)}, "h_n is not the last output")


@law(*RECURRENT, share=0.03, cases=drawn(T=1000, I=2, H=3, B=2, scales=(1.0, 0.5)), section="edges")
def test_long_sequences(impl: Subject, case: Case) -> None:
    """In a sequence of a thousand steps, every step is as accurate as the first."""
    outputs = impl.run(case)
    as_whole(impl, case, outputs, "a step of a long sequence is wrong")


@law(*RECURRENT, share=0.12, gradients=True, needs=("lengths",), also=beyond_tiles)
def test_no_gradient_through_padding(impl: Subject, case: Case) -> None:
    """Steps beyond a row's length have gradient 0, and cotangents there have no influence."""
    batch, time = case.arrays["x"].shape[:2]
    lengths = case.random().randint(0, time + 1, batch)
    case = case.having(lengths=lengths)
    beyond = (np.arange(time) >= lengths[:, None])[..., None]
    loud = case.pulled(y=np.where(beyond, 1000.0, case.cotangents["y"]))
    gradients = impl.pull(loud)
    hidden = np.where(beyond, gradients["x"], 0)
    agree(
        impl, {"x": hidden}, {"x": exactly(np.zeros_like(hidden))}, "padding has a nonzero gradient"
    )
    agree(
        impl,
        gradients,
        impl.expected(loud, vjp=True),
        "a cotangent in the padding affects a gradient",
    )
