"""A process of its own that answers questions, and the two pipes to it."""

import atexit
import fcntl
import os
import pickle
import select
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from seqlaws.properties.isolation import server_loop

# what such a process runs first; a program then calls answering(answer)
START = f"""
{Path(server_loop.__file__).read_text(encoding="utf-8")}
import sys
pipes, arguments = tuple(map(int, sys.argv[1:3])), sys.argv[3:]
sys.argv = sys.argv[:1]  # as of any other

def answering(answer):
    serve(answer, *pipes)
"""
WIDTH = 1 << 20  # bytes that a pipe holds before the writer has to wait; 64 KiB by default
LONGEST = 1 << 32  # bytes of an answer
OPEN: set[int] = set()  # this process's ends
TICK = 0.02  # seconds after which whoever waits looks whether to go on


def widen(descriptor: int) -> None:
    """Let a pipe hold more, where the system can: each wait costs a change of processes."""
    resize = getattr(fcntl, "F_SETPIPE_SZ", None)
    if resize is not None:
        with suppress(OSError):  # beyond what this user may have
            fcntl.fcntl(descriptor, resize, WIDTH)


class EndedError(Exception):
    """The process came to an end before it answered."""


def go_on() -> None:
    """Whoever waits has no reason to stop."""


class Channel:
    """The two ends of pipes to a process that serves.

    loads: what makes an answer of its bytes.
    """

    def __init__(self, loads: Callable[[bytes], Any] = pickle.loads) -> None:
        self.loads = loads
        self.theirs_in, self.to = os.pipe()
        self.back, self.theirs_out = os.pipe()
        for descriptor in (self.to, self.back):
            widen(descriptor)
            os.set_blocking(descriptor, False)
        OPEN.update((self.to, self.back))

    def hand_over(self) -> None:
        """Close the ends that another process has by now."""
        os.close(self.theirs_in)
        os.close(self.theirs_out)

    def ask(self, question: Any, watch: Callable[[], None] = go_on) -> Any:
        """The answer. Raises EndedError where there is none, and whatever watch raises.

        watch is called again and again while there is no answer.
        """
        data = pickle.dumps(question)
        view = memoryview(struct.pack("<q", len(data)) + data)
        try:
            while view:
                self.wait(self.to, select.POLLOUT, watch)
                view = view[os.write(self.to, view) :]
            (length,) = struct.unpack("<q", self.read(8, watch))
            if not 0 <= length <= LONGEST:
                raise EndedError
            return self.loads(self.read(length, watch))
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise EndedError from error

    def wait(self, descriptor: int, event: int, watch: Callable[[], None]) -> None:
        """Wait until the pipe can be read or written."""
        poll = select.poll()
        poll.register(descriptor, event)
        while not poll.poll(None if watch is go_on else 1000 * TICK):
            watch()

    def read(self, length: int, watch: Callable[[], None]) -> bytes:
        """Read `length` bytes. Raises EOFError if there are fewer."""
        parts = []
        while length:
            self.wait(self.back, select.POLLIN, watch)
            part = os.read(self.back, min(length, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close this process's ends."""
        for descriptor in (self.to, self.back):
            OPEN.discard(descriptor)
            with suppress(OSError):  # an implementation may have closed it
                os.close(descriptor)


def close_all_but(kept: set[int]) -> None:
    """Close the parent's pipes in a fork of this process, except some descriptors."""
    for descriptor in OPEN - kept:
        with suppress(OSError):
            os.close(descriptor)


def launch(
    program: str,
    *arguments: str,
    channel: Channel,
    environment: Mapping[str, str],
    keep: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """A process that runs a program and answers on the channel; keep: what it inherits, too."""
    theirs = channel.theirs_in, channel.theirs_out
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", START + program, *map(str, theirs), *arguments],
        env=dict(environment),
        pass_fds=(*theirs, *keep),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that what is typed at the terminal is for the parent
    )


class Child:
    """A process of its own that runs a program, started when it is made; ended with this one."""

    def __init__(self, program: str, *arguments: str, **how: Any) -> None:
        self.channel = Channel()
        self.process = launch(program, *arguments, channel=self.channel, **how)
        self.channel.hand_over()
        self.owner = os.getpid()
        atexit.register(self.stop)

    def ask(self, question: Any) -> Any:
        """Ask the process and return its answer. Raises EndedError if there is none."""
        try:
            return self.channel.ask(question)
        except EndedError:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process, unless it is the parent's of this one."""
        atexit.unregister(self.stop)
        if self.owner != os.getpid():
            return
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.channel.close()
