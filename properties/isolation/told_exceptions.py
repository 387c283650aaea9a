"""Exceptions of a contained implementation: told by the worker, raised again by the client."""

import builtins
from contextlib import suppress
from typing import Any

from seqlaws.properties.backends.protocol import BadOutputError, NotDifferentiableError
from seqlaws.properties.discovery import loader
from seqlaws.properties.discovery.raised import line_of, said_by
from seqlaws.properties.isolation.devices import SpoiltError

KINDS: dict[str, type[Exception]] = {  # that mean something; of two the first
    "not implemented": NotImplementedError,
    "not differentiable": NotDifferentiableError,
    "bad output": BadOutputError,
    "missing": loader.MissingDependencyError,
    "not found": loader.NotFoundError,
    "import": ImportError,
    "spoilt": SpoiltError,
}


def described(error: BaseException, namespace: Any) -> tuple[str, str, str, str]:
    """Return the kind of an exception, the name of its type, its text, and where it was raised."""
    kind = next((word for word, type_ in KINDS.items() if isinstance(error, type_)), "raised")
    name, text = str(type(error).__name__)[:80], said_by(error)[:4000]
    return kind, name, text, line_of(error, namespace)[:400]


def exception(kind: str, name: str, text: str, place: str) -> Exception:
    """An exception of the kind and name that was raised over there, and at which line."""
    made = KINDS.get(kind) or getattr(builtins, name, None)
    raised: Exception | None = None
    if isinstance(made, type) and issubclass(made, Exception):
        with suppress(TypeError):  # some take more than a text
            raised = made(text)
    raised = raised or type(name, (Exception,), {})(text)
    vars(raised)["raised_at"] = place
    return raised
