"""Guards: a wrong shape, rank, dtype or name raises an exception."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from seqlaws.properties.inputs.options import Choice
from seqlaws.properties.inputs.sweeps import unequal
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.laws import (
    Array,
    Case,
    NotOfferedError,
    Subject,
    agree,
    arrays_among_options,
    drawn,
    law,
    must_raise,
    require,
    several,
    unless_refused,
)
from seqlaws.properties.operations import DIFFERENTIABLE, WITH_ARRAYS, WITH_PARAMS, Kind

FLOATING = ("float64", "float32", "float16")
WITH_HEADS = tuple(Kind(lambda o: "num_heads" in o.arguments))
WITH_FORMS = tuple(Kind(lambda o: o.options.keys() & {"mask", "memory_mask", "window"}))
WITH_OPTIONS = Kind(lambda o: o.options.keys() & {"lengths", "mask", "memory_mask"})


@law(WITH_ARRAYS, share=0.01, sweep=unequal, level="SHOULD", section="guards")
def test_wrong_shapes_are_refused(impl: Subject, case: Case) -> None:
    """A shape or rank that the specification rejects raises an exception."""
    for name in several(case.arrays, case):
        for wrong in misshapen(case.arrays[name]):
            bad = case.having(**{name: wrong})
            if refused_by_the_specification(bad):
                message = f"no exception for {name} of shape {wrong.shape}"
                must_raise(impl, bad, message)
    for bad, what in without_a_batch(case, impl.operation.batched):
        if refused_by_the_specification(bad):
            must_raise(impl, bad, f"no exception {what}")
    for name, option in arrays_among_options(case):
        for wrong in [option[None], *(misshapen(option) if name == "lengths" else longer(option))]:
            bad = case.having(**{name: wrong})
            if refused_by_the_specification(bad):
                must_raise(impl, bad, f"no exception for {name} of shape {wrong.shape}")
    changed = impl.place.unlike_first()
    require(not changed, f"a call that raised changed {', '.join(changed)}")
    for name, unknown in unknown_names(case):
        must_raise(impl, case.having(**{name: unknown}), f"no exception for an unknown {name}")


def without_a_batch(case: Case, batched: Iterable[str]) -> Iterator[tuple[Case, str]]:
    """Yield the case without batch axes: in all arrays, and in each alone beside a batch of one."""
    single = {n: case.arrays[n][0] for n in batched if len(case.arrays[n])}
    case = case.without("lengths")
    if single:
        yield case.having(**single), f"without a batch axis in {', '.join(single)}"
    lone = case.having(**{name: array[None] for name, array in single.items()})
    for name, array in single.items():
        yield lone.having(**{name: array}), f"for {name} of shape {array.shape}"


@law(DIFFERENTIABLE, gradients=True, share=0.01, sweep=unequal, level="SHOULD", section="guards")
def test_wrong_cotangents_are_refused(impl: Subject, case: Case) -> None:
    """A cotangent whose shape or dtype differs from its output's raises an exception."""
    if impl.vjp_function is None:  # the library that differentiates has rules of its own
        raise impl.record.not_about("only for a vjp function: here the library differentiates")
    for name, cotangent in case.cotangents.items():
        for wrong in misshapen(cotangent):
            bad = case.pulled(**{name: wrong})
            if refused_by_the_specification(bad, vjp=True):
                says = f"no exception for d{name} of shape {wrong.shape}"
                must_raise(impl, bad, says, vjp=True)
        for dtype in ("int64", *others_than(impl.dtype)):
            says = f"no exception for d{name} of {dtype}"
            must_raise(impl, case, says, vjp=True, dtypes={name: dtype})


@law(
    WITH_OPTIONS,
    share=0.06,
    cases=drawn(padded=True, mask="boolean"),
    level="SHOULD",
    section="guards",
)
def test_wrong_options_are_refused(impl: Subject, case: Case) -> None:
    """Fractional or out-of-range lengths, and masks of another dtype, raise an exception."""
    for name, option in arrays_among_options(case):
        for one in impl.operation.kinds[name].wrong(option, case.sizes()):
            says = f"no exception for {name} of {one.dtype}, such as {one.reshape(-1)[:3].tolist()}"
            bad = case.having(**{name: one})
            if refused_by_the_specification(bad):
                must_raise(impl, bad, says)
        for dtype in others_than(impl.dtype) if name != "lengths" else ():
            says = f"no exception for a {name} of {dtype}"
            must_raise(impl, case, says, dtypes={name: dtype})


@law(*WITH_FORMS, share=0.06, cases=drawn(mask="boolean", window=(1, 1)), section="edges")
def test_other_forms_are_refused_or_right(impl: Subject, case: Case) -> None:
    """A mask of rank 0, or a window given as a list, works as usual or raises an exception."""
    for says, plain, form in forms(case):
        impl.record.calls.clear()
        try:
            outputs = unless_refused(impl, form)
        except NotOfferedError:
            continue
        if outputs is not None:
            due = impl.expected_of_steps(plain, outputs)
            agree(impl, outputs, due, f"{says} gives a wrong result instead of an exception")


def forms(case: Case) -> Iterator[tuple[str, Case, Case]]:
    """Yield other forms of an argument: a description, the usual form and the other form."""
    for name in {"mask", "memory_mask"} & case.options.keys():
        sees = bool(case.random().randint(2))
        plain = case.having(**{name: np.full((1, 1, 1, 1), sees)})
        yield f"a {name} of rank 0", plain, case.having(**{name: np.array(sees)})
    if case.options.get("window") is not None:
        yield "a window given as a list", case, case.having(window=list(case.options["window"]))


def unknown_names(case: Case) -> Iterator[tuple[str, str]]:
    """Yield an unknown name for each given option that is one of several names."""
    for name, kind in case.operation.kinds.items():
        if isinstance(kind, Choice) and name in case.options:
            yield from ((name, wrong) for wrong in kind.wrong(case.options[name], case.sizes()))


def longer(array: Array) -> Iterator[Array]:
    """Yield the array with its last axis longer by two, and shorter by one."""
    if array.ndim:
        yield np.concatenate([array, array[..., -1:], array[..., -1:]], axis=-1)
        yield array[..., :-1]


def others_than(dtype: str) -> Iterator[str]:
    """Return the floating dtypes that every library has, except one."""
    return (other for other in FLOATING if other != dtype)


@law(*WITH_HEADS, share=0.06, cases=drawn(mask=None), level="SHOULD", section="guards")
def test_heads_that_do_not_divide_are_refused(impl: Subject, case: Case) -> None:
    """num_heads that is 0 or does not divide E raises an exception."""
    features = case.sizes()["E"]
    for heads in (0, features + 1, *(n for n in range(2, 9) if features % n)):
        bad = case.having(num_heads=heads)
        must_raise(impl, bad, f"no exception for {heads} heads with {features} features")


@law(WITH_PARAMS, share=0.06, level="SHOULD", section="guards")
def test_missing_parameters_are_refused(impl: Subject, case: Case) -> None:
    """A dict that lacks a parameter, or has it under another name, raises an exception."""
    names = [name for name in case.arrays if name.startswith("params.")]
    name = names[int(case.random().randint(len(names)))]
    arrays = {n: a for n, a in case.arrays.items() if n != name}
    for odd in (arrays, {**arrays, f"{name}s": case.arrays[name]}):
        bad = replace(case, arrays=odd)
        must_raise(impl, bad, f"no exception for a missing or misnamed {name}")


def misshapen(array: Array) -> Iterator[Array]:
    """Yield wrong shapes: one axis more or less, or an axis longer, shorter, or swapped."""
    yield array[None]
    yield array[..., None]
    if array.ndim:
        yield array.sum(axis=0) if np.isfinite(array).all() else array.max(axis=0, initial=0)
    for axis in range(array.ndim):
        if array.shape[axis]:
            yield np.concatenate([array, np.take(array, [0], axis)], axis)
            if array.shape[axis] > 1:
                yield np.take(array, [0], axis)
                yield np.take(array, range(array.shape[axis] - 1), axis)
    if array.ndim > 1:
        yield np.swapaxes(array, -1, -2)


def refused_by_the_specification(case: Case, *, vjp: bool = False) -> bool:
    """Return True if the specification raises an exception on the case."""
    given, options = case.operation.arranged(case.arrays, case.options)
    pulled = case.cotangents.values() if vjp else ()
    name = case.operation.name + "_vjp" * vjp
    return specification_server.refuses(name, *pulled, *given, **options)


@law(WITH_ARRAYS, share=0.1, cases=drawn(mask=None, padded=False), level="SHOULD", section="guards")
def test_wrong_dtypes_are_refused(impl: Subject, case: Case) -> None:
    """Integers, complex numbers or two different floating dtypes raise an exception."""
    alone = len(case.differentiated) == 1
    for name in several(case.arrays, case):
        if name in impl.operation.integers:
            wrong = list(FLOATING)
        else:
            wrong = ["int64", "int32", "bool", "complex64"]
            wrong += [] if alone else list(others_than(impl.dtype))
        for dtype in wrong:
            says = f"no exception for {name} of {dtype}"
            must_raise(impl, case, says, dtypes={name: dtype})
