"""Angles as machines form them: in float32 or wider, by a power or an exponential of a log."""

import copy
import math

import numpy as np
from simulated import UFUNCS, Simulated, function, lift

from seqlaws.reference import algebra
from seqlaws.reference.numbers.arithmetic import Arithmetic


def number(like, values, over=1):
    """A quotient rounded by the machine of `like`; what another machine holds is taken over."""
    m = like.machine
    if isinstance(values, Simulated):
        return Simulated(m, m.round(values.value))
    return lift(np.asarray(values, float) / over, m)


def single(x):
    """The same numbers on a machine of float32, or of the wider dtype that x has anyway."""
    m = copy.copy(x.machine)
    if m.accumulate != "float64" or m.chance(0.5):
        m.declared = Arithmetic("float32")
        m.dtype = m.accumulate = "float32"
    return Simulated(m, x.value)


def exponential(x, base):
    """base^x in one of the forms that are in use."""
    m = x.machine
    held, way = m.constant(base), m.pick("power", "reciprocal", "exp", "exp2", "folded")
    if way == "power":
        return Simulated(m, m.function(lambda z: np.power(np.longdouble(held), z), x.value))
    if way == "reciprocal":
        power = m.function(lambda z: np.power(np.longdouble(held), z), -x.value)
        return Simulated(m, m.round(1 / power))
    if way == "exp2":
        log2 = m.function(np.log2, np.float64(held))
        return Simulated(m, m.function(np.exp2, m.times(x.value, log2)))
    log = m.constant(math.log(base)) if way == "folded" else m.function(np.log, np.float64(held))
    return Simulated(m, m.function(np.exp, m.times(x.value, log)))


UFUNCS |= {"sin": function(np.sin), "cos": function(np.cos)}
algebra.number.register(Simulated, number)
algebra.single.register(Simulated, single)
algebra.exponential.register(Simulated, exponential)
