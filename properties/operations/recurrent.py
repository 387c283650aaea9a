"""Cases of rnn, lstm, gru, and of one step's gates."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.dense import LENGTHS as ROWS
from seqlaws.properties.inputs.dense import larger, sized
from seqlaws.properties.inputs.drawing import drawn_sizes, with_cotangents
from seqlaws.properties.inputs.numbers import Array, Draw, Filling, pick, representable
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import Choice, Flag, Lengths, Option
from seqlaws.properties.inputs.sizes import (
    BATCHES,
    FEATURES,
    LENGTHS,
    PLAIN,
    WIDTHS,
    Fixed,
    Sweeps,
    each,
    many_programs,
    pairs_of,
    products,
    widths,
)

NONLINEARITY = Choice(("tanh", "relu", "sigmoid"))
LENGTHS_OF_ROWS = Lengths()


def parameters(
    fill: Filling, blocks: int, inputs: int, hidden: int, scale: float
) -> dict[str, Array]:
    """Weights and biases of a recurrent layer."""
    rows = blocks * hidden
    return {
        "weight_ih": fill.array(rows, inputs, scale=scale / max(inputs, 1) ** 0.5),
        "weight_hh": fill.array(rows, hidden, scale=scale / max(hidden, 1) ** 0.5),
        "bias_ih": fill.array(rows, scale=0.5 * scale),
        "bias_hh": fill.array(rows, scale=0.5 * scale),
    }


def gates_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """One step's gates, from ordinary to saturated."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "B I H", "B", fixed)
    arrays = {"x": fill.array(n["B"], n["I"]), "h": fill.array(n["B"], n["H"])}
    arrays |= parameters(fill, operation.blocks, n["I"], n["H"], pick(draw, (1.0, 0.5, 2.0, 20.0)))
    return with_cotangents(Case(operation, dtype, arrays), fill, fixed)


def recurrent_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Sequences; initial states and biases that are not zero; lengths, direction, activation."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "B T I H", "B T", fixed)
    scale = pick(draw, fixed.get("scales", (1.0, 0.5, 1.0, 2.0)))
    arrays = {"x": fill.array(n["B"], n["T"], n["I"]), "h0": fill.array(n["B"], n["H"])}
    if "c0" in operation.arrays:
        arrays["c0"] = fill.array(n["B"], n["H"])
    arrays |= parameters(fill, operation.blocks, n["I"], n["H"], scale)
    options: dict[str, Any] = {}
    if "nonlinearity" in operation.options:
        options["nonlinearity"] = pick(draw, NONLINEARITY.names)
    if "reset_after" in operation.options:
        options["reset_after"] = pick(draw, (True, False))
    options["reverse"] = pick(draw, (False, True))
    options |= {name: fixed[name] for name in options.keys() & fixed.keys()}
    lengths = LENGTHS_OF_ROWS.drawn("lengths", draw, fill, n, fixed)
    if lengths is not None:
        options["lengths"] = lengths
    case = with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)
    return replace(case, poison=(pick(draw, fixed.get("poison", (0.0, 1e6))), n["I"]))


def padded_with(case: Case, array: Array, poison: float) -> Array:
    """An array (B, T, .) with its padding overwritten."""
    beyond = np.arange(case.arrays["x"].shape[1]) >= np.asarray(case.options["lengths"])[:, None]
    poison = float(representable(np.array(poison), case.dtype))
    return np.where(beyond[..., None], poison, array)


def poisoned(case: Case) -> Case:
    """The case with its poison in the padding."""
    if case.option("lengths") is None:
        return case
    return case.having(x=padded_with(case, case.arrays["x"], case.poison[0]))


SHORT: Fixed = {"B": 1, "I": 1, "H": 1, "padded": False, "scales": (1.0,), "nonlinearity": "tanh"}
QUIET: Fixed = {"scales": (0.05,)}  # of a thousand weights, or gates are shut; of as many steps
INPUTS = (257, 513, 1025)  # beyond FEATURES; of so many units the weights are still cheap


def wide(*, steps: bool) -> list[Fixed]:
    """Each letter at the widths, one direction, others small; fewer units; a product of two."""
    few = SHORT | {"T": 1 + steps}
    pinned = widths(few, "I", sizes=(*INPUTS, *WIDTHS)) + widths(few, "B")
    pinned += steps * [PLAIN | few | {"B": WIDTHS[-1], "T": 5, "padded": "alike", "reverse": True}]
    return pinned + widths(few | QUIET, "H", sizes=INPUTS[::2]) + products(few, "B I")


STEPS = (72, 80, 96, 100, 112, 120, *LENGTHS[-4:])  # beyond 67
WIDE: list[Fixed] = [PLAIN | {letter: n, "T": 2} for letter in "IH" for n in FEATURES[-4:]]

KINDS: dict[str, list[Fixed]] = {  # by the recurrences' own option
    "rnn": [{"nonlinearity": name} for name in NONLINEARITY.names],
    "gru": [{"reset_after": after} for after in (True, False)],
    "lstm": [{}],
}


def batches(operation: Operation) -> list[Fixed]:
    """Batches, and each feature size up to 67; some beyond."""
    return [*entries((*BATCHES, 64, 65, 129)), *each(67, "I", "H"), *WIDE, *wide(steps=False)]


def entries(numbers: Iterable[int]) -> list[Fixed]:
    """Each number of entries in a batch, of a few steps."""
    return [PLAIN | {"B": n, "T": 3} for n in numbers]


def every_size(operation: Operation) -> list[Fixed]:
    """Each length up to 67 both ways, and each feature size; lengths beside bare flags."""
    short = product((0, 1, 2, 3, 8, 17), (False, True), (False, True))
    pinned: list[Fixed] = [{"T": n, "reverse": way, "padded": rows} for n, way, rows in short]
    pinned += entries((*BATCHES, 64, 65, 129)) + [{"T": n} for n in STEPS] + WIDE[-2:]
    for reverse in (False, True):
        ways: Fixed = {"B": 1, "reverse": reverse, **({} if reverse else {"padded": False})}
        pinned += [{**ways, **n} for n in each(67, "T", "I", "H")]
    most = INPUTS[-1:] if "c0" in operation.arrays else WIDTHS[:1]  # c is carried from step to step
    late: Fixed = {"B": 2, "I": 2, "H": 3, "T": 300, "scales": (1.0,)}
    pinned += [late | {"padded": rows} for rows in (True, "alike")]
    return pinned + wide(steps=True) + widths(SHORT, "T", sizes=most)


def moderate_sizes(operation: Operation) -> list[Fixed]:
    """Up to 37 steps: past them a whole gradient's bound says nothing; with small weights more."""
    ways: list[Fixed] = [{"padded": True}, {"reverse": False}, {"reverse": True}]
    pinned = entries(BATCHES)
    pinned += [{"T": n, "padded": False, **way} for n in (0, 1, 2, 3, 8, 9, 17) for way in ways]
    pinned += [{"B": 1, "padded": False, **n} for n in each(37, "T", "I", "H")]
    pinned += WIDE + wide(steps=True)
    usual: Fixed = {"scales": (0.5, 1.0)}
    moderate = [one if QUIET.items() <= one.items() else one | usual for one in pinned]
    return moderate + widths(SHORT | QUIET, "T", sizes=INPUTS[-1:])


def distances(operation: Operation) -> list[Fixed]:
    """Up to three hundred steps."""
    inputs = {"H": 2, "I": 2 * operation.blocks, "B": 2, "scales": (0.5, 1.0)}
    steps = (20, 31, 32, 33, 40, 48, 50, 63, 64, 65, 100, 300)
    return [{**inputs, "T": n} for n in steps]


def every_combination(operation: Operation) -> list[Fixed]:
    """Both directions, with lengths and without, at three sizes."""
    sizes: list[Fixed] = [{"B": b, "T": t} for b, t in ((1, 4), (3, 5), (2, 34))]
    rows: list[Fixed] = [{"padded": False}, {"padded": True}, {"padded": "alike"}]
    ways: list[Fixed] = [{"reverse": False}, {"reverse": True}]
    return [a | b | c | d for a, b, c, d in product(sizes, rows, ways, KINDS[operation.name])]


def unequal(operation: Operation) -> list[Fixed]:
    """Four sets of sizes."""
    few: list[Fixed] = [{"B": 3, "T": 4, "I": 5, "H": 2}, {"B": 4, "T": 2, "I": 3, "H": 5}]
    return [*few, {"B": 5, "T": 3, "I": 2, "H": 4}, {"B": 3, "T": 18, "I": 17, "H": 8}]


def one_large(operation: Operation) -> list[Fixed]:
    """A large batch of wide rows."""
    return [{"B": 130, "T": 17, "I": 129, "H": 65, "padded": False, "scales": (0.5,)}]


def large_products(operation: Operation) -> list[Fixed]:
    """Each pair of letters; that of steps and units with small weights; many rows."""
    pinned = pairs_of(SHORT | {"T": 2}, *operation.letters, T=33, H=33)
    pinned.append(many_programs(SHORT | {"T": 1}, "B"))
    return pinned + operation.recurrent * [PLAIN | SHORT | {"T": 517, "H": 129, "scales": (0.1,)}]


def discriminating(witness: Case, offers: Callable[[str], bool]) -> Iterator[Case]:
    """With the options of a failing case, then with others that are offered."""
    yield sized(witness, {})
    yield larger(sized(witness, {}))
    for options in told_apart(witness):
        if all(offers(name) for name in options):
            yield sized(witness, options, only=True)
    yield sized(witness, {}, only=True)


def told_apart(witness: Case) -> Iterator[dict[str, Any]]:
    """Both directions, with lengths and without; the other activations, the other reset."""
    if not witness.operation.recurrent:
        return
    options = {n: o for n, o in witness.options.items() if n not in ("reverse", "lengths")}
    lengths = np.array(ROWS, np.int64)
    yield {**options, "reverse": True}
    yield {**options, "reverse": True, "lengths": lengths}
    yield {**options, "lengths": lengths}
    if "nonlinearity" in witness.operation.options:
        for kind in NONLINEARITY.names:
            if kind != witness.option("nonlinearity"):
                yield {"nonlinearity": kind, "reverse": True}
    if "reset_after" in witness.operation.options:
        yield {"reset_after": not witness.option("reset_after"), "reverse": True}


def recurrence(
    spec: Any,
    vjp: Any,
    blocks: str,
    states: tuple[str, ...],
    entrywise: int,
    gradient: int,
    **own: Option,
) -> Operation:
    """rnn, lstm and gru differ in row blocks, states, an option, and what each unit computes."""
    products = 2 * int(blocks or 1)
    return Operation(
        spec=spec,
        vjp=vjp,
        arrays={
            "x": "B T I",
            **{f"{s}0": "B H" for s in states},
            "weight_ih": f"{blocks}H I",
            "weight_hh": f"{blocks}H H",
            "bias_ih": f"{blocks}H",
            "bias_hh": f"{blocks}H",
        },
        outputs={"y": "B T H", **{f"{s}_n": "B H" for s in states}},
        kinds={**own, "lengths": LENGTHS_OF_ROWS, "reverse": Flag()},
        layouts=("BTI", "TBI"),
        way="step by step",
        case=recurrent_case,
        poisoned=poisoned,
        sweeps=Sweeps(
            every_size,
            moderate_sizes,
            unequal,
            every_combination,
            every_combination,
            one_large,
            large_products,
            summed=("I", "B"),
        ),
        discriminating=discriminating,
        long={"H": 65},
        reach=("x", "T"),
        benchmark=Benchmark(
            sizes={"B": (2, 8, 32), "T": (8, 32, 32), "I": (16, 64, 192), "H": (32, 128, 320)},
            products={"B T H I": products, "B T H H": products},  # W_ih x and W_hh h at each step
            entrywise={"B T H": entrywise},
            gradient={"B T H": gradient},
            dtypes_of_kernel=("float32",),  # cuDNN's
        ),
    )


# three sums and tanh; then dy + dh, (1 - h h), its product, db: 1 + 2 + 1 + 1
RNN = recurrence(reference.rnn, reference.rnn_vjp, "", ("h",), 4, 5, nonlinearity=NONLINEARITY)
# beside the gates c = f c + i g, h = o tanh c: 5; then dy + dh, dc + dh o (1 - tanh^2 c): 6,
# di, df, dg, do, dc f: 5
LSTM = recurrence(reference.lstm, reference.lstm_vjp, "4", ("h", "c"), 21, 27)
# r, z: 8; n = tanh(W x + b + r (W h + b)): 5; h = n + z (h - n): 3; then dy + dh: 1,
# dn (1 - z) (1 - n n): 5, dh (h - n) z (1 - z): 4, dr: 4, dn r: 1, dh z + ...: 2, db twice: 4
GRU = recurrence(reference.gru, reference.gru_vjp, "3", ("h",), 16, 21, reset_after=Flag())
LSTM_GATES = Operation(
    spec=reference.lstm_gates,
    vjp=reference.lstm_gates_vjp,
    arrays={
        "x": "B I",
        "h": "B H",
        "weight_ih": "4H I",
        "weight_hh": "4H H",
        "bias_ih": "4H",
        "bias_hh": "4H",
    },
    outputs={"i": "B H", "f": "B H", "g": "B H", "o": "B H"},
    case=gates_case,
    sweeps=Sweeps(
        batches, batches, unequal, one_large=one_large, products=large_products, summed=("I", "B")
    ),
    discriminating=discriminating,
    long={"H": 65},
    benchmark=Benchmark(
        sizes={"B": (2, 32, 256), "I": (16, 64, 384), "H": (32, 128, 512)},
        products={"B H I": 8, "B H H": 8},
        # in each of 4 blocks three sums and an activation; then di i (1 - i) and the like, db
        entrywise={"B H": 16},
        gradient={"B H": 16},
    ),
)
