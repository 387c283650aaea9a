"""A bound for the memory that a misreading takes: one may broadcast to what nobody meant."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

MORE = 1 << 29  # bytes beyond what the process has: MemoryError then


@lru_cache(maxsize=1)
def limit(_tenths: int) -> int:
    """Bytes that the process may have; asked ten times a second at most, as that takes a while."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE") + MORE


@contextmanager
def bounded() -> Iterator[None]:
    """Let the process have a few hundred MB more; where that cannot be told, as much as it likes.

    Raises MemoryError in place of an allocation beyond it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(OSError, ValueError):
        most = limit(int(10 * time.monotonic()))
        if soft == resource.RLIM_INFINITY or most < soft:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
