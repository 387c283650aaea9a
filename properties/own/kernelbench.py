"""Problems in KernelBench's form, as specifications.

A problem is a file with `Model`, a module of torch; `get_inputs`, which returns its arguments; and
`get_init_inputs`, those of its constructor. The file's whole numbers (batch_size = 16) are its
sizes: here they are the letters of axes, and are drawn small. A candidate is a file with
`ModelNew`. Its parameters are given to it, so that gradients of all of them are compared.
"""

import itertools
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from seqlaws.properties.discovery.loader import ADAPTERS, load_file
from seqlaws.properties.own.torch_graph import NoRuleError, Text, identifier, text_of

SMALL = (6, 10, 14, 22, 26, 34, 38, 46)  # sizes for the numbers of a file, all different
TRIED = (*range(1, 18), 24, 31, 32, 33)  # sizes that a number may have
KEPT = 8  # a number up to this is kept: it may be a stride, a count of groups or heads
LARGEST = 64  # what a size that cannot be changed may be
MAKING = threading.Lock()  # the numbers of the file are changed meanwhile
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


def problem_of(path: Path) -> Problem:
    """Return the problem of a file."""
    module = load_file(path)
    if not hasattr(module, "get_init_inputs"):
        module.get_init_inputs = list  # type: ignore[attr-defined]
    return Problem(module, f"problem_{identifier(path.stem)}")


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
    largest = max((n for a in arrays.values() for n in a.shape), default=0)
    if largest > LARGEST:
        raise NoRuleError(f"an axis of {largest} cannot be made smaller than {LARGEST}")
    named = {name: sizes[name] for name in letters}
    declared = [f"{n}={axes_of(a.shape, named) + domain(a, named)!r}" for n, a in arrays.items()]
    returned = {f"y{k}" * (k > 0) or "y": axes_of(o.shape, named) for k, o in enumerate(outputs)}
    used = {n for a in [*declared, *returned.values()] for n in named if n in a}
    allowed = {n: v for n, v in letters.items() if v and n in used}
    offered = {name: dotted for dotted, name in text.parameters.items()}
    file, whole = problem.module.__file__, any(not o.dtype.is_floating_point for o in outputs)
    return "\n".join(
        [
            f'"""Translated from {file}."""',
            "",
            "from seqlaws import operation",
            "from seqlaws.properties.own import kernelbench, torch_forms",
            "",
            "",
            "@operation(",
            *(f"    {one}," for one in declared),
            f"    returns={returned!r},",
            f"    sizes={allowed!r},",
            f"    differentiable={not whole},",
            ")",
            f"def {problem.name}({', '.join(arrays)}):",
            f'    """{problem.name} (a KernelBench problem)"""',
            *(f"    {line}" for line in text.lines),
            f"    return {', '.join(text.outputs)}",
            "",
            "",
            f"kernelbench.offer({str(file)!r}, {problem.name}, {offered!r}, {sizes!r})",
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


def offer(
    file: str, function: Any, parameters: Mapping[str, str], sizes: Mapping[str, int]
) -> None:
    """Make ModelNew, of any file that has it, an implementation of a problem's specification.

    parameters: of the arguments that are parameters of Model, their names there. sizes: the file's
    numbers, where no axis says them.
    """
    problem, declared = problem_of(Path(file)), function.__seqlaws_operation__

    def adapted(namespace: Any) -> SimpleNamespace:
        called = Candidate(problem, namespace, declared, parameters, sizes)
        traits = {"backend": "torch", **getattr(namespace, "TRAITS", {})}
        return SimpleNamespace(TRAITS=traits, **{declared.name: called})

    ADAPTERS["ModelNew"] = adapted


@dataclass(frozen=True)
class Candidate:
    """ModelNew as a function of the arrays of the specification, its parameters among them."""

    problem: Problem
    namespace: Any
    declared: Any
    parameters: Mapping[str, str]
    sizes: Mapping[str, int]
    made: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def __call__(self, *arrays: Any) -> Any:
        """Call it. Raises ValueError if it has other parameters."""
        from torch.func import functional_call

        given = dict(zip(self.declared.arrays, arrays, strict=True))
        found = self.declared.sizes_in(given, {})
        sizes = {n: found.get(n, size) for n, size in self.sizes.items()}
        model = self.at(sizes)
        names = self.names(model)
        parameters = {names[n]: given.pop(n) for n in self.parameters}
        return functional_call(model, parameters, tuple(given.values()))

    def at(self, sizes: Mapping[str, int]) -> Any:
        """Return ModelNew at these sizes: for each thread another, made once."""
        import torch

        key = (threading.get_ident(), *sizes.items())
        with MAKING, torch.random.fork_rng():
            if key not in self.made:
                own = {n: v for n, v in sizes.items() if type(vars(self.namespace).get(n)) is int}
                vars(self.namespace).update(own)
                self.made[key] = self.problem.at(sizes, self.new)
        return self.made[key]

    def new(self) -> Any:
        """Return ModelNew at the file's present numbers."""
        return self.namespace.ModelNew(*arguments(self.problem.module.get_init_inputs()))

    def names(self, model: Any) -> dict[str, str]:
        """Return each argument's parameter in ModelNew: of the same name, else at its place."""
        theirs = [name for name, _ in model.named_parameters()]
        if len(theirs) != len(self.parameters):
            known = list(self.parameters.values())
            raise ValueError(f"ModelNew has the parameters {theirs}, Model has {known}")
        same = {*theirs} == {*self.parameters.values()}
        return dict(self.parameters if same else zip(self.parameters, theirs, strict=True))
