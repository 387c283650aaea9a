"""Drawn numbers and arrays that are the same on every machine and shrink to a few entries.

Hypothesis mixes constants that it finds in the source files of the running program into what it
draws; then the inputs would depend on which implementation is imported. Integers are therefore
drawn far from any constant that anybody writes, and moved back.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st
from numpy.random.bit_generator import ISeedSequence

from seqlaws.reference.numbers.entries import is_finite

T = TypeVar("T")
Array = np.ndarray[Any, Any]
Draw = Callable[[int], int]  # a whole number from 0 to n - 1
FAR = 2**100
# the numbers of a larger array repeat. The period is twice a prime: rows of a width that laws visit
# are alike only where 65,539 lie between them, or a multiple of that
DRAWN = 2 * 65_539
SHARED = np.random.RandomState()


class Unasked(ISeedSequence):
    """In place of a seed from the system, which takes longer than all else."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
        """Return any numbers: a list, of which NumPy reads the entries faster than of an array."""
        return [1] * n_words


def generator(*seed: int) -> np.random.RandomState:
    """Return a generator that is seeded; its stream is frozen for ever."""
    unasked: Any = Unasked()  # NumPy's stubs name a subclass alone
    made = np.random.RandomState(np.random.MT19937(unasked))
    made.seed([n % 2**32 for n in seed])
    return made


@cache
def far(n: int) -> st.SearchStrategy[int]:
    """A whole number from FAR to FAR + n - 1, evenly; shrinks to FAR."""
    return st.integers(FAR, FAR + n - 1)


def by_hypothesis(draw: Callable[[st.SearchStrategy[int]], int]) -> Draw:
    """Draws that Hypothesis records and shrinks."""
    return lambda n: draw(far(n)) - FAR


def by_seed(*seed: int) -> Draw:
    """Draws from a seed alone."""
    random = generator(*seed)
    return lambda n: int(random.randint(n))


class OfShape:
    """Draws of which those of sizes and options are one stream, those of arrays' numbers another.

    Calls with the same first stream and another second one have the same shapes.
    """

    def __init__(self, shape: Draw, numbers: Draw) -> None:
        self.shape, self.numbers = shape, numbers

    def __call__(self, n: int) -> int:
        return self.shape(n)


def recorded(draw: Draw, numbers: list[int]) -> Draw:
    """Draws that are added to a list, too."""
    if isinstance(draw, OfShape):
        return OfShape(recorded(draw.shape, numbers), recorded(draw.numbers, numbers))

    def noted(n: int) -> int:
        numbers.append(draw(n))
        return numbers[-1]

    return noted


def pick(draw: Draw, options: Sequence[T]) -> T:
    """Draw one of the options, evenly; shrinks to the first."""
    return options[draw(len(options))]


def chance(draw: Draw, one_in: int) -> bool:
    """True once in so many times; shrinks to False."""
    return draw(one_in) == one_in - 1


def representable(values: Array, dtype: str) -> Array:
    """The nearest numbers that the dtype holds, as float64; what is finite stays finite."""
    if dtype == "float64":
        return values
    if dtype == "bfloat16":
        mantissa, exponent = np.frexp(np.clip(values, -3.3e38, 3.3e38))
        kept = np.where(
            np.isfinite(values), np.ldexp(np.round(mantissa * 256), exponent - 8), values
        )
        return np.where(np.abs(kept) < 2.0**-126, 0.0, kept)
    with np.errstate(all="ignore"):
        nearest: Array = values.astype(dtype).astype(float)
        if is_finite(nearest):
            return nearest
    info = np.finfo(dtype)
    return np.where(np.isfinite(values), np.clip(nearest, info.min, info.max), values)


def equal(one: Array, other: Array) -> bool:
    """Return True if two arrays are equal, entry by entry and NaN by NaN."""
    # most arrays have no NaN, and to look for it takes three times as long
    return np.array_equal(one, other) or np.array_equal(one, other, equal_nan=True)


# what a regime makes of standard normal numbers z; r: a RandomState
REGIMES: dict[str, Callable[[Array, np.random.RandomState], Array]] = {
    "halves": lambda z, r: np.round(2 * z) / 2,
    "ordinary": lambda z, r: z,
    "whole": lambda z, r: np.round(2 * z),
    "tiny": lambda z, r: z * 2.0**-12,
    "large": lambda z, r: z * 8.0,
    "graded": lambda z, r: z * 2.0 ** -r.randint(0, 16, z.shape),
    "offset": lambda z, r: z + 16.0,
    "sparse": lambda z, r: z * (r.random_sample(z.shape) < 0.3),
    "positive": lambda z, r: np.abs(z),
    "negative": lambda z, r: -np.abs(z),
    "ties": lambda z, r: np.sign(z) * 0.75,
    "paired": lambda z, r: np.where(np.arange(z.size).reshape(z.shape) % 2, -np.roll(z, 1), z),
}
ORDINARY = ("halves", "ordinary", "ordinary", "ordinary", "ordinary", "ordinary")


class Filling:
    """Arrays of one case: drawn from one seed, each in a regime and a window of its own.

    A window shrinks to nothing, and with it the array to its background, so that a shrunk case
    shows only the entries that matter.
    fixed: "dense" for no windows; "regime" for one of REGIMES; "matrices" is "zero" where a law
    puts others in their place: large ones take long to draw.
    """

    def __init__(self, draw: Draw, dtype: str, fixed: Mapping[str, Any] | None = None) -> None:
        self.draw = draw = draw.numbers if isinstance(draw, OfShape) else draw
        fixed = fixed or {}
        self.dtype, self.windows = dtype, not fixed.get("dense")
        self.bare = fixed.get("matrices") == "zero"
        self.seed = draw(2**16)
        self.regime = pick(draw, (*ORDINARY, *REGIMES))
        self.regime = fixed.get("regime", self.regime)
        self.count = 0

    def array(self, *shape: int, scale: float = 1.0, regime: str = "") -> Array:
        """Numbers of the dtype, of about the given scale.

        One draw an array, for a draw costs more than the array: its style, and a window of it.
        """
        style, window = divmod(self.draw(24 * 2**20), 2**20)
        random = self.reseeded()
        if self.bare and len(shape) == 2:
            return np.zeros(shape)
        made = REGIMES[regime or ("ordinary" if style % 3 == 2 else self.regime)]
        values = self.repeated(shape, random, lambda z: made(z, random) * scale)
        if style > 1 or not values.size or not self.windows:
            return values
        length, start = window // 1024 % (values.size + 1), window % 1024 % values.size
        flat = np.full(values.size, float(style))
        flat[start : start + length] = values.reshape(-1)[start : start + length]
        return flat.reshape(shape)

    def ordinary(self, *shape: int, scale: float = 1.0) -> Array:
        """Standard normal numbers times a scale, or a window of them."""
        return self.array(*shape, scale=scale, regime="ordinary")

    def dense(self, *shape: int) -> Array:
        """Standard normal numbers of the dtype, without a draw."""
        return self.repeated(shape, self.reseeded(), lambda z: z)

    def repeated(
        self, shape: tuple[int, ...], random: np.random.RandomState, made: Callable[[Array], Array]
    ) -> Array:
        """Return numbers of the dtype that are made of standard normal ones.

        Those of a large array repeat, for to draw them takes longer than to compute with them.
        """
        large = math.prod(shape) > DRAWN
        values = representable(made(random.standard_normal(DRAWN if large else shape)), self.dtype)
        return np.resize(values, shape) if large else values

    def random(self) -> np.random.RandomState:
        """Return a new generator of the case, for lengths, masks and permutations."""
        self.count += 1
        return generator(self.seed, self.count)

    def reseeded(self) -> np.random.RandomState:
        """Return a shared generator, reseeded; it is valid until the next call.

        To seed a generator is faster than to make one.
        """
        self.count += 1
        SHARED.seed([self.seed, self.count])
        return SHARED
