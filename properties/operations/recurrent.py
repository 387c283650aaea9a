"""Cases of rnn, lstm, gru, and of one step's gates."""

from collections.abc import Callable, Iterator
from dataclasses import replace
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
from seqlaws.properties.inputs.options import Flag, Lengths, Option
from seqlaws.properties.inputs.sizes import Sweeps
from seqlaws.properties.operations.recurrent_sweeps import (
    NONLINEARITY,
    batches,
    every_combination,
    every_size,
    large_products,
    moderate_sizes,
    of_gradients,
    one_large,
    unequal,
)

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
            of_gradients,
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
