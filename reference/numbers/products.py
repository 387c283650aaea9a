"""Products on rounding numbers: of two arrays, with a scalar factor, of matrices; quotients.

A scalar factor may be put on the sum, on one operand or as its root on both; the operands of a
matrix product may be rounded beforehand, and the normaliser of softmax weights may wait for it, as
may a scalar factor of an operand: what is scaled last may overflow before. Where it is declared, a
scaled operand is rounded to the dtype.
"""

import math
from typing import Any

import numpy as np

from seqlaws.reference.numbers.entries import COARSEST, Array, unknown_if_nan
from seqlaws.reference.numbers.rounding import UFUNCS, Chain, Rounding, lift_all, settled, size

LOG2E = math.log2(math.e)
ONCE_MORE = 1 + 2.0**-8  # roundings of the factor and of the product, before an operand's own


def multiply(x: Any, y: Any) -> Rounding:
    """A term that took one rounding; a Python float scales instead."""
    for scalar, number in ((x, y), (y, x)):
        if isinstance(scalar, float):
            return scaled(number, float(scalar))
    square = x is y
    x, y = lift_all(x, y)
    size_y = size(y)
    error, others, m = np.abs(x.value) * y.error, x.error * size_y, size(x) * size_y
    finite = x.finite and y.finite and math.isfinite(np.add.reduce(m, axis=None))
    if not finite:  # else no part of m is NaN, and nothing is larger than m
        error, others, m = (unknown_if_nan(z) for z in (error, others, m))
    error = error + others
    for one, other in ((x, y), (y, x)):
        if one.spared is not None:
            error = error + of_another_order(one, other, m)
    value, grid = x.value * y.value, x.grid * y.grid
    z = Rounding(value, error, x.arithmetic, grid, Chain(m, 1, 1), finite)
    z.positive = square or (x.positive and y.positive)
    return z


def of_another_order(x: Rounding, y: Rounding, magnitude: Array) -> Array:
    """What the product of three factors costs if the two that give no rounding are not the first.

    Nothing where the whole is exact: then every product of two is.
    """
    whole = magnitude <= x.grid * y.grid / x.arithmetic.unit
    return np.where(whole | is_power_of_two(y), 0.0, unknown_if_nan(x.spared * size(y)))


def is_power_of_two(x: Rounding) -> Array:
    """Return True where a factor changes no digit."""
    found: Array = (np.frexp(np.abs(x.value))[0] == 0.5) & (x.error == 0)
    return found


def may_go_inside(y: Any, chain: Chain | None) -> bool:
    """Return True if a number that divides a sum of products may be put on its operands.

    A power of two changes no digit there, but for its root on both operands of a matrix product.
    """
    if chain is None or not isinstance(y, (int, float)) or not y:
        return False
    return chain.operands is not None or math.frexp(abs(y))[0] != 0.5


def divide(x: Any, y: Any) -> Rounding:
    """A quotient, or a product with the reciprocal, which may underflow or overflow on its own.

    By one and the same power of two it is exact. A number that divides a sum of products may be
    put on an operand, as a scalar factor is.
    """
    if isinstance(x, Rounding) and may_go_inside(y, x.chain):
        z = scaled(x, 1 / y)
        z.value = x.value / y
        return z
    x, y = lift_all(x, y)
    a, value, sizes = x.arithmetic, x.value / y.value, size(x)
    nearest = np.abs(y.value) - y.error  # to zero
    off = x.error + unknown_if_nan(np.abs(value) * y.error)
    if x.spared is not None:
        off = off + np.where(is_power_of_two(y), 0.0, x.spared)
    error = unknown_if_nan(off / nearest)
    divisor = abs(float(y.value.flat[0])) if y.value.size else 1.0
    exact_power = math.frexp(divisor)[0] == 0.5 and not y.error.any()
    if exact_power and np.all(np.abs(y.value) == divisor):
        grid = x.grid / divisor
        lossless = grid >= 2 * a.tiny or divisor <= 1
        error = error + (0.0 if lossless else a.tiny)
    else:
        grid = 0.0
        below = np.where(1 / np.abs(y.value) < 2 * a.tiny, a.tiny, 0.0)  # of the reciprocal
        twice = 2 * a.unit * (1 + 2 * a.unit)  # rounded, the reciprocal and the product
        error = error + twice * (np.abs(value) + error) + 3 * a.tiny + below * sizes
        error = np.where(sizes == 0, 0.0, error)  # 0 / y = 0
    unsure = ~(nearest > 0) | (1 / nearest > a.largest) | (np.abs(value) + error > a.largest)
    z = Rounding(value, np.where(unsure, np.inf, error), a, grid)
    z.positive = x.positive and y.positive
    return z


def scaled(x: Rounding, factor: float) -> Rounding:
    """A scalar factor keeps the chain, and may be applied anywhere in it; powers of 4 are exact."""
    a, c, f = x.arithmetic, x.chain or Chain(size(x), 1, 0), abs(factor)
    exact_root = factor == 0 or math.frexp(math.sqrt(f))[0] == 0.5
    overflows = unknown_if_nan(c.magnitude) > a.largest  # before it is scaled
    error = unknown_if_nan(np.where(overflows, np.inf, x.error * f)) + on_operands(c, f, exact_root)
    if f > 1 and x.grid < 2 * a.tiny:  # what underflowed before is scaled with the rest
        error = error + a.tiny * c.terms * f
    chain = c._replace(magnitude=unknown_if_nan(c.magnitude * f))
    if exact_root:
        grid = COARSEST if factor == 0 else x.grid * f if x.grid >= 2 * a.tiny else 0.0
    else:
        grid, error = 0.0, error + 2 * a.unit * size(x) * f
        chain = chain._replace(roundings=c.roundings + a.scalings)
    y = Rounding(x.value * factor, error, a, grid, chain)
    y.waiting = np.broadcast_to(unknown_if_nan(c.magnitude), y.shape), f
    y.positive = x.positive and factor >= 0
    return y


def on_operands(c: Chain, factor: float, exact_root: bool) -> Any:
    """What it costs to put a factor on an operand of the product, but for one rounding."""
    if c.operands is None:
        return 0.0
    x, y = c.operands
    lost = [lost_by_scaling(z, factor, exact_root) for z in (x, y)]
    if not (lost[0].any() or lost[1].any()):
        return 0.0
    return unknown_if_nan(lost[0] @ size(y) + size(x) @ lost[1])


def lost_by_scaling(x: Rounding, factor: float, exact_root: bool) -> Array:
    """How far a scaled operand may be off: it may overflow, underflow, or be narrowed once more."""
    a, before, after = x.arithmetic, size(x), size(x) * factor
    lost = np.where((x.value != 0) & (np.minimum(before, after) < a.tiny), after, 0.0)
    if a.operand_unit and not exact_root:
        lost = lost + np.where(free(x), a.operand_unit * after, 0.0)
    if a.scaling_unit:  # of the factor times log2(e), if exp is exp2: no power of two
        lost = lost + np.where(before > 0, a.scaling_unit * after * ONCE_MORE + a.storage_tiny, 0.0)
        lost = np.where(after * LOG2E > a.storage_largest, np.inf, lost)
    return np.where(np.maximum(before, after) > a.largest, np.inf, lost)


def matmul(x: Rounding, y: Rounding) -> Rounding:
    """A chain of as many terms as the inner axis is long."""
    operands = settled(x), settled(y)
    x, y = (narrowed(z) for z in operands)
    size_x, size_y = size(x), size(y)
    value, grid = x.value @ y.value, x.grid * y.grid
    error = np.zeros_like(value)
    if np.count_nonzero(y.error) or not x.finite:
        error = np.abs(x.value) @ y.error
    if np.count_nonzero(x.error) or not y.finite:
        error = error + x.error @ size_y
    heaviest = operands[0].weights
    if heaviest is not None:  # sum_j e_j y_j, before it is normalised
        reach = ((size_x > 0) @ size_y) * heaviest
        error = np.where(reach > x.arithmetic.largest, np.inf, error)
    if operands[0].waiting is not None:
        sizes, factor = operands[0].waiting
        error = error + scaled_last(x, sizes @ size_y, factor, grid)
        error = error + scaled_first(x, sizes @ size_y, sizes @ np.ones_like(size_y), factor)
    if operands[1].waiting is not None:
        sizes, factor = operands[1].waiting
        error = error + scaled_last(x, size_x @ sizes, factor, grid)
        error = error + scaled_first(x, size_x @ sizes, np.ones_like(size_x) @ sizes, factor)
    chain = Chain(unknown_if_nan(size_x @ size_y), x.shape[-1], 1, operands)
    return Rounding(value, unknown_if_nan(error), x.arithmetic, grid, chain)


def scaled_last(x: Rounding, magnitude: Array, factor: float, grid: float) -> Array:
    """What it costs if an operand's scalar factor waits for the product: x, its left operand.

    The product may overflow before it is scaled, and what underflowed in it is scaled with it.
    """
    a = x.arithmetic
    may_underflow = factor > 1 and grid < 2 * a.tiny * factor
    underflow = a.tiny * (x.shape[-1] + 1) * factor if may_underflow else 0.0
    return np.where(unknown_if_nan(magnitude) > a.largest, np.inf, underflow)


def scaled_first(x: Rounding, magnitude: Array, others: Array, factor: float) -> Any:
    """What it costs if the factor is put on the other operand, which is rounded to the dtype.

    magnitude: of the product before it is scaled; others: the sum of what that operand meets.
    """
    a = x.arithmetic
    if not a.scaling_unit:
        return 0.0
    return unknown_if_nan(a.scaling_unit * magnitude * factor * ONCE_MORE + a.storage_tiny * others)


def narrowed(x: Rounding) -> Rounding:
    """An operand of a matrix product, rounded as `matmul` declares."""
    u = x.arithmetic.operand_unit
    if not u:
        return x
    return Rounding(x.value, x.error + np.where(free(x), 0.0, u * size(x)), x.arithmetic, x.grid)


def free(x: Rounding) -> Array:
    """Which entries an operand's narrowing leaves as they are."""
    return (x.error == 0) & (np.abs(x.value) <= x.grid / x.arithmetic.operand_unit)


UFUNCS |= {"multiply": multiply, "divide": divide, "matmul": matmul}
