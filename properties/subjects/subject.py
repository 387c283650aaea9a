"""An implementation under test, bound to one operation, dtype and device.

It turns a case into the implementation's own arrays, calls it, and checks what every call must
keep: type, number, shape, dtype and device of the outputs, and inputs as they were.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from seqlaws.properties.backends.registry import Backend, BadOutputError, NotDifferentiableError
from seqlaws.properties.discovery.exits import raised_by_a_call, unended
from seqlaws.properties.discovery.known_failures import about
from seqlaws.properties.discovery.traits import Traits, known_failures_of, traits_of
from seqlaws.properties.inputs.case import Case, output_shapes
from seqlaws.properties.inputs.masks import attended
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.inputs.operation import OfLeaves, Operation
from seqlaws.properties.inputs.strategies import poisoned
from seqlaws.properties.isolation.limits import EnoughError, LostError
from seqlaws.properties.isolation.location import place_of
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.error_statistics import Errors
from seqlaws.properties.subjects.expectations import Due
from seqlaws.reference.numbers import Arithmetic

Outputs = dict[str, Array]
# laws that every call is held to; one that is known to fail spares the other laws
WRITTEN, SHARED = "inputs_are_not_written", "outputs_share_no_memory"


class LawBrokenError(AssertionError):
    """A law does not hold; the message says how, the attributes where."""

    def __init__(self, message: str, **where: Any) -> None:
        super().__init__(message)
        self.where = where


class NotOfferedError(Exception):
    """The implementation does not claim this; nothing was checked."""


@dataclass
class Record:
    """What one law saw of one subject."""

    examples: int = 0
    entries: int = 0
    unclaimed: int = 0
    worst: float = 0.0
    not_offered: Counter[str] = field(default_factory=Counter)
    errors: dict[str, Errors] = field(default_factory=dict)  # by output
    calls: list[tuple[str, Case, Any]] = field(default_factory=list)
    first: list[tuple[str, Case, Any]] = field(default_factory=list)  # those of the first failure


class Subject(Due):
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
        self.spared = {law for law in (WRITTEN, SHARED) if self.is_known_to_fail(law)}
        self.arithmetic = Arithmetic(dtype, self.traits.accumulate, self.traits.matmul)
        self.record = Record()
        self.place = place_of(namespace)
        self.earlier: dict[str, tuple[list[Any], list[Array]]] = {}  # each call's last outputs

    def is_known_to_fail(self, law: str) -> bool:
        """Whether the law is among the declared known failures."""
        return bool(about(self.known_failures, self.operation.name, law, self.dtype))

    @property
    def backend(self) -> Backend:
        return self.place.backend(self.traits.backend)

    @property
    def function(self) -> Callable[..., Any] | None:
        """The operation's own function."""
        return getattr(self.namespace, self.operation.name, None)

    @property
    def vjp_function(self) -> Callable[..., Any] | None:
        """The hand-written vjp, if there is one."""
        return getattr(self.namespace, f"{self.operation.name}_vjp", None)

    @property
    def gives_gradients(self) -> bool:
        """Whether there is any way to a gradient."""
        if not self.operation.differentiable:
            return False
        return self.vjp_function is not None or self.traits.backend != "numpy"

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """The operation's options that the function's signature has."""
        return offered_options(self.function, self.operation)

    def offers(self, option: str) -> bool:
        """Whether the function's signature has the option."""
        return option in self.offered

    def not_offered(self, case: Case) -> list[str]:
        """The case's options that the function's signature does not have."""
        named = [o for o in case.options if self.operation.is_option(o)]
        return [o for o in named if not self.offers(o)]

    def adapted(self, case: Case) -> Case:
        """The case without the options that are not offered, which are counted."""
        missing = self.not_offered(case)
        self.record.not_offered.update(missing)
        if missing:
            case = case.without(*missing)
        return self.spoilt(case, case.poison[0])

    def spoilt(self, case: Case, poison: float) -> Case:
        """The case with poison where, for this subject, nobody looks."""
        placed = replace(case, poison=(poison, case.poison[1]))
        has_keys = "fully_masked" in self.operation.traits and "S" in case.sizes()
        if poison and has_keys:  # where this subject's queries stand
            placed = placed.having(query_offset=self.offset(case))
            seen_by_all = self.traits.fully_masked == "mean" and not attended(placed).any(-1).all()
            if seen_by_all:  # a query without keys takes the mean of all values
                return case
        return replace(case, arrays=poisoned(placed).arrays)

    def run(self, case: Case, layouts: Mapping[str, str] | None = None) -> Outputs:
        """The outputs, by name, as float64. Raises LawBrokenError, NotOfferedError."""
        return self.answer(case, *self.native(case, layouts or {}))

    def answer(self, case: Case, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> Outputs:
        """The outputs for arrays that are already the implementation's; checked, and recorded."""
        given, named = self.operation.arranged(arrays, options)
        raw = self.called(self.function, case, *given, **named)
        return self.accepted(case, arrays, options, raw)

    def accepted(
        self, case: Case, arrays: Mapping[str, Any], options: Mapping[str, Any], raw: Any
    ) -> Outputs:
        """The outputs by name, once they are what every call must give."""
        outputs = self.checked(raw, output_shapes(case), self.operation.name)
        self.check_inputs(case, arrays, options, raw)
        self.check_earlier(self.operation.name, raw, list(outputs.values()))
        self.record.calls[-1] = (self.operation.name, case, outputs)
        return outputs

    def pull(self, case: Case, layouts: Mapping[str, str] | None = None) -> Outputs:
        """The gradient of each floating array for the case's cotangents, by the array's name."""
        arrays, options, cotangents = self.native_of_pull(case, layouts or {})
        function, given, named = self.pulling(case, arrays, options, cotangents)
        raw = self.called(function, case, *given, **named)
        return self.accepted_gradients(case, arrays, options, cotangents, raw)

    def native_of_pull(self, case: Case, layouts: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
        """As `native`, with the cotangents."""
        arrays, options = self.native(case, layouts)
        cotangents = {
            n: self.native_array(c, layouts.get(n, "")) for n, c in case.cotangents.items()
        }
        return arrays, options, cotangents

    def pulling(
        self, case: Case, arrays: Mapping[str, Any], options: Any, cotangents: Mapping[str, Any]
    ) -> tuple[Any, Any, Any]:
        """The call that takes the gradient: function, arguments, options."""
        pulled = list(cotangents.values())
        if self.vjp_function is not None:
            given, named = self.operation.arranged(arrays, options)
            return self.vjp_function, [*pulled, *given], named
        leaves = [arrays[name] for name in case.differentiated]
        function = OfLeaves(self.function, self.operation, arrays)
        return self.backend.gradients, [function, pulled, leaves, options], {}

    def accepted_gradients(
        self,
        case: Case,
        arrays: Mapping[str, Any],
        options: Mapping[str, Any],
        cotangents: Mapping[str, Any],
        raw: Any,
    ) -> Outputs:
        """The gradients by name, once they are what every call must give."""
        raw = tuple(in_order(tuple(raw) if isinstance(raw, list) else raw, case.differentiated))
        shapes = {name: case.arrays[name].shape for name in case.differentiated}
        gradients = self.checked(raw, shapes, f"{self.operation.name}_vjp")
        of_autograd = self.vjp_function is None  # which may hand a cotangent on as a gradient
        self.check_inputs(case, arrays, options, () if of_autograd else raw, cotangents)
        self.check_earlier(f"{self.operation.name}_vjp", raw, list(gradients.values()))
        self.record.calls[-1] = (f"{self.operation.name}_vjp", case, gradients)
        return gradients

    def together(self, cases: Sequence[Case], *, vjp: bool = False) -> list[Outputs]:
        """What several calls at once give, each in a thread; the gradients, if vjp."""
        made = [self.native_of_pull(case, {}) for case in cases]
        if vjp:
            calls = [self.pulling(case, *m) for case, m in zip(cases, made, strict=True)]
        else:
            calls = [(self.function, *self.operation.arranged(a, o)) for a, o, _ in made]
        found = self.place.together(calls)
        outputs = []
        for case, (arrays, options, cotangents), outcome in zip(cases, made, found, strict=True):
            raw = self.minded(case, vjp, partial(gave, outcome))
            given = (arrays, options, cotangents) if vjp else (arrays, options)
            accept: Any = self.accepted_gradients if vjp else self.accepted
            outputs.append(accept(case, *given, raw))
        return outputs

    def called(self, function: Any, case: Case, *given: Any, **options: Any) -> Any:
        """The bare call, noted; what it raises becomes a sentence."""
        given = tuple(self.place.settled(given))
        return self.minded(case, function != self.function, lambda: function(*given, **options))

    def minded(self, case: Case, vjp: bool, call: Callable[[], Any]) -> Any:
        """What a call gives, noted; what it raises becomes a sentence."""
        name = self.operation.name
        self.record.calls.append((name + "_vjp" * vjp, case, None))
        try:
            with unended():
                return call()
        except NotImplementedError as reason:
            self.record.not_offered[f"{described_options(case)} ({reason})".strip()] += 1
            raise NotOfferedError(str(reason)) from None
        except NotDifferentiableError as error:
            raise LawBrokenError(f"{name} cannot be differentiated: {error}") from None
        except LostError as lost:
            says = f"{name}{'_vjp' * vjp} {lost}"
            raise LawBrokenError(says, lost=True, slow=lost.slow) from None
        except EnoughError:
            raise
        except BaseException as error:  # a test's outcome or a system exit is no answer either
            if isinstance(error, KeyboardInterrupt) and not raised_by_a_call():
                raise  # whoever runs the suite wants it to end
            text = f"{type(error).__name__}: {error}".strip().splitlines()[0]
            raise LawBrokenError(f"{name} raised {text}", raised=error) from error

    def native(
        self, case: Case, layouts: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Private copies of arrays and options in the implementation's kind of arrays.

        Raises NotOfferedError for an option that a law gives and the function does not have.
        """
        missing = self.not_offered(case)
        if missing:
            self.record.not_offered.update(missing)
            raise NotOfferedError(f"the option {', '.join(missing)}")
        arrays = {n: self.native_array(a, layouts.get(n, "")) for n, a in case.arrays.items()}
        options = {
            n: self.native_array(o, layouts.get(n, "")) if isinstance(o, np.ndarray) else o
            for n, o in case.options.items()
        }
        return arrays, options

    def native_array(self, values: Array, layout: str = "") -> Any:
        return self.backend.array(values, self.dtype, self.device, layout or "contiguous")

    def checked(self, raw: Any, shapes: Mapping[str, tuple[int, ...]], what: str) -> Outputs:
        """The outputs as float64, once their type, number, shape, dtype and device are right."""
        several = isinstance(raw, tuple) or (isinstance(raw, list) and len(shapes) > 1)
        given = raw if several else (raw,)
        if len(given) != len(shapes):
            raise LawBrokenError(
                f"{what} returned {len(given)} outputs where {len(shapes)} are due: "
                f"{', '.join(shapes)}"
            )
        outputs = {}
        for (name, shape), output in zip(shapes.items(), given, strict=True):
            try:
                found = self.backend.describe(output)
            except BadOutputError as error:
                raise LawBrokenError(f"{what} returned, as {name}, {error}") from None
            dtype = self.dtype
            if self.operation.whole:  # of any width
                dtype = found[1] if found[1].startswith(("int", "uint")) else "a whole number"
            device = self.device.partition(":")[0]
            if not self.operation.arrays:  # then there is no device to go by
                device = found[2]
            due = (tuple(shape), dtype, device)
            for part, is_, ought in zip(("shape", "dtype", "device"), found, due, strict=True):
                if is_ != ought:
                    raise LawBrokenError(f"{what} returned {name} with {part} {is_}, not {ought}")
            outputs[name] = np.asarray(self.backend.values(output), float)
        return outputs

    def check_inputs(
        self,
        case: Case,
        arrays: Mapping[str, Any],
        options: Mapping[str, Any],
        raw: Any,
        cotangents: Mapping[str, Any] | None = None,
    ) -> None:
        """Raise LawBrokenError where an input was written to or an output shares its memory."""
        given = {**arrays, **(cotangents or {})}
        given |= {n: o for n, o in options.items() if isinstance(case.options[n], np.ndarray)}
        before = {**case.arrays, **case.options, **(case.cotangents if cotangents else {})}
        outputs = raw if isinstance(raw, (tuple, list)) else (raw,)
        for name, array in given.items():
            if WRITTEN not in self.spared and not np.array_equal(
                self.backend.values(array), before[name], equal_nan=before[name].dtype.kind == "f"
            ):
                raise LawBrokenError(f"the input {name} was written to", manner="written")
            if SHARED not in self.spared and any(
                self.backend.overlap(array, output) for output in outputs
            ):
                raise LawBrokenError(f"an output shares memory with the input {name}")

    def check_earlier(self, what: str, raw: Any, values: list[Array]) -> None:
        """Raise LawBrokenError where the outputs of the last such call were lost to this one."""
        outputs = list(raw) if isinstance(raw, (tuple, list)) else [raw]
        before, known = self.earlier.get(what, ([], []))
        self.earlier[what] = outputs, values
        if SHARED in self.spared:
            return
        for output, value in zip(before, known, strict=True):
            if any(self.backend.overlap(output, o) for o in outputs):
                raise LawBrokenError(f"{what} answers in the memory of an earlier answer")
            if not np.array_equal(self.backend.values(output), value, equal_nan=True):
                raise LawBrokenError(f"{what} overwrote an earlier answer")


def offered_options(function: Any, operation: Operation) -> tuple[str, ...]:
    """The operation's options that a function's signature has."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # compiled functions may not tell
        return tuple(operation.options)
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return tuple(operation.options)
    names = {p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY}
    return tuple(o for o in operation.options if o in names)


def in_order(gradients: Any, names: Sequence[str]) -> Iterator[Any]:
    """The gradients one by one; those in a dict by the names that its argument has."""
    entries = [name.partition(".")[2] for name in names if "." in name]
    for one in gradients if isinstance(gradients, tuple) else (gradients,):
        if not isinstance(one, dict):
            yield one
            continue
        if one.keys() != set(entries):
            odd = ", ".join(sorted(map(str, one.keys() ^ set(entries))))
            raise LawBrokenError(f"the gradient of a dict lacks or has too much: {odd}")
        yield from (one[name] for name in entries)


def gave(outcome: Any) -> Any:
    """What a call gave, unless it raised."""
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def described_options(case: Case) -> str:
    """The options of a call in a few words."""
    return ", ".join(
        f"{n}={'<array>' if isinstance(o, np.ndarray) else o!r}" for n, o in case.options.items()
    )
