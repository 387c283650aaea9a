"""How much arithmetic and memory traffic an operation is, whoever computes it.

Flops are counted on the plain equations: a product of (m, k) and (k, n) is 2 m k n; each addition,
multiplication, division, maximum and elementary function (exp, tanh, sigmoid) of one entry is 1.
Signs, truths, rounding and moves of entries are nothing; sorting n entries is n log2(n).
Backward is one forward and the gradients of all arrays, as it is timed; nothing that was computed
on the way is computed twice (a kernel that recomputes does more than is counted here, and so does a
decoder that keeps no keys and values). Options are the defaults: no masks, rnn by tanh, gru with
reset_after. A user's own operation is counted as its specification does it, backward in reverse
mode.
"""

import math

from benchmarks.tally import of_specification
from benchmarks.work import Work
from seqlaws.properties.inputs.benchmark import counted
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.operation import Own

ITEM = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}  # bytes


def flops(work: Work) -> int:
    """Floating-point operations of one call."""
    return products(work) + entrywise(work)


def least_bytes(work: Work) -> int:
    """Bytes that must move at the least: each input read once, each output written once."""
    known = OPERATIONS[work.operation]
    whole = {*known.integers, *(name for name in known.outputs if known.is_whole(name))}
    truths = {n for n, d in known.declared.items() if d.is_truth} if isinstance(known, Own) else ()
    moved = [*work.inputs.items(), *work.outputs.items()]
    widths = {**dict.fromkeys(whole, 8), **dict.fromkeys(truths, 1)}
    return sum(math.prod(s) * widths.get(name, ITEM[work.dtype]) for name, s in moved)


def products(work: Work) -> int:
    """The part in matrix products; backward, each product C = A B adds dA = dC B^T, dB = A^T dC."""
    counts = OPERATIONS[work.operation].benchmark.products
    if counts is None:
        return of_specification(work)[0]
    return counted(counts, work.sizes) * (3 if work.backward else 1)


def entrywise(work: Work) -> int:
    """The part beside the matrix products."""
    known = OPERATIONS[work.operation].benchmark
    parts = [known.entrywise, known.gradient] if work.backward else [known.entrywise]
    if None in parts:
        return of_specification(work)[1]
    return sum(counted(counts, work.sizes) for counts in parts if counts is not None)
