"""A bound for the memory that a misreading takes: one may broadcast to what nobody meant."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MORE = 1 << 29  # bytes beyond what the process has: MemoryError then


@contextmanager
def bounded() -> Iterator[None]:
    """Let the process have a few hundred MB more; where that cannot be told, as much as it likes.

    Raises MemoryError in place of an allocation beyond it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + MORE
        if soft == resource.RLIM_INFINITY or most < soft:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
