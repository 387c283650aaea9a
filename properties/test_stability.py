"""Laws of gradients over distance: which vanish, which grow, which are carried unchanged.

Bengio, Simard and Frasconi (1994), "Learning long-term dependencies with gradient descent is
difficult"; Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural
networks"; Hochreiter and Schmidhuber (1997), "Long short-term memory".
"""

import numpy as np

from seqlaws.properties.laws import (
    Array,
    Case,
    Expected,
    Fixed,
    Operation,
    Subject,
    agree,
    drawn,
    exactly,
    law,
    require,
)
from seqlaws.properties.operations import DIFFERENTIABLE, RECURRENT
from seqlaws.reference.algebra import sigmoid
from seqlaws.reference.numbers.arithmetic import FORMATS

TINY = drawn(E=3, B=2, T=2, I=2, H=2, L=2, S=3, D=2, Dv=2, M=1, group=2, n=3, rank=2)
STEPS = (1, 2, 5, 20, 100, 300)
SHUT = 30.0  # of which the sigmoid is 1, and of -SHUT 0, up to a rounding of float32
MOST = 64  # entries of an output whose gradients are taken alone


def far(operation: Operation) -> list[Fixed]:
    """Return lengths from one step to three hundred, without padding."""
    small: Fixed = {"B": 2, "I": 2, "H": 3, "padded": False, "scales": (0.5, 1.0)}
    return [{**small, "T": steps} for steps in STEPS]


def sigmoid_far(operation: Operation) -> list[Fixed]:
    """Return the same with the sigmoid as nonlinearity."""
    return [{**fixed, "nonlinearity": "sigmoid"} for fixed in far(operation)]


def only(case: Case, name: str) -> Case:
    """Return the case with the cotangent of one output alone."""
    alone = {n: c if n == name else np.zeros_like(c) for n, c in case.cotangents.items()}
    return case.pulled(**alone)


def own_error(steps: int, due: Array) -> Array:
    """Return the float64 error of a law's own computation: 16 roundings per step, and 16 more."""
    return 16 * (steps + 1) * 2.0**-53 * np.abs(due)


@law(DIFFERENTIABLE, share=0.03, gradients=True, cases=TINY, costly=True)
def test_jacobian(impl: Subject, case: Case) -> None:
    """Every entry of the Jacobian is correct: the gradient of each output entry alone.

    Of an output with more than MOST entries so many are drawn.
    """
    for name, cotangent in case.cotangents.items():
        alone = only(case, name)
        drawn = np.random.RandomState(case.seed).permutation(cotangent.size)[:MOST]
        for place in np.sort(drawn):
            unit = np.zeros(cotangent.size)
            unit[place] = 1.0
            one = alone.pulled(**{name: unit.reshape(cotangent.shape)})
            agree(impl, impl.pull(one), impl.expected(one, vjp=True), nan_is_free=True)


@law("rnn", share=0.01, gradients=True, sweep=sigmoid_far, needs=("nonlinearity",), section="edges")
def test_sigmoid_rnn_forgets(impl: Subject, case: Case) -> None:
    """Over T steps a sigmoid RNN scales a gradient by at most (|W_hh| / 4)^T.

    |dh_0| <= (|W_hh| / 4)^T |dh_T|, because sigmoid' <= 1/4; Pascanu et al. (2013), section 2.1.
    """
    last = only(case, "h_n")
    steps = case.arrays["x"].shape[1]
    factor = (np.linalg.norm(case.arrays["weight_hh"], 2) / 4) ** steps
    allowed = impl.expected(last, vjp=True)["h0"].allowed
    most = factor * np.linalg.norm(case.cotangents["h_n"], axis=1)
    slack = np.linalg.norm(allowed, axis=1) + own_error(steps, most)
    observed = np.linalg.norm(impl.pull(last)["h0"], axis=1)
    require(
        not np.any(observed > most + slack),
        f"over {steps} steps the gradient is larger than (|W|/4)^{steps} allows",
    )


@law("rnn", share=0.01, gradients=True, sweep=far, section="edges")
def test_relu_rnn_multiplies(impl: Subject, case: Case) -> None:
    """If all its units are active, a relu RNN's gradient is exactly the product of its weights.

    dh_0 = dh_T W_hh^T for T steps, here for a W_hh with one power of two in each row and column.
    """
    random, steps = case.random(), case.arrays["x"].shape[1]
    hidden = case.arrays["h0"].shape[1]
    factors = 2.0 ** random.randint(-1, 2, hidden) if steps <= 5 else np.ones(hidden)
    w = np.eye(hidden)[random.permutation(hidden)] * factors
    units = {n: np.ones_like(case.arrays[n]) for n in ("x", "h0", "bias_ih", "bias_hh")}
    units["weight_ih"] = np.zeros_like(case.arrays["weight_ih"])
    on = only(case, "h_n").having(**units, weight_hh=w, nonlinearity="relu")
    due = on.cotangents["h_n"] @ np.linalg.matrix_power(w, steps)
    says = f"over {steps} steps of active units the gradient is not the product of the weights"
    agree(impl, impl.pull(on), {"h0": exactly(due)}, says)


def forget_gates(case: Case) -> Array:
    """Return f_t of an LSTM whose weight_hh is zero: (B, T, H)."""
    h = case.arrays["h0"].shape[1]
    rows = slice(h, 2 * h)
    bias = case.arrays["bias_ih"][rows] + case.arrays["bias_hh"][rows]
    return sigmoid(case.arrays["x"] @ case.arrays["weight_ih"][rows].T + bias)


@law("lstm", share=0.01, gradients=True, sweep=far, section="edges")
def test_cell_path_is_the_product_of_forget_gates(impl: Subject, case: Case) -> None:
    """Along the cell state only the forget gates scale a gradient: dc_0 = dc_T prod f_t.

    W_hh = 0, so that there is no other path; Gers et al. (2000), "Learning to forget".
    """
    cell = only(case, "c_n").having(weight_hh=np.zeros_like(case.arrays["weight_hh"]))
    due = cell.cotangents["c_n"] * np.prod(forget_gates(cell), axis=1)
    allowed = impl.expected(cell, vjp=True)["c0"].allowed
    allowed = allowed + own_error(cell.arrays["x"].shape[1], due)
    says = "the gradient along the cell state is not the product of the forget gates"
    agree(impl, impl.pull(cell), {"c0": Expected(due, allowed)}, says)


@law("lstm", share=0.01, gradients=True, sweep=far, section="edges")
def test_open_cell_path_carries_gradients_unchanged(impl: Subject, case: Case) -> None:
    """With forget gate 1 and W_hh = 0 the gradient of c_0 equals that of c_T."""
    cell = only(case, "c_n").having(weight_hh=np.zeros_like(case.arrays["weight_hh"]))
    h = case.arrays["h0"].shape[1]
    bias, weight = np.array(cell.arrays["bias_ih"]), np.array(cell.arrays["weight_ih"])
    bias[h : 2 * h], weight[h : 2 * h] = 1000.0, 0.0
    open_ = cell.having(bias_ih=bias, weight_ih=weight)
    due = Expected(open_.cotangents["c_n"], impl.expected(open_, vjp=True)["c0"].allowed)
    agree(impl, impl.pull(open_), {"c0": due}, "an open cell path changes the gradient")


def counting(operation: Operation) -> list[Fixed]:
    """Return both directions of a few steps, for one unit."""
    few: Fixed = {"B": 2, "T": 20, "I": 1, "H": 1, "padded": False}
    return [few | {"reverse": way} for way in (False, True)]


@law(*RECURRENT, share=0.01, gradients=True, sweep=counting, section="edges",
     level="SHOULD")  # fmt: skip
def test_gradients_are_added_in_the_accumulating_dtype(impl: Subject, case: Case) -> None:
    """Gradients of 1 at each step count beside one of 2^p, where the significand has p bits.

    Once they are carried from step to step, as by a cell that is neither read nor forgotten; once
    each step forgets, and the parameters' gradients add them up. A SHOULD: automatic
    differentiation adds the gradients of a parameter in its own dtype.
    """
    wide = FORMATS[impl.arithmetic.accumulate][0] > FORMATS[impl.dtype][0]
    if not wide or (case.operation.name == "rnn" and not impl.offers("nonlinearity")):
        raise impl.record.not_about("only for sums that are wider than the arrays, and relu")
    large = 2.0 ** FORMATS[impl.dtype][0]
    for carried in (True, False):
        counted = case.having(**gates_for_gradients(case, carried=carried))
        if case.operation.name == "rnn":
            counted = counted.having(nonlinearity="relu")
        y = np.ones_like(case.cotangents["y"])
        if not carried:
            y[:, [0, -1]] = large
        state = "c_n" if "c_n" in case.cotangents else "h_n"
        pulled = {n: 0 * c + large * (carried and n == state) for n, c in case.cotangents.items()}
        counted = counted.pulled(**{**pulled, "y": y})
        says = "small gradients are lost beside a large one"
        agree(impl, impl.pull(counted), impl.expected(counted, vjp=True), says)


def gates_for_gradients(case: Case, *, carried: bool) -> dict[str, Array]:
    """Return arrays of one unit at 0, or at 1, which keeps a gradient from step to step or not."""
    arrays = {n: np.zeros_like(a) for n, a in case.arrays.items()}
    if case.operation.name == "rnn":
        arrays["x" if not carried else "h0"] += 1
        arrays["weight_ih"] += 1
        arrays["weight_hh"] += carried
    elif case.operation.name == "lstm":
        arrays["bias_ih"] += SHUT * np.array([-1, 1, 0, 1] if carried else [1, -1, 0, 1])
    else:
        arrays["bias_ih"][1] += SHUT if carried else -SHUT
    return arrays


@law("attention", share=0.1, gradients=True, cases=drawn(mask=None, is_causal=False, window=None))
def test_distance_does_not_matter(impl: Subject, case: Case) -> None:
    """Attention's gradient does not depend on distance: equal pairs have equal gradients.

    The first key-value pair is copied to the last place, and gets the same dk and dv there.
    """
    keys = {n: np.array(case.arrays[n]) for n in ("k", "v")}
    if keys["k"].shape[2] < 2:
        return
    for array in keys.values():
        array[:, :, -1] = array[:, :, 0]
    twice = case.having(**keys)
    gradients, expected = impl.pull(twice), impl.expected(twice, vjp=True)
    first: dict[str, Array] = {n: gradients[n][:, :, 0] for n in keys}
    allowed = {n: expected[n].allowed[:, :, 0] + expected[n].allowed[:, :, -1] for n in keys}
    due = {n: Expected(gradients[n][:, :, -1], allowed[n]) for n in keys}
    agree(impl, first, due, "equal keys at different distances have different gradients")
