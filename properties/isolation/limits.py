"""Limits of a contained implementation, and messages about a process that ended."""

import resource
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

UNHEARD = 86  # the exit status of a process whose pipes were closed under it


@dataclass(frozen=True)
class Limits:
    """seconds: of one call; memory: MiB that the process may hold."""

    seconds: float = 30.0
    memory: int = 4096

    def impose(self) -> None:
        """Limit this process: no core dumps, no file larger than the memory limit."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.memory << 20, most))


class EnoughError(BaseException):
    """The time limit is over. Not an Exception, so that Hypothesis lets it through at once.

    With a message if it is that of a single call.
    """


class LostError(Exception):
    """The process of an isolated implementation has ended; the message completes a sentence.

    slow: no other call is worth a try: each takes too long, or the device cannot be used any more.
    """

    def __init__(self, message: str, *, slow: bool = False) -> None:
        super().__init__(message)
        self.slow = slow


def resident(process: int) -> int | None:
    """Bytes of memory that a process holds; 0 once it has ended; None where nobody can tell."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0 if Path("/proc/self/statm").exists() else None
    return int(pages) * resource.getpagesize()


def ending(status: int) -> str:
    """Describe the end of a process by its exit status, -n for signal n."""
    if status == UNHEARD:
        return "closed the file descriptors of its connection"
    if status < 0:
        number = signal.Signals(-status)
        return f"ended its process by {number.name} ({signal.strsignal(number)})"
    return f"ended its process with exit status {status}"
