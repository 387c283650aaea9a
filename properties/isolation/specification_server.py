"""The specification, in a process that no implementation reaches.

What is expected of an implementation must not depend on what it does to the process that it runs
in: to NumPy, to the specification's functions, to error settings. The specification is therefore
asked in a process of its own, which is started before any implementation is imported.
"""

import os
from typing import Any

from seqlaws.properties.isolation.environment import where_seqlaws_is
from seqlaws.properties.isolation.transport import Child, EndedError

PROGRAM = """
import numpy as np
from seqlaws import reference
from seqlaws.reference.numbers import Arithmetic, expected_and_allowed, flattened
from seqlaws.reference.numbers.stepwise import expected_step_by_step, expected_vjp_step_by_step
from seqlaws.reference.numbers.tokens import expected_token_by_token

def plain(operation, *arguments, **options):
    with np.errstate(all="ignore"):
        return flattened(getattr(reference, operation)(*arguments, **options))

WAYS = {
    "expected": expected_and_allowed,
    "step by step": expected_step_by_step,
    "vjp step by step": expected_vjp_step_by_step,
    "token by token": expected_token_by_token,
    "plain": plain,
}

def answer(question):
    way, arguments, options, arithmetic = question
    if arithmetic is not None:
        options["arithmetic"] = Arithmetic(*arithmetic)
    try:
        return [tuple(e) if isinstance(e, tuple) else e for e in WAYS[way](*arguments, **options)]
    except Exception as error:
        return error

answering(answer)
"""
RUNNING: list[Child] = []
os.register_at_fork(after_in_child=RUNNING.clear)  # the pipes are the parent's


def start() -> None:
    """Start the process, unless it runs.

    Threads of a subject's library that wait are not to spin meanwhile: on two cores they would take
    the one that the specification needs (torch_native, quick: 81 s spinning, 25 s asleep).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when such a library is loaded
    if not RUNNING:
        RUNNING.append(Child(PROGRAM, environment={**os.environ, **where_seqlaws_is()}))


def ask(
    way: str, *arguments: Any, arithmetic: tuple[str, ...] | None = None, **options: Any
) -> list[Any]:
    """What the specification gives, by one of its WAYS; raises what it raises there."""
    start()
    try:
        found: Any = RUNNING[0].ask((way, arguments, options, arithmetic))
    except EndedError:  # whoever ended it: it is asked once more
        RUNNING.clear()
        start()
        found = RUNNING[0].ask((way, arguments, options, arithmetic))
    if isinstance(found, Exception):
        raise found
    return list(found)
