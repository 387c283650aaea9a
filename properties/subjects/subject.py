"""An implementation under test, bound to one operation, dtype and device.

It converts a case into the implementation's arrays, calls it, and checks every call: type, number,
shape, dtype and device of the outputs, and that inputs are unchanged.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlaws.properties.backends.protocol import Arrays
from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.discovery.convention import convention_of
from seqlaws.properties.discovery.traits import Traits, known_failures_of, traits_of
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.leaves import OfLeaves
from seqlaws.properties.inputs.masks import attended
from seqlaws.properties.inputs.strategies import poisoned
from seqlaws.properties.isolation.limits import LostError
from seqlaws.properties.isolation.location import place_of
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.arguments import Arguments
from seqlaws.properties.subjects.calls import Calls
from seqlaws.properties.subjects.expectations import Expectations, arithmetic_of
from seqlaws.properties.subjects.pace import pace_of
from seqlaws.properties.subjects.record import (
    LawBrokenError,
    Made,
    Outputs,
    Record,
)
from seqlaws.properties.subjects.returned import Returned
from seqlaws.properties.subjects.signature import gave, in_order, is_optional, offered_options

if TYPE_CHECKING:
    from seqlaws.properties.inputs.operation import Operation

SMALL_POISON = 2.0  # no product overflows by it alone where it is kept in float16


class Subject(Expectations, Returned, Arguments, Calls):
    """An implementation for one operation, dtype and device."""

    def __init__(
        self,
        name: str,
        namespace: Any,
        operation: str,
        dtype: str,
        device: str,
        spec: str = "",
        known_failures: Mapping[str, str] | None = None,
    ) -> None:
        self.spec = spec or name
        self.name, self.namespace, self.dtype, self.device = name, namespace, dtype, device
        self.operation: Operation = OPERATIONS[operation]
        declared = getattr(namespace, "TRAITS", {})
        self.traits: Traits = traits_of(declared, operation)
        self.known_failures = {**known_failures_of(declared), **(known_failures or {})}
        self.arithmetic = arithmetic_of(self.traits, dtype)
        self.record = Record()
        self.convention = convention_of(self.traits, self.operation)
        self.extras: Outputs = {}  # what the latest call returned beside the contract's outputs
        self.dtypes_of_extras: dict[str, str] = {}
        self.place = place_of(namespace)
        slowly = {"interpreted": self.traits.interpreted, "compiles": self.traits.compiles}
        self.pace = pace_of(self.spec, operation, **slowly)
        self.until = math.inf  # when no call begins any more, by `time.perf_counter`
        self.unusual_layouts = []
        self.made: Made | None = None  # of the next call
        self.earlier = {}

    @property
    def backend(self) -> Arrays:
        return self.place.backend(self.traits.backend)

    @property
    def function(self) -> Callable[..., Any] | None:
        """The function that implements the operation."""
        return getattr(self.namespace, self.operation.name, None)

    @property
    def vjp_function(self) -> Callable[..., Any] | None:
        """The hand-written vjp, or None."""
        return getattr(self.namespace, f"{self.operation.name}_vjp", None)

    @property
    def gives_gradients(self) -> bool:
        """True if gradients can be taken: by a vjp function or by the library.

        No library takes them through arrays that are written to: a call without these has to do.
        """
        if not self.operation.differentiable:
            return False
        if self.vjp_function is not None:
            return True
        called = not self.traits.writes or is_optional(self.function, self.traits.writes)
        return called and BACKENDS[self.traits.backend].differentiates

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """The operation's options that the function's signature has."""
        return offered_options(self.function, self.operation)

    def offers(self, option: str) -> bool:
        """Return True if the function's signature has the option."""
        return option in self.offered

    def not_offered(self, case: Case) -> list[str]:
        """Return the case's options that the function's signature does not have."""
        named = [o for o in case.options if self.operation.is_option(o)]
        return [o for o in named if not self.offers(o)]

    def adapted(self, case: Case) -> Case:
        """Return the case without the options that are not offered; count them."""
        missing = self.not_offered(case)
        self.record.not_offered.update(missing)
        if missing:
            case = case.without(*missing)
        return self.spoilt(self.unambiguous(case), case.poison[0])

    def spoilt(self, case: Case, poison: float) -> Case:
        """Return the case with poison at the positions that this subject has to ignore."""
        if self.arithmetic.accumulate == "float16" and math.isfinite(poison):
            poison = min(poison, SMALL_POISON)
        placed = replace(case, poison=(poison, case.poison[1]))
        has_keys = "fully_masked" in self.operation.traits and "S" in case.sizes()
        if poison and has_keys:  # where this subject's queries stand
            placed = placed.having(query_offset=self.offset(case))
            seen_by_all = self.fully_masked(case) == "mean" and not attended(placed).any(-1).all()
            if seen_by_all:  # a query without keys takes the mean of all values
                return case
        return replace(case, arrays=poisoned(placed).arrays)

    def run(self, case: Case, layouts: Mapping[str, str] | None = None) -> Outputs:
        """Return the outputs, by name, as float64. Raises LawBrokenError, NotOfferedError."""
        arrays, options = self.native(case, layouts or {})
        self.made = Made(layouts or {})
        outputs = self.answer(case, arrays, options)
        self.check_around({**arrays, **options}, layouts or {})
        return outputs

    def answer(self, case: Case, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> Outputs:
        """The outputs for arrays that are already the implementation's; checked, and recorded."""
        return self.accepted(case, arrays, options, self.raw(case, arrays, options))

    def raw(self, case: Case, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
        """Call the function with arrays that are its own; return its outputs as they are."""
        given, named = self.operation.arranged(arrays, options)
        buffers = self.buffers(case)
        raw = self.called(self.function, case, *given, **named, **self.convention.keyword(buffers))
        return self.written(raw, buffers)

    def accepted(
        self, case: Case, arrays: Mapping[str, Any], options: Mapping[str, Any], raw: Any
    ) -> Outputs:
        """Return the outputs by name, after the checks of every call."""
        outputs = self.checked(raw, self.convention.shapes(case), self.operation.name)
        self.check_inputs(case, arrays, options, raw)
        self.check_earlier(self.operation.name, raw, outputs)
        self.record.answered(outputs)
        self.extras = {n: o for n, o in outputs.items() if n in self.operation.extras}
        at = self.convention.returned.index
        self.dtypes_of_extras = {n: self.backend.describe(raw[at(n)])[1] for n in self.extras}
        return {n: outputs[n] for n in self.operation.outputs}

    def pull(self, case: Case, layouts: Mapping[str, str] | None = None) -> Outputs:
        """Return the gradient of each floating array for the case's cotangents, by name."""
        arrays, options, cotangents = self.native_of_pull(case, layouts or {})
        function, given, named = self.pulling(case, arrays, options, cotangents)
        self.made = Made(layouts or {})
        raw = self.called(function, case, *given, **named)
        gradients = self.accepted_gradients(case, arrays, options, cotangents, raw)
        self.check_around({**arrays, **options, **cotangents}, layouts or {})
        return gradients

    def pull_some(
        self, case: Case, arguments: Sequence[str], used: Sequence[str]
    ) -> tuple[Outputs, Outputs]:
        """Return outputs of a call that the library differentiates, and gradients, by name.

        arguments: those whose gradients are asked for; the others are constants. used: the outputs
        that are not ignored. The outputs are the gradients of factors of 1 that they are multiplied
        with, where their cotangents are 1.
        """
        arrays, options, cotangents = self.native_of_pull(case, {})
        several = self.convention.pulled or range(len(self.operation.outputs))
        of_each = dict(zip(self.operation.pulled, several, strict=True))
        places = tuple(of_each[n] for n in used) if len(several) > 1 else self.convention.pulled
        function = OfLeaves(self.function, self.operation, arrays, places, tuple(arguments))
        shapes = {n: case.cotangents[n].shape for n in used}
        factors = [self.native_array(n, np.ones(shape), "") for n, shape in shapes.items()]
        leaves = [*(arrays[n] for n in arguments), *factors]
        pulled = [cotangents[n] for n in used]
        raw = self.called(self.backend.gradients, case, function, pulled, leaves, options)
        shapes = {n: case.arrays[n].shape for n in arguments} | shapes
        found = self.checked(tuple(raw), shapes, f"{self.operation.name}_vjp")
        self.check_inputs(case, arrays, options, (), cotangents)
        return {n: found[n] for n in used}, {n: found[n] for n in arguments}

    def pulling(
        self, case: Case, arrays: Mapping[str, Any], options: Any, cotangents: Mapping[str, Any]
    ) -> tuple[Any, Any, Any]:
        """Return the call that computes the gradient: function, arguments, options."""
        pulled = list(cotangents.values())
        if self.vjp_function is not None:
            given, named = self.operation.arranged(arrays, options)
            return self.vjp_function, [*pulled, *given], named
        leaves = [arrays[name] for name in case.differentiated]
        function = OfLeaves(self.function, self.operation, arrays, self.convention.pulled)
        return self.backend.gradients, [function, pulled, leaves, options], {}

    def accepted_gradients(
        self,
        case: Case,
        arrays: Mapping[str, Any],
        options: Mapping[str, Any],
        cotangents: Mapping[str, Any],
        raw: Any,
    ) -> Outputs:
        """Return the gradients by name, after the checks of every call."""
        raw = tuple(in_order(tuple(raw) if isinstance(raw, list) else raw, case.differentiated))
        shapes = {name: case.arrays[name].shape for name in case.differentiated}
        gradients = self.checked(raw, shapes, f"{self.operation.name}_vjp")
        of_autograd = self.vjp_function is None  # which may hand a cotangent on as a gradient
        self.check_inputs(case, arrays, options, () if of_autograd else raw, cotangents)
        self.check_earlier(f"{self.operation.name}_vjp", raw, gradients)
        self.record.answered(gradients)
        return gradients

    def together(self, cases: Sequence[Case], *, vjp: bool = False) -> list[Outputs]:
        """Make several calls at once, each in a thread; return the outputs, or gradients if vjp."""
        made = [self.native_of_pull(case, {}) for case in cases]
        buffers = [{} if vjp else self.buffers(case) for case in cases]
        calls: list[Any] = []
        for case, (arrays, options, cotangents), written in zip(cases, made, buffers, strict=True):
            if vjp:
                calls += [self.pulling(case, arrays, options, cotangents)]
                continue
            placed, named = self.operation.arranged(arrays, options)
            calls += [(self.function, placed, {**named, **self.convention.keyword(written)})]
        try:
            found = self.finished(self.place.together, calls)
        except LostError as lost:
            name = self.operation.name + "_vjp" * vjp
            raise LawBrokenError(f"{name} {lost}", lost=True, slow=lost.slow) from None
        outputs = []
        for case, (arrays, options, cotangents), outcome, written in zip(
            cases, made, found, buffers, strict=True
        ):
            raw = self.written(self.minded(case, vjp, partial(gave, outcome)), written)
            given = (arrays, options, cotangents) if vjp else (arrays, options)
            accept: Any = self.accepted_gradients if vjp else self.accepted
            outputs.append(accept(case, *given, raw))
        return outputs


def answer(subject: Subject, case: Case, *, vjp: bool) -> Outputs | None:
    """Return the outputs of the subject, or its gradients if vjp; None if the call fails."""
    try:
        return subject.pull(case) if vjp else subject.run(case)
    except (Exception, SystemExit):
        return None
