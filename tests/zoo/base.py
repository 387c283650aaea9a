"""How a right base and its replaced parts become a subject.

A base computes an operation by calling small named functions, its parts. Every part takes the
arguments of the call, a namespace `a` (`a.q`, `a.mask`, ...; `a.traits` are the subject's traits,
`a.part` all parts), and perhaps intermediate values. A wrong implementation replaces one part:

    arguments(a)         may change `a` before anything is computed, forward and vjp alike
    result(a, o)         may change the outputs: `o.out`, or `o.y` and `o.h_n`
    vjp_arguments(a)     as `arguments`, in the vjp alone; the cotangents are `a.dout`, `a.dy`
    vjp_result(a, g)     may change the gradients: `g.q`, or `g.weight_ih`
    others               the steps of the operation; see each base

`check` refuses what the contract refuses. Torch bases have no vjp: autograd sees their parts.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from zoo.signatures import OUTPUTS, differentiated

DEFAULT_TRAITS = {
    "dtypes": ("float32", "float64"),
    "fully_masked": "zeros",
    "causal_alignment": "top-left",
    "masked_nan": "never",
}


def nothing(*_):
    """The default of a part that only a wrong implementation uses."""


@dataclass(frozen=True)
class Base:
    """One right implementation of one operation, cut into parts."""

    operation: str
    backend: str
    forward: Callable  # (a) -> namespace of outputs
    gradient: Callable | None  # (a) -> namespace of gradients
    parts: dict
    functions: Callable  # (forward, gradient) -> {name: function with the contract's signature}
    forward_only: tuple = ()  # parts that the vjp does not see replaced

    def build(self, changed=None, traits=None):
        """The operation's functions, by name, with some parts changed."""
        changed, traits = dict(changed or {}), {**DEFAULT_TRAITS, **(traits or {})}
        for name, value in traits.items():  # a trait may be given for each operation
            if isinstance(value, dict):
                traits[name] = value.get(self.operation, DEFAULT_TRAITS.get(name))
        hooks = dict.fromkeys(("arguments", "result", "vjp_arguments", "vjp_result"), nothing)
        known = {**hooks, **self.parts}
        if unknown := set(changed) - set(known):
            raise ValueError(f"{self.operation} has no part {', '.join(sorted(unknown))}")
        forward = SimpleNamespace(**{**known, **changed})
        seen = {name: part for name, part in changed.items() if name not in self.forward_only}
        backward = SimpleNamespace(**{**known, **seen})

        def call(**arguments):
            a = SimpleNamespace(**arguments, part=forward, traits=traits)
            forward.check(a)
            forward.arguments(a)
            outputs = self.forward(a)
            forward.result(a, outputs)
            return _plain([getattr(outputs, name) for name in OUTPUTS[self.operation]])

        def call_vjp(**arguments):
            a = SimpleNamespace(**arguments, part=backward, traits=traits)
            backward.check(a)
            backward.check_cotangents(a)
            backward.arguments(a)
            backward.vjp_arguments(a)
            gradients = self.gradient(a)
            backward.vjp_result(a, gradients)
            return _plain([getattr(gradients, name) for name in differentiated(self.operation)])

        return self.functions(call, call_vjp)


def _plain(values):
    return values[0] if len(values) == 1 else tuple(values)


def subject(base, changed=None, traits=None):
    """The namespace that a command line names: TRAITS and the operation's functions."""
    traits = {"backend": base.backend, "dtypes": ("float32",), **(traits or {})}
    return SimpleNamespace(TRAITS=traits, **base.build(changed, traits))


def options_of(subject_, operation):
    """The optional parameters that a subject offers for an operation."""
    parameters = inspect.signature(getattr(subject_, operation)).parameters.values()
    return [p.name for p in parameters if p.default is not inspect.Parameter.empty]
