"""Problems in KernelBench's form, as specifications, and their candidates as implementations.

The sizes of a problem's file are the letters of axes, and are drawn small. A candidate is a file
with `ModelNew`. Its parameters are given to it, so that gradients of all of them are compared.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from seqlaws.properties.discovery.loader import ADAPTERS, Adapter
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.own.kernelbench_problem import (
    Problem,
    arguments,
    factors_of,
    free_letters,
    problem_of,
    small_sizes,
)
from seqlaws.properties.own.torch_graph import NoRuleError, text_of

LARGEST = 64  # what a size that cannot be changed may be
EPS = float(np.finfo(np.float32).eps)  # of each addition of probabilities
MAKING = threading.Lock()  # the numbers of the file are changed meanwhile


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
    drawn = dict(zip(text.inputs, problem.at(sizes, problem.drawn), strict=True))
    domains = {name: domain(values, named) for name, values in drawn.items()}
    declared = [f"{n}={axes_of(a.shape, named) + domains.get(n, '')!r}" for n, a in arrays.items()]
    returned = {f"y{k}" * (k > 0) or "y": axes_of(o.shape, named) for k, o in enumerate(outputs)}
    shapes = [x.shape for x in (*arrays.values(), *outputs)]
    used = {f for shape in shapes for n in shape for f in factors_of(n, named)}
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


def axes_of(shape: tuple[int, ...], named: Mapping[str, int]) -> str:
    """Return the axes of an array as a declaration names them."""
    return " ".join("*".join(factors_of(n, named)) for n in shape)


def domain(values: Array, named: Mapping[str, int]) -> str:
    """Return what the numbers of an input are, as a declaration says it: by many draws of them."""
    if not np.issubdtype(values.dtype, np.floating):
        classes = [n for n in named if named[n] > values.max(initial=0)]
        return f": below {min(classes, key=lambda n: named[n]) if classes else values.max() + 1}"
    if values.min(initial=0) < 0:
        return ""
    if values.ndim > 1 and np.all(np.abs(values.sum(-1) - 1) <= values.shape[-1] * EPS):
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

    ADAPTERS["ModelNew"] = Adapter(declared.name, adapted)


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
        model = self.at(sizes, arrays[0].device)
        names = self.names(model)
        parameters = {names[n]: given.pop(n) for n in self.parameters}
        return functional_call(model, parameters, tuple(given.values()))

    def at(self, sizes: Mapping[str, int], device: Any) -> Any:
        """Return ModelNew at these sizes: for each thread another, made once."""
        import torch

        key = (threading.get_ident(), *sizes.items())
        with MAKING, torch.random.fork_rng():
            if key not in self.made:
                own = {n: v for n, v in sizes.items() if type(vars(self.namespace).get(n)) is int}
                vars(self.namespace).update(own)
                self.made[key] = self.problem.at(sizes, self.new).to(device)
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
