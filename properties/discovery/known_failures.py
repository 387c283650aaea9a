"""Known failures: `{"[operation.]law[[dtype, device]]": reason}`, and the laws that a key is about.

Operation and law may hold wildcards: "softmax.*[bfloat16]" is every law of softmax in bfloat16, and
"*.nan_shows[cpu]" that law of each operation on the CPU alone. With the word "may pass" among dtype
and device it is one that shows by luck, or on some machines: no error where it passes.
"""

import fnmatch
from collections.abc import Mapping

BY_LUCK = "may pass"


def words_of(key: str) -> set[str]:
    """Return what stands in brackets behind the name of a law."""
    return {word.strip() for word in key.partition("[")[2].rstrip("]").split(",")} - {""}


def is_about(key: str, operation: str, law: str, dtype: str, device: str) -> bool:
    """Return True if a key matches a law of an operation in a dtype on a device."""
    pattern = key.partition("[")[0]
    named = any(fnmatch.fnmatchcase(name, pattern) for name in (law, f"{operation}.{law}"))
    return named and words_of(key) <= {BY_LUCK, dtype, device, device.partition(":")[0]}


def about(known: Mapping[str, str], *where: str) -> dict[str, str]:
    """Return the known failures that match an operation, law, dtype and device."""
    return {key: why for key, why in known.items() if is_about(key, *where)}


def is_pattern(key: str) -> bool:
    """Return True if a key has wildcards; some of the laws that it names may then pass."""
    return "*" in key or "?" in key


def may_pass(key: str) -> bool:
    """Return True if a key says of its laws that they may pass, all of them."""
    return BY_LUCK in words_of(key)


def has_to_fail(key: str) -> bool:
    """Return True if each law that a key names has to fail."""
    return not is_pattern(key) and not may_pass(key)
