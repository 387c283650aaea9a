"""Known failures: `{"[operation.]law[[dtype, device]]": reason}`, and the laws that a key is about.

Operation and law may hold wildcards: "softmax.*[bfloat16]" is every law of softmax in bfloat16, and
"*.nan_shows[cpu]" that law of each operation on the CPU alone.
"""

import fnmatch
from collections.abc import Mapping


def is_about(key: str, operation: str, law: str, dtype: str, device: str) -> bool:
    """Return True if a key matches a law of an operation in a dtype on a device."""
    pattern, _, only = key.partition("[")
    named = any(fnmatch.fnmatchcase(name, pattern) for name in (law, f"{operation}.{law}"))
    wanted = {word.strip() for word in only.rstrip("]").split(",")} - {""}
    return named and wanted <= {dtype, device, device.partition(":")[0]}


def about(known: Mapping[str, str], *where: str) -> dict[str, str]:
    """Return the known failures that match an operation, law, dtype and device."""
    return {key: why for key, why in known.items() if is_about(key, *where)}


def is_pattern(key: str) -> bool:
    """Return True if a key has wildcards; some of the laws that it names may then pass."""
    return "*" in key or "?" in key
