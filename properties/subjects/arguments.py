"""Arrays of a call: those that an implementation is given, and those that it writes to."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from seqlaws.properties.backends.layouts import AMID, LAYOUTS
from seqlaws.properties.backends.protocol import BYTES_AT_MOST, Arrays
from seqlaws.properties.discovery.convention import Convention
from seqlaws.properties.discovery.traits import Traits
from seqlaws.properties.inputs.case import Case, output_shapes
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.isolation.location import Place
from seqlaws.properties.subjects.record import NotOfferedError, Record

OF_BUFFERS = "amid large numbers"  # the layout of arrays that an implementation writes to


class Arguments:
    """Part of a subject that makes the implementation's arrays."""

    dtype: str
    device: str
    traits: Traits
    convention: Convention
    record: Record
    place: Place
    unusual_layouts: list[str]  # of the present call's arrays

    @property
    def backend(self) -> Arrays:
        """The array library of the subject."""
        raise NotImplementedError

    def not_offered(self, case: Case) -> list[str]:
        """Return the case's options that the function's signature does not have."""
        raise NotImplementedError

    def dtypes_of(self, name: str) -> list[str]:
        """Return the dtypes that an output may have."""
        raise NotImplementedError

    def native(
        self, case: Case, layouts: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return copies of arrays and options as arrays of the implementation's library.

        Raises NotOfferedError for an option that a law gives and the function does not have.
        """
        missing = self.not_offered(case)
        if missing:
            self.record.not_offered.update(missing)
            raise NotOfferedError(f"the option {', '.join(missing)}")
        unusual = set(layouts.values()) - {"", "contiguous", *AMID}
        self.unusual_layouts = [f"arrays that are {LAYOUTS[layout]}" for layout in sorted(unusual)]
        arrays = {n: self.native_array(n, a, layouts.get(n, "")) for n, a in case.arrays.items()}
        options = {
            n: self.native_array(n, o, layouts.get(n, "")) if isinstance(o, np.ndarray) else o
            for n, o in case.options.items()
        }
        return arrays, options

    def native_array(self, name: str, values: Array, layout: str = "") -> Any:
        """Return an argument of a name as an array of the implementation's library."""
        given = self.convention.given(name, values)
        try:
            return self.backend.array(given, self.dtype, self.device, layout or "contiguous")
        except MemoryError:
            if not layout:
                raise
            self.record.not_offered[f"arrays that are {LAYOUTS[layout]}, for lack of memory"] += 1
            raise NotOfferedError(layout) from None

    def overwrite(self, name: str, array: Any, values: Array) -> Any:
        """Overwrite an argument where it lies, if it can be; return what now holds the values."""
        return self.backend.write(array, self.convention.given(name, values))

    def native_of_pull(self, case: Case, layouts: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
        """Return arrays, options and cotangents as `native` does."""
        arrays, options = self.native(case, layouts)
        cotangents = {
            n: self.native_array(n, c, layouts.get(n, "")) for n, c in case.cotangents.items()
        }
        return arrays, options, cotangents

    def buffers(self, case: Case) -> dict[str, Any]:
        """Return new arrays for the outputs, if the implementation writes to some.

        They hold NaN, so that an entry that is not written shows, and lie in longer buffers.
        """
        return {
            name: self.backend.array(values, self.dtypes_of(name)[0], self.device, OF_BUFFERS)
            for name, values in self.convention.unwritten(case).items()
        }

    def soil(self, case: Case, *, vjp: bool) -> None:
        """Leave odd bytes where outputs may be allocated, so that unwritten memory is seen."""
        shapes = (
            [case.arrays[name].shape for name in case.differentiated]
            if vjp
            else output_shapes(case).values()
        )
        width = int(self.dtype[-2:]) // 8
        sizes = {math.prod(shape) * width for shape in shapes}
        few = [size for size in sorted(sizes) if 0 < size <= BYTES_AT_MOST]
        device = self.device if case.arrays else "cpu"
        self.place.soil(self.traits.backend, few, device)
