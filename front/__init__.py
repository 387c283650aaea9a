"""seqlaws: property-based tests of sequence models, and of your own operations.

`operation`, `either`, `check`, `check_many` and `laws_of` are imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqlaws.properties.adoption import laws_of as laws_of
    from seqlaws.properties.checking import check as check
    from seqlaws.properties.many.check_many import check_many as check_many
    from seqlaws.properties.own.decorator import operation as operation
    from seqlaws.properties.own.forms import either as either

LAZY = ("check", "check_many", "either", "laws_of", "operation")


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("seqlaws.properties"), name)
