"""Search for sizes that no law reaches: what lies beyond N along one axis of an argument is lost.

    python tests/tails.py [N] [--op OPERATION ...]

For each array of each operation and each of its axes there are two wrong implementations: one
reads zeros beyond N, as a kernel with one block too few does; one has no gradient there. They are
put to the laws of values, and of gradients, until one fails. Prints a line for each; the exit
status is 1 if any passes.
"""

import argparse
import functools
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".typings")]

from seqlaws.impls import numpy_vectorized  # noqa: E402
from seqlaws.properties.laws import LAWS  # noqa: E402
from seqlaws.properties.operations import OPERATIONS  # noqa: E402
from seqlaws.properties.runner.examine import Effort, examine  # noqa: E402
from seqlaws.properties.runner.pairing import register_laws  # noqa: E402
from seqlaws.properties.subjects.subject import Subject  # noqa: E402

EFFORT = Effort(examples=100, shrinking=0.0, explains=False)
LAWS_OF = {  # the most telling first
    False: (
        "values_at_the_widths_of_models",
        "texts_at_the_widths_of_models",
        "values_at_every_size",
        "the_last_of_many_counts",
        "values_at_large_products",
        "long_sums",
        "large_problems",
        "values",
    ),
    True: (
        "gradients_at_the_widths_of_models",
        "gradients_at_every_size",
        "gradients_at_large_products",
        "long_sums_of_gradients",
        "gradients",
    ),
}


def without_tail(array, letter, axes, most):
    """The array, zero beyond so many entries along the axis of a letter."""
    array = np.array(array)
    axis = axes.index(letter) - len(axes)  # from the end: some have any number of axes before
    if array.ndim >= -axis and array.shape[axis] > most:
        np.moveaxis(array, axis, 0)[most:] = 0
    return array


def changed(values, outer, inner, change):
    """The values by name, with one changed: an array, or an array of a dict."""
    value = values[outer]
    made = {**value, inner: change(value[inner])} if inner in value else value
    return {**values, outer: made if inner else change(value)}


def reading_less(operation, outer, inner, change):
    """The operation on arguments of which one has lost its tail."""
    right = getattr(numpy_vectorized, operation.name)

    @functools.wraps(right)
    def wrong(*given, **options):
        values = dict(zip(operation.arguments, given, strict=False))
        return right(*changed(values, outer, inner, change).values(), **options)

    return {operation.name: wrong}


def pulling_less(operation, outer, inner, change):
    """The operation, whose gradient for one argument has lost its tail."""
    right = getattr(numpy_vectorized, operation.name)
    right_vjp = getattr(numpy_vectorized, f"{operation.name}_vjp")
    pulled = list(dict.fromkeys(n.partition(".")[0] for n in operation.arrays))
    pulled = [name for name in pulled if name not in operation.integers]

    @functools.wraps(right_vjp)
    def wrong(*given, **options):
        found = right_vjp(*given, **options)
        values = dict(zip(pulled, found if isinstance(found, tuple) else (found,), strict=True))
        return tuple(changed(values, outer, inner, change).values())

    return {operation.name: right, f"{operation.name}_vjp": wrong}


def first_law(operation, functions, *, vjp):
    """The first law that a wrong implementation fails, or ""."""
    namespace = SimpleNamespace(TRAITS={"dtypes": ("float32",)}, **functions)
    for law in (LAWS[name] for name in LAWS_OF[vjp]):
        if operation.name in law.operations:
            subject = Subject("tails", namespace, operation.name, "float32", "cpu")
            if examine(law, subject, EFFORT).status == "failed":
                return law.name
    return ""


def lost_tails(operation, most):
    """Yield each axis of each array: its name, its letter, whether of gradients, and the law."""
    for name, axes in operation.arrays.items():
        if name in operation.integers:
            continue
        outer, _, inner = name.partition(".")
        letters = [letter for letter in axes.split() if letter != "..."]
        for letter in dict.fromkeys(letters):
            change = functools.partial(without_tail, letter=letter, axes=axes.split(), most=most)
            for vjp in (False, True) if operation.differentiable else (False,):
                made = (pulling_less if vjp else reading_less)(operation, outer, inner, change)
                yield name, letter, vjp, first_law(operation, made, vjp=vjp)


def main():
    """Run, print, and say by the exit status whether all are caught."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("most", type=int, nargs="?", default=1000)
    parser.add_argument("--op", action="append", choices=OPERATIONS)
    options = parser.parse_args()
    register_laws()
    missed = 0
    for operation in (OPERATIONS[name] for name in options.op or OPERATIONS):
        for name, letter, vjp, law in lost_tails(operation, options.most):
            what = "gradient" if vjp else "argument"
            print(f"{operation.name} {name} {letter} {what}: {law or 'MISSED'}", flush=True)
            missed += not law
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
