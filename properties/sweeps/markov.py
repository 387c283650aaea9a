"""What to pin for Markov chains: orders, states, lengths."""

from itertools import product

from seqlaws.properties.sweeps.common import BATCHES, LENGTHS, LONG, Fixed, Sweeps

ORDERS = (1, 2, 3)


def every_size(operation: str) -> list[Fixed]:
    """Each order with each number of states; lengths and batches beside each order, too."""
    tables: list[Fixed] = [{"order": k, "S": s} for k, s in product(ORDERS, (1, 2, 3, 4, 5, 6))]
    tables += [{"order": 1, "S": s} for s in (7, 8, 9, 16, 17, 33)]
    possible: Fixed = {"impossible": (False,)}  # or one length would be as good as another
    tables += [{**possible, "order": k, "S": s, "T": k + 9} for k, s in ((4, 2), (4, 3), (5, 2))]
    tables += [{**possible, "order": 1, "S": s, "B": 4, "T": 33} for s in (65, 130, 300)]
    finite: Fixed = {**possible, "S": 3}
    lengths = [{**finite, "order": k, "T": t + k} for k, t in product(ORDERS, LENGTHS)]
    return tables + lengths + [{"T": t} for t in LONG] + [{"B": b} for b in BATCHES]


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
