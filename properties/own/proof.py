"""Checks of a specification when it is added: it runs on all number systems; its gradient is right.

The gradient is compared with complex steps along random directions: sum of cotangents times the
derivative of the outputs equals the sum of gradients times the direction.
"""

import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case, output_shapes
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.own.operation import Own
from seqlaws.properties.own.specification import Specification
from seqlaws.reference.numbers import Arithmetic, lifted
from seqlaws.reference.numbers.complex_step import derivative

CASES = 4
NEAR = 1e-8  # of gradients in float64, relative to the sum of magnitudes


class SpecError(ValueError):
    """A specification that cannot be used; the message is one sentence."""


def prove(one: Own, spec: Specification, vjp: Callable[..., Any] | None) -> None:
    """Raise SpecError, which says the line, if a specification cannot be run or differentiated."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for case in cases_of(one):
                run(case, spec)
                if vjp is not None:
                    run_back(case, vjp)
                    compare(case, spec, vjp)
    except SpecError:
        raise
    except Exception as error:
        raise SpecError(sentence(one, error)) from error


def cases_of(one: Own) -> Iterator[Case]:
    """Yield small cases: without leading axes and with, then of drawn sizes."""
    for k in range(CASES):
        fixed: dict[str, Any] = {"dense": True, "regime": "ordinary", "scales": (1.0,)}
        if k < 2:
            fixed |= {"leading": (2,) * k + (3,)} if one.leading else {}
            fixed |= {letter: 3 + i for i, letter in enumerate(one.letters)}
        yield build(by_seed(k, 11), one, "float64", **fixed)


def sentence(one: Own, error: Exception) -> str:
    """Return what was raised, and on which line of the specification."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).resolve() == one.file]
    said = " ".join(str(error).split()) or type(error).__name__
    if not own:
        return f"{one.name}: {said}"
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}: {said}: {own[-1].line}"


def run(case: Case, spec: Specification) -> None:
    """Run it in float64 and on rounding numbers; the shapes must be those that are declared."""
    given, options = case.operation.arranged(case.arrays, case.options)
    plain = spec(*given, **options)
    a = Arithmetic("float32")
    spec(*(lifted(x, a) for x in given), **{n: lifted(x, a) for n, x in options.items()})
    for (name, shape), output in zip(output_shapes(case).items(), plain, strict=True):
        if np.shape(output) != shape:
            sizes = ", ".join(f"{letter} = {n}" for letter, n in case.sizes().items())
            axes = case.operation.outputs[name] or "a scalar"
            raise SpecError(
                f"{case.operation.name}: the output {name} has shape {np.shape(output)}; "
                f"declared: ({axes}), which is {shape} with {sizes}"
            )


def arguments_of(case: Case) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Return cotangents, arguments and options."""
    given, options = case.operation.arranged(case.arrays, case.options)
    return [*case.cotangents.values()], given, options


def run_back(case: Case, vjp: Callable[..., Any]) -> None:
    """Run the gradient on rounding numbers."""
    pulled, given, options = arguments_of(case)
    a = Arithmetic("float32")
    found = vjp(
        *(lifted(x, a) for x in (*pulled, *given)), **{n: lifted(x, a) for n, x in options.items()}
    )
    names = case.differentiated
    if len(found) != len(names):
        raise SpecError(
            f"{case.operation.name}_vjp returns {len(found)} gradients, not {len(names)}: "
            f"of {', '.join(names)}"
        )


def compare(case: Case, spec: Specification, vjp: Callable[..., Any]) -> None:
    """Compare the gradient with a complex step."""
    pulled, given, options = arguments_of(case)
    names, operation = case.differentiated, case.operation
    gradients = vjp(*pulled, *given, **options)
    random = np.random.RandomState([case.seed, 5])
    places = [operation.arguments.index(n) for n in names]

    def function(*leaves: Any) -> Any:
        taken = list(given)
        for place, leaf in zip(places, leaves, strict=True):
            taken[place] = leaf
        return operation.floating(spec(*taken, **options))

    leaves = [given[place] for place in places]
    for k, name in enumerate(names):
        along = [
            random.standard_normal(x.shape) if i == k else np.zeros(x.shape)
            for i, x in enumerate(leaves)
        ]
        steps = derivative(function, leaves, along)
        due = sum(float(np.sum(g * d)) for g, d in zip(pulled, steps, strict=True))
        found = float(np.sum(gradients[k] * along[k]))
        size = sum(float(np.sum(np.abs(g * d))) for g, d in zip(pulled, steps, strict=True))
        size += float(np.sum(np.abs(gradients[k] * along[k])))
        if np.isfinite(due) and not abs(found - due) <= NEAR * (size + 1):
            raise SpecError(
                f"{operation.name}_vjp: the gradient of {name} along a random direction is "
                f"{found:.9g}; by a complex step it is {due:.9g}"
            )
