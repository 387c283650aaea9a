"""Expected values and bounds for one implementation, by its arithmetic and its traits."""

import time
from dataclasses import astuple
from typing import Any

import numpy as np

from seqlaws.properties.discovery.traits import Traits
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.masks import attended, kind_of_mask
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.limits import EnoughError
from seqlaws.properties.isolation.location import Place
from seqlaws.properties.subjects.record import Record
from seqlaws.reference.numbers import Arithmetic, Expected


class Expectations:
    """Part of a subject that asks the specification for expected values."""

    operation: Operation
    dtype: str
    traits: Traits
    arithmetic: Arithmetic
    record: Record
    place: Place
    dtypes_of_extras: dict[str, str]

    def offers(self, option: str) -> bool:
        """Return True if the function's signature has the option."""
        raise NotImplementedError

    def fully_masked(self, case: Case) -> str:
        """Return the output of a query that may attend to no key: "zeros", "nan" or "mean".

        The trait may differ by kind of mask. If a mask and another limit exclude all keys only
        together, the mask's kind decides, because both are merged into one mask.
        """
        declared = self.traits.fully_masked
        return declared if isinstance(declared, str) else declared[kind_of_mask(case)]

    def unambiguous(self, case: Case) -> Case:
        """Return the case without limits that, together with a mask, leave a query no key.

        Only if the trait `fully_masked` differs between them.
        """
        declared, kind = self.traits.fully_masked, kind_of_mask(case)
        limits = case.options.keys() & {"is_causal", "window"}
        if isinstance(declared, str) or not limits or declared[kind] == declared["causal"]:
            return case
        if attended(case.having(query_offset=self.offset(case))).any(-1).all():
            return case
        self.record.not_offered[
            "a mask and a causal or window limit that together leave a query no key"
        ] += 1
        return case.without(*limits)

    def offset(self, case: Case) -> int:
        """Return query_offset, or its equivalent for an implementation without the option."""
        if self.offers("query_offset"):
            return int(case.option("query_offset"))
        shift = case.sizes()["S"] - case.sizes().get("L", 0)
        return shift if self.traits.causal_alignment == "bottom-right" else 0

    def expected(self, case: Case, *, vjp: bool = False) -> dict[str, Expected]:
        """Return the specification's values and the allowed errors for this subject."""
        found = self.asked("expected", *self.question(case, vjp), **self.reference_options(case))
        return dict(zip(self.names(case, vjp), self.claimed(case, found), strict=True))

    def claimed(self, case: Case, found: list[Expected]) -> list[Expected]:
        """Return the expected values; with no keys, a mean or NaN has no bound."""
        if self.is_without_keys(case):
            return [Expected(0 * e.value, np.full_like(e.value, np.inf)) for e in found]
        return found

    def is_without_keys(self, case: Case) -> bool:
        """Return True if there are no keys, and the trait of that declares a mean or NaN."""
        declared = "fully_masked" in self.operation.traits and self.traits.fully_masked != "zeros"
        return declared and case.sizes().get("S") == 0

    def zeros_or_nan(self, case: Case, outputs: dict[str, Array]) -> dict[str, Expected]:
        """Return what is due without keys: zeros, as of no weights, or NaN, as of 0 / 0."""
        options = {**self.reference_options(case), "fully_masked": "zeros"}
        found = self.asked("expected", *self.question(case, vjp=False), **options)
        return {
            name: Expected(np.where(np.isnan(outputs[name]), np.nan, e.value), e.allowed)
            for name, e in zip(self.names(case, vjp=False), found, strict=True)
        }

    def expected_extras(self, case: Case) -> dict[str, Expected]:
        """Return the expected values of what the latest call returned beside the outputs."""
        options = self.options_of_extras(case)
        return {
            name: self.asked(
                "expected",
                self.operation.extras[name][1].__name__,
                *self.question(case, vjp=False)[1:],
                stored=dtype == self.dtype,
                **options,
            )[0]
            for name, dtype in self.dtypes_of_extras.items()
        }

    def plain_extra(self, case: Case, name: str) -> Array:
        """Return the specification's values, in float64, of an output beside the contract's."""
        spec = self.operation.extras[name][1].__name__
        given = self.question(case, vjp=False)[1:]
        found = specification_server.ask("plain", spec, *given, **self.options_of_extras(case))
        return np.asarray(found[0])

    def options_of_extras(self, case: Case) -> dict[str, Any]:
        """Return the options of the call; what a query without keys gets is of the output alone."""
        options = self.reference_options(case)
        options.pop("fully_masked", None)
        return options

    def plain(self, case: Case, *, vjp: bool = False) -> dict[str, Array]:
        """Return the specification's values in float64, without a bound."""
        found = specification_server.ask(
            "plain", *self.question(case, vjp), **self.reference_options(case)
        )
        return dict(zip(self.names(case, vjp), found, strict=True))

    def names(self, case: Case, vjp: bool) -> list[str]:
        """Return the names of the outputs of a call, or of its gradients if vjp."""
        return case.differentiated if vjp else list(self.operation.outputs)

    def question(self, case: Case, vjp: bool) -> list[Any]:
        """Return the name and the arguments of a call."""
        cotangents = case.cotangents.values() if vjp else ()
        given, _ = self.operation.arranged(case.arrays, case.options)
        return [self.operation.name + ("_vjp" if vjp else ""), *cotangents, *given]

    def asked(self, way: str, *arguments: Any, **options: Any) -> list[Expected]:
        """Return the specification's result on rounding numbers of the subject's arithmetic.

        Raises EnoughError once the time given is over: a law may ask a thousand times.
        """
        if time.perf_counter() > self.place.until:
            raise EnoughError
        described = astuple(self.arithmetic)
        found = specification_server.ask(way, *arguments, arithmetic=described, **options)
        return [Expected(*e) for e in found]

    def expected_of_steps(self, case: Case, outputs: dict[str, Array]) -> dict[str, Expected]:
        """Return the expected steps of a recurrence, each from the subject's own state before it.

        A token is expected from the tokens that the subject wrote before it. Other operations
        have no steps: their expected values are those of `expected`.
        """
        if self.operation.way == "token by token":
            given, _ = self.operation.arranged(case.arrays, case.options)
            options = self.reference_options(case)
            found = self.asked("token by token", outputs["tokens"], *given, **options)
            return dict(zip(self.operation.outputs, self.claimed(case, found), strict=True))
        if self.is_without_keys(case):
            return self.zeros_or_nan(case, outputs)
        if self.operation.states_shown:
            seen = {n: outputs[n] for n in self.operation.states_shown}
            name, *given = self.question(case, vjp=False)
            found = self.asked("scan", name, seen, *given, **self.reference_options(case))
            return dict(zip(self.operation.outputs, found, strict=True))
        if not self.operation.recurrent:
            return self.expected(case)
        given = [self.operation.name, outputs["y"], *case.arrays.values()]
        found = self.asked("step by step", *given, **self.every_option(case))
        return dict(zip(self.operation.outputs, found, strict=True))

    def expected_logits(self, case: Case) -> Expected:
        """Return the logits (B, steps, V) from which the tokens of a text of start alone follow."""
        read = np.repeat(case.arrays["start"][:, None], case.option("steps"), axis=1)
        given, _ = self.operation.arranged(case.arrays, case.options)
        memory, _, _, params, heads = given
        options = self.reference_options(case)
        (found,) = self.asked("logits", read, memory, params, heads, **options)
        return found

    def expected_of_steps_back(
        self, case: Case, gradients: dict[str, Array]
    ) -> dict[str, Expected]:
        """Return the expected backward steps of a recurrence, each from the subject's own gradient.

        weight_ih is the identity, so that the gradient of x is that of the pre-activations.
        """
        given = [self.operation.name, gradients["x"], *self.question(case, vjp=True)[1:]]
        found = self.asked("vjp step by step", *given, **self.every_option(case))
        return dict(zip(case.differentiated, found, strict=True))

    def every_option(self, case: Case) -> dict[str, Any]:
        """Return the values of all options, given or by default."""
        return {name: case.option(name) for name in self.operation.options}

    def reference_options(self, case: Case) -> dict[str, Any]:
        """Return the options of the call, including those that follow from the traits."""
        _, options = self.operation.arranged({}, case.options)
        if not case.arrays:  # the first position, as a number of the right kind
            options["first"] = np.zeros(())
        if "fully_masked" in self.operation.traits:
            options["fully_masked"] = self.fully_masked(case)
        if "causal_alignment" in self.operation.traits:
            options["query_offset"] = self.offset(case)
        return options


def arithmetic_of(traits: Traits, dtype: str) -> Arithmetic:
    """Return the arithmetic that an implementation declares for one of its dtypes."""
    forms = traits.elementary, traits.normalise, traits.scale
    return Arithmetic(dtype, traits.accumulate, traits.matmul, *forms)
