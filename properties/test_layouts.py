"""Laws of layouts: memory layout, integer width and order of parameters have no effect."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from seqlaws.properties.backends.layouts import AMID, FAR, LAYOUTS, first_of
from seqlaws.properties.inputs.sweeps import (
    beyond_tiles,
    every_size,
    moderate_sizes,
    strides_tell,
    unequal,
)
from seqlaws.properties.laws import (
    Array,
    Case,
    NotOfferedError,
    Subject,
    agree,
    arrays_among_options,
    drawn,
    is_same,
    law,
    require_unnoted,
    several,
    unless_refused,
)
from seqlaws.properties.operations import DIFFERENTIABLE, WITH_ARRAYS, WITH_PARAMS, Kind
from seqlaws.properties.subjects.returned import BEYOND

AT_MOST = 8  # batch entries that lie far apart: each takes 32 GiB of addresses in float64
WHOLE = Kind(lambda o: o.integers or "lengths" in o.options)


def layouts_of(impl: Subject, case: Case, names: list[str]) -> Iterator[dict[str, str]]:
    """Yield every layout of all arrays at once, and two layouts of each array by itself."""
    spared = (*AMID, FAR)
    layouts = [n for n in impl.backend.layouts if not n.startswith(("broadcast", *spared))]
    yield from (dict.fromkeys(names, layout) for layout in layouts)
    lot, unusual = case.random(9), [n for n in layouts if n != "contiguous"]
    for name in several(names, case):
        yield from ({name: layout} for layout in lot.permutation(unusual)[:2].tolist())


@law(WITH_ARRAYS, share=0.01, sweep=strides_tell, section="manners")
def test_memory_layouts(impl: Subject, case: Case) -> None:
    """Transposed, strided, sliced, reversed and read-only inputs give what contiguous ones give."""
    names = [*case.arrays, *(n for n, o in case.options.items() if isinstance(o, np.ndarray))]
    plain = impl.run(case)
    for layouts in layouts_of(impl, case, names):
        impl.record.calls.clear()
        outputs = impl.run(case, layouts)
        if is_same(outputs, plain):
            continue
        due = impl.expected_of_steps(case, outputs)
        how = ", ".join(f"{n} {layout}" for n, layout in list(layouts.items())[:1])
        agree(impl, outputs, due, f"the memory layout ({how}) changes the output")


@law(DIFFERENTIABLE, share=0.01, gradients=True, sweep=strides_tell, section="manners")
def test_memory_layouts_of_gradients(impl: Subject, case: Case) -> None:
    """Gradients do not depend on the memory layout of the inputs and cotangents."""
    names = [*case.arrays, *case.cotangents]
    names += [n for n, o in case.options.items() if isinstance(o, np.ndarray)]
    plain, due = impl.pull(case), None
    for layouts in layouts_of(impl, case, names):
        impl.record.calls.clear()
        gradients = impl.pull(case, layouts)
        if is_same(gradients, plain):
            continue
        due = due or impl.expected(case, vjp=True)
        how = ", ".join(f"{n} {layout}" for n, layout in list(layouts.items())[:1])
        says = f"the memory layout ({how}) changes the gradient"
        agree(impl, gradients, due, says, nan_is_free=True)


@law(WITH_ARRAYS, share=0.01, sweep=unequal, section="manners")
def test_offsets_beyond_32_bits(impl: Subject, case: Case) -> None:
    """Batch entries that lie 2^32 numbers apart give what adjacent ones give.

    An offset or a stride of 32 bits leads to NaN. The memory between them is not used.
    """
    if not impl.operation.batched:  # rows of the first array
        case = case.having(
            **{n: a[:AT_MOST] for n, a in list(case.arrays.items())[:1] if a.ndim > 1}
        )
    rows = impl.operation.batched or list(case.arrays)[:1]
    apart = [n for n in rows if case.arrays[n].ndim and 2 <= len(case.arrays[n]) <= AT_MOST]
    if not apart or FAR not in impl.backend.layouts:
        raise impl.record.not_about(f"only for arrays of several rows that may be {LAYOUTS[FAR]}")
    for name in apart:
        impl.record.calls.clear()
        outputs = impl.run(case, {name: FAR})
        due = impl.expected_of_steps(case, outputs)
        agree(impl, outputs, due, f"{name} with entries {LAYOUTS[FAR]} changes the output")


@law(WITH_ARRAYS, share=0.005, sweep=every_size, section="manners")
def test_calls_stay_within_their_arrays(impl: Subject, case: Case) -> None:
    """A call neither reads nor writes beyond the ends of its inputs, at any size.

    Each input lies in the middle of a longer buffer. NaN, or large numbers, in the rest of the
    buffer have no effect on the output, and stay as they are.
    """
    layout = amid(impl, case)
    plain, outputs = impl.run(case), impl.run(case, within(case, layout))
    require_unnoted(impl, BEYOND)
    if not is_same(outputs, plain):
        due = impl.expected_of_steps(case, outputs)
        says = f"memory beyond the ends of the inputs affects the output ({held_by(layout)})"
        agree(impl, outputs, due, says)


@law(DIFFERENTIABLE, share=0.005, gradients=True, sweep=moderate_sizes, section="manners")
def test_gradients_stay_within_their_arrays(impl: Subject, case: Case) -> None:
    """A gradient neither reads nor writes beyond the ends of inputs and cotangents, at any size."""
    layout = amid(impl, case)
    plain, gradients = impl.pull(case), impl.pull(case, within(case, layout))
    require_unnoted(impl, BEYOND)
    if not is_same(gradients, plain):
        due = impl.expected(case, vjp=True)
        says = f"memory beyond the ends of the inputs affects the gradient ({held_by(layout)})"
        agree(impl, gradients, due, says, nan_is_free=True)


def amid(impl: Subject, case: Case) -> str:
    """Return the layout of the arrays: in the middle of NaN, or of large numbers, in turn."""
    layouts = [layout for layout in impl.backend.layouts if layout in AMID]
    if not layouts:
        raise impl.record.not_about("only for arrays that may lie inside a longer buffer")
    return layouts[case.seed % len(layouts)]


def held_by(layout: str) -> str:
    """Say what the rest of the buffers holds."""
    return f"it holds {layout.removeprefix('amid ')}"


def within(case: Case, layout: str) -> dict[str, str]:
    """Return the layout for every array of a call."""
    options = [name for name, _ in arrays_among_options(case)]
    return dict.fromkeys([*case.arrays, *case.cotangents, *options], layout)


@law(DIFFERENTIABLE, share=0.01, gradients=True, sweep=strides_tell, section="manners")
def test_broadcast_cotangents(impl: Subject, case: Case) -> None:
    """A cotangent with stride 0, such as that of a sum, gives the same as its contiguous copy."""
    for layout in spread_out(impl):
        spread = {n: equal_along(impl, n, c, layout) for n, c in case.cotangents.items()}
        summed = case.pulled(**spread)
        impl.record.calls.clear()
        gradients = impl.pull(summed, dict.fromkeys(spread, layout))
        says = f"cotangents with {LAYOUTS[layout]} change the gradient"
        agree(impl, gradients, impl.expected(summed, vjp=True), says, nan_is_free=True)


@law(WITH_ARRAYS, share=0.1, section="manners", also=beyond_tiles)
def test_broadcast_inputs(impl: Subject, case: Case) -> None:
    """An input with stride 0, along any or all axes, gives the same as its contiguous copy."""
    layouts, lot = spread_out(impl), case.random()
    held = {**case.arrays, **dict(arrays_among_options(case))}
    held = {n: a for n, a in held.items() if n not in impl.operation.dividing}
    for name in several(held, case):
        layout = layouts[lot.randint(len(layouts))]
        spread = case.having(**{name: equal_along(impl, name, held[name], layout)})
        outputs = impl.run(spread, {name: layout})
        due = impl.expected_of_steps(spread, outputs)
        agree(impl, outputs, due, f"{name} with {LAYOUTS[layout]} changes the output")


def spread_out(impl: Subject) -> list[str]:
    """Return the layouts in which several entries share one place in memory."""
    found = [layout for layout in impl.backend.layouts if layout.startswith("broadcast")]
    if not found:
        impl.record.not_offered["arrays with a stride of 0"] += 1
        raise NotOfferedError("arrays with a stride of 0")
    return found


def equal_along(impl: Subject, name: str, array: Array, layout: str) -> Array:
    """Return an argument with equal entries where the implementation's array has stride 0."""
    given = impl.convention.given(name, array)
    first = first_of(layout, given.shape)
    if first is None:
        return array
    return np.array(impl.convention.taken(name, np.broadcast_to(given[first], given.shape)))


@law(WHOLE, share=0.1, cases=drawn(padded=True), section="manners")
def test_whole_numbers_of_32_bits(impl: Subject, case: Case) -> None:
    """Lengths, positions, states and tokens in int32 give the same result or an exception."""
    right_or_refused(impl, case, "int32")


@law(WHOLE, share=0.1, level="SHOULD", cases=drawn(padded=True), section="manners")
def test_whole_numbers_of_fewer_bits(impl: Subject, case: Case) -> None:
    """Integers of 16 or 8 bits, or unsigned, give the same result or raise an exception.

    Intermediate results, such as an index into a table or a negated position, may need more bits.
    """
    right_or_refused(impl, case, "int16", "int8", "uint8")


def right_or_refused(impl: Subject, case: Case, *widths: str) -> None:
    """Raise LawBrokenError if integers of these widths give a wrong result."""
    given = {**case.arrays, **case.options}
    whole = [n for n, a in given.items() if isinstance(a, np.ndarray) and a.dtype.kind == "i"]
    for width in widths:
        narrow = {name: given[name].astype(width) for name in whole}
        if not all(np.array_equal(narrow[name], given[name]) for name in whole):
            continue
        outputs = unless_refused(impl, case.having(**narrow))
        if outputs is not None:
            due = impl.expected_of_steps(case, outputs)
            agree(impl, outputs, due, f"integers of dtype {width} give another result")


@law(WITH_PARAMS, share=0.06, section="manners")
def test_names_have_no_order(impl: Subject, case: Case) -> None:
    """Parameters are found by name: their order in the dict has no effect.

    The order is reversed, and parameters of the same shape are exchanged. Gradients have the same
    names.
    """
    names = [name for name in case.arrays if name.startswith("params.")]
    alike: dict[tuple[int, ...], list[str]] = {}
    for name in names:
        alike.setdefault(case.arrays[name].shape, []).append(name)
    exchanged = [alike[case.arrays[name].shape].pop() for name in names]
    others = {n: a for n, a in case.arrays.items() if n not in names}
    for order in (names[::-1], exchanged):
        moved = replace(case, arrays={**others, **{n: case.arrays[n] for n in order}})
        outputs, says = (
            impl.run(moved),
            "the order of the parameters in their dict changes the result",
        )
        agree(impl, outputs, impl.expected_of_steps(moved, outputs), says)
        if impl.gives_gradients:
            agree(impl, impl.pull(moved), impl.expected(moved, vjp=True), says, nan_is_free=True)
