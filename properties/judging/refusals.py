"""Calls that must raise an exception, and calls that may."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.subjects.record import LawBrokenError, Made, NotOfferedError, Outputs
from seqlaws.properties.subjects.subject import Subject


def must_raise(
    impl: Subject,
    case: Case,
    says: str,
    *,
    vjp: bool = False,
    dtypes: Mapping[str, str] | None = None,
) -> None:
    """Raise LawBrokenError unless the call raises an exception.

    vjp: call the vjp. dtypes: dtypes of arguments that differ from the subject's.
    """
    odd, named = dtypes or {}, impl.native(case, {})[1]
    held = {**(case.cotangents if vjp else {}), **case.arrays}
    made = {name: native_of(impl, name, array, odd.get(name)) for name, array in held.items()}
    pulled = [made.pop(name) for name in case.cotangents if vjp]
    named |= {
        name: native_of(impl, name, o, odd[name]) for name, o in case.options.items() if name in odd
    }
    given, options = impl.operation.arranged(made, named)
    function = impl.vjp_function if vjp else impl.function
    if not vjp:
        with suppress(Exception):  # the case may be such that its outputs have no shape
            options |= impl.convention.keyword(impl.buffers(case))
    impl.made = Made(dtypes=odd)
    if not impl.raises(function, case, *pulled, *given, **options):
        raise LawBrokenError(says, answered=True)


def unless_refused(impl: Subject, case: Case) -> Outputs | None:
    """Return the outputs of a call, or None if it raises: the contract allows both.

    Raises LawBrokenError for invalid outputs and for a lost process.
    """
    try:
        return impl.run(case)
    except NotOfferedError:
        return None
    except LawBrokenError as broken:
        if broken.raised is None:
            raise
        return None


def native_of(impl: Subject, name: str, array: Array, dtype: str | None) -> Any:
    """Return an argument as an array of the subject's library, in another dtype if one is given."""
    if dtype is None:
        return impl.native_array(name, array)
    with np.errstate(all="ignore"):
        values = np.nan_to_num(impl.convention.given(name, array), neginf=0).astype(dtype)
    return impl.backend.array(values, dtype, impl.device)
