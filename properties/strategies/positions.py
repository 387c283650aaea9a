"""Cases of the sinusoidal encoding and of the rotary embedding."""

from typing import Any

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.draws import Array, Draw, Filling, chance, pick
from seqlaws.properties.strategies.common import (
    Strategy,
    drawn_sizes,
    rounded_numbers,
    with_cotangents,
)

FAR = 1_000_000  # the last position that the contract names
OFFSETS = (0, 1, 3, 50, 255, 2047, 4096, 30_000)
KINDS = ("consecutive", "scattered", "consecutive", "negative", "repeated", "far", "constant")


def encoding_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Any length and dim, sometimes one of them 0."""
    fill = Filling(draw, dtype)
    sizes = drawn_sizes(draw, "length dim", "length dim", fixed)
    if chance(draw, 12) and "length" not in fixed:
        sizes["length"] = pick(draw, (257, 1025, 4097))
    return with_cotangents(Case(operation, dtype, {}, sizes), fill, fixed)


def rotary_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Both ways of pairing features, several bases, positions of every kind."""
    fill = Filling(draw, dtype, fixed)
    if "D" in fixed:
        fixed["half"] = fixed["D"] // 2
    n = drawn_sizes(draw, "L half", "L", fixed)
    n["B"] = fixed.get("B", pick(draw, (1, 2, 3, 0) if chance(draw, 12) else (1, 2, 3, 2)))
    n["N"] = fixed.get("N", pick(draw, (1, 2, 3, 5)))
    if chance(draw, 6) and not fixed.keys() & {"L", "N"}:  # heads may be taken for positions
        n["L"] = n["N"]
    x = fill.array(n["B"], n["N"], n["L"], 2 * n["half"])
    kind = fixed.get("positions", pick(draw, KINDS))
    arrays = {"x": x, "positions": drawn_positions(draw, fill, kind, n["L"])}
    options: dict[str, Any] = {
        "base": pick(draw, (10000.0, 10000.0, 500000.0, 100.0, 2.0)),
        "interleaved": pick(draw, (False, True)),
    }
    options |= {name: fixed[name] for name in options.keys() & fixed.keys()}
    given = {o: v for o, v in options.items() if v not in (10000.0, False) or not chance(draw, 2)}
    return with_cotangents(Case(operation, dtype, arrays, given), fill, fixed)


def drawn_positions(draw: Draw, fill: Filling, kind: str, length: int) -> Array:
    """Positions (length,), of a kind; up to a million."""
    random, offset = fill.random(), pick(draw, OFFSETS)
    most = pick(draw, (8, 64, 512, 4096, 32_768))
    made: dict[str, Array] = {
        "consecutive": offset + np.arange(length),
        "scattered": random.randint(0, most, length),
        "negative": random.randint(-most, most, length),
        "repeated": random.randint(0, 3, length) * (1 + offset),
        "far": random.randint(FAR // 10, FAR + 1, length),
        "constant": np.full(length, offset),
    }
    return made[kind].astype(np.int64)


def other(case: Case, name: str, random: np.random.RandomState) -> Array:
    """Other numbers around 1; other positions."""
    if name != "positions":
        return rounded_numbers(case, name, random)
    return np.asarray(random.randint(-500, 5000, case.arrays[name].shape), np.int64)


ENCODING = Strategy(encoding_case, rounded_numbers)
ROTARY = Strategy(rotary_case, other)
