"""A simulated machine: IEEE arithmetic of a declared precision, every freedom left to chance.

Numbers are float64 arrays that hold values of the accumulating dtype. A machine draws once how it
adds (order, tree, with or without FMA), how it treats subnormal numbers, and how wrong its
elementary functions are, within what `rounding.md` admits.
"""

import numpy as np

from seqlaws.reference.numbers.arithmetic import FORMATS, Arithmetic

WIDER = {"float16": "float32", "bfloat16": "float32", "float32": "float64", "float64": "float64"}
OPERAND_BITS = {"ieee": None, "tf32": 11, "bf16": 8}


def nearest(x, bits, smallest):
    """The nearest number of so many bits; numbers below 2^smallest are subnormal; ties to even."""
    _, exponent = np.frexp(x)
    spacing = np.maximum(exponent - bits, smallest - bits + 1)
    return np.where(np.isfinite(x), np.ldexp(np.rint(np.ldexp(x, -spacing)), spacing), x)


def rounded_to(x, dtype):
    """The nearest number of a dtype, infinite where it overflows."""
    if dtype == "float64":
        return x.astype(float)
    if dtype == "bfloat16":
        y = nearest(x, 8, -126)
        return np.where(np.abs(y) >= 2.0**128, np.copysign(np.inf, y), y)
    return x.astype(dtype).astype(float)


def sum_and_error(x, y):
    """fl(x + y) and what it leaves out, exactly (Knuth's two-sum)."""
    s = x + y
    z = s - x
    error = (x - (s - z)) + (y - z)
    return s, np.where(np.isfinite(s) & np.isfinite(error), error, 0.0)


def to_odd(s, error):
    """s, moved to its neighbour with an odd last bit where it is inexact: a second rounding is then
    as good as a single one (Boldo and Melquiond 2008).
    """
    even = (s.view(np.int64) & 1) == 0
    moves = (error != 0) & even & np.isfinite(s)
    return np.where(moves, np.nextafter(s, np.copysign(np.inf, error)), s)


class Machine:
    """One admissible machine of a declared arithmetic, drawn from a seed."""

    def __init__(self, seed, arithmetic):
        self.random = np.random.default_rng(seed)
        self.declared = arithmetic if isinstance(arithmetic, Arithmetic) else Arithmetic(arithmetic)
        self.dtype, self.accumulate = self.declared.dtype, self.declared.accumulate
        if self.chance(0.05):  # computing in a wider type is always admitted
            self.accumulate = WIDER[self.accumulate]
        self.fma = self.pick(0.0, 0.5, 1.0)
        self.flush = self.pick(0.0, 0.0, 0.5, 1.0)
        self.keep = self.pick(0.0, 0.5, 1.0)  # how often a marked value is kept unrounded
        self.order = self.pick("sequential", "pairwise", "random", "compensated", "any")
        self.exp2 = self.pick(0.0, 1.0, 0.5)
        self.wrong = self.pick("any", "any", "up", "down", "least")
        self.block = self.pick(16, 16, 32, 10**6)
        self.recompute = self.pick(0.0, 0.5)
        self.logarithm = self.pick(0.0, 0.0, 1.0, 0.5)  # softmax by way of log-sum-exp
        self.running = self.pick(0.0, 0.0, 1.0, 0.5)  # moments by running means
        self.salt = int(self.random.integers(2**63))

    def pick(self, *options):
        return options[self.random.integers(len(options))]

    def chance(self, probability):
        return self.random.random() < probability

    # rounding

    def flushed(self, x, dtype):
        """Subnormal numbers read as zero, all or some; no hardware flushes float16."""
        if not self.flush or dtype == "float16":
            return x
        subnormal = (np.abs(x) < 2.0 ** FORMATS[dtype][1]) & (x != 0)
        if not subnormal.any():
            return x
        return np.where(subnormal & (hashed(x, self.salt) < self.flush), 0.0, x)

    def round(self, x):
        """To the accumulating dtype."""
        return self.flushed(rounded_to(x, self.accumulate), self.accumulate)

    def store(self, x):
        """To the storage dtype, where that is narrower."""
        if FORMATS[self.dtype][0] >= FORMATS[self.accumulate][0]:
            return x
        return self.flushed(rounded_to(x, self.dtype), self.dtype)

    def operand(self, x):
        """An operand of a matrix product."""
        bits = OPERAND_BITS[self.declared.matmul]
        if bits is None or bits >= FORMATS[self.dtype][0]:
            return x
        return nearest(x, bits, -126)

    # exact products, and sums of them in some tree

    def product(self, a, b):
        """a b, exactly: factors of 24 bits fit float64, factors of 53 nearly fit a long double."""
        if self.accumulate != "float64":
            return a * b
        return np.asarray(a, np.longdouble) * b

    def plus(self, x, y):
        """x + y, rounded; x is held, y may be an exact product that enters unrounded, by FMA."""
        return self.fused(x, y) if self.chance(self.fma) else self.round(x + self.round(y))

    def fused(self, x, y):
        """x + y, rounded once."""
        return self.round(x + y if self.accumulate == "float64" else to_odd(*sum_and_error(x, y)))

    def total(self, terms):
        """The sum over the first axis, in some order and tree."""
        count = len(terms)
        if count == 0:
            return np.zeros(terms.shape[1:])
        orders = "sequential", "pairwise", "random", "compensated"
        order = self.pick(*orders) if self.order == "any" else self.order
        if count > 2 and self.chance(0.5):
            terms = terms[self.random.permutation(count)]
        if order == "sequential":
            return self.in_sequence(terms)
        if order == "compensated":
            return self.compensated(terms)
        while count > 1:
            half = count // 2
            pairs = half if order == "pairwise" else int(self.random.integers(1, half + 1))
            added = self.plus(self.round(terms[:pairs]), terms[pairs : 2 * pairs])
            terms = np.concatenate([added, terms[2 * pairs :]]) if 2 * pairs < count else added
            count = len(terms)
        return self.round(terms[0])

    def in_sequence(self, terms):
        """One accumulator, or as many as a vector has lanes."""
        lanes = min(self.pick(1, 1, 4, 8), len(terms))
        partial = self.round(terms[:lanes])
        for start in range(lanes, len(terms), lanes):
            more = terms[start : start + lanes]
            added = self.plus(partial[: len(more)], more)
            partial = np.concatenate([added, partial[len(more) :]]) if len(more) < lanes else added
        total = partial[0]
        for lane in range(1, lanes):
            total = self.plus(partial[lane], total)
        return total

    def compensated(self, terms):
        """What each addition loses is given to the next (Kahan), or added up beside it (Neumaier).

        Neumaier's takes the products apart, too, as an FMA can. Nothing is lost of infinity.
        """
        kahan, total = self.chance(0.5), self.round(terms[0])
        apart = not kahan and self.chance(self.fma) and self.accumulate != "float64"
        lost = self.round(terms[0] - total) if apart else np.zeros(total.shape)
        lost = np.where(np.isfinite(total), lost, 0.0)
        for exact in terms[1:]:
            term = self.round(exact)
            if kahan:
                term = self.round(term - lost)
                new = self.round(total + term)
                lost = self.round(self.round(new - total) - term)
            else:
                new = self.round(total + term)
                larger = np.abs(total) >= np.abs(term)
                large, small = np.where(larger, total, term), np.where(larger, term, total)
                more = self.round(self.round(large - new) + small)
                lost = self.round(lost + more)
                if apart:
                    lost = self.round(lost + self.round(exact - term))
            total, lost = new, np.where(np.isfinite(new), lost, 0.0)
        return total if kahan else self.round(total + lost)

    # single operations

    def times(self, x, y):
        return self.round(np.asarray(x * y))

    def constant(self, x):
        """A scalar as the machine holds it."""
        return float(rounded_to(np.float64(x), self.accumulate))

    def function(self, f, x, wrong_by=4.0):
        """f within so many ulp of the accumulating dtype, the final rounding among them.

        The same argument gives the same result, and 0 gives f(0) exactly, as everywhere.
        """
        x = np.asarray(x)
        truth = np.asarray(f(x.astype(np.longdouble)))
        bits, smallest, _ = FORMATS[self.accumulate]
        _, exponent = np.frexp(truth)
        ulp = np.ldexp(1.0, np.maximum(exponent - bits, smallest - bits + 1))
        reach = wrong_by - 0.5
        chance = hashed(x, self.salt)  # from 0 to 1
        wrong = {
            "any": np.rint(3 * chance - 1.5) * reach,
            "up": reach,
            "down": -reach,
            "least": chance - 0.5,
        }[self.wrong]
        fixed = (x == 0) | (truth == 0) | ~np.isfinite(truth)
        moved = np.where(fixed, truth, truth + wrong * ulp).astype(float)
        moved = rounded_to(moved, self.accumulate)
        with np.errstate(invalid="ignore"):  # past a power of two rounding is twice as wide
            too_far = np.abs(moved - truth) > wrong_by * ulp
        return self.round(np.where(too_far, truth, moved).astype(float))

    def saturating(self, f, x):
        """tanh or sigmoid: within so many ulp, or units at 1 where that is declared."""
        if self.declared.elementary == "relative" or self.chance(0.3):
            return self.function(f, x)
        if f is sigmoid and self.chance(0.5):
            half = self.function(np.tanh, self.round(np.asarray(x) / 2))
            return self.round(self.round(1 + half) / 2)
        truth = np.asarray(f(np.asarray(x).astype(np.longdouble)))
        units = {"up": 3.5, "down": -3.5, "least": 0.0}.get(self.wrong)
        if units is None:
            units = 7 * hashed(x, self.salt) - 3.5
        return self.round((truth + units * 2.0 ** -FORMATS[self.accumulate][0]).astype(float))


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def hashed(x, salt):
    """A number from 0 to 1 for each entry, scattered but always the same (splitmix64)."""
    z = np.array(x, float).view(np.uint64) ^ np.uint64(salt)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return (z ^ (z >> np.uint64(31))).astype(float) / 2.0**64
