"""`check`: the laws without pytest, within a time or with a number of examples, for graders.

The most telling laws come first, operations and dtypes share the time, and what there was no time
for is said, never passed.
"""

import inspect
import math
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.check_result import NO_TIME, Result
from seqlaws.properties.check_run import Run
from seqlaws.properties.discovery import loader
from seqlaws.properties.discovery.traits import DTYPES, traits_of
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.environment import let_waiting_threads_sleep
from seqlaws.properties.isolation.fork_server import Fork
from seqlaws.properties.isolation.limits import EnoughError, Limits, LostError
from seqlaws.properties.isolation.second_program import end_elsewhere
from seqlaws.properties.judging.verdict import settle_noted
from seqlaws.properties.laws import SECTIONS
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.adding import file_of
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.runner.selection import known_words

SECONDS = 60.0  # of a check, unless its examples are given
SHRINKING = 0.2  # seconds for each failure
LEAST = 3  # examples of each law, where their number is given; `quick` has as many
ONE_AT_A_TIME = threading.Lock()


def check(
    implementation: Any,
    operations: Iterable[str] | None = None,
    dtypes: Iterable[str] | None = None,
    seconds: float | None = None,
    *,
    examples: int | None = None,
    explain: bool = True,
    device: str = "",
    seed: int = 0,
    stop_at_first: bool = False,
    isolate: bool = True,
    seconds_per_call: float = 10.0,
    memory: int = 4096,
    sections: Iterable[str] | None = None,
    spec: Any = None,
    spec_cache: str | Path | None = None,
) -> Result:
    """Run the laws on an implementation; return a verdict for each law.

    implementation: a name, an import path or a file, as for `--impl`; a module or class, which is
    imported again; or any object with the contract's functions, which is used as it is.
    operations, dtypes: check only these. seconds: time limit, 60 by default. examples: run each law
    once with so many examples (10 is the profile `quick`, 100 is pytest's default). The statuses
    then do not depend on the machine's load, and `seconds` is a ceiling, none by default.
    explain: shrink the failures and search for their causes. stop_at_first: stop at the first MUST
    that fails. isolate: call it in a separate process, with limits of `seconds_per_call` for a call
    and `memory` MiB. sections: run only laws of these: "numbers", "edges", "manners", "guards".
    spec: a file with operations of your own (`@operation`), its module, or such a function; these
    are checked. spec_cache: a folder in which the specification's answers are kept for later calls.
    Raises ValueError for an unknown operation, dtype or section, for examples below 1, seconds
    below 0, and a spec that cannot be used; OSError for a spec_cache that cannot be made.
    """
    if examples is not None and examples < 1:
        raise ValueError(f"examples={examples}: at least 1 is needed")
    if seconds is not None and not seconds >= 0:
        raise ValueError(f"seconds={seconds}: a number of at least 0 is needed")
    if seconds is None:
        seconds = SECONDS if examples is None else math.inf
    let_waiting_threads_sleep()
    kept = specification_server.keeping_answers(spec_cache)
    with ONE_AT_A_TIME, kept, added_for_now(spec) as own:
        chosen = known_words("operation", operations, tuple(OPERATIONS)) or own
        return checked(
            implementation,
            chosen,
            dtypes,
            seconds,
            device,
            seed,
            sections,
            examples=examples,
            explain=explain,
            limits=Limits(seconds_per_call, memory) if isolate else None,
            stop_at_first=stop_at_first,
        )


@contextmanager
def added_for_now(spec: Any) -> Iterator[list[str]]:
    """Add the own operations of a specification for a while; their names. Raises SpecError."""
    if spec is None:
        yield []
        return
    specification_server.start()
    before = set(OPERATIONS)
    names = specification_server.add(file_of(spec))
    try:
        yield names
    finally:
        specification_server.remove([name for name in names if name not in before])


def checked(
    implementation: Any,
    chosen: list[str],
    dtypes: Iterable[str] | None,
    seconds: float,
    device: str,
    seed: int,
    sections: Iterable[str] | None,
    *,
    examples: int | None,
    explain: bool,
    limits: Limits | None,
    stop_at_first: bool,
) -> Result:
    """Run the laws of some operations, or of all; `check` without the lock."""
    wanted = known_words("dtype", dtypes, DTYPES)
    within = known_words("section", sections, SECTIONS) or list(SECTIONS)
    started = time.perf_counter()
    until = started + seconds
    specification_server.start()
    register_laws()
    spec = loader.spec_of(implementation)
    result = Result(spec, seconds, seed)
    try:
        namespace = settled(implementation, spec, device, limits, until)
    except loader.NotFoundError as error:
        result.problem = str(error)
    except LostError as lost:
        result.problem = f"{spec}: importing it {lost}"
    except EnoughError:
        result.problem = f"{spec}: importing it {NO_TIME}"
    if result.problem:
        return result
    try:
        shrinking = SHRINKING if explain else 0.0
        effort = Effort(
            seed,
            examples or 0,
            least=1 if examples is None else LEAST,
            shrinking=shrinking,
            until=until,
            explains=False,
        )
        run = Run(namespace, spec, effort, result, within, explaining=explain)
        run.go(chosen, wanted, device, stop_at_first=stop_at_first)
        settle_noted(result.verdicts)
        if explain:
            run.explain()
    except EnoughError:
        result.problem = f"{spec}: looking up its device {NO_TIME}"
    finally:
        end_elsewhere(spec)
        if isinstance(namespace, Contained):
            namespace.end()
    result.seconds = round(time.perf_counter() - started, 3)
    return result


def settled(
    implementation: Any, spec: str, device: str, limits: Limits | None, until: float
) -> Any:
    """Return the implementation, isolated if there are limits. Raises NotFoundError, LostError."""
    if limits is not None and loader.is_named(spec):
        return Contained(spec, limits, until=until)
    if isinstance(implementation, (str, Path)):
        return loader.find(spec)
    if inspect.isclass(implementation):
        implementation = implementation()
    loader.refuse_unusable(spec, implementation)
    traits = getattr(implementation, "TRAITS", {})
    each = [traits_of(traits, operation) for operation in OPERATIONS]
    can_fork = all(BACKENDS[t.backend].survives_fork_on(device or t.device) for t in each)
    if limits is None or not can_fork:
        return implementation
    return Contained(spec, limits, Fork(implementation), until=until)
