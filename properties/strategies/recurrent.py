"""Cases of rnn, lstm, gru, and of one step's gates."""

from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.draws import Array, Draw, Filling, chance, pick, representable
from seqlaws.properties.operations import BLOCKS
from seqlaws.properties.strategies.common import (
    Strategy,
    drawn_sizes,
    rounded_numbers,
    with_cotangents,
)


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


def gates_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """One step's gates, from ordinary to saturated."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "B I H", "B", fixed)
    arrays = {"x": fill.array(n["B"], n["I"]), "h": fill.array(n["B"], n["H"])}
    arrays |= parameters(fill, BLOCKS[operation], n["I"], n["H"], pick(draw, (1.0, 0.5, 2.0, 20.0)))
    return with_cotangents(Case(operation, dtype, arrays), fill, fixed)


def recurrent_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Sequences; initial states and biases that are not zero; lengths, direction, activation."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "B T I H", "B T", fixed)
    scale = pick(draw, fixed.get("scales", (1.0, 0.5, 1.0, 2.0)))
    arrays = {"x": fill.array(n["B"], n["T"], n["I"]), "h0": fill.array(n["B"], n["H"])}
    if operation == "lstm":
        arrays["c0"] = fill.array(n["B"], n["H"])
    arrays |= parameters(fill, BLOCKS[operation], n["I"], n["H"], scale)
    options: dict[str, Any] = {}
    if operation == "rnn":
        options["nonlinearity"] = pick(draw, ("tanh", "relu", "sigmoid"))
    if operation == "gru":
        options["reset_after"] = pick(draw, (True, False))
    options["reverse"] = pick(draw, (False, True))
    options |= {name: fixed[name] for name in options.keys() & fixed.keys()}
    padded = chance(draw, 2)
    if fixed.get("padded", padded):
        lengths = fill.random().randint(0, n["T"] + 1, n["B"])
        if n["B"] and chance(draw, 2):
            lengths[draw(n["B"])] = n["T"]  # the longest row, by which others are padded
        options["lengths"] = lengths.astype(np.int64)
    case = with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)
    return replace(case, poison=(pick(draw, fixed.get("poison", (0.0, 1e6))), n["I"]))


def padded_with(case: Case, array: Array, poison: float) -> Array:
    """An array (B, T, .) with its padding overwritten."""
    time = np.arange(case.arrays["x"].shape[1])
    beyond = time >= np.asarray(case.options["lengths"])[:, None]
    poison = float(representable(np.array(poison), case.dtype))
    return np.where(beyond[..., None], poison, array)


def poisoned(case: Case) -> Case:
    """The case with its poison in the padding."""
    if case.option("lengths") is None:
        return case
    return case.having(x=padded_with(case, case.arrays["x"], case.poison[0]))


GATES = Strategy(gates_case, rounded_numbers)
RECURRENT = Strategy(recurrent_case, rounded_numbers, poisoned)
