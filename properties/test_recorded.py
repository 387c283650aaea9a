"""Laws of calls that a library differentiates: their outputs, and gradients of a part of them.

A library records such a call in another way than one without gradients, and an implementation may
have another program for it.
"""

import numpy as np

from seqlaws.properties.laws import Case, Subject, agree, law, several
from seqlaws.properties.operations import DIFFERENTIABLE


@law(DIFFERENTIABLE, gradients=True, share=0.06)
def test_differentiated_calls_give_right_values(impl: Subject, case: Case) -> None:
    """The outputs of a call that the library differentiates are as accurate as without that."""
    differentiated_by_the_library(impl)
    case = case.pulled(**{n: np.ones_like(c) for n, c in case.cotangents.items()})
    outputs, _ = impl.pull_some(case, case.differentiated, [*case.cotangents])
    whole = outputs.keys() == {*impl.operation.outputs}
    due = impl.expected_of_steps(case, outputs) if whole else impl.expected(case)
    says = "the output is wrong where the call is differentiated"
    agree(impl, outputs, {n: due[n] for n in outputs}, says)


@law(DIFFERENTIABLE, gradients=True, share=0.06)
def test_gradients_of_some_arguments(impl: Subject, case: Case) -> None:
    """Gradients are the same where other arguments are constants, or other outputs not used.

    Some arguments, each alone, and each output alone.
    """
    differentiated_by_the_library(impl)
    random, outputs = case.random(), [*case.cotangents]
    alone = [([name], some_of(outputs, random)) for name in several(case.differentiated, case)]
    alone += [(some_of(case.differentiated, random), [name]) for name in outputs]
    for arguments, used in alone:
        _, gradients = impl.pull_some(case, arguments, used)
        unused = {n: np.zeros_like(c) for n, c in case.cotangents.items() if n not in used}
        due = impl.expected(case.pulled(**unused), vjp=True)
        says = f"gradients of {', '.join(arguments)} alone, from {', '.join(used)} alone, are wrong"
        agree(impl, gradients, {n: due[n] for n in gradients}, says, nan_is_free=True)


def differentiated_by_the_library(impl: Subject) -> None:
    """Leave out what has gradients of its own."""
    if impl.vjp_function is not None:
        raise impl.record.not_about("only where the library differentiates: here is a vjp function")


def some_of(names: list[str], random: np.random.RandomState) -> list[str]:
    """Return some of several names, at least one of them, in their order."""
    kept = random.random_sample(len(names)) < 0.5
    if not kept.any():
        kept[random.randint(len(names))] = True
    return [n for n, is_kept in zip(names, kept, strict=True) if is_kept]
