"""Checks of the outputs of a call, and of its effects on inputs and on earlier outputs.

A wrong number or shape of outputs breaks the current law. A violation of manners is recorded and
repaired: only the law about it fails, so that laws about numbers fail only for numbers.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from seqlaws.properties.backends.layouts import AMID
from seqlaws.properties.backends.protocol import Arrays, BadOutputError
from seqlaws.properties.discovery.convention import Convention
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array, equal
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.subjects.record import LawBrokenError, Outputs, Record
from seqlaws.reference.numbers import Arithmetic, flattened

# the laws about what every call is looked at for
KIND = "outputs_are_of_the_inputs_kind"
WRITTEN = "inputs_are_not_written"
SHARED = "outputs_share_no_memory"
INTO = "outputs_are_written_into_the_given_arrays"
BEYOND = "calls_stay_within_their_arrays"


class Returned:
    """Part of a subject that checks the outputs and the side effects of a call."""

    operation: Operation
    dtype: str
    device: str
    arithmetic: Arithmetic
    convention: Convention
    record: Record
    earlier: dict[str, tuple[list[Any], list[Array]]]  # the last outputs of each function

    @property
    def backend(self) -> Arrays:
        """The array library of the subject."""
        raise NotImplementedError

    def checked(self, raw: Any, shapes: Mapping[str, tuple[int, ...]], what: str) -> Outputs:
        """Return the outputs as float64, after checking their number and shapes.

        A wrong array library, dtype or device is recorded, and the output converted.
        """
        several = isinstance(raw, tuple) or (isinstance(raw, list) and len(shapes) > 1)
        given = raw if several else (raw,)
        if len(given) != len(shapes):
            raise LawBrokenError(
                f"{what} returned {len(given)} outputs, not {len(shapes)}: {', '.join(shapes)}"
            )
        outputs = {}
        for (name, shape), output in zip(shapes.items(), given, strict=True):
            try:
                found, odd, values = self.described(output, name)
            except BadOutputError as error:
                raise LawBrokenError(f"{what} returned, as {name}, {error}") from None
            due = self.convention.shape(name, tuple(shape))
            if found != due:
                raise LawBrokenError(f"{what} returned {name} with shape {found}, not {due}")
            outputs[name] = self.convention.taken(name, values)
            if odd:
                self.record.note(KIND, f"{what} returned {name} {odd}")
        return outputs

    def described(self, output: Any, name: str = "") -> tuple[tuple[int, ...], str, Array]:
        """Return an output's shape, a note on a wrong dtype or device, and its float64 values.

        Raises BadOutputError if the output is not an array of numbers.
        """
        try:
            shape, dtype, device = self.backend.describe(output)
        except BadOutputError as error:  # a list, an array of another library
            with suppress(Exception):
                values = np.array(output)
                if values.dtype.kind in "fiub":
                    return values.shape, f"as {error}", values.astype(float)
            raise
        try:
            values = np.asarray(self.backend.values(output), float)
        except Exception:
            raise BadOutputError(f"an array on {device} that cannot be read") from None
        return shape, self.strange(name, dtype, device), values

    def strange(self, name: str, dtype: str, device: str) -> str:
        """Describe how dtype or device differ from the inputs'; return "" if neither does."""
        is_whole = self.operation.is_whole(name)
        whole = dtype.startswith(("int", "uint", "bool"))
        if not whole if is_whole else dtype not in self.dtypes_of(name):
            own_kind = "an integer" if is_whole else " or ".join(self.dtypes_of(name))
            return f"with dtype {dtype}, not {own_kind}"
        own = self.device.partition(":")[0]
        if self.operation.arrays and device != own:  # else there is no device to go by
            return f"on {device}, not {own}"
        return ""

    def dtypes_of(self, name: str) -> list[str]:
        """Return the dtypes that an output may have; one beside the contract's may be wider."""
        wider = [self.arithmetic.accumulate] if name in self.operation.extras else []
        return list(dict.fromkeys([*wider, self.dtype]))

    def written(self, raw: Any, buffers: Mapping[str, Any]) -> Any:
        """Return the arrays that the call had to write its outputs to, or else what it returned."""
        if not buffers:
            return raw
        given = raw if isinstance(raw, (tuple, list)) else (raw,)
        for name, buffer in buffers.items():
            if not self.backend.is_intact_around(buffer):
                says = f"something was written beyond the ends of the array for {name}"
                self.record.note(BEYOND, says)
        for one in given:
            if self.is_array(one) and not any(self.overlap(one, b) for b in buffers.values()):
                self.record.note(INTO, "an array of its own is returned, not the one to write to")
        return tuple(buffers[name] for name in self.convention.returned)

    def is_array(self, value: Any) -> bool:
        """Return True if a value is an array of the library, and not empty."""
        try:
            return 0 not in self.backend.describe(value)[0]
        except BadOutputError:
            return False

    def check_inputs(
        self,
        case: Case,
        arrays: Mapping[str, Any],
        options: Mapping[str, Any],
        raw: Any,
        cotangents: Mapping[str, Any] | None = None,
    ) -> None:
        """Record an input that was modified, and an output that shares memory with one.

        Modified inputs are restored, if possible, for the following calls.
        """
        given = {**arrays, **(cotangents or {})}
        given |= {n: o for n, o in options.items() if isinstance(case.options[n], np.ndarray)}
        before = {**case.arrays, **case.options, **(case.cotangents if cotangents else {})}
        outputs = flattened(raw if isinstance(raw, (tuple, list)) else (raw,))

        def note(law: str, what: str) -> None:
            special = self.operation.beyond_core(case)[:1]
            self.record.note(law, what + (f" ({special[0]})" if special else ""))

        for name, array in given.items():
            was = self.convention.given(name, before[name])
            if not equal(self.backend.values(array), was):
                what = "the cotangent of" if cotangents and name in cotangents else "the input"
                note(WRITTEN, f"{what} {name} was modified")
                with suppress(Exception):
                    self.backend.write(array, was)
            if any(self.overlap(array, output) for output in outputs):
                note(SHARED, f"an output shares memory with the input {name}")

    def check_around(self, arrays: Mapping[str, Any], layouts: Mapping[str, str]) -> None:
        """Record an array around which a call wrote, of those that lie in a longer buffer."""
        for name, array in arrays.items():
            if layouts.get(name) in AMID and not self.backend.is_intact_around(array):
                self.record.note(BEYOND, f"something was written beyond the ends of {name}")

    def overlap(self, a: Any, b: Any) -> bool:
        """Return True if two values share memory; False if one is not an array of the library."""
        try:
            return self.backend.overlap(a, b)
        except Exception:
            return False

    def check_earlier(self, what: str, raw: Any, found: Outputs) -> None:
        """Record outputs of the last such call that this call overwrote or shares memory with."""
        outputs = list(raw) if isinstance(raw, (tuple, list)) else [raw]
        before, known = self.earlier.get(what, ([], []))
        self.earlier[what] = outputs, [self.convention.given(*one) for one in found.items()]
        for output, value in zip(before, known, strict=False):
            if any(self.overlap(output, o) for o in outputs):
                self.record.note(SHARED, f"{what} returned the memory of an earlier output")
            elif not equal(self.described(output)[2], value):
                self.record.note(SHARED, f"{what} overwrote an earlier output")
