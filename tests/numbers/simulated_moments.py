"""Quotients, logarithms, moments and sums over an index as machines compute them."""

import numpy as np
from simulated import UFUNCS, Simulated, function, groups_of, terms_of, together
from simulated_softmax import divided

from seqlaws.reference import algebra


def divide(x, y):
    """A quotient, or a product with the reciprocal."""
    m = x.machine
    return Simulated(m, divided(m, x.value, y.value, m.chance(0.5)))


def mean(x):
    """A sum over n, or a running mean."""
    m, v = x.machine, x.value
    if v.shape[-1] and m.chance(m.running):
        return Simulated(m, running(m, np.moveaxis(v, -1, 0))[0][..., None])
    return Simulated(m, averaged(m, v, m.chance(0.5)))


def averaged(m, terms, multiplied):
    """The sum of terms along the last axis, divided by how many they are."""
    n = np.asarray(float(max(terms.shape[-1], 1)))
    return divided(m, m.total(np.moveaxis(terms, -1, 0))[..., None], n, multiplied)


def running(m, terms):
    """The mean of terms along the first axis and the sum of squares about it (Welford).

    One after the other, or by several lanes whose means are merged in a tree, by the difference of
    two or by their weights.
    """
    lanes = min(m.pick(1, 1, 2, 4, 8), len(terms))
    parts = [of_lane(m, terms[i::lanes]) for i in range(lanes)]
    by_weights = m.chance(0.5)
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        odd = parts[-1:] if len(parts) % 2 else []
        parts = [merged(m, *a, *b, by_weights) for a, b in pairs] + odd
    return parts[0][:2]


def of_lane(m, terms):
    """Mean, sum of squares and number of some terms, one after the other."""
    centre, squares = np.zeros(terms.shape[1:]), np.zeros(terms.shape[1:])
    multiplied = m.chance(0.5)
    for k, term in enumerate(m.round(terms), 1):
        off = m.round(term - centre)
        if multiplied and m.chance(m.fma):
            centre = m.fused(centre, m.product(off, m.round(np.asarray(1 / k))))
        else:
            centre = m.round(centre + divided(m, off, np.asarray(float(k)), multiplied))
        squares = m.plus(squares, m.product(off, m.round(term - centre)))
    return centre, squares, float(len(terms))


def merged(m, mean_a, squares_a, a, mean_b, squares_b, b, by_weights):
    """Two parts as one."""
    n, off = a + b, m.round(mean_b - mean_a)
    if by_weights:
        share = m.round(np.asarray(1 / n))
        shares = m.times(a, share), m.times(b, share)
        centre = m.plus(m.times(mean_a, shares[0]), m.product(mean_b, shares[1]))
    else:
        shares = None, m.round(np.asarray(b / n))
        centre = m.plus(mean_a, m.product(off, shares[1]))
    between = m.times(m.times(m.times(off, off), a), shares[1])
    return centre, m.round(m.round(squares_a + squares_b) + between), n


def moments(m, v):
    """The mean, what is left of the numbers, and their mean square: in two passes, or running."""
    n, multiplied = np.asarray(float(max(v.shape[-1], 1))), m.chance(0.5)
    if v.shape[-1] and m.chance(m.running):
        centre, squares = (z[..., None] for z in running(m, np.moveaxis(v, -1, 0)))
        centred = m.round(v - centre)
        if m.chance(0.7):
            return centre, centred, divided(m, squares, n, multiplied)
    else:
        total = m.total(np.moveaxis(v, -1, 0))[..., None]
        centre = divided(m, total, n, multiplied)
        if m.chance(m.fma):  # x - total (1 / n), in one rounding
            centred = m.fused(v, m.product(-total, m.round(np.asarray(1 / n))))
        else:
            centred = m.round(v - centre)
    return centre, centred, averaged(m, m.product(centred, centred), multiplied)


def in_one_pass(m, v):
    """E[x^2] - E[x]^2, perhaps not below 0."""
    centre, squares = mean(Simulated(m, v)).value, mean(Simulated(m, m.times(v, v))).value
    variance = m.plus(squares, m.product(-centre, centre))
    return centre, m.round(v - centre), np.maximum(variance, 0) if m.chance(0.5) else variance


def standardized(x, eps):
    """The moments, and 1 / sqrt in one way or another."""
    m, v = x.machine, x.value
    multiplied, affine = m.chance(0.5), m.declared.normalise == "affine" and m.chance(0.7)
    one_pass = m.declared.normalise == "affine" and m.chance(0.5)
    centre, centred, variance = in_one_pass(m, v) if one_pass else moments(m, v)
    shifted = m.round(variance + m.constant(eps))
    if m.chance(0.5):
        reciprocal = m.function(lambda z: 1 / np.sqrt(z), shifted)
        root = None
    else:
        root = m.function(np.sqrt, shifted)
        reciprocal = m.round(1 / root)
    if affine and (root is None or m.chance(0.5)):
        normalised = m.plus(-m.times(centre, reciprocal), m.product(v, reciprocal))
    elif affine:
        ends = divided(m, v, root, multiplied), divided(m, centre, root, multiplied)
        normalised = m.round(ends[0] - ends[1])
    elif root is None:
        normalised = m.times(centred, reciprocal)
    else:
        normalised = divided(m, centred, root, multiplied)
    return Simulated(m, normalised), Simulated(m, reciprocal)


def uncentred(dx, dh, x, reciprocal_root):
    """The gradient as torch computes it on the CPU, where the affine form is declared."""
    m, n = x.machine, max(x.shape[-1], 1)
    if m.declared.normalise != "affine" or m.chance(0.3) or not x.shape[-1]:
        return dx
    d, v, a = dh.value, x.value, reciprocal_root.value
    share = m.round(np.asarray(1 / n))
    centre = mean(x).value
    ds = m.total(np.moveaxis(m.product(d, v), -1, 0))[..., None]
    db = m.total(np.moveaxis(d, -1, 0))[..., None]
    b = m.plus(-ds, m.product(db, centre))
    if m.chance(0.5):
        for factor in (a, a, a, share):
            b = m.times(b, factor)
    else:
        b = m.times(b, m.times(m.times(m.times(a, a), a), share))
    c = m.plus(m.times(-b, centre), m.product(m.times(-db, a), share))
    return Simulated(m, m.round(m.plus(m.times(a, d), m.product(b, v)) + c))


def added_at(terms, places, shape):
    """Each place's terms in an order and tree of its own."""
    m = terms.machine
    found = together([terms_of(m, g) for g in groups_of(terms)], terms.shape)
    flat = np.ravel_multi_index(places, shape).reshape(-1)
    found = found.reshape(len(found), -1)
    value = np.zeros(int(np.prod(shape)))
    for place in np.unique(flat):
        value[place] = m.total(found[:, flat == place].reshape(-1, 1))[0]
    return Simulated(m, value.reshape(shape))


UFUNCS |= {"divide": divide, "log": function(np.log)}
algebra.mean.register(Simulated, mean)
algebra.uncentred.register(Simulated, uncentred)
algebra.standardized.register(Simulated, standardized)
algebra.added_at.register(Simulated, added_at)
