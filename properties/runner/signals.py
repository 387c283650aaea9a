"""SIGTERM while laws are run: it ends the run as Ctrl-C does, with all that was found written.

`timeout` and services that limit a job send it. By itself it would end the process on the spot.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from seqlaws.properties.discovery.exits import TYPED, typed

STATUS = 128 + signal.SIGTERM  # what a shell says of a process that it ended
INTERRUPTED = 2  # what pytest says of Ctrl-C
PATIENCE = 5.0  # seconds after which a call that does not return is given up


def ended_by() -> str:
    """Return the name of the signal that ends the run; "" if there was none."""
    return signal.Signals(TYPED[0]).name if TYPED else ""


def is_main() -> bool:
    """Return True in the main thread, which alone may install handlers."""
    return threading.current_thread() is threading.main_thread()


def status() -> int:
    """Return the exit status of a run that a signal ended; 0 if there was none."""
    if not TYPED:
        return 0
    return STATUS if TYPED[0] == signal.SIGTERM else INTERRUPTED


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore the signals that end a run while its results are written."""
    both = (signal.SIGINT, signal.SIGTERM) if is_main() else ()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in both}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Listener:
    """Handler of SIGTERM from `listen` to `restore`; forks of this process have it no more.

    A handler in Python runs once a call in C returns. A thread waits for that, and calls `give_up`
    where it takes too long.
    """

    give_up: Callable[[], None]

    def listen(self) -> None:
        """Install the handler, in the main thread and where nobody else has one."""
        if LISTENING or not is_main() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
            return
        LISTENING.append(self)
        signal.signal(signal.SIGTERM, heard)
        self.back, self.to = os.pipe()
        os.set_blocking(self.to, False)
        self.before = signal.set_wakeup_fd(self.to, warn_on_full_buffer=False)
        threading.Thread(target=self.wait, args=(self.back,), daemon=True).start()

    def wait(self, back: int) -> None:
        """Wait for a signal, and then for its handler."""
        while numbers := os.read(back, 64):
            heeded = [n for n in numbers if signal.getsignal(n) in (heard, typed)]
            until = time.monotonic() + PATIENCE
            while heeded and not TYPED and time.monotonic() < until:
                time.sleep(0.05)
            if heeded and not TYPED:
                TYPED.append(heeded[0])
                self.give_up()
        os.close(back)

    def restore(self) -> None:
        """Remove the handler."""
        if self in LISTENING:
            LISTENING.remove(self)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.set_wakeup_fd(self.before)
            os.close(self.to)  # which ends the thread


def heard(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, unless the run is ending already."""
    if not TYPED:
        TYPED.append(number)
        raise KeyboardInterrupt(signal.Signals(number).name)


def forked() -> None:
    """Let SIGTERM end a fork of this process as usual, and tell the parent nothing."""
    if LISTENING:
        listener = LISTENING[0]
        with suppress(OSError, ValueError):
            listener.restore()
            os.close(listener.back)  # its thread is the parent's


LISTENING: list[Listener] = []
os.register_at_fork(after_in_child=forked)
