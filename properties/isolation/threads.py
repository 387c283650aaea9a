"""Calls in several threads at once, which change places at every line of the implementation."""

import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from types import FrameType
from typing import Any

from seqlaws.properties.discovery.exits import unended

THREADS, EVERY = 4, 8
WAIT = 60.0  # seconds
LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
SUITE = str(Path(__file__).resolve().parents[1])


@contextmanager
def hurried() -> Iterator[None]:
    """Let threads meet: they change places as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def changing(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
    """Trace function: let another thread run before each line that is no library's."""
    if event == "call":
        file = frame.f_code.co_filename
        return None if file.startswith((*LIBRARIES, SUITE, "<")) else changing
    if event == "line":
        time.sleep(0)
    return changing


def in_threads(calls: Sequence[tuple[Any, Any, Any]]) -> list[Any]:
    """Make calls in several threads at once; return the output or the exception of each.

    As many calls as there are threads begin together. In every eighth such round all of them change
    places at each line of the implementation's own source: what one of them writes, the others have
    overwritten before it reads it.
    """
    together, whole = Barrier(THREADS), len(calls) // THREADS

    def one(call: tuple[Any, Any, Any], *, changes: bool) -> Any:
        function, given, options = call
        before = sys.gettrace()
        if changes and before is None:  # a debugger keeps its own
            sys.settrace(changing)
        try:
            return function(*given, **options)
        except BaseException as error:
            return error
        finally:
            sys.settrace(before)

    def several(first: int) -> list[Any]:
        found = []
        for turn, call in enumerate(calls[first::THREADS]):
            if turn < whole:
                with suppress(BrokenBarrierError):  # a slow call keeps nobody waiting for ever
                    together.wait(WAIT)
            found.append(one(call, changes=turn % EVERY == 1))
        return found

    with unended(), hurried(), ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(several, range(THREADS)))
    return [found[k % THREADS][k // THREADS] for k in range(len(calls))]
