"""Agreement with the specification: values and gradients, at every size, over any time."""

from typing import Any

import numpy as np

from seqlaws.properties.cases import Case, drawn
from seqlaws.properties.checks import agree, exactly, same
from seqlaws.properties.laws import law
from seqlaws.properties.operations import OPERATIONS, RECURRENT
from seqlaws.properties.subject import Subject
from seqlaws.reference.numbers.stepwise import expected_vjp_step_by_step

ALL = tuple(OPERATIONS)
LENGTHS = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 257)
FEATURES = (1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 129)
WIDTHS = (1, 2, 3, 7, 8, 9, 16, 17, 33, 65)
BATCHES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)
BLOCKS = {"rnn": 1, "gru": 3, "lstm": 4}


def every_size(operation: str) -> list[dict[str, Any]]:
    """Each letter of an operation at each size, the others drawn; lengths beside bare flags too."""
    if operation == "softmax":
        return [{"n": n} for n in (*LENGTHS, 6, 10, 11, 12, 13, 14, 100, 255, 256, 1000)]
    if operation == "attention":
        letters = {"L": LENGTHS, "S": LENGTHS, "D": FEATURES, "Dv": FEATURES, "B": BATCHES[:8]}
        letters |= {"M": (1, 2, 3, 4, 5, 8), "group": (1, 2, 3, 4, 7, 8)}
        bare: dict[str, Any] = {"mask": None, "window": None}
        pinned = [{**bare, "L": n, "S": n, "is_causal": True} for n in LENGTHS]
        pinned += [{**bare, "S": n, "is_causal": False, "softcap": None} for n in LENGTHS]
    else:
        letters = {"B": BATCHES, "I": FEATURES, "H": FEATURES}
        pinned = []
        if operation in RECURRENT:
            letters["T"] = LENGTHS
            for reverse in (False, True):
                pinned += [{"T": n, "reverse": reverse, "lengths": None} for n in LENGTHS]
    return pinned + [{letter: n} for letter, sizes in letters.items() for n in sizes]


def moderate_sizes(operation: str) -> list[dict[str, Any]]:
    """For recurrences fewer, up to 33 steps: past them a whole gradient's bound says nothing."""
    if operation not in RECURRENT:
        return every_size(operation)
    sizes = {"T": (0, 1, 2, 3, 7, 8, 9, 16, 17, 33), "B": BATCHES, "I": WIDTHS, "H": WIDTHS}
    weak = {"scales": (0.5, 1.0)}
    return [{letter: n, **weak} for letter, ns in sizes.items() for n in ns]


@law(*ALL, share=0.7)
def test_values(impl: Subject, case: Case) -> None:
    """Every output entry is within the derived bound of the specification's value.

    |out - spec(x)| <= allowed(x), for every option beside every other; recurrences step by step,
    each from the implementation's own state.
    """
    outputs = impl.run(case)
    agree(impl, outputs, impl.expected_of_steps(case, outputs))


@law(*ALL, gradients=True, share=0.4)
def test_gradients(impl: Subject, case: Case) -> None:
    """Every gradient entry is within the derived bound of the specification's vjp.

    For random cotangents on every output at once: |dx - spec_vjp(cotangents, x)| <= allowed.
    """
    agree(impl, impl.pull(case), impl.expected(case, vjp=True), nan_is_free=True)


@law(*ALL, share=0.01, sweep=every_size)
def test_values_at_every_size(impl: Subject, case: Case) -> None:
    """Values agree at every length, width and batch size: 0, 1, and around 8, 16, 32, 64, 128."""
    outputs = impl.run(case)
    agree(impl, outputs, impl.expected_of_steps(case, outputs))


@law(*ALL, share=0.01, gradients=True, sweep=moderate_sizes)
def test_gradients_at_every_size(impl: Subject, case: Case) -> None:
    """Gradients agree at every length, width and batch size: 0, 1, and around 8, 16, 32, 64."""
    agree(impl, impl.pull(case), impl.expected(case, vjp=True), nan_is_free=True)


def distances(operation: str) -> list[dict[str, Any]]:
    """Twenty, a hundred and three hundred steps."""
    inputs = {"H": 3, "I": 3 * BLOCKS[operation], "B": 2, "scales": (0.5, 1.0)}
    return [{**inputs, "T": steps} for steps in (20, 100, 300)]


@law(*RECURRENT, share=0.01, gradients=True, sweep=distances)
def test_gradients_step_by_step(impl: Subject, case: Case) -> None:
    """Back through 20 to 300 steps, each step back is right given the gradient after it.

    With weight_ih the identity, dx_t is the gradient at the pre-activations of step t, so that
    each step is checked from the implementation's own, and nothing accumulates.
    """
    case = case.having(weight_ih=np.eye(case.arrays["weight_ih"].shape[0]))
    gradients = impl.pull(case)
    options = {name: case.option(name) for name in impl.operation.options}
    given = [*case.cotangents.values(), *case.arrays.values()]
    found = expected_vjp_step_by_step(
        case.operation, gradients["x"], *given, arithmetic=impl.arithmetic, **options
    )
    agree(impl, gradients, dict(zip(case.arrays, found, strict=True)))


@law(*ALL, gradients=True, share=0.1)
def test_one_cotangent_at_a_time(impl: Subject, case: Case) -> None:
    """The gradient of each output alone is right, with no cotangent on the others."""
    names = list(case.cotangents)
    one = names[int(case.random().randint(len(names)))]
    alone = case.pulled(**{n: np.where(n == one, c, 0.0) for n, c in case.cotangents.items()})
    agree(impl, impl.pull(alone), impl.expected(alone, vjp=True), nan_is_free=True)


@law(*ALL, gradients=True, share=0.1)
def test_gradients_are_linear(impl: Subject, case: Case) -> None:
    """The gradient is linear in the cotangents: none for 0, exactly; twice for twice."""
    nothing = case.pulled(**{n: np.zeros_like(c) for n, c in case.cotangents.items()})
    zero = {n: exactly(g) for n, g in impl.plain(nothing, vjp=True).items()}
    says = "cotangents of zero give a gradient"
    agree(impl, impl.pull(nothing), zero, says, nan_is_free=True)
    twice = case.pulled(**{n: 2 * c for n, c in case.cotangents.items()})
    agree(impl, impl.pull(twice), impl.expected(twice, vjp=True), nan_is_free=True)


@law(*ALL, gradients=True, share=0.1)
def test_gradients_do_not_accumulate(impl: Subject, case: Case) -> None:
    """A gradient taken again is the same, bit for bit: nothing is added up over calls."""
    first = impl.pull(case)
    same(impl, impl.pull(case), first, "a gradient taken again is another")


@law(*ALL, share=0.2, cases=drawn(poison=(0.0,)))
def test_nan_shows(impl: Subject, case: Case) -> None:
    """A NaN that counts shows in every output that depends on it, and in no other."""
    random = case.random()
    names = [n for n, a in case.arrays.items() if a.size]
    if not names:
        return
    name = names[int(random.randint(len(names)))]
    array = np.array(case.arrays[name])
    array.reshape(-1)[int(random.randint(array.size))] = np.nan
    spoiled = case.having(**{name: array})
    if case.operation == "attention" and name in ("k", "v"):
        return  # masked for one query and counted for another: a law of its own
    due = {n: np.isnan(value) for n, value in impl.plain(spoiled).items()}
    observed = {n: np.isnan(o) for n, o in impl.run(spoiled).items()}
    agree(
        impl,
        {n: o.astype(float) for n, o in observed.items()},
        {n: exactly(d.astype(float)) for n, d in due.items()},
        "a NaN is lost, or spreads to what does not depend on it",
    )


@law(*ALL, share=0.2)
def test_options_left_out(impl: Subject, case: Case) -> None:
    """An option left out is its default given, bit for bit."""
    defaults = {n: d for n, d in impl.operation.options.items() if impl.offers(n)}
    kept = set(list(case.options)[:: int(case.random().randint(1, 4))])
    bare = case.without(*(set(case.options) - kept))
    explicit = bare.having(**{n: d for n, d in defaults.items() if n not in bare.options})
    first = impl.run(bare)
    same(impl, impl.run(explicit), first, "an option's default is not what leaving it out gives")


@law(*ALL, share=0.2)
def test_every_argument_matters(impl: Subject, case: Case) -> None:
    """Another value of any one argument changes the output as it changes the specification's."""
    random = case.random()
    name = list(case.arrays)[int(random.randint(len(case.arrays)))]
    array = case.arrays[name]
    other = np.round(array + random.choice([-1.0, 0.5, 1.0], array.shape), 2)
    if case.operation == "softmax":
        other = np.where(np.isneginf(array), array, other)
    changed = case.having(**{name: np.clip(other, -8, 8) if case.operation != "softmax" else other})
    impl.run(case)
    outputs = impl.run(changed)
    agree(impl, outputs, impl.expected_of_steps(changed, outputs))
