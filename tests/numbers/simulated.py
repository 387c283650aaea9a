"""A simulated implementation: the reference's own source, run on the arithmetic of a `Machine`.

`Simulated` is an array type like the reference's other number systems. A sum of products stays a
list of `Group`s until it is consumed; only then are its exact terms added, in the machine's order,
and a scalar factor put on the sum, on one operand, or as its root on both.
"""

import math
from typing import NamedTuple

import numpy as np
from machine import sigmoid

from seqlaws.reference import algebra

ERF, ERFC = (np.vectorize(f, otypes=[float]) for f in (math.erf, math.erfc))
LOG2E = 1.4426950408889634  # goes into the scores only, where an exponential is computed as exp2


class Group(NamedTuple):
    """Terms of a sum: a matrix product, an elementwise product, one array, or exact terms."""

    kind: str  # "matmul", "times", "one", "terms"
    a: object
    b: object = None
    factors: tuple = ()


class Simulated(np.lib.mixins.NDArrayOperatorsMixin):
    """Numbers that a machine holds, or is about to add up; `masked` entries are -inf whatever."""

    def __init__(self, machine, value=None, groups=None, shape=None, masked=None, rows=None):
        self.machine, self.held, self.groups, self.masked = machine, value, groups, masked
        self.rows = rows  # softmax weights whose normaliser may wait for the product
        self.shape = value.shape if value is not None else shape

    dtype = np.dtype(float)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, index):
        return rearranged(self, lambda z: z[index])

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        rule = UFUNCS.get(ufunc.__name__)
        if rule is None or method != "__call__" or kwargs:
            return NotImplemented
        if ufunc is np.multiply:
            return rule(*inputs)
        return rule(*(lift(x, self.machine) for x in inputs))

    def __array_function__(self, function, types, args, kwargs):
        rule = FUNCTIONS.get(function.__name__)
        return NotImplemented if rule is None else rule(*args, **kwargs)

    @property
    def value(self):
        """What the machine holds once it has added up; sometimes it does so again at each use."""
        m = self.machine
        if self.held is not None and (self.groups is None or not m.chance(m.recompute)):
            return self.held
        value = added(m, self.groups, self.shape)
        value = value if value.shape == self.shape else np.broadcast_to(value, self.shape)
        self.held = value if self.masked is None else np.where(self.masked, -np.inf, value)
        return self.held


def given(machine, values):
    """An input: numbers of the storage dtype, subnormal ones perhaps read as zero."""
    x = np.asarray(values, float)
    return Simulated(machine, machine.flushed(x, machine.accumulate))


def lift(x, machine):
    """x itself, or a constant as the machine holds it."""
    if isinstance(x, Simulated):
        return x
    return Simulated(machine, machine.round(np.asarray(x, float)))


def machine_of(xs):
    return next(x.machine for x in xs if isinstance(x, Simulated))


# sums


def groups_of(x):
    """The terms of x as part of a larger sum."""
    return x.groups if x.groups is not None and x.masked is None else (Group("one", x.value),)


def added(m, groups, shape):
    """The sum of all groups: one tree for all terms, or one for each group first."""
    each_first = m.chance(0.5)
    terms = []
    for group in groups:
        found = terms_of(m, group)
        terms.append(m.total(found)[None] if each_first else found)
    return m.total(together(terms, shape))


def together(terms, shape):
    """All terms along one first axis."""
    if len(terms) == 1 and terms[0].shape[1:] == tuple(shape):
        return terms[0]
    shape = tuple(shape)
    return np.concatenate(
        [z if z.shape[1:] == shape else np.broadcast_to(z, (len(z), *shape)) for z in terms]
    )


def terms_of(m, group):
    """Exact terms along a new first axis; scalar factors put somewhere."""
    kind, a, b, factors = group
    unscaled = a, b
    for factor, anywhere in merged(m, factors):
        movable = anywhere and kind in ("matmul", "times")
        place = m.pick("after", "a", "b", "root") if movable else "after"
        if place == "after":
            total = m.total(terms_of(m, Group(kind, a, b)))
            kind, a, b = "terms", m.product(total, m.constant(factor))[None], None
        elif place == "root" and factor != 0:
            root = m.constant(math.sqrt(abs(factor)))
            a, b = m.times(a, root), m.times(b, math.copysign(root, factor))
        elif place == "b":
            b = m.times(b, m.constant(factor))
        else:
            a = m.times(a, m.constant(factor))
    if kind == "terms":
        return a
    if kind == "one":
        return a[None]
    if kind != "matmul":
        return m.product(a[None], b[None])
    terms = m.product(*outer(m.operand(a), m.operand(b)))
    return terms if a is unscaled[0] and b is unscaled[1] else left_out(terms, a, b, *unscaled)


def left_out(terms, a, b, unscaled_a, unscaled_b):
    """Where scaling an operand overflows what does not count is left out, not weighted by 0."""
    lost_a, lost_b = (np.isinf(z) & np.isfinite(u) for z, u in ((a, unscaled_a), (b, unscaled_b)))
    if not (lost_a.any() or lost_b.any()):
        return terms
    (zero_a, gone_b), (gone_a, zero_b) = outer(a == 0, lost_b), outer(lost_a, b == 0)
    return np.where((zero_a & gone_b) | (gone_a & zero_b), 0.0, terms)


def outer(a, b):
    """a @ b as products to be summed over the first axis: a (K, ..., I, 1), b (K, ..., 1, J)."""
    rank = max(a.ndim, b.ndim)
    a, b = (z.reshape((1,) * (rank - z.ndim) + z.shape) for z in (a, b))
    return np.moveaxis(a, -1, 0)[..., None], np.moveaxis(b, -2, 0)[..., None, :]


def merged(m, factors):
    """Scalar factors one by one, or all in one; and whether each may go on an operand."""
    anywhere = LOG2E not in factors
    if len(factors) > 1 and m.chance(0.5):
        return ((math.prod(factors), anywhere),)
    return tuple((f, f != LOG2E) for f in factors)


def chain(m, shape, *groups):
    return Simulated(m, groups=groups, shape=tuple(shape))


# rules


def add(x, y):
    shape = np.broadcast_shapes(x.shape, y.shape)
    return chain(x.machine, shape, *groups_of(x), *groups_of(y))


def negative(x):
    if x.groups is None or x.masked is not None:
        return Simulated(x.machine, -x.value)
    return chain(x.machine, x.shape, *(g._replace(a=-g.a) for g in x.groups))


def multiply(x, y):
    for scalar, number in ((x, y), (y, x)):
        if isinstance(scalar, float):
            return scaled(number, float(scalar))
    m = machine_of((x, y))
    x, y = lift(x, m), lift(y, m)
    group = Group("times", *np.broadcast_arrays(x.value, y.value))
    return chain(m, group.a.shape, group)


def scaled(x, factor):
    """A scalar factor stays with each group until that is evaluated."""
    m = x.machine
    if x.groups is None or x.masked is not None or (len(x.groups) > 1 and m.chance(0.5)):
        return chain(m, x.shape, Group("one", x.value, None, (factor,)))
    return chain(m, x.shape, *(g._replace(factors=(*g.factors, factor)) for g in x.groups))


def matmul(x, y):
    m = x.machine
    if x.rows is not None:
        return Simulated(m, x.rows.times_values(m, y.value))
    factors, operands = (), []
    for z in (x, y):
        single = z.groups[0] if z.groups is not None and len(z.groups) == 1 else None
        if single is not None and single.kind == "one" and single.factors and m.chance(0.5):
            factors = (*factors, *single.factors)  # the scale waits for the product
            operands.append(single.a)
        else:
            operands.append(z.value)
    a, b = operands
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    return chain(m, shape, Group("matmul", a, b, factors))


def stored(x):
    """+x: kept as it is, or rounded to storage precision; sometimes here so and there so."""
    m = x.machine
    if x.rows is not None:
        return Simulated(m, x.held, rows=x.rows.stored(m))
    value, mixed = x.value, m.chance(0.2)
    kept = m.random.random(value.shape if mixed else ()) < m.keep
    return Simulated(m, np.where(kept, value, m.store(value)))


def rearranged(x, place):
    """The same numbers in other places; sums not yet added go along, term by term."""
    m = x.machine
    if x.groups is None or x.masked is not None:
        return Simulated(m, place(x.value))
    terms = together([terms_of(m, g) for g in x.groups], x.shape)
    if len(terms) == 0:
        return Simulated(m, place(x.value))
    terms = np.stack([place(t) for t in terms])
    return chain(m, terms.shape[1:], Group("terms", terms))


def total(x, axis=None, keepdims=False):
    """np.sum: one sum of all terms."""
    m, rank = x.machine, len(x.shape)
    axes = [int(a) % rank for a in np.atleast_1d(range(rank) if axis is None else axis)]
    terms = together([terms_of(m, g) for g in groups_of(x)], x.shape)
    terms = np.moveaxis(terms, [a + 1 for a in axes], range(1, len(axes) + 1))
    cut = len(axes) + 1
    terms = terms.reshape(math.prod(terms.shape[:cut]), *terms.shape[cut:])
    if keepdims:
        terms = np.expand_dims(terms, [a + 1 for a in axes])
    return chain(m, terms.shape[1:], Group("terms", terms))


def where(condition, x, y):
    m = machine_of((x, y))
    if isinstance(y, float) and np.isneginf(y) and x.groups is not None:
        return Simulated(m, groups=x.groups, shape=x.shape, masked=~condition)
    x, y = lift(x, m), lift(y, m)
    return Simulated(m, np.where(condition, x.value, y.value))


def joined(join):
    def rule(parts, axis=0):
        m = machine_of(parts)
        return Simulated(m, join([lift(p, m).value for p in parts], axis=axis))

    return rule


def moving(move):
    return lambda x, *args, **kwargs: rearranged(x, lambda z: move(z, *args, **kwargs))


def function(f):
    """An elementary function, within the ulps that are admitted."""
    return lambda x: Simulated(x.machine, x.machine.function(f, x.value))


def saturating(f):
    """tanh or sigmoid, as exact as is declared."""
    return lambda x: Simulated(x.machine, x.machine.saturating(f, x.value))


def step(x):
    """The slope of relu, by the sign of its argument, or of what was stored of it."""
    value = x.value if x.machine.chance(0.7) else x.machine.store(x.value)
    return Simulated(x.machine, np.where(np.isnan(value), np.nan, np.where(value > 0, 1.0, 0.0)))


def normal_cdf(x):
    """erfc(-x / sqrt 2) / 2, or (1 + erf(x / sqrt 2)) / 2."""
    m = x.machine
    q = m.times(x.value, m.constant(math.sqrt(0.5)))
    if m.chance(0.5):
        return Simulated(m, m.function(lambda z: ERFC(-z) / 2, q))
    return Simulated(m, m.round(1 + m.function(ERF, q)) / 2)


def either(formula, *equivalents):
    """Any of the formulas."""
    return formula.machine.pick(formula, *equivalents)


UFUNCS = {
    "add": add,
    "subtract": lambda x, y: add(x, negative(y)),
    "negative": negative,
    "positive": stored,
    "multiply": multiply,
    "matmul": matmul,
    "maximum": lambda x, y: Simulated(x.machine, np.maximum(x.value, y.value)),
    "tanh": saturating(np.tanh),
    "isfinite": lambda x: np.isfinite(x.value),
    "isnan": lambda x: np.isnan(x.value),
}
FUNCTIONS = {
    "sum": total,
    "where": where,
    "stack": joined(np.stack),
    "concatenate": joined(np.concatenate),
    "real": lambda x: x.value,
    "argmax": lambda x, axis: np.argmax(x.value, axis=axis),
    "isneginf": lambda x: np.isneginf(x.value),
    **{f.__name__: moving(f) for f in (np.swapaxes, np.moveaxis, np.repeat, np.reshape)},
}
algebra.sigmoid.register(Simulated, saturating(sigmoid))
algebra.normal_cdf.register(Simulated, normal_cdf)
algebra.step.register(Simulated, step)
algebra.either.register(Simulated, either)
