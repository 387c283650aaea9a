"""Refusals: a wrong shape, rank, dtype or name is an exception, not a result."""

from collections.abc import Iterator

import numpy as np

from seqlaws.properties import apart
from seqlaws.properties.case import Case
from seqlaws.properties.cases import drawn
from seqlaws.properties.checks import must_raise, refuse_the_lost, require
from seqlaws.properties.draws import Array
from seqlaws.properties.laws import law
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subject import LawBrokenError, NotOfferedError, Subject

WITH_ARRAYS = tuple(name for name, o in OPERATIONS.items() if o.arrays)


@law(*WITH_ARRAYS, share=0.06)
def test_wrong_shapes_are_refused(impl: Subject, case: Case) -> None:
    """A shape or rank that the specification refuses is an exception, not a result."""
    for name, array in case.arrays.items():
        for wrong in misshapen(array):
            bad = case.having(**{name: wrong})
            if refused_by_the_specification(bad):
                message = f"{name} of shape {wrong.shape} is answered instead of refused"
                must_raise(impl, bad, message)
    for name in ("lengths", "mask", "memory_mask"):
        option = case.options.get(name)
        if isinstance(option, np.ndarray) and option.size:
            longer = np.concatenate([option, option[..., -1:], option[..., -1:]], axis=-1)
            bad = case.having(**{name: longer})
            if refused_by_the_specification(bad):
                must_raise(impl, bad, f"{name} of shape {longer.shape} is answered, not refused")
    changed = impl.place.unlike_first()
    require(not changed, f"a refused call changed {', '.join(changed)}")
    for name in ("nonlinearity", "activation"):
        if name in case.options:
            must_raise(impl, case.having(**{name: "swish"}), f"an unknown {name} is answered")


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


def refused_by_the_specification(case: Case) -> bool:
    """The judge of shapes is the specification."""
    try:
        given, options = OPERATIONS[case.operation].arranged(case.arrays, case.options)
        apart.ask("plain", case.operation, *given, **options)
    except (ValueError, TypeError, IndexError):
        return True
    return False


@law(*WITH_ARRAYS, share=0.1, cases=drawn(mask=None, padded=False))
def test_wrong_dtypes_are_refused(impl: Subject, case: Case) -> None:
    """Whole numbers, or two floating dtypes at once, are an exception, not a result."""
    arrays, options = impl.native(case, {})
    alone = len(case.differentiated) == 1
    for name in arrays:
        whole = name in impl.operation.integers
        other = "float64" if impl.dtype != "float64" else "float32"
        for dtype in (other,) if whole else ("int64",) if alone else ("int64", other):
            odd = {
                **arrays,
                name: impl.backend.array(converted(case.arrays[name], dtype), dtype, impl.device),
            }
            says = f"{name} of {dtype} among {impl.dtype} is answered instead of refused"
            given, named = impl.operation.arranged(odd, options)
            try:
                impl.called(impl.function, case, *given, **named)
            except NotOfferedError:
                continue
            except LawBrokenError as broken:
                refuse_the_lost(broken)
                continue
            raise LawBrokenError(says)


def converted(array: Array, dtype: str) -> Array:
    """The array in another dtype."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(array, neginf=0).astype(dtype)
