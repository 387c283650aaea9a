"""Traits that an implementation declares; an error about an unknown word lists the known ones."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.discovery.known_failures import BY_LUCK, words_of
from seqlaws.properties.inputs.admitted import FORMS, Admitted, parsed
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.operations import OPERATIONS, SPECS

DEVICE = re.compile(r"[a-z]+(:\d+)?")
DTYPES = ("float64", "float32", "bfloat16", "float16")
KINDS = ("boolean", "floating", "causal")  # of masks, by which `fully_masked` may differ
KNOWN: Mapping[str, tuple[str, ...]] = {  # empty: any text
    "backend": tuple(BACKENDS),
    "device": (),
    "dtypes": DTYPES,
    "accumulate": (*DTYPES, "dtype"),
    "matmul": ("ieee", "tf32", "bf16"),
    "fully_masked": ("zeros", "nan", "mean"),
    "causal_alignment": ("top-left", "bottom-right"),
    "masked_nan": ("never", "never in outputs", "may leak"),
    "elementary": ("relative", "absolute"),
    "normalise": ("centred", "affine"),
    "scale": ("scores", "operands"),
    "tiles": (),
    "sizes": (),
    "interpreted": (),
    "compiles": (),
    "layout": (),
    "writes": (),
    "returns": (),
}
DEFAULT: Mapping[str, Any] = {
    "backend": "numpy",
    "device": "cpu",
    "dtypes": ("float32",),
    "accumulate": "",
    "matmul": "ieee",
    "fully_masked": "zeros",
    "causal_alignment": "top-left",
    "masked_nan": "may leak",
    "elementary": "relative",
    "normalise": "centred",
    "scale": "scores",
    "tiles": {},
    "sizes": {},
    "interpreted": False,
    "compiles": False,
    "layout": "",
    "writes": "",
    "returns": (),
}


class UnknownTraitError(ValueError):
    """A trait or a value that the contract does not know; the message says what it knows."""


@dataclass(frozen=True)
class Traits:
    """The traits of one implementation for one operation."""

    backend: str
    device: str
    dtypes: tuple[str, ...]
    accumulate: str
    matmul: str
    fully_masked: str | Mapping[str, str]  # the latter by KINDS
    causal_alignment: str
    masked_nan: str
    elementary: str
    normalise: str
    scale: str
    tiles: Mapping[str, int]
    sizes: Mapping[str, Admitted]
    interpreted: bool
    compiles: bool
    layout: str
    writes: str
    returns: tuple[str, ...]


def traits_of(declared: Any, operation: str) -> Traits:
    """The traits for one operation, with the defaults of what is not declared.

    declared: the implementation's TRAITS. Raises UnknownTraitError.
    """
    if not isinstance(declared, Mapping):
        raise UnknownTraitError(f"TRAITS is a {type(declared).__name__}, not a dict")
    for name in declared:
        if name not in KNOWN and name != "known_failures":
            names = [*KNOWN, "known_failures"]
            raise UnknownTraitError(f"unknown trait {name!r}{nearest(name, names)}")
    traits = Traits(**{name: trait_value(declared, name, operation) for name in KNOWN})
    if traits.writes and not BACKENDS[traits.backend].writable:
        says = f"trait 'writes' is given, but arrays of {traits.backend} cannot be written to"
        raise UnknownTraitError(f"{says}; return the outputs instead")
    return traits


def trait_value(declared: Mapping[str, Any], name: str, operation: str) -> Any:
    """One trait, for one operation, checked."""
    value = of_operation(declared.get(name, DEFAULT[name]), name, operation)
    if name == "dtypes":
        return dtypes_among(value)
    if name == "fully_masked" and isinstance(value, Mapping):
        for one in value.values():
            refuse_unknown(name, one)
        return {kind: value.get(kind, DEFAULT[name]) for kind in KINDS}
    if name == "tiles" and not are_sizes(value):
        raise UnknownTraitError(f"trait 'tiles' is {value!r}; known: {{letter: size}}")
    if name == "sizes":
        return admitted_sizes(value, operation)
    if type(DEFAULT[name]) is bool and type(value) is not bool:
        raise UnknownTraitError(f"trait {name!r} is {value!r}; known: True, False")
    if name == "returns" and isinstance(value, list):
        value = tuple(value)
    if name in KNOWN_BY_OPERATION:
        return known_by_operation(declared, name, operation, value)
    if name not in ("tiles", "interpreted", "compiles") and value != DEFAULT[name]:
        refuse_unknown(name, value)
    return value


def known_by_operation(declared: Mapping[str, Any], name: str, operation: str, value: Any) -> Any:
    """Return a value that some operations know; the default where others do, and it is for all."""
    known = KNOWN_BY_OPERATION[name]
    if value == DEFAULT[name] or known(OPERATIONS[operation], value):
        return value
    for_all = not isinstance(declared[name], Mapping)
    if for_all and any(known(one, value) for one in OPERATIONS.values()):
        return DEFAULT[name]
    knowing = {o.name: WORDS[name](o) for o in OPERATIONS.values() if WORDS[name](o)}
    if not for_all and operation in knowing:
        knowing = {operation: knowing[operation]}
    listed = "; ".join(f"{one}: {', '.join(words)}" for one, words in knowing.items())
    of = "" if for_all else f" for {operation}"
    raise UnknownTraitError(f"trait {name!r} is {value!r}{of}; known: {listed}")


def returns_all(operation: Operation, value: Any) -> bool:
    """Return True if a value names each output of the operation once, and perhaps its extras."""
    return (
        isinstance(value, tuple)
        and set(operation.outputs) <= set(value) <= {*operation.outputs, *operation.extras}
        and len(set(value)) == len(value)
    )


WORDS: Mapping[str, Callable[[Operation], Any]] = {
    "layout": lambda o: o.layouts,
    "returns": lambda o: [*o.outputs, *o.extras] if o.extras else [],
}
KNOWN_BY_OPERATION: Mapping[str, Callable[[Operation, Any], bool]] = {
    "layout": lambda o, value: value in o.layouts,
    "returns": returns_all,
}


def dtypes_among(value: Any) -> tuple[str, ...]:
    """The dtypes that are declared, in the usual order."""
    given = (value,) if isinstance(value, str) else value
    if not isinstance(given, (tuple, list, set, frozenset)) or not given:
        raise UnknownTraitError(f"trait 'dtypes' is {value!r}; known: {', '.join(DTYPES)}")
    for dtype in given:
        refuse_unknown("dtypes", dtype)
    return tuple(d for d in DTYPES if d in given)


def are_sizes(value: Any) -> bool:
    """Return True if a value is {letter: size} with positive sizes."""
    return isinstance(value, Mapping) and all(
        isinstance(letter, str) and type(size) is int and size > 0 for letter, size in value.items()
    )


def admitted_sizes(value: Any, operation: str) -> dict[str, Admitted]:
    """Return the sizes that are admitted, by letter."""
    if not isinstance(value, Mapping):
        raise UnknownTraitError(f"trait 'sizes' is {value!r}; known: {{letter: sizes}}")
    found = {}
    for letter, sizes in value.items():
        one = parsed(sizes)
        if one is None:
            raise UnknownTraitError(f"trait 'sizes' of {letter} is {sizes!r}; known: {FORMS}")
        found[letter] = one
    kept = {letter: one for letter, one in found.items() if is_letter(letter, operation)}
    for letter, one in kept.items():
        if one.like and not is_letter(one.like, operation):
            says = f"trait 'sizes' of {letter} is {one.like!r}, which {operation} does not have"
            raise UnknownTraitError(says)
    return kept


def is_letter(letter: Any, operation: str) -> bool:
    """Return True if an operation has a letter, False if only others have it.

    Raises UnknownTraitError if no operation has it.
    """
    if letter in OPERATIONS[operation].letters:
        return True
    known = sorted({n for o in OPERATIONS.values() for n in o.letters})
    if letter not in known:
        raise UnknownTraitError(
            f"trait 'sizes' has an unknown letter {letter!r}{nearest(letter, known)}"
        )
    return False


def of_operation(value: Any, name: str, operation: str) -> Any:
    """The value for an operation, where it is given in a dict from operation to value.

    A dict by the kind of mask (`fully_masked`) or by letter (`tiles`, `sizes`) is a value itself.
    """
    by_letter = name in ("tiles", "sizes")
    if not isinstance(value, Mapping) or (by_letter and not value.keys() & OPERATIONS.keys()):
        return value
    if name == "fully_masked" and value and all(key in KINDS for key in value):
        return value
    operations = [*OPERATIONS, *(o for added in SPECS.values() for o in added)]
    known = [*operations, *(KINDS if name == "fully_masked" else ())]
    for key in value:
        if key not in operations:
            what = "operation or kind of mask" if name == "fully_masked" else "operation"
            raise UnknownTraitError(
                f"trait {name!r} is given for an unknown {what} {key!r}{nearest(key, known)}"
            )
    return value.get(operation, DEFAULT[name])


def refuse_unknown(name: str, value: Any) -> None:
    """Raise UnknownTraitError unless the trait knows the value."""
    if not isinstance(value, str) or (KNOWN[name] and value not in KNOWN[name]):
        known = ", ".join(KNOWN[name]) or "a text"
        raise UnknownTraitError(f"trait {name!r} is {value!r}; known: {known}")


def known_failures_of(declared: Any) -> dict[str, str]:
    """{law: reason}; raises UnknownTraitError where it is anything else."""
    failures = declared.get("known_failures", {}) if isinstance(declared, Mapping) else {}
    sound = isinstance(failures, Mapping) and all(
        isinstance(text, str) for pair in failures.items() for text in pair
    )
    if not sound:
        raise UnknownTraitError("trait 'known_failures' is not a dict from law to reason")
    for key in failures:
        for word in words_of(key) - {*DTYPES, BY_LUCK}:
            if not DEVICE.fullmatch(word):
                known = ", ".join((*DTYPES, "a device, such as cpu or cuda:0", BY_LUCK))
                raise UnknownTraitError(f"known_failures: {word!r} in {key!r}; known: {known}")
    return dict(failures)


def nearest(word: Any, known: list[str]) -> str:
    """Return the end of a message: the word that was probably meant, then all known words."""
    close = difflib.get_close_matches(str(word), known, 1)
    meant = f"; did you mean {close[0]!r}?" if close else ";"
    return f"{meant} known: {', '.join(known)}"
