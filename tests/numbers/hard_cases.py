"""The suite's own cases, and harder ones made of them: extremes where a bound may be wrong."""

import numpy as np

from seqlaws.properties.inputs.case import is_floating
from seqlaws.properties.inputs.numbers import by_seed, representable
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.operations import OPERATIONS, RECURRENT

LOWEST = {"float64": -1.7976931348623157e308, "float32": -3.4028234663852886e38,
          "bfloat16": -3.3895313892515355e38, "float16": -65504.0}  # fmt: skip
EXPONENTS = {"float64": (-1074, 1023), "float32": (-149, 127), "bfloat16": (-126, 127),
             "float16": (-24, 15)}  # fmt: skip


def huge(z, r, dtype):
    return z * 2.0 ** r.randint(EXPONENTS[dtype][1] // 3, EXPONENTS[dtype][1])


def tiny(z, r, dtype):
    return z * 2.0 ** r.randint(EXPONENTS[dtype][0] + 2, EXPONENTS[dtype][0] // 3)


def moderate(z, r, dtype):
    return z * 2.0 ** r.randint(-12, 13)


def subnormal(z, r, dtype):
    small = np.sign(z) * 2.0 ** (EXPONENTS[dtype][0] + r.randint(0, 30, z.shape))
    return np.where(r.random_sample(z.shape) < 0.5, small, z)


def graded(z, r, dtype):
    return z * 2.0 ** r.randint(-20, 20, z.shape)


def cancelling(z, r, dtype):
    """Each entry beside its opposite, but for a few units in the last place."""
    flat = z.reshape(-1).copy()
    near = 1 + r.randint(-2, 3, flat[1::2].shape) * 2.0**-7 * r.randint(0, 2)
    flat[1::2] = -flat[: 2 * len(flat[1::2]) : 2] * near
    return flat.reshape(z.shape)


def near_ties(z, r, dtype):
    return float(r.randint(-3, 4)) + z * 2.0**-20


def offset(z, r, dtype):
    return z + 10.0 ** r.randint(1, 5)


def whole(z, r, dtype):
    return np.round(z)


def powers(z, r, dtype):
    return np.sign(z) * 2.0 ** r.randint(-8, 9, z.shape)


def saturating(z, r, dtype):
    return z * 40.0


def zeros(z, r, dtype):
    return np.where(r.random_sample(z.shape) < 0.7, 0.0, z)


TRANSFORMS = (huge, tiny, moderate, subnormal, graded, cancelling, near_ties, offset, whole, powers,
              saturating, zeros)  # fmt: skip


def hard_case(operation, dtype, *seed, harder=True, **fixed):
    """A case by its seed, and what was done to it; half of them as the suite draws them."""
    random = np.random.RandomState([n % 2**32 for n in (*seed, 99)])
    if harder and operation in RECURRENT and random.randint(4):
        fixed = {"T": random.randint(1, 4), **fixed}  # a step rounds like any other
    case = build(by_seed(*seed), OPERATIONS[operation], dtype, **fixed)
    if not harder or random.randint(2):
        return case, "as drawn"
    names = []
    for _ in range(random.randint(1, 3)):
        case, name = transformed(case, random)
        names.append(name)
    return case, " and ".join(names)


def transformed(case, random):
    """One transform, of some arrays or all, or of a floating mask."""
    if case.operation.name in ("attention", "softmax") and random.randint(4) == 0:
        return masked_finitely(case, random)
    if case.operation.name == "attention" and random.randint(8) == 0:
        scale = float(random.choice((16.0, 0.25, 5.0, 1e-3, 1 / 3, -64.0)))
        return case.having(scale=scale), f"scale of {scale:.3g}"
    transform = TRANSFORMS[random.randint(len(TRANSFORMS))]
    everything = random.randint(2)
    arrays, cotangents = (
        {n: change(transform, a, random, case.dtype) for n, a in group.items()
         if is_floating(a) and (everything or random.randint(3) == 0)}
        for group in (case.arrays, case.cotangents)
    )  # fmt: skip
    if case.operation.name == "markov_log_prob":  # there is no logarithm below 0
        arrays = {name: np.abs(table) for name, table in arrays.items()}
    return case.having(**arrays).pulled(**cotangents), transform.__name__


def change(transform, z, random, dtype):
    """-inf stays where it is."""
    kept = np.where(np.isfinite(z), z, 0.0)
    with np.errstate(all="ignore"):
        return np.where(np.isfinite(z), representable(transform(kept, random, dtype), dtype), z)


def masked_finitely(case, random):
    """Scores pushed to the lowest finite number, or by 1e9 or 1e4, as many libraries mask."""
    low = (LOWEST[case.dtype], -1e9, -1e4, LOWEST[case.dtype] / 2)[random.randint(4)]
    low = float(representable(np.array(low), case.dtype))
    if case.operation.name == "softmax":
        x = case.arrays["x"]
        hit = random.random_sample(x.shape) < (0.3, 0.9, 1.0)[random.randint(3)]
        return case.having(x=np.where(hit & np.isfinite(x), low, x)), f"entries of {low:.3g}"
    sizes = case.sizes()
    shape = tuple(sizes[a] for a in "BNLS")
    mask = np.where(random.random_sample(shape) < (0.3, 0.9, 1.0)[random.randint(3)], low, 0.0)
    return case.having(mask=mask), f"mask of {low:.3g}"
