"""What would end this process in the middle of a call, as an exception that the call raised."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

EXIT = os._exit
TYPED: list[int] = []


@contextmanager
def unended() -> Iterator[None]:
    """Within it `os._exit` raises SystemExit, but for processes that are forked there."""
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
    """From now on tell an interruption that somebody typed from one that a call raises."""
    ours = threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, typed)


def typed(number: int, frame: FrameType | None) -> None:
    """Note it, and interrupt."""
    TYPED.append(number)
    signal.default_int_handler(number, frame)


def raised_by_a_call() -> bool:
    """Whether nobody typed the interruption that is under way."""
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # as in a shell's background
    return ignored or (signal.getsignal(signal.SIGINT) is typed and not TYPED)
