"""The arithmetic that an implementation declares."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

# dtype: (bits of the significand, smallest exponent of a normal number, largest exponent)
FORMATS = {
    "float64": (53, -1022, 1024),
    "float32": (24, -126, 128),
    "bfloat16": (8, -126, 128),
    "float16": (11, -14, 16),
}
OPERANDS = {"ieee": None, "tf32": 2.0**-11, "bf16": 2.0**-8}
ELEMENTARY = ("relative", "absolute")
NORMALISE = ("centred", "affine")
SCALE = ("scores", "operands")
KNOWN: Mapping[str, Collection[str]] = {
    "dtype": FORMATS,
    "accumulate": FORMATS,
    "matmul": OPERANDS,
    "elementary": ELEMENTARY,
    "normalise": NORMALISE,
    "scale": SCALE,
}


def unit_roundoff(dtype: str) -> float:
    """Return u: rounding to nearest has an error of at most u |x|."""
    return 2.0 ** -FORMATS[dtype][0]


@dataclass(frozen=True)
class Arithmetic:
    """The dtypes of stored values, sums and matmul operands, and the formulas that are used.

    dtype: "float64", "float32", "bfloat16" or "float16"; of inputs, outputs and stored values.
    accumulate: a dtype, of sums and states, or "dtype" for `dtype` itself; by default float32 for
    the 16-bit dtypes, otherwise `dtype`.
    matmul: "ieee" (operands unchanged), "tf32" or "bf16" (operands rounded to it, if narrower).
    elementary: "relative" (tanh and sigmoid within 4 ulp) or "absolute" (within 4 unit roundoffs at
    1, however small they are).
    normalise: "centred" ((x - mean) / sigma) or "affine" (x / sigma - mean / sigma, and moments in
    one pass).
    scale: "scores" (the factor of a matrix product keeps the accumulating dtype, wherever it is
    put) or "operands" (put on an operand, or its root on both, they are rounded to `dtype`).
    Raises ValueError for an unknown name.
    """

    dtype: str = "float32"
    accumulate: str = ""
    matmul: str = "ieee"
    elementary: str = "relative"
    normalise: str = "centred"
    scale: str = "scores"

    def __post_init__(self) -> None:
        default = "float32" if self.dtype in ("bfloat16", "float16") else self.dtype
        accumulate = self.dtype if self.accumulate == "dtype" else self.accumulate or default
        object.__setattr__(self, "accumulate", accumulate)
        for part, known in KNOWN.items():
            if getattr(self, part) not in known:
                raise ValueError(f"{part} is {getattr(self, part)!r}; known: {', '.join(known)}")

    @cached_property
    def unit(self) -> float:
        """Unit roundoff of accumulated values, plus that of the float64 specification."""
        return unit_roundoff(self.accumulate) + 2.0**-53

    @cached_property
    def storage_unit(self) -> float:
        """Unit roundoff of stored values; 0 if storing an accumulated value loses nothing."""
        stored = unit_roundoff(self.dtype)
        return stored if stored > unit_roundoff(self.accumulate) else 0.0

    @cached_property
    def operand_unit(self) -> float:
        """Unit roundoff of matrix-product operands; 0 if they are not rounded."""
        operand = OPERANDS[self.matmul]
        return operand if operand and operand > unit_roundoff(self.dtype) else 0.0

    @cached_property
    def scaling_unit(self) -> float:
        """Unit roundoff of a scaled operand; 0 if it is not rounded to the dtype."""
        return self.storage_unit if self.scale == "operands" else 0.0

    @cached_property
    def tiny(self) -> float:
        """What an underflow of the accumulating dtype loses: subnormal numbers may become zero."""
        return underflow(self.accumulate)

    @cached_property
    def storage_tiny(self) -> float:
        """What an underflow on storing loses."""
        return underflow(self.dtype)

    @cached_property
    def function_tiny(self) -> float:
        """What an elementary function may be off by where its result is subnormal."""
        bits, smallest, _ = FORMATS[self.accumulate]
        return max(self.tiny, self.ulps * 2.0 ** (smallest - bits + 1))

    @cached_property
    def absolute(self) -> float:
        """What tanh and sigmoid may be off by, however small they are."""
        return self.ulps * self.unit if self.elementary == "absolute" else 0.0

    @cached_property
    def input_tiny(self) -> float:
        """Inputs below it may be read as zero."""
        return 0.0 if self.dtype == "float16" else self.storage_tiny

    @cached_property
    def largest(self) -> float:
        """Beyond this a step may overflow."""
        return greatest(self.accumulate)

    @cached_property
    def storage_largest(self) -> float:
        """Beyond this storing may overflow."""
        return greatest(self.dtype)

    ulps = 4  # of an elementary function: exp, log, tanh, sigmoid
    scalings = 4  # roundings that a scalar factor adds: on the scores, on q, or its root on both
    block = 16  # an online softmax rescales every so many keys
    prescalings = 2  # exp as exp2: log2(e) multiplied into the scores


def underflow(dtype: str) -> float:
    """The smallest normal number: below it, zero is admitted.

    No hardware flushes float16: there it is half the spacing of the subnormal numbers.
    """
    bits, smallest, _ = FORMATS[dtype]
    return 2.0 ** (smallest - bits) if dtype == "float16" else 2.0**smallest


def greatest(dtype: str) -> float:
    """The largest finite number of a dtype."""
    bits, _, largest = FORMATS[dtype]
    return (2.0 - 2.0 ** (1 - bits)) * 2.0 ** (largest - 1)
