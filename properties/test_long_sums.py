"""Laws of sums over many terms, on numbers with which a lost term or a narrow sum shows.

Among random numbers one term of ten thousand is less than what the order of a sum may change.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from seqlaws.properties.inputs.case import is_floating, output_shapes
from seqlaws.properties.inputs.sizes import WIDTHS
from seqlaws.properties.inputs.sweeps import long_sums
from seqlaws.properties.laws import Array, Case, Subject, agree, law
from seqlaws.properties.operations import DIFFERENTIABLE, OPERATIONS

WIDE = WIDTHS[-1]
NARROW = ("bfloat16", "float16")
LONGEST = 70_001  # terms; a sum of ones in bfloat16 stops at 256 of them, or 256 blocks of them
PROBABILITIES = ("initial", "transition")
RARE = 2.0**-10
LAST = 10.0  # exp of it is more than the others' number
SUMMED = tuple(name for name, o in OPERATIONS.items() if long_sums(o))
WITH_GRADIENTS = tuple(name for name in SUMMED if name in DIFFERENTIABLE)


@law(*SUMMED, share=0.01, sweep=long_sums)
def test_long_sums(impl: Subject, case: Case) -> None:
    """A sum over thousands of equal terms counts them all; one whose last term alone counts, too.

    In 16 bits the terms are so many that a sum kept in 16 bits between blocks of 128 stands still.
    """
    for says, one in long_cases(impl, case):
        outputs = impl.run(one)
        agree(impl, outputs, impl.expected_of_steps(one, outputs), says)


@law(*WITH_GRADIENTS, share=0.01, gradients=True, sweep=long_sums, level_in_16_bits="SHOULD")
def test_long_sums_of_gradients(impl: Subject, case: Case) -> None:
    """Gradients that sum over thousands of equal terms count them all, and the last one alone.

    A SHOULD in 16 bits: torch's own products on the CPU lose some of 70,001 terms there.
    """
    for says, one in long_cases(impl, case):
        agree(impl, impl.pull(one), impl.expected(one, vjp=True), says, nan_is_free=True)


def long_cases(impl: Subject, case: Case) -> Iterator[tuple[str, Case]]:
    """Yield what is wrong if it fails, and the case: of equal terms, of a last term alone."""
    bare = case.without(*(o for o in case.options if impl.operation.is_option(o)))
    if "scale" in impl.operation.options and impl.offers("scale"):
        bare = bare.having(scale=2.0**-17 if WIDE in bare.arrays["q"].shape[3:] else 1.0)
    equal = {name: alike(impl, name, array) for name, array in bare.arrays.items()}
    yield "a sum of many equal terms is wrong", drawn_out(bare.having(**equal))
    single = {name: last_alone(name, array, LAST) for name, array in bare.arrays.items()}
    ends = {name: last_alone(name, array, 1.0) for name, array in bare.cotangents.items()}
    says = "the last of many terms is lost"
    yield says, replace(bare.having(**single), cotangents=ends)


def alike(impl: Subject, name: str, array: Array) -> Array:
    """Return an array with 2 and 0 in turn along its longest axis, and less in later rows.

    Weights are all a power of two, so that sums of products are near 1; biases are 0;
    probabilities are equal.
    In 16 bits the longest axis is LONGEST.
    """
    shape = tuple(LONGEST if n == WIDE and impl.dtype in NARROW else n for n in array.shape)
    if not is_floating(array):
        return np.zeros(shape, array.dtype)
    if name in PROBABILITIES:
        return np.full(shape, 1.0 / shape[-1])
    if len(shape) > 1 and name.rpartition(".")[2].startswith(("weight", "in_proj_weight")):
        return np.full(shape, 2.0 ** -int(np.log2(shape[-1])))
    if not shape:
        return np.ones(shape)
    if name.rpartition(".")[2].startswith("bias"):  # or an activation is far from 0
        return np.zeros(shape)
    longest = int(np.argmax(shape))
    index = np.indices(shape, sparse=True)
    others = sum(i for axis, i in enumerate(index) if axis != longest)
    return np.asarray(2.0 * (1 - index[longest] % 2) * 2.0 ** -np.minimum(others, 4))


def drawn_out(case: Case) -> Case:
    """Return the case with cotangents of 1."""
    ones = {name: np.ones(shape) for name, shape in output_shapes(case).items()}
    return replace(case, cotangents=ones) if case.cotangents else case


def last_alone(name: str, array: Array, value: float) -> Array:
    """Return the array with zeros but at the end of its long axis, if it has one.

    Of a chain, state 0 is nearly certain, and state 1 is the last.
    """
    if name in PROBABILITIES:
        certain = np.arange(array.shape[-1]) == 0
        return np.where(np.broadcast_to(certain, array.shape), 1 - RARE, RARE)
    if WIDE not in array.shape:
        return array
    axis = array.shape.index(WIDE)
    value = value if is_floating(array) else 1
    alone = np.zeros_like(array)
    np.moveaxis(alone, axis, 0)[-1] = value
    return alone
