"""Exits of this process and interruptions in the middle of a call, turned into exceptions."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

EXIT = os._exit
TYPED: list[int] = []  # signals that end the run, in the order in which they came
AT: list[float] = []  # times of interruptions
TOGETHER = 1.0  # seconds within which interruptions are one: `timeout -s INT` sends two


@contextmanager
def unended() -> Iterator[None]:
    """Make `os._exit` raise SystemExit in the block, except in forked children."""
    own = os.getpid()

    def refused(status: int) -> NoReturn:
        if os.getpid() != own:
            EXIT(status)
        raise SystemExit(f"os._exit({status})")

    os._exit = refused
    try:
        yield
    finally:
        os._exit = EXIT


def listen() -> None:
    """Install the handler that tells an interruption that a user typed from one of a call."""
    ours = threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, typed)


def typed(number: int, frame: FrameType | None) -> None:
    """Note the interruption and raise KeyboardInterrupt."""
    now = time.monotonic()
    if AT and now < AT[-1] + TOGETHER:
        return
    TYPED.append(number)
    AT.append(now)
    signal.default_int_handler(number, frame)


def raised_by_a_call() -> bool:
    """Return True if no user typed the interruption under way."""
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # as in a shell's background
    return not TYPED and (ignored or signal.getsignal(signal.SIGINT) is typed)
