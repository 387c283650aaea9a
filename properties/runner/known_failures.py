"""Finds declared known failures that name no law, or that are none any more."""

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from seqlaws.properties.discovery.known_failures import is_about, is_pattern, may_pass
from seqlaws.properties.discovery.traits import known_failures_of, nearest
from seqlaws.properties.judging.verdict import Verdict

FEW = 100  # with fewer examples a law may be passed by luck
PASSED = "is declared a known failure but passed; remove it from known_failures"


def where(v: Verdict) -> tuple[str, str, str, str]:
    """Return what a key may name: operation, law, dtype and device."""
    return v.operation, v.law_name, v.dtype, v.device


def stale(
    name: str, known: Mapping[str, str], laws: list[str], verdicts: Iterable[Verdict], examples: int
) -> list[str]:
    """A sentence for each known failure of an implementation that names no law, or that passed.

    laws: the names of all laws. examples: how many a law was put.
    """
    verdicts = [v for v in verdicts if v.implementation == name]
    lines = []
    for key in known:
        law = key.partition("[")[0]
        if not fnmatch.filter(laws, law):
            lines.append(f"{name}: known_failures names no law {law!r}{nearest(law, laws)}")
        elif not may_pass(key) and (examples >= FEW or not is_pattern(key)):
            about = [v for v in verdicts if is_about(key, *where(v))]
            ran = [v.status for v in about if v.status in ("passed", "failed", "known failure")]
            if set(ran) == {"passed"}:
                lines.append(f"{name}: {key} {PASSED}")
    return lines


def stale_in(
    traits: Mapping[str, Any], laws: list[str], verdicts: Iterable[Verdict], examples: int
) -> list[str]:
    """A sentence for each stale known failure of several implementations.

    traits: what each implementation declares, by its name.
    """
    known = {name: known_failures_of(declared) for name, declared in traits.items()}
    verdicts = list(verdicts)
    return [line for n, some in known.items() for line in stale(n, some, laws, verdicts, examples)]
