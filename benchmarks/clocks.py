"""Clocks: the processor's for what is done when a call returns, a device's events for other work.

A CUDA kernel is only queued when its call returns, so that the processor's clock would time the
queue. An event is queued behind the kernels, on the stream that they are on, and the GPU notes the
time when it gets there. What an implementation puts on a stream of its own and does not join is
not timed; its output is then not there either when it is read, which the check before finds out.
"""

import gc
import importlib
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

WARM_CALLS, WARM_SECONDS = 2, 0.1  # the agreement check has called it already
ROUNDS_AT_MOST = 1000
FLUSHED = 4  # times the L2 cache's size


def no_clock(device: str, library: str) -> str:
    """Empty, or one sentence that says why nothing can be timed there."""
    if device == "cpu":
        return ""
    if library != "torch":
        return f"there is no clock for {library} on {device!r}; torch has one"
    if not hasattr(module_of(device), "Event"):
        return f"there is no clock for the device {device!r}: torch has no events there"
    return ""


def module_of(device: str) -> Any:
    """Return torch's module of a device, as `torch.cuda`; None where it has none."""
    return getattr(importlib.import_module("torch"), device.partition(":")[0], None)


class Instant:
    """A moment on a device's stream; the difference of two is in seconds.

    The difference waits until the GPU has passed the later one, so that rounds do not pile up.
    """

    def __init__(self, event: Any) -> None:
        self.event = event

    def __sub__(self, earlier: "Instant") -> float:
        self.event.synchronize()
        return float(earlier.event.elapsed_time(self.event)) / 1000  # milliseconds


def event_clock(device: str) -> Callable[[], Instant]:
    """A timer for `@pytest.mark.benchmark(timer=...)`, on the current stream of a device."""

    def clock() -> Instant:
        module = module_of(device)
        stream = module.current_stream(device)  # asked each time: the caller may have changed it
        event = module.Event(enable_timing=True)
        event.record(stream)
        return Instant(event)

    return clock


def timer_of(device: str) -> Callable[[], Any]:
    """The clock that tells when what was done on a device is done."""
    return time.perf_counter if device == "cpu" else event_clock(device)


def flusher(device: str) -> Callable[[], None] | None:
    """What to do before each round: push the inputs out of a GPU's L2 cache; else nothing.

    The last round left inputs and outputs there, which no caller finds in his. The write is queued
    on the stream before the first event, and so is not timed; while it lasts the call's own kernels
    are queued, so that a queue that is slower than the GPU is seen only where it really is.
    """
    tells = getattr(module_of(device), "get_device_properties", None) if device != "cpu" else None
    cache = getattr(tells(device), "L2_cache_size", 0) if tells else 0
    if not cache:
        return None
    torch = importlib.import_module("torch")
    buffer = torch.empty(FLUSHED * cache, dtype=torch.int8, device=device)

    def flush() -> None:
        buffer.zero_()

    return flush


class Replay:
    """The seconds of rounds that another process timed, given to pytest-benchmark as they were.

    It is the timer, and `call` is what is timed: each call moves the timer on by one round.
    """

    def __init__(self) -> None:
        self.now, self.rounds = 0.0, iter(list[float]())

    def __call__(self) -> float:
        return self.now

    def __repr__(self) -> str:  # pytest-benchmark's document has it
        return "the worker's clock"

    def of(self, seconds: list[float]) -> Callable[[], None]:
        """What is timed in place of the rounds that took these seconds."""
        self.now, self.rounds = 0.0, iter(seconds)
        return self.call

    def call(self) -> None:
        """One round."""
        self.now += next(self.rounds)


REPLAY = Replay()


def seconds_of_rounds(
    call: Callable[[], Any], device: str, *, least: int, budget: float, collects: bool = True
) -> list[float]:
    """Time rounds of one call each, so that every round is seen, and on CUDA from a cold cache.

    At least so many rounds, and more if they fit into a budget of seconds. collects: whether
    garbage is collected meanwhile.
    """
    timer, flush = timer_of(device), flusher(device)
    rounds = rounds_of(warmed(call, timer), least, budget)
    if not collects:
        gc.disable()
    try:
        return list(timed(call, timer, flush, rounds))
    finally:
        if not collects:
            gc.enable()


def timed(
    call: Callable[[], Any], timer: Callable[[], Any], flush: Callable[[], None] | None, rounds: int
) -> Iterator[float]:
    """The seconds of each round."""
    for _ in range(rounds):
        if flush is not None:
            flush()
        start = timer()
        call()
        yield float(timer() - start)


def warmed(call: Callable[[], Any], timer: Callable[[], Any]) -> float:
    """Call until warm: compiled, cached, clocked up. Return a warm call's mean time in seconds."""
    until, taken = time.perf_counter() + WARM_SECONDS, list[float]()
    while len(taken) < WARM_CALLS or (time.perf_counter() < until and len(taken) < ROUNDS_AT_MOST):
        start = timer()
        call()
        taken.append(float(timer() - start))
    return sum(taken[1:]) / len(taken[1:])


def rounds_of(seconds: float, at_least: int, budget: float) -> int:
    """How many rounds of a call of so many seconds fill a budget of seconds; at least so many."""
    fill = math.ceil(budget / max(seconds, 1e-9))
    return max(at_least, min(fill, ROUNDS_AT_MOST))
