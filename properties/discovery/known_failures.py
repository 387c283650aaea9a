"""Known failures: `{"[operation.]law[[dtype]]": reason}`, and the laws that a key is about.

Operation and law may hold wildcards: "softmax.*[bfloat16]" is every law of softmax in bfloat16.
"""

import fnmatch
from collections.abc import Mapping


def is_about(key: str, operation: str, law: str, dtype: str) -> bool:
    """Return True if a key matches a law of an operation in a dtype."""
    pattern, _, only = key.partition("[")
    named = any(fnmatch.fnmatchcase(name, pattern) for name in (law, f"{operation}.{law}"))
    return named and only.rstrip("]") in ("", dtype)


def about(known: Mapping[str, str], operation: str, law: str, dtype: str) -> dict[str, str]:
    """Return the known failures that match a law of an operation in a dtype."""
    return {key: why for key, why in known.items() if is_about(key, operation, law, dtype)}


def is_pattern(key: str) -> bool:
    """Return True if a key has wildcards; some of the laws that it names may then pass."""
    return "*" in key or "?" in key
