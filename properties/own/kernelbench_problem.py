"""A problem in KernelBench's form, and the sizes at which it runs.

A problem is a file with `Model`, a module of torch; `get_inputs`, which returns its arguments; and
`get_init_inputs`, those of its constructor. The whole numbers that the file defines
(batch_size = 16) are its sizes.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from seqlaws.properties.discovery.loader import load_file
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.own.torch_graph import Text, identifier, text_of

SMALL = (6, 10, 14, 22, 26, 34, 38, 46)  # sizes for the numbers of a file, all different
TRIED = (*range(1, 18), 24, 31, 32, 33)  # sizes that a number may have
KEPT = 8  # a number up to this is kept: it may be a stride, a count of groups or heads
DRAWS = 100  # of the inputs, whose values tell what they may be
Shapes = list[tuple[int, ...]]


@dataclass(frozen=True)
class Problem:
    """A problem: its file's module, and its name as an identifier."""

    module: ModuleType
    name: str

    @property
    def numbers(self) -> dict[str, int]:
        """The whole numbers that the file defines."""
        found = vars(self.module).items()
        return {n: v for n, v in found if type(v) is int and v > 0 and not n.startswith("_")}

    def at(self, sizes: Mapping[str, int], make: Callable[[], Any]) -> Any:
        """Return what `make` returns while the file's numbers are these."""
        before = {name: getattr(self.module, name) for name in sizes}
        vars(self.module).update(sizes)
        try:
            return make()
        finally:
            vars(self.module).update(before)

    def model(self) -> Any:
        """Return the model at the file's present numbers."""
        return self.module.Model(*arguments(self.module.get_init_inputs()))

    def run(self) -> tuple[Any, list[Any], list[Any]]:
        """Return the model, its inputs and its outputs."""
        import torch

        model, inputs = self.model(), list(self.module.get_inputs())
        with torch.no_grad():
            outputs = model(*inputs)
        several = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
        return model, inputs, list(several)

    def drawn(self) -> list[Array]:
        """Return many draws of each input, with an axis for the draws in front; always the same."""
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            draws = [self.module.get_inputs() for _ in range(DRAWS)]
        return [np.stack([x.detach().numpy() for x in each]) for each in zip(*draws, strict=True)]


def arguments(given: Any) -> list[Any]:
    """The constructor's arguments: a list, or a list with the list in it."""
    alone = len(given) == 1 and isinstance(given[0], (list, tuple))
    return list(given[0] if alone else given)


def problem_of(path: Path) -> Problem:
    """Return the problem of a file."""
    module = load_file(path)
    if not hasattr(module, "get_init_inputs"):
        module.get_init_inputs = list  # type: ignore[attr-defined]
    return Problem(module, f"problem_{identifier(path.stem)}")


def small_sizes(problem: Problem) -> dict[str, int]:
    """Return small values of the file's numbers at which the problem runs; else their own."""
    numbers = problem.numbers
    large = [name for name, n in numbers.items() if n > KEPT]
    for unit in (1, 2, 4, 8, 16):
        values = (unit * n for n in itertools.cycle(SMALL))
        sizes = {**numbers, **dict(zip(large, values, strict=False))}
        if runs(problem, sizes):
            return sizes
    kept = {name: min(n, 16) for name, n in numbers.items()}
    return kept if runs(problem, kept) else numbers


def runs(problem: Problem, sizes: Mapping[str, int]) -> bool:
    """Return True if a problem runs at these sizes."""
    try:
        problem.at(sizes, problem.run)
    except Exception:  # whatever a stranger's model raises for sizes that it is not made for
        return False
    return True


def free_letters(problem: Problem, sizes: dict[str, int], text: Text) -> dict[str, tuple[int, ...]]:
    """Return the numbers that are sizes alone, with the values that they may have; () for any.

    A number is a letter if every shape follows from it as a product, and the translation stays.
    """
    letters: dict[str, tuple[int, ...]] = {}
    shapes = problem.at(sizes, lambda: shapes_of(problem))
    for name, size in sizes.items():
        values = []
        for n in (size, *TRIED):
            found = at_another_size(problem, {**sizes, name: n})
            if found == (text, grown(shapes, name, size, n, sizes)):
                values.append(n)
            elif found is not None and n > size // 2:  # below it may be too small for a window
                values = []
                break
        if len(set(values)) > 1:
            letters[name] = () if {*TRIED} <= {*values} else tuple(sorted(set(values)))
    return letters


def at_another_size(problem: Problem, sizes: Mapping[str, int]) -> tuple[Text, Shapes] | None:
    """Return the translation and the shapes at other sizes, or None if it does not run there."""
    try:
        return problem.at(sizes, lambda: (text_of(problem.model()), shapes_of(problem)))
    except Exception:
        return None


def shapes_of(problem: Problem) -> Shapes:
    """Return the shapes of inputs, parameters and outputs."""
    model, inputs, outputs = problem.run()
    return [tuple(x.shape) for x in (*inputs, *model.parameters(), *outputs)]


def grown(shapes: Shapes, name: str, before: int, n: int, sizes: Mapping[str, int]) -> Shapes:
    """Return the shapes as they are if each axis is a product and one factor is n now."""
    named = {name: before, **sizes}

    def axis(length: int) -> int:
        return length // before * n if name in factors_of(length, named) else length

    return [tuple(map(axis, shape)) for shape in shapes]


def factors_of(length: int, named: Mapping[str, int]) -> list[str]:
    """Return an axis as a product of names and a number: ["4", "heads"]; [length] if it is none."""
    for several in (1, 2):
        for names in itertools.combinations(named, several):
            product = math.prod(named[n] for n in names)
            if length == product and product > 1:
                return [*names]
    for name, n in named.items():
        if n > KEPT // 2 and length % n == 0:
            return [str(length // n), name]
    return [str(length)]
