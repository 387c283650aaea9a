"""Refusals: a wrong shape, rank, dtype or name is an exception, not a result."""

from collections.abc import Iterator
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
from seqlaws.properties.operations import DIFFERENTIABLE, OPERATIONS, WITH_ARRAYS, WITH_PARAMS

FLOATING = ("float64", "float32", "float16")
WITH_HEADS = tuple(name for name, o in OPERATIONS.items() if "num_heads" in o.arguments)
WITH_FORMS = tuple(
    name for name, o in OPERATIONS.items() if o.options.keys() & {"mask", "memory_mask", "window"}
)
WITH_OPTIONS = tuple(
    name for name, o in OPERATIONS.items() if o.options.keys() & {"lengths", "mask", "memory_mask"}
)


@law(*WITH_ARRAYS, share=0.02, sweep=unequal, level="SHOULD", section="guards")
def test_wrong_shapes_are_refused(impl: Subject, case: Case) -> None:
    """A shape or rank that the specification refuses is an exception, not a result."""
    for name in several(case.arrays, case):
        for wrong in misshapen(case.arrays[name]):
            bad = case.having(**{name: wrong})
            if refused_by_the_specification(bad):
                message = f"{name} of shape {wrong.shape} is answered instead of refused"
                must_raise(impl, bad, message)
    single = {n: case.arrays[n][0] for n in impl.operation.batched if len(case.arrays[n])}
    alone = case.without("lengths").having(**single)
    if single and refused_by_the_specification(alone):
        says = f"{', '.join(single)} without an axis for the batch are answered instead of refused"
        must_raise(impl, alone, says)
    for name, option in arrays_among_options(case):
        for wrong in [option[None], *(misshapen(option) if name == "lengths" else longer(option))]:
            bad = case.having(**{name: wrong})
            if refused_by_the_specification(bad):
                must_raise(impl, bad, f"{name} of shape {wrong.shape} is answered, not refused")
    changed = impl.place.unlike_first()
    require(not changed, f"a refused call changed {', '.join(changed)}")
    for name, unknown in unknown_names(case):
        must_raise(impl, case.having(**{name: unknown}), f"an unknown {name} is answered")


@law(*DIFFERENTIABLE, gradients=True, share=0.02, sweep=unequal, level="SHOULD", section="guards")
def test_wrong_cotangents_are_refused(impl: Subject, case: Case) -> None:
    """A cotangent of another shape or dtype than its output's is an exception, not a gradient."""
    if impl.vjp_function is None:  # the library that differentiates has rules of its own
        impl.record.not_offered["a vjp of its own"] += 1
        raise NotOfferedError("a vjp of its own")
    for name, cotangent in case.cotangents.items():
        for wrong in misshapen(cotangent):
            bad = case.pulled(**{name: wrong})
            if refused_by_the_specification(bad, vjp=True):
                says = f"d{name} of shape {wrong.shape} is answered instead of refused"
                must_raise(impl, bad, says, vjp=True)
        for dtype in ("int64", *others_than(impl.dtype)):
            says = f"d{name} of {dtype} among {impl.dtype} is answered instead of refused"
            must_raise(impl, case, says, vjp=True, dtypes={name: dtype})


@law(
    *WITH_OPTIONS,
    share=0.06,
    cases=drawn(padded=True, mask="boolean"),
    level="SHOULD",
    section="guards",
)
def test_wrong_options_are_refused(impl: Subject, case: Case) -> None:
    """Lengths that are not whole or that no row may have, and masks of another dtype."""
    for name, option in arrays_among_options(case):
        for one in impl.operation.kinds[name].wrong(option, case.sizes()):
            says = f"{name} of {one.dtype}, such as {one.reshape(-1)[:3].tolist()}, are answered"
            bad = case.having(**{name: one})
            if refused_by_the_specification(bad):
                must_raise(impl, bad, f"{says} instead of refused")
        for dtype in others_than(impl.dtype) if name != "lengths" else ():
            says = f"a {name} of {dtype} among {impl.dtype} is answered instead of refused"
            must_raise(impl, case, says, dtypes={name: dtype})


@law(*WITH_FORMS, share=0.06, cases=drawn(mask="boolean", window=(1, 1)), section="edges")
def test_other_forms_are_refused_or_right(impl: Subject, case: Case) -> None:
    """A mask of rank 0, a window in a list: the same as otherwise, or an exception."""
    for says, plain, form in forms(case):
        impl.record.calls.clear()
        try:
            outputs = unless_refused(impl, form)
        except NotOfferedError:
            continue
        if outputs is not None:
            due = impl.expected_of_steps(plain, outputs)
            agree(impl, outputs, due, f"{says} is neither refused nor answered rightly")


def forms(case: Case) -> Iterator[tuple[str, Case, Case]]:
    """What is given otherwise: in words, as the contract has it, and as it is given."""
    for name in {"mask", "memory_mask"} & case.options.keys():
        sees = bool(case.random().randint(2))
        plain = case.having(**{name: np.full((1, 1, 1, 1), sees)})
        yield f"a {name} without axes", plain, case.having(**{name: np.array(sees)})
    if case.options.get("window") is not None:
        yield "a window in a list", case, case.having(window=list(case.options["window"]))


def unknown_names(case: Case) -> Iterator[tuple[str, str]]:
    """For each option that is one of several names, if it is given, a name that is none of them."""
    for name, kind in case.operation.kinds.items():
        if isinstance(kind, Choice) and name in case.options:
            yield from ((name, wrong) for wrong in kind.wrong(case.options[name], case.sizes()))


def longer(array: Array) -> Iterator[Array]:
    """The last axis longer by two, or shorter by one."""
    if array.ndim:
        yield np.concatenate([array, array[..., -1:], array[..., -1:]], axis=-1)
        yield array[..., :-1]


def others_than(dtype: str) -> Iterator[str]:
    """The floating dtypes that every library has, but for one."""
    return (other for other in FLOATING if other != dtype)


@law(*WITH_HEADS, share=0.06, cases=drawn(mask=None), level="SHOULD", section="guards")
def test_heads_that_do_not_divide_are_refused(impl: Subject, case: Case) -> None:
    """num_heads that does not divide E is an exception, not a result; nor does 0 divide it."""
    features = case.sizes()["E"]
    for heads in (0, features + 1, *(n for n in range(2, 9) if features % n)):
        bad = case.having(num_heads=heads)
        must_raise(impl, bad, f"{heads} heads of {features} features are answered, not refused")


@law(*WITH_PARAMS, share=0.06, level="SHOULD", section="guards")
def test_missing_parameters_are_refused(impl: Subject, case: Case) -> None:
    """A dict that lacks a parameter, or has it under another name, is an exception."""
    names = [name for name in case.arrays if name.startswith("params.")]
    name = names[int(case.random().randint(len(names)))]
    arrays = {n: a for n, a in case.arrays.items() if n != name}
    for odd in (arrays, {**arrays, f"{name}s": case.arrays[name]}):
        bad = replace(case, arrays=odd)
        must_raise(impl, bad, f"parameters with {name} missing or misnamed are answered")


def misshapen(array: Array) -> Iterator[Array]:
    """One axis more, one less, each axis longer by one, cut to one, or swapped with the next."""
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
    """The judge of shapes is the specification."""
    given, options = case.operation.arranged(case.arrays, case.options)
    pulled = case.cotangents.values() if vjp else ()
    name = case.operation.name + "_vjp" * vjp
    return specification_server.refuses(name, *pulled, *given, **options)


@law(
    *WITH_ARRAYS, share=0.1, cases=drawn(mask=None, padded=False), level="SHOULD", section="guards"
)
def test_wrong_dtypes_are_refused(impl: Subject, case: Case) -> None:
    """Whole or complex numbers, or two floating dtypes, are an exception, not a result."""
    alone = len(case.differentiated) == 1
    for name in several(case.arrays, case):
        if name in impl.operation.integers:
            wrong = list(FLOATING)
        else:
            wrong = ["int64", "int32", "bool", "complex64"]
            wrong += [] if alone else list(others_than(impl.dtype))
        for dtype in wrong:
            says = f"{name} of {dtype} among {impl.dtype} is answered instead of refused"
            must_raise(impl, case, says, dtypes={name: dtype})
