"""Laws of any other program: a process in which nothing indicates a test gets the same answers."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from seqlaws.properties.inputs.case import output_shapes
from seqlaws.properties.inputs.sizes import beside_drawn
from seqlaws.properties.inputs.sweeps import fewer_of_both, sizes_and_options
from seqlaws.properties.isolation.limits import EnoughError, LostError
from seqlaws.properties.laws import (
    Case,
    Expected,
    Fixed,
    LawBrokenError,
    NotOfferedError,
    Operation,
    Outputs,
    Subject,
    agree,
    is_same,
    law,
    require,
)
from seqlaws.properties.operations import ALL, DIFFERENTIABLE
from seqlaws.properties.subjects.elsewhere import called_elsewhere
from seqlaws.properties.subjects.record import Call, Made

STRIDE = 40  # through sizes and pairs of options, for each call takes long


def some_of(pinned: list[Fixed]) -> list[Fixed]:
    """Return the largest size of each letter, as many drawn cases, and one of STRIDE of all."""
    letters = {name for one in pinned for name, n in one.items() if type(n) is int}
    largest = [max(pinned, key=lambda one: pinned_size(one, name)) for name in sorted(letters)]
    return beside_drawn(largest) + pinned[::STRIDE]


def pinned_size(pinned: Fixed, letter: str) -> int:
    """Return the size to which a letter is pinned, or 0."""
    size = pinned.get(letter)
    return size if type(size) is int else 0


def some_sizes(operation: Operation) -> list[Fixed]:
    """Return some of all sizes and options."""
    return some_of(sizes_and_options(operation))


def some_sizes_of_gradients(operation: Operation) -> list[Fixed]:
    """Return some of the sizes and options of gradients."""
    return some_of(fewer_of_both(operation))


@law(ALL, share=0.01, sweep=some_sizes, section="manners", second_program=True)
def test_any_other_program_gets_the_same_answer(impl: Subject, case: Case) -> None:
    """In another process, in which nothing indicates a test, the values are as in this one.

    Where they differ, they are correct. Cases: the largest size of each letter, and some of all
    sizes and pairs of options.
    """
    here, found = answer_here(impl, case), answer_elsewhere(impl, case)
    if not is_answer_of(here, found):
        judge(impl, found, output_shapes(case), lambda: impl.expected_of_steps(case, found))


@law(
    DIFFERENTIABLE,
    share=0.01,
    gradients=True,
    sweep=some_sizes_of_gradients,
    section="manners",
    second_program=True,
)
def test_any_other_program_gets_the_same_gradient(impl: Subject, case: Case) -> None:
    """In another process, in which nothing indicates a test, gradients are as in this one.

    Where they differ, they are correct. Cases: the largest size of each letter, and some of all
    sizes and pairs of options.
    """
    here, found = answer_here(impl, case, vjp=True), answer_elsewhere(impl, case, vjp=True)
    shapes = {n: case.arrays[n].shape for n in case.differentiated}
    if not is_answer_of(here, found):
        judge(impl, found, shapes, lambda: impl.expected(case, vjp=True))


def answer_here(impl: Subject, case: Case, *, vjp: bool = False) -> Outputs:
    """Return the result in this process, which other laws judge; {} where there is none."""
    with suppress(LawBrokenError, NotOfferedError):
        return impl.pull(case) if vjp else impl.run(case)
    return {}


def is_answer_of(here: Outputs, found: Outputs) -> bool:
    """Return True if there is a result in this process and it is the one found."""
    return bool(here) and here.keys() == found.keys() and is_same(found, here)


def answer_elsewhere(impl: Subject, case: Case, *, vjp: bool = False) -> Outputs:
    """Call the implementation in another process. Raises LawBrokenError, NotOfferedError."""
    try:
        kind, found = called_elsewhere(impl, case, vjp=vjp)
    except LostError as lost:
        says = f"in another process it {lost}"
        if impl.pace.excuses(slow=lost.slow):
            raise EnoughError(f"{says}, and is slow") from None
        raise LawBrokenError(says, lost=True, slow=lost.slow) from None
    beyond = case.operation.beyond_core(case)
    if kind == "not offered" or (kind == "raised" and beyond):
        impl.record.not_offered["; ".join(beyond) or str(found)] += 1
        raise NotOfferedError(str(found))
    impl.record.called(Call(case.operation.name + "_vjp" * vjp, case, made=Made()))
    if kind != "answer":
        raise LawBrokenError(f"in another process it {kind}: {found}")
    return dict(found)


def judge(
    impl: Subject,
    found: Outputs,
    shapes: Mapping[str, tuple[int, ...]],
    expected: Callable[[], Mapping[str, Expected]],
) -> None:
    """Raise LawBrokenError unless the result has the expected shapes and values."""
    for name, shape in shapes.items():
        right = name in found and found[name].shape == tuple(shape)
        require(right, f"in another process it returns no {name} of shape {shape}")
    says = "in another process the result does not match the specification"
    agree(impl, found, expected(), says, nan_is_free=True)
