"""`put`: one case of a law, for the script of a failure."""

import sys
from collections.abc import Mapping
from typing import Any

from seqlaws.properties.inputs.case import Case, is_floating
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.environment import let_waiting_threads_sleep
from seqlaws.properties.isolation.limits import Limits
from seqlaws.properties.isolation.second_program import end_elsewhere
from seqlaws.properties.laws import law_of
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.failure_text import headline
from seqlaws.properties.reporting.replay import broken_by
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects.subject import Subject


def put(
    law: str,
    implementation: Any,
    dtype: str,
    device: str,
    arrays: Mapping[str, Any],
    options: Mapping[str, Any],
    cotangents: Mapping[str, Any],
    *,
    seed: int = 0,
    poison: tuple[float, int] = (0.0, 0),
    times: int = 1,
    own: str = "",
) -> None:
    """Put one case of a law to an implementation; say that it holds, or raise AssertionError.

    law: "operation.law". implementation: what `--impl` takes, or an object with the functions.
    times: how often, in one process, at most. own: the file of the operation, if it is a user's.
    """
    if own:
        specification_server.add(own)
    register_laws()
    operation, _, name = law.partition(".")
    made = law_of(operation, name)
    if made is None:
        raise ValueError(f"unknown law {law!r}")
    let_waiting_threads_sleep()
    specification_server.start()
    held, given, pulled = (
        {n: a.astype(float) if is_floating(a) else a for n, a in group.items()}
        for group in (arrays, options, cotangents)
    )
    case = Case(OPERATIONS[operation], dtype, held, given, pulled, seed, poison)
    named = isinstance(implementation, str)
    place = Contained(implementation, Limits()) if named else implementation
    spec = implementation if named else f"<{type(implementation).__name__}>"
    subject = Subject(spec, place, operation, dtype, device, spec)
    subject.place.backend(subject.traits.backend)
    try:
        for _ in range(times):
            broken = broken_by(made, subject, case)
            if broken is not None:
                raise AssertionError(f"{law}: {headline(broken)}")
        kept = "keeps" if subject.record.calls else "does not offer what is asked by"
        sys.stdout.write(f"holds: the implementation {kept} {law} on this case\n")
    finally:
        if isinstance(place, Contained):
            place.end()
        end_elsewhere(spec)
