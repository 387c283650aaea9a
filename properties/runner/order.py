"""The order of laws where time is short: those that find most failures in the least time first."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from seqlaws.properties.laws import LAWS, SECTIONS, Law
from seqlaws.properties.runner.pairing import Candidate

if TYPE_CHECKING:
    import pytest

FIRST = (
    "values_of_every_combination",
    "gradients_of_every_combination",
    "values",
    "gradients",
    "values_at_every_size",
    "masked_keys_have_no_influence",
    "nan_shows",
    "memory_layouts",
    "wrong_shapes_are_refused",
    "gradients_at_every_size",
)
LAST = (
    "large_problems",
    "long_sequences",
    "any_other_program_gets_the_same_answer",
    "any_other_program_gets_the_same_gradient",
    "threads_do_not_disturb_each_other",
)
PLACE = {name: k - len(FIRST) for k, name in enumerate(FIRST)}
PLACE |= {name: 1 + k for k, name in enumerate(LAST)}


def rank(law: Law) -> tuple[bool, int]:
    """Place of a law: MUST before SHOULD, those that find most failures first."""
    return law.level != "MUST", PLACE.get(law.name, 0)


def in_order(candidate: Candidate, sections: Collection[str] = SECTIONS) -> list[Law]:
    """Return the laws of a candidate in these sections, by their rank."""
    about = (law for law in LAWS.values() if candidate.is_put_to(law))
    return sorted((law for law in about if law.section in sections), key=rank)


def by_power(item: "pytest.Item") -> tuple[Any, ...]:
    """Place of a law's test among others; only those about interpreted subjects change places."""
    law = getattr(getattr(item, "function", None), "law", None)
    put = getattr(getattr(item, "callspec", None), "params", {}).get("impl")
    if not (isinstance(law, Law) and isinstance(put, Candidate) and put.traits.interpreted):
        return (0,)
    of_law = (*rank(law), law.name)
    return (1, put.name, put.operation, *of_law, put.dtype != "float32")
