"""What to pin for Markov chains: orders, states, lengths."""

from itertools import product

from seqlaws.properties.sweeps.common import LENGTHS, LONG, Fixed, Sweeps, each

ORDERS = (1, 2, 3)
STATES = {1: 40, 2: 12, 3: 6}  # at most, by the order
FINITE: Fixed = {"impossible": (False,)}  # or one length would be as good as another


def every_size(operation: str) -> list[Fixed]:
    """Each order with each number of states, each length and each batch up to 67; some beyond."""
    plain: Fixed = {"regime": "ordinary", "zeros": (0.0,), **FINITE}
    visited: Fixed = {**plain, "T": 33, "B": 9}  # or some state would never come up
    pinned = [{**visited, "order": k, "S": s} for k in ORDERS for s in range(1, 1 + STATES[k])]
    pinned += [{**FINITE, "order": k, "S": s, "T": k + 9} for k, s in ((4, 2), (4, 3), (5, 2))]
    pinned += [{**FINITE, "order": 1, "S": s, "B": 4, "T": 33} for s in (65, 130, 300)]
    pinned += [{**plain, "order": k, "S": 3, **n} for k in ORDERS for n in each(67, "T", "B")]
    beyond = product(ORDERS, (0, 1, *LENGTHS[-4:]))
    pinned += [{**FINITE, "order": k, "S": 3, "T": t + k} for k, t in beyond]
    pinned += [{"order": k, "S": s} for k, s in product(ORDERS, (1, 2, 6))]
    return pinned + [{"T": t} for t in LONG] + [{"B": b} for b in (0, 129)]


def unequal(operation: str) -> list[Fixed]:
    """Each order once."""
    return [
        {"order": 1, "B": 3, "T": 7, "S": 4},
        {"order": 2, "B": 4, "T": 9, "S": 3},
        {"order": 3, "B": 2, "T": 6, "S": 3},
    ]


def one_large(operation: str) -> list[Fixed]:
    """Many long sequences."""
    return [{"B": 300, "T": 1000, "order": 2, "S": 6}]


MARKOV = Sweeps(every_size, every_size, unequal, one_large=one_large)
