"""A clean process that forks a process for each contained implementation.

It has imported what takes long and has run nobody else's code, so that to start one costs
milliseconds, and each finds the libraries as they were. What an implementation leaves running is
ended with it.
"""

import ctypes
import faulthandler
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from seqlaws.properties.backends import instances, registry, side_effects
from seqlaws.properties.isolation.environment import silent, where_seqlaws_is
from seqlaws.properties.isolation.limits import UNHEARD, Limits
from seqlaws.properties.isolation.server_loop import serve
from seqlaws.properties.isolation.transport import Channel, Child, EndedError, close_all_but
from seqlaws.properties.isolation.worker import Inside

PROGRAM = """
from seqlaws.properties.isolation.fork_server import Inner
answering(Inner(int(arguments[0]), pipes).answer)
"""
SUBREAPER, DEATH = 36, 1  # of prctl: to inherit orphans; to end with the parent


class Inner:
    """Inside the clean process: it begins others and ends them."""

    def __init__(self, handed: int, pipes: tuple[int, ...]) -> None:
        self.handed, self.own = socket.socket(fileno=handed), pipes
        self.living: set[int] = set()
        prctl(SUBREAPER, 1)
        side_effects.remember()

    def answer(self, question: tuple[str, Any]) -> Any:
        """("begin", how) gives a process's number, ("end", (number, patience)) how it ended."""
        deed, given = question
        return self.begin(**given) if deed == "begin" else self.end(*given)

    def begin(
        self,
        libraries: list[str],
        environment: Mapping[str, str],
        folder: str,
        path: list[str],
        limits: Limits,
    ) -> int:
        """A process that serves on the pipes that were handed over."""
        _, pipes, *_ = socket.recv_fds(self.handed, 1, 2)
        new = [name for name in libraries if name not in instances.INSTANCES]
        for name in new:
            with suppress(ImportError):
                instances.backend(name)
        if new:
            side_effects.remember()

        def prepare() -> None:
            for descriptor in (*self.own, self.handed.fileno()):
                os.close(descriptor)
            os.environ.clear()
            os.environ.update(environment)
            with suppress(OSError):
                os.chdir(folder)
            sys.path[:] = path

        number = fork(Inside(), pipes, limits, prepare)
        self.living.add(number)
        for descriptor in pipes:
            os.close(descriptor)
        return number

    def end(self, number: int, patience: float) -> int:
        """End a worker and the processes that it left; return its exit status."""
        self.living.discard(number)
        status = end(number, patience)
        for orphan in orphans() - self.living:
            end(orphan)
        return status


def prctl(option: int, value: int) -> None:
    """Linux's, where there is one."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def fork(inside: Inside, pipes: list[int], limits: Limits, prepare: Callable[[], None]) -> int:
    """A process that answers by `inside`; its number."""
    number = os.fork()
    if number:
        return number
    status = 1
    try:
        os.setsid()
        prctl(DEATH, signal.SIGKILL)
        limits.impose()
        prepare()
        serve(inside.answer, *pipes)
        status = 0
    except OSError:
        status = UNHEARD
    finally:
        os._exit(status)


def end(number: int, patience: float = 0.0) -> int:
    """End a process and its group, unless it ends by itself; its exit status, -n for signal n."""
    until = time.monotonic() + patience
    try:
        found, status = os.waitpid(number, os.WNOHANG)
        while not found and time.monotonic() < until:
            time.sleep(0.002)
            found, status = os.waitpid(number, os.WNOHANG)
        with suppress(ProcessLookupError, PermissionError):  # those that it started
            os.killpg(number, signal.SIGKILL)
        if not found:
            os.kill(number, signal.SIGKILL)
            _, status = os.waitpid(number, 0)
    except ChildProcessError:  # somebody else waited for it
        return 0
    return os.waitstatus_to_exitcode(status)


def orphans() -> set[int]:
    """The processes of which this one is the parent."""
    own = os.getpid()
    with suppress(OSError):
        text = Path(f"/proc/{own}/task/{own}/children").read_text(encoding="ascii")
        return set(map(int, text.split()))
    return set()


class Nursery:
    """The clean process from without. It is started when it is first needed, and shared.

    generation: how often it had to be started anew: with it, all that it had begun came to an end.
    """

    def __init__(self) -> None:
        self.generation = 0
        self.running: list[tuple[Child, socket.socket]] = []
        os.register_at_fork(after_in_child=self.running.clear)  # they are the parent's

    def start(self) -> tuple[Child, socket.socket]:
        """Start it, unless it runs; with what hands descriptors over to it."""
        if self.running and self.running[0][0].process.poll() is not None:
            self.stop()
        if not self.running:
            ours, theirs = socket.socketpair()
            environment, keep = {**silent(), **where_seqlaws_is()}, theirs.fileno()
            child = Child(PROGRAM, str(keep), environment=environment, keep=(keep,))
            theirs.close()
            self.running.append((child, ours))
        return self.running[0]

    def begin(self, channel: Channel, libraries: list[str], limits: Limits) -> int:
        """A process that serves on the channel."""
        how = {
            "libraries": libraries,
            "environment": silent(),
            "folder": str(Path.cwd()),
            "path": list(sys.path),
            "limits": limits,
        }
        try:
            return self.ask("begin", how, channel)
        except EndedError:  # an implementation may have ended it
            self.stop()
            return self.ask("begin", how, channel)

    def ask(self, deed: str, given: Any, channel: Channel) -> int:
        """The answer, once the channel's other ends are handed over."""
        child, handing = self.start()
        try:
            socket.send_fds(handing, [b"."], [channel.theirs_in, channel.theirs_out])
        except OSError as error:
            raise EndedError from error
        return int(child.ask((deed, given)))

    def end(self, number: int, patience: float) -> int:
        """End a process and return its exit status. Raises EndedError if the server is gone."""
        if not self.running:
            raise EndedError
        try:
            return int(self.running[0][0].ask(("end", (number, patience))))
        except EndedError:
            self.stop()
            raise

    def stop(self) -> None:
        """End it, and with it all that it began."""
        self.generation += 1
        for child, handing in self.running:
            child.stop()
            handing.close()
        self.running.clear()


class Fork:
    """Processes that are forked from this one, for an object that no spec names."""

    def __init__(self, namespace: Any) -> None:
        self.namespace, self.generation = namespace, 0

    def begin(self, channel: Channel, libraries: list[str], limits: Limits) -> int:
        """A process that serves on the channel."""
        for library in libraries:
            instances.backend(library)
        pipes = [channel.theirs_in, channel.theirs_out]
        return fork(Inside(self.namespace), pipes, limits, lambda: alone(set(pipes)))

    def end(self, number: int, patience: float) -> int:
        """End a process and return its exit status."""
        return end(number, patience)


def alone(kept: set[int]) -> None:
    """Prepare a fork of this process: close the parent's descriptors, adapt the libraries."""
    close_all_but(kept)
    faulthandler.disable()  # it writes where the parent does
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    for library in registry.loaded().values():
        library.begin_in_fork()
    side_effects.AT_FIRST.clear()  # what lasts here is what this process begins with
    side_effects.remember()


NURSERY = Nursery()
