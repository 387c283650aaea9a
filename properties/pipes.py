"""A process of its own that answers questions: pickles over two pipes, each after its length."""

import atexit
import fcntl
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

# what such a process runs first; a program then calls serve(answer), and speaks on no other channel
SERVE = """
import os, pickle, struct, sys

incoming, outgoing, *arguments = sys.argv[1:]
sys.argv = ["program"]

def serve(answer):
    with os.fdopen(int(incoming), "rb") as source, os.fdopen(int(outgoing), "wb") as sink:
        while head := source.read(8):
            data = pickle.dumps(answer(pickle.loads(source.read(struct.unpack("<q", head)[0]))))
            sink.write(struct.pack("<q", len(data)) + data)
            sink.flush()
"""


WIDTH = 1 << 20  # bytes that a pipe holds before the writer has to wait; 64 KiB by default


def widen(descriptor: int) -> None:
    """Let a pipe hold more, where the system can: each wait costs a change of processes."""
    resize = getattr(fcntl, "F_SETPIPE_SZ", None)
    if resize is not None:
        with suppress(OSError):  # beyond what this user may have
            fcntl.fcntl(descriptor, resize, WIDTH)


class EndedError(Exception):
    """The process came to an end before it answered."""


class Child:
    """One process, started when it is made; ended with this one."""

    def __init__(self, program: str, *arguments: str, environment: Mapping[str, str]) -> None:
        theirs_in, self.to = os.pipe()
        self.back, theirs_out = os.pipe()
        command = [sys.executable, "-c", SERVE + program, str(theirs_in), str(theirs_out)]
        self.process = subprocess.Popen(  # noqa: S603  # our own program
            [*command, *arguments],
            env=dict(environment),
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.owner = os.getpid()
        for descriptor in (self.to, self.back):
            widen(descriptor)
        atexit.register(self.stop)

    def ask(self, question: Any) -> Any:
        """Its answer. Raises EndedError where there is none."""
        data = pickle.dumps(question)
        view = memoryview(struct.pack("<q", len(data)) + data)
        try:
            while view:
                view = view[os.write(self.to, view) :]
            (length,) = struct.unpack("<q", self.read(8))
            return pickle.loads(self.read(length))  # noqa: S301  # our own program's
        except (OSError, EOFError) as error:
            self.stop()
            raise EndedError from error

    def read(self, length: int) -> bytes:
        """So many bytes. Raises EOFError if there are fewer."""
        parts = []
        while length:
            part = os.read(self.back, min(length, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def stop(self) -> None:
        """End the process, unless it is the parent's of this one."""
        atexit.unregister(self.stop)
        if self.owner != os.getpid():
            return
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.to, self.back):
            with suppress(OSError):  # an implementation may have closed it
                os.close(descriptor)
