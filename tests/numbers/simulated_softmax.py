"""Softmax as machines compute it: online over blocks of keys, by exp or exp2, normalised late."""

from typing import NamedTuple

import numpy as np
from simulated import LOG2E, UFUNCS, Simulated, outer, scaled

from seqlaws.reference import algebra
from seqlaws.reference.numbers.arithmetic import FORMATS

BASE2 = ("beforehand", "products", "fused", "difference")


class Rows(NamedTuple):
    """Weights not yet normalised: for each block its keys, exp(x - maximum so far), and by how much
    what came before it shrinks; the whole normaliser. `masked` rows have none.
    """

    blocks: list
    normaliser: object
    multiplied: bool  # by a reciprocal, rather than divided

    def stored(self, m):
        """The weights kept in storage precision."""
        if m.chance(m.keep):
            return self
        return self._replace(blocks=[(keys, m.store(e), a) for keys, e, a in self.blocks])

    def times_values(self, m, v):
        """(sum_j e_j v_j) / sum_j e_j, rescaled at every block."""
        out = np.zeros((*np.broadcast_shapes(self.normaliser.shape[:-2], v.shape[:-2]),
                        self.normaliser.shape[-2], v.shape[-1]))  # fmt: skip
        for keys, e, shrink in self.blocks:
            terms = m.product(*outer(m.operand(e), m.operand(v[..., keys, :])))
            out = m.total(np.concatenate([m.product(out, shrink)[None], terms]))
        return divided(m, out, self.normaliser, self.multiplied)


def divided(m, x, y, multiplied):
    """x / y, or x times the reciprocal of y."""
    return m.times(x, m.round(1 / y)) if multiplied else m.round(x / y)


def exponential(m, x, largest, base2):
    """exp(x - largest), or exp2: log2(e) already in x and largest, or multiplied into both here.

    One program: all the exponentials of a softmax are computed in the same way.
    """
    if base2 in ("", "beforehand"):
        return m.function(np.exp2 if base2 else np.exp, m.round(x - largest))
    log2e = m.constant(LOG2E)
    if base2 == "difference":
        return m.function(np.exp2, m.times(m.round(x - largest), log2e))
    offset = -unless_masked(m, m.times(largest, log2e))
    if base2 == "products":
        exponent = m.round(m.times(x, log2e) + offset)
    else:
        exponent = m.fused(offset, m.product(x, log2e))
    return m.function(np.exp2, np.where(np.isneginf(x), -np.inf, exponent))


def unless_masked(m, maximum):
    """A block's maximum in base 2; 0 where it is so low that its own rounding may overflow exp2.

    Such a block is masked throughout by a finite number. Finite scores have finite weights: a right
    machine takes this maximum for no maximum, as it does where it is -inf.
    """
    bits, _, overflow = FORMATS[m.accumulate]
    return np.where(maximum * 2.0**-bits <= -overflow, 0.0, maximum)


def online(x):
    """The scores in the machine's units, and the blocks of an online softmax over the last axis."""
    m = x.machine
    base2 = m.pick(*BASE2) if m.chance(m.exp2) else ""
    scores = prescaled(x).value if base2 == "beforehand" else x.value
    n = x.shape[-1]
    width = m.block + int(m.random.integers(0, 5)) * m.chance(0.5)
    order = m.random.permutation(n) if m.chance(0.3) else np.arange(n)
    shape = (*scores.shape[:-1], 1)
    largest, whole, blocks = np.full(shape, -np.inf), np.zeros(shape), []
    for start in range(0, n, width):
        keys = order[start : start + width]
        block = scores[..., keys]
        new = np.maximum(largest, np.max(block, axis=-1, keepdims=True))
        safe = np.where(np.isneginf(new), 0.0, new)
        e = exponential(m, block, safe, base2)
        shrink = exponential(m, largest, safe, "products" if base2 == "fused" else base2)
        whole = m.total(
            np.concatenate([m.product(whole, shrink)[None], np.moveaxis(e, -1, 0)[..., None]])
        )
        blocks.append((keys, e, shrink))
        largest = new
    return scores, blocks, np.where(np.isneginf(largest), 0.0, largest), whole, base2


def prescaled(x):
    """The scores with log2(e) multiplied into them, or into what they are made of."""
    y = scaled(Simulated(x.machine, groups=x.groups, shape=x.shape) if x.groups else x, LOG2E)
    if x.groups is None:
        return y
    return Simulated(x.machine, groups=y.groups, shape=x.shape, masked=x.masked)


def softmax_rows(x):
    m = x.machine
    if x.shape[-1] == 0:
        return Simulated(m, np.zeros(x.shape))
    scores, blocks, largest, whole, base2 = online(x)
    safe = np.where(whole == 0, 1.0, whole)
    if m.chance(m.logarithm):
        return Simulated(m, by_logarithm(m, scores, largest, safe, base2))
    rows = Rows(blocks, safe, m.chance(0.5))
    if m.chance(0.5):  # the exponentials again, from the final maximum
        e = exponential(m, scores, largest, base2)
    else:
        e, later = np.empty(scores.shape), np.ones(safe.shape)
        for keys, block, shrink in reversed(blocks):
            e[..., keys] = m.times(block, later)
            later = m.times(later, shrink)
    p = divided(m, e, safe, rows.multiplied)
    return Simulated(m, p, rows=rows if m.chance(0.5) and len(x.shape) > 1 else None)


def by_logarithm(m, scores, largest, whole, base2):
    """exp(x - log_sum_exp(x)), the logarithm kept with the maximum or subtracted after it."""
    two = base2 == "beforehand"  # everything is in base 2
    logarithm = m.function(np.log2 if two else np.log, whole)
    if m.chance(0.5):
        return exponential(m, m.round(scores - largest), logarithm, base2)
    kept = m.round(logarithm + largest)
    if two and m.chance(0.5):  # kept as a natural logarithm
        kept = m.times(m.times(kept, m.constant(1 / LOG2E)), m.constant(LOG2E))
    return exponential(m, scores, kept, base2)


def log_sum_exp(x):
    m = x.machine
    if x.shape[-1] == 0:
        return Simulated(m, np.zeros((*x.shape[:-1], 1)))
    _, _, largest, whole, base2 = online(x)
    logarithm = m.function(np.log, np.where(whole == 0, 1.0, whole))
    if base2 == "beforehand":
        largest = m.times(largest, m.constant(1 / LOG2E))
    return Simulated(m, m.round(logarithm + largest))


def exp(x):
    """exp, or exp2 with log2(e) multiplied into the sum that is the exponent."""
    m = x.machine
    if m.chance(m.exp2):
        return Simulated(m, m.function(np.exp2, prescaled(x).value))
    return Simulated(m, m.function(np.exp, x.value))


UFUNCS["exp"] = exp
algebra.softmax_rows.register(Simulated, softmax_rows)
algebra.log_sum_exp.register(Simulated, log_sum_exp)
