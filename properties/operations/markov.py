"""Cases of Markov chains: any order, probabilities of 0, sequences that the chain itself drew."""

from itertools import product
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import (
    SMALL,
    TILES,
    rounded_numbers,
    with_cotangents,
)
from seqlaws.properties.inputs.numbers import Array, Draw, Filling, chance, pick, representable
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.sizes import (
    LENGTHS,
    LONG,
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

LARGEST_TABLE = 2000  # entries of transition


def markov_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Order 1 to 3, 1 to 6 states; sequences of the chain, or any, which may be impossible."""
    fill = Filling(draw, dtype, fixed)
    n = {"B": pick(draw, SMALL), "T": pick(draw, SMALL), "S": pick(draw, (2, 3, 4, 1, 5, 6))}
    order = fixed.get("order", pick(draw, (1, 2, 1, 3, 2)))
    if chance(draw, 8):
        n[pick(draw, "BT")] = pick(draw, TILES)
    if chance(draw, 12):
        n["B"] = 0
    n |= {letter: size for letter, size in fixed.items() if letter in n}
    while order > 1 and n["S"] ** (order + 1) > LARGEST_TABLE:
        order -= 1
    n["T"] = max(n["T"], order)
    zeros = pick(draw, fixed.get("zeros", (0.0, 0.0, 0.2, 0.5)))
    initial = probabilities(fill, (n["S"],) * order, order, zeros)
    transition = probabilities(fill, (n["S"],) * (order + 1), 1, zeros)
    impossible = pick(draw, fixed.get("impossible", (False, False, True)))
    random = fill.random()
    if impossible:
        states = random.randint(0, n["S"], (n["B"], n["T"]))
    else:
        states = walk(random, initial, transition, n["B"], n["T"])
    arrays = {"states": states, "initial": initial, "transition": transition}
    return with_cotangents(Case(operation, dtype, arrays), fill, fixed)


def probabilities(fill: Filling, shape: tuple[int, ...], axes: int, zeros: float) -> Array:
    """Numbers from 0 to 1 whose sum over the last axes is 1, up to a rounding; some are 0."""
    weights = np.abs(fill.array(*shape))
    weights = np.where(fill.random().random_sample(shape) < zeros, 0.0, weights)
    over = tuple(range(len(shape) - axes, len(shape)))
    total = np.sum(weights, axis=over, keepdims=True)
    weights = np.where(total == 0, 1.0, weights)  # where there was none left, all are alike
    return representable(weights / np.sum(weights, axis=over, keepdims=True), fill.dtype)


def walk(
    random: np.random.RandomState, initial: Array, transition: Array, batch: int, time: int
) -> Array:
    """States (B, T) as the chain itself may draw them: none that it gives the probability 0."""
    order, size = initial.ndim, transition.shape[-1]
    first = chosen(waits(random, batch, initial.size), initial.reshape(-1))
    states = np.zeros((batch, time), int)
    states[:, :order] = np.stack(np.unravel_index(first, (size,) * order), axis=1)
    steps = range(order, time)
    for t, waiting in zip(steps, waits(random, len(steps), batch, size), strict=True):
        before = tuple(states[:, t - order + i] for i in range(order))
        states[:, t] = chosen(waiting, transition[before])
    return states


def waits(random: np.random.RandomState, *shape: int) -> Array:
    """Draw times until events of rate 1."""
    return np.asarray(-np.log(random.random_sample(shape) + 1e-300))


def chosen(waiting: Array, p: Array) -> Array:
    """For each row the place of one of its positive numbers, the likelier the larger it is.

    Of events with rates p it is the first.
    """
    with np.errstate(all="ignore"):
        return np.argmin(waiting / p, axis=-1)  # inf where p is 0


def other(case: Case, name: str, random: np.random.RandomState) -> Array:
    """Return other states, or other probabilities of which none is 0."""
    if name == "states":
        return rounded_numbers(case, name, random)
    weights = 1.0 + random.randint(0, 8, case.arrays[name].shape)
    over = None if name == "initial" else -1
    return np.asarray(weights / np.sum(weights, axis=over, keepdims=True))


ORDERS = (1, 2, 3)
STATES = {1: 40, 2: 12, 3: 6}  # at most, by the order
FINITE: Fixed = {"impossible": (False,)}  # or one length would be as good as another


FEW: Fixed = {"zeros": (0.0,), **FINITE, "order": 1, "S": 2, "B": 1, "T": 2}


def large_products(operation: Operation) -> list[Fixed]:
    """Each pair of letters, and states with themselves; many chains."""
    table: Fixed = FEW | {"S": 365, "B": 3, "T": 17}
    return [*pairs_of(FEW, "B", "T", "S", S=17), PLAIN | table, many_programs(FEW, "B")]


def every_size(operation: Operation) -> list[Fixed]:
    """Each order with each number of states, each length and each batch up to 67; some beyond."""
    plain: Fixed = {"regime": "ordinary", "zeros": (0.0,), **FINITE}
    visited: Fixed = {**plain, "T": 33, "B": 9}  # or some state would never come up
    pinned = [{**visited, "order": k, "S": s} for k in ORDERS for s in range(1, 1 + STATES[k])]
    pinned += [{**FINITE, "order": k, "S": s, "T": k + 9} for k, s in ((4, 2), (4, 3), (5, 2))]
    pinned += [{**FINITE, "order": 1, "S": s, "B": 4, "T": 33} for s in (65, 130, 300)]
    pinned += [{**plain, "order": 1, "S": 1025, "B": 130, "T": 3}]
    pinned += [{**plain, "order": k, "S": 3, **n} for k in ORDERS for n in each(67, "T", "B")]
    beyond = product(ORDERS, (0, 1, *LENGTHS[-4:]))
    pinned += [{**FINITE, "order": k, "S": 3, "T": t + k} for k, t in beyond]
    pinned += [{"order": k, "S": s} for k, s in product(ORDERS, (1, 2, 6))]
    pinned += [{"T": t} for t in LONG] + [{"B": b} for b in (0, 129)]
    pinned += widths(FEW, "T", sizes=WIDTHS[::2]) + widths(FEW, "B")
    return pinned + products(FEW, "B T")


def unequal(operation: Operation) -> list[Fixed]:
    """Each order once."""
    return [
        {"order": 1, "B": 3, "T": 7, "S": 4},
        {"order": 2, "B": 4, "T": 9, "S": 3},
        {"order": 3, "B": 2, "T": 6, "S": 3},
    ]


def one_large(operation: Operation) -> list[Fixed]:
    """Many long sequences."""
    return [{"B": 300, "T": 1000, "order": 2, "S": 6}]


MARKOV_LOG_PROB = Operation(
    spec=reference.markov_log_prob,
    vjp=reference.markov_log_prob_vjp,
    arrays={"states": "B T", "initial": "... S", "transition": "... S"},
    outputs={"log_prob": "B"},
    integers={"states": "S"},
    bounded=("initial", "transition"),
    case=markov_case,
    other=other,
    sweeps=Sweeps(
        every_size,
        every_size,
        unequal,
        one_large=one_large,
        products=large_products,
        summed=("T", "B"),
    ),
    long={"T": 257},
    benchmark=Benchmark(  # a chain of order 1
        sizes={"B": (8, 32, 64), "T": (64, 256, 1024), "S": (8, 16, 32)},
        axes={"initial": "S", "transition": "S S"},
        # a logarithm and a sum; a quotient and a sum in the gradient, which needs no logarithm
        products={},
        entrywise={"B T": 2},
        gradient={},
    ),
)
