"""The laws, `test_<subject>.py`, and the code that runs them on an implementation.

A law is a function whose docstring states the law. This package imports the specification and the
implementations; neither imports it. `check`, `check_many`, `either`, `laws_of`, `operation` and
`takes_numpy` are imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqlaws.properties.adoption import laws_of as laws_of
    from seqlaws.properties.backends.takes_numpy import takes_numpy as takes_numpy
    from seqlaws.properties.checking import check as check
    from seqlaws.properties.many.check_many import check_many as check_many
    from seqlaws.properties.own.decorator import operation as operation
    from seqlaws.properties.own.forms import either as either

LAZY = {
    "check": "checking",
    "check_many": "many.check_many",
    "either": "own.forms",
    "laws_of": "adoption",
    "operation": "own.decorator",
    "takes_numpy": "backends.takes_numpy",
}


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{LAZY[name]}"), name)
