"""The laws, `test_<subject>.py`, and the machinery that puts them to an implementation.

It knows the specification and the implementations; neither knows it. A law is a function whose
docstring is the law. `check` and `laws_of` are doors to them, imported when they are asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqlaws.properties.adoption import laws_of as laws_of
    from seqlaws.properties.checking import check as check

DOORS = {"check": "checking", "laws_of": "adoption"}


def __getattr__(name: str) -> Any:
    if name not in DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{DOORS[name]}"), name)
