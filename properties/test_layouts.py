"""Layouts: how an array lies in memory changes nothing."""

from collections.abc import Iterator

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.cases import several
from seqlaws.properties.checks import agree
from seqlaws.properties.laws import law
from seqlaws.properties.operations import DIFFERENTIABLE, WITH_ARRAYS
from seqlaws.properties.subject import Subject
from seqlaws.properties.sweeps import unequal


def layouts_of(impl: Subject, names: list[str], alone: list[str]) -> Iterator[dict[str, str]]:
    """Every layout of all arrays at once, and of one of those named `alone`."""
    layouts = [n for n in impl.backend.layouts if n != "broadcast"]
    yield from (dict.fromkeys(names, layout) for layout in layouts)
    yield from ({name: layout} for name in alone for layout in layouts if layout != "contiguous")


@law(*WITH_ARRAYS, share=0.01, sweep=unequal)
def test_memory_layouts(impl: Subject, case: Case) -> None:
    """Transposed, strided, sliced, reversed and read-only inputs give what contiguous ones give."""
    names = [*case.arrays, *(n for n, o in case.options.items() if isinstance(o, np.ndarray))]
    plain = impl.run(case)
    for layouts in layouts_of(impl, names, several(names, case)):
        impl.record.calls.clear()
        outputs = impl.run(case, layouts)
        if all(np.array_equal(outputs[n], plain[n], equal_nan=True) for n in plain):
            continue
        due = impl.expected_of_steps(case, outputs)
        how = ", ".join(f"{n} {layout}" for n, layout in list(layouts.items())[:1])
        agree(impl, outputs, due, f"another memory layout ({how}) gives another answer")


@law(*DIFFERENTIABLE, share=0.01, gradients=True, sweep=unequal)
def test_memory_layouts_of_gradients(impl: Subject, case: Case) -> None:
    """Gradients of transposed, strided and sliced inputs and cotangents are those of contiguous."""
    names = [*case.arrays, *case.cotangents]
    names += [n for n, o in case.options.items() if isinstance(o, np.ndarray)]
    expected, plain = impl.expected(case, vjp=True), impl.pull(case)
    for layouts in layouts_of(impl, names, several(names, case)):
        impl.record.calls.clear()
        gradients = impl.pull(case, layouts)
        if all(np.array_equal(gradients[n], plain[n], equal_nan=True) for n in plain):
            continue
        how = ", ".join(f"{n} {layout}" for n, layout in list(layouts.items())[:1])
        says = f"another memory layout ({how}) gives another gradient"
        agree(impl, gradients, expected, says, nan_is_free=True)


@law(*DIFFERENTIABLE, share=0.01, gradients=True, sweep=unequal)
def test_broadcast_cotangents(impl: Subject, case: Case) -> None:
    """A cotangent with stride 0, as that of a sum or a mean is, gives what its copy gives."""
    spread = {
        n: np.array(np.broadcast_to(c[:1], c.shape))
        for n, c in case.cotangents.items()
        if c.ndim and len(c)
    }
    summed = case.pulled(**spread)
    gradients = impl.pull(summed, dict.fromkeys(spread, "broadcast"))
    says = "broadcast cotangents give another gradient"
    agree(impl, gradients, impl.expected(summed, vjp=True), says, nan_is_free=True)


@law(*WITH_ARRAYS, share=0.06)
def test_broadcast_inputs(impl: Subject, case: Case) -> None:
    """An input with stride 0, each row the first one, gives what its copy gives."""
    for name in several(case.arrays, case):
        array = case.arrays[name]
        if array.ndim and len(array):
            spread = case.having(**{name: np.array(np.broadcast_to(array[:1], array.shape))})
            outputs = impl.run(spread, {name: "broadcast"})
            due = impl.expected_of_steps(spread, outputs)
            agree(impl, outputs, due, f"a broadcast {name} gives another answer")
