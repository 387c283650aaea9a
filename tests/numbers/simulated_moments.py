"""Quotients, logarithms, moments and sums over an index as machines compute them."""

import numpy as np
from simulated import UFUNCS, Simulated, function, groups_of, terms_of, together
from simulated_softmax import divided

from seqlaws.reference import algebra


def divide(x, y):
    """A quotient, or a product with the reciprocal."""
    m = x.machine
    return Simulated(m, divided(m, x.value, y.value, m.chance(0.5)))


def standardized(x, eps):
    """The mean, what is left of it, the mean square of that, and 1 / sqrt in one way or another."""
    m, v = x.machine, x.value
    n = np.asarray(float(max(v.shape[-1], 1)))
    multiplied = m.chance(0.5)

    def mean(terms):
        total = m.total(np.moveaxis(terms, -1, 0))[..., None]
        return total, divided(m, total, n, multiplied)

    total, centre = mean(v)
    if m.chance(m.fma):  # x - total (1 / n), in one rounding
        centred = m.fused(v, m.product(-total, m.round(np.asarray(1 / n))))
    else:
        centred = m.round(v - centre)
    variance = mean(m.product(centred, centred))[1]
    shifted = m.round(variance + m.constant(eps))
    if m.chance(0.5):
        reciprocal = m.function(lambda z: 1 / np.sqrt(z), shifted)
        normalised = m.times(centred, reciprocal)
    else:
        root = m.function(np.sqrt, shifted)
        reciprocal = m.round(1 / root)
        normalised = divided(m, centred, root, multiplied)
    return Simulated(m, normalised), Simulated(m, reciprocal)


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
algebra.standardized.register(Simulated, standardized)
algebra.added_at.register(Simulated, added_at)
