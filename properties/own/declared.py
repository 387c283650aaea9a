"""Declarations of arrays: axes as letters, and after a colon what the numbers are.

"... E"                       any leading axes, then E
"num_groups*C"                an axis that is a product of sizes and whole-number options
"B: below V"                  whole numbers from 0 to V - 1
"B: below V or ignore_index"  the same, some of them the value of an option
"B: lengths T"                whole numbers from 1 to T, seldom 0
"C: offsets X"                whole numbers that rise from 0 to X: where parts begin, and the end
"L S: bool"                   booleans
"... V: positive", "... V: probabilities", "E: between -1 1"
"B H: zeros"                   of the state of a scan: it begins with zeros, and is no argument
"B k: whole"                  of an output: whole numbers
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FACTOR = re.compile(r"\d+|[A-Za-z_]\w*")
AXIS = re.compile(r"\.\.\.|(?:\d+|[A-Za-z_]\w*)(?:\*?(?:\d+|[A-Za-z_]\w*))*")
DOMAINS = (
    *("below", "lengths", "offsets", "bool", "positive", "probabilities", "between", "whole"),
    "zeros",
)
WHOLE = ("below", "lengths", "offsets", "bool", "whole")


class DeclarationError(ValueError):
    """A declaration that cannot be read; the message says what is known."""


@dataclass(frozen=True)
class Declared:
    """Declaration of one array.

    axes: with blanks between. domain: one of DOMAINS, or "" for any real numbers. bound: the size,
    number or product of some that `below`, `lengths` and `offsets` name. other: the option or
    number that may stand in its place. ends: of `between`.
    """

    axes: str
    domain: str = ""
    bound: str = ""
    other: str = ""
    ends: tuple[float, float] = (0.0, 0.0)

    @property
    def is_whole(self) -> bool:
        """True for whole numbers and booleans: they have no gradient."""
        return self.domain in WHOLE

    @property
    def is_truth(self) -> bool:
        """True for booleans."""
        return self.domain == "bool"

    @property
    def has_leading(self) -> bool:
        """True if it has any number of leading axes."""
        return self.axes.startswith("...")

    def names(self) -> Iterator[str]:
        """Yield every letter and option that the axes name."""
        for axis in self.axes.split():
            yield from (f for f in factors(axis) if not f.isdigit())


def factors(axis: str) -> list[str]:
    """Return what an axis is the product of: "4H" is 4 and H."""
    return [] if axis == "..." else FACTOR.findall(axis)


def parsed(name: str, text: str) -> Declared:
    """Read a declaration. Raises DeclarationError."""
    if not isinstance(text, str):
        raise DeclarationError(f"{name}={text!r}: axes are a text such as '... E' or 'B T'")
    axes, _, said = text.partition(":")
    for k, axis in enumerate(axes.split()):
        if not AXIS.fullmatch(axis) or (axis == "..." and k):
            raise DeclarationError(
                f"{name}={text!r}: {axis!r} is no axis; known: a letter or name, '4H', 'G*C', and "
                "'...' in front"
            )
    words = said.split()
    if not words:
        return Declared(" ".join(axes.split()))
    return of_domain(name, text, " ".join(axes.split()), words)


def of_domain(name: str, text: str, axes: str, words: list[str]) -> Declared:
    """Read what stands after the colon. Raises DeclarationError."""
    match words:
        case ["bool" | "positive" | "probabilities" | "whole" | "zeros" as domain]:
            return Declared(axes, domain)
        case ["below" | "lengths" | "offsets" as domain, bound]:
            return Declared(axes, domain, bound)
        case ["below" as domain, bound, "or", other]:
            return Declared(axes, domain, bound, other)
        case ["between", low, high]:
            ends = float(low), float(high)
            if ends[0] < ends[1]:
                return Declared(axes, "between", ends=ends)
    raise DeclarationError(
        f"{name}={text!r}: {' '.join(words)!r} is not known; known: below V, below V or NAME, "
        "lengths T, offsets X, bool, positive, probabilities, between LOW HIGH, of outputs whole, "
        "and of the state of a scan zeros"
    )
