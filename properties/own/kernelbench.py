"""Problems in KernelBench's form, as specifications.

A problem is a file with `Model`, a module of torch; `get_inputs`, which returns its arguments; and
`get_init_inputs`, those of its constructor. The file's whole numbers (batch_size = 16) are its
sizes: here they are the letters of axes, and are drawn small. A candidate is a file with `ModelNew`.
Its parameters are given to it, so that gradients of all of them are compared.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from seqlaws.properties.discovery.loader import load_file
from seqlaws.properties.own.torch_graph import NoRuleError, Text, text_of

SMALL = (6, 10, 14, 22, 26, 34, 38, 46)  # sizes for the numbers of a file, all different
TRIED = (*range(1, 18), 24, 31, 32, 33)  # sizes that a number may have
KEPT = 8  # a number up to this is kept: it may be a stride, a count of groups or heads
LARGEST = 64  # what a size that cannot be changed may be
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


def arguments(given: Any) -> list[Any]:
    """The constructor's arguments: a list, or a list with the list in it."""
    return (
        list(given[0]) if len(given) == 1 and isinstance(given[0], (list, tuple)) else list(given)
    )


def is_problem(module: Any) -> bool:
    """Return True if a module has what a problem has."""
    return all(callable(getattr(module, n, None)) for n in ("Model", "get_inputs"))


def problem_of(path: Path) -> Problem:
    """Return the problem of a file."""
    module = load_file(path)
    if not hasattr(module, "get_init_inputs"):
        module.get_init_inputs = list  # type: ignore[attr-defined]
    name = "".join(c if c.isalnum() and c.isascii() else "_" for c in path.stem).lower()
    return Problem(module, name if name[:1].isalpha() else f"problem_{name}".replace("__", "_"))


def specification_of(problem: Problem) -> str:
    """Return the source of a specification for a problem. Raises NoRuleError."""
    sizes = small_sizes(problem)
    model, inputs, outputs = problem.at(sizes, problem.run)
    text = text_of(model)
    letters = free_letters(problem, sizes, text)
    arrays = dict(zip(text.inputs, inputs, strict=False))
    if len(arrays) != len(inputs):
        raise NoRuleError(
            f"forward takes {len(text.inputs)} arrays, get_inputs gives {len(inputs)}"
        )
    parameters = dict(model.named_parameters())
    arrays |= {name: parameters[dotted] for dotted, name in text.parameters.items()}
    if largest := max((n for a in arrays.values() for n in a.shape), default=0) > LARGEST:
        raise NoRuleError(f"an axis of {largest} cannot be made smaller than {LARGEST}")
    named = {name: sizes[name] for name in letters}
    declared = [f"{n}={axes_of(a.shape, named) + domain(a, named)!r}" for n, a in arrays.items()]
    returned = {f"y{k}" * (k > 0) or "y": axes_of(o.shape, named) for k, o in enumerate(outputs)}
    used = {n for a in [*declared, *returned.values()] for n in named if n in a}
    allowed = {n: v for n, v in letters.items() if v and n in used}
    whole = any(not o.dtype.is_floating_point for o in outputs)
    return "\n".join(
        [
            f'"""Translated from {problem.module.__file__}."""',
            "",
            "from seqlaws import operation",
            "from seqlaws.properties.own import torch_forms",
            "",
            "",
            f"@operation({', '.join(declared)}, returns={returned!r}, sizes={allowed!r}, "
            f"differentiable={not whole})",
            f"def {problem.name}({', '.join(arrays)}):",
            f'    """{problem.name} (a KernelBench problem)"""',
            *(f"    {line}" for line in text.lines),
            f"    return {', '.join(text.outputs)}",
            "",
        ]
    )


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
    for name in sizes:
        values = []
        for n in (sizes[name], *TRIED):
            found = at_another_size(problem, {**sizes, name: n})
            if found is None:
                continue
            if found[0] != text or found[1] != grown(shapes, name, sizes[name], n, sizes):
                if n == 1 or n < sizes[name] // 2:  # too small for a window, say
                    continue
                values = []
                break
            values.append(n)
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


def axes_of(shape: tuple[int, ...], named: Mapping[str, int]) -> str:
    """Return the axes of an array as a declaration names them."""
    return " ".join("*".join(factors_of(n, named)) for n in shape)


def domain(array: Any, named: Mapping[str, int]) -> str:
    """Return what the numbers of an array are, as a declaration says it: by their values."""
    values = array.detach().numpy()
    if not np.issubdtype(values.dtype, np.floating):
        classes = [n for n in named if named[n] > values.max(initial=0)]
        return f": below {min(classes, key=lambda n: named[n]) if classes else values.max() + 1}"
    if values.size < len(named) or values.min(initial=0) < 0 or array.requires_grad:
        return ""
    if values.ndim and np.allclose(values.sum(-1), 1, atol=1e-4):
        return ": probabilities"
    return ": between 0 1" if values.max(initial=0) <= 1 else ": positive"


def candidate_of(problem: Problem, namespace: Any) -> SimpleNamespace:
    """Return a namespace with the problem's function, which calls the candidate's ModelNew."""
    source = specification_of(problem)
    scope: dict[str, Any] = {}
    exec(compile(source, f"<{problem.name}>", "exec"), scope)  # noqa: S102  # our own text
    declared = scope[problem.name].__seqlaws_operation__
    model, *_ = problem.at(small_sizes(problem), problem.run)
    dotted = list(text_of(model).parameters)
    made: dict[tuple[tuple[str, int], ...], Any] = {}

    def function(*arrays: Any) -> Any:
        from torch.func import functional_call

        sizes = declared.sizes_in(dict(zip(declared.arrays, arrays, strict=True)), {})
        sizes = {n: v for n, v in sizes.items() if n in problem.numbers}
        key = tuple(sorted(sizes.items()))
        if key not in made:
            whole = {**small_sizes(problem), **sizes}
            own = {n: v for n, v in whole.items() if type(vars(namespace).get(n)) is int}
            vars(namespace).update(own)
            made[key] = problem.at(
                whole, lambda: namespace.ModelNew(*arguments(problem.module.get_init_inputs()))
            )
        inputs = arrays[: len(arrays) - len(dotted)]
        names = paired(made[key], model, dotted)
        return functional_call(
            made[key], dict(zip(names, arrays[len(inputs) :], strict=True)), inputs
        )

    traits = {"backend": "torch", **getattr(namespace, "TRAITS", {})}
    return SimpleNamespace(TRAITS=traits, **{problem.name: function})


def paired(new: Any, model: Any, dotted: list[str]) -> Iterator[str]:
    """Yield the name of each parameter in ModelNew: its own, else that at the same place."""
    theirs, ours = dict(new.named_parameters()), [n for n, _ in model.named_parameters()]
    if len(theirs) != len(ours):
        raise ValueError(f"ModelNew has the parameters {list(theirs)}, Model {ours}")
    places = dict(zip(ours, theirs, strict=True))
    for name in dotted:
        yield name if name in theirs else places[name]
