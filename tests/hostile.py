"""Implementations of softmax that crash, hang, exit, flood, tamper or lie, each in one way.

The decorated function is called once the right answer `p` is known, for inputs of two numbers or
more; what it returns, if anything, is the answer. `says` is what the verdict is to say of it.
"""

import ctypes
import mmap
import os
import pickle
import re
import resource
import signal
import struct
import sys
import threading
import time
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

SUBJECTS = {}


@dataclass(frozen=True)
class Hostile:
    """One way: what the verdict says, and of which law, if only one can see it."""

    name: str
    says: str
    law: str
    seconds: float  # of a call


def right(x, axis=-1):
    if x.ndim == 0 or x.dtype != np.float32 or not -x.ndim <= axis < x.ndim:
        raise ValueError("a float32 array and one of its axes are expected")
    m = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    e = np.exp(x - np.where(m == -np.inf, np.float32(0), m))
    total = e.sum(axis=axis, keepdims=True)
    return e / np.where(total == 0, np.float32(1), total)


harmless = SimpleNamespace(softmax=right)


def hostile(says, law="", seconds=0.7):
    def enter(act):
        def softmax(x, axis=-1):
            p = right(x, axis)
            given = act(x, p) if x.size > 1 else None
            return p if given is None else given

        SUBJECTS[act.__name__] = Hostile(act.__name__, says, law, seconds)
        return SimpleNamespace(softmax=softmax)

    return enter


# Crashes


@hostile("softmax ended its process by SIGSEGV (Segmentation fault)")
def reads_address_zero(x, p):
    ctypes.string_at(0)


@hostile("softmax ended its process by SIGABRT (Aborted)")
def aborts(x, p):
    os.abort()


@hostile("softmax ended its process by SIGBUS")
def reads_beyond_a_mapped_file(x, p):
    file = os.memfd_create("weights")
    os.ftruncate(file, 1 << 16)
    weights = mmap.mmap(file, 1 << 16)
    os.ftruncate(file, 0)
    return weights[1 << 15]


@hostile("softmax raised RecursionError")
def recurses(x, p):
    return recurses.softmax(x)


@hostile("softmax ended its process by SIGFPE")
def raises_a_signal(x, p):
    signal.raise_signal(signal.SIGFPE)


@hostile("softmax ended its process by SIGKILL")
def kills_itself(x, p):
    os.kill(os.getpid(), signal.SIGKILL)


@hostile("softmax ended its process by SIGALRM")
def sets_an_alarm(x, p):
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    time.sleep(0.1)


# Leaves


@hostile("softmax ended its process with exit status 0")
def exits_at_once(x, p):
    os._exit(0)


@hostile("softmax raised SystemExit: 3")
def exits(x, p):
    sys.exit(3)


@hostile("softmax raised KeyboardInterrupt")
def interrupts(x, p):
    raise KeyboardInterrupt


@hostile("softmax raised Unheard")
def raises_what_nobody_catches(x, p):
    class Unheard(BaseException):
        def __str__(self):
            raise SystemExit("not even this")

    raise Unheard


# Hangs


@hostile("softmax did not return within ")
def loops(x, p):
    while True:
        pass


@hostile("softmax did not return within ")
def sleeps_and_ignores_signals(x, p):
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    time.sleep(1e6)


@hostile("softmax did not return within ")
def holds_the_interpreter(x, p):
    re.match("(a+)+b", "a" * 64)


@hostile("softmax did not return within ")
def stops_itself(x, p):
    os.kill(os.getpid(), signal.SIGSTOP)


@hostile("softmax did not return within ")
def waits_for_itself(x, p):
    lock = threading.Lock()
    with lock, lock:
        pass


# Floods


@hostile("softmax took more than 768 MiB of memory", seconds=30.0)
def floods_memory(x, p):
    kept = []
    while True:
        kept.append(np.ones(1 << 21))


@hostile("softmax raised MemoryError")
def asks_for_more_memory_than_there_is(x, p):
    return np.ones(1 << 50)


@hostile("softmax did not return within ")
def floods_output(x, p):
    while True:
        os.write(1, b"x" * 65536)
        print("x" * 65536, file=sys.stderr)


@hostile("File too large")
def floods_the_disk(x, p):
    with open(os.memfd_create("flood"), "wb") as file:  # noqa: PTH123
        file.seek(2 << 30)
        file.write(b"x")


@hostile("softmax returned p with shape (1048576, 1048576)")
def answers_a_million_million(x, p):
    return np.broadcast_to(np.float32(0), (1 << 20, 1 << 20))


@hostile("softmax raised OSError: [Errno 24] Too many open files")
def opens_everything(x, p):
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    while True:
        os.open(os.devnull, os.O_RDONLY)


# Tampers with the process


@hostile("softmax closed the file descriptors of its connection")
def closes_all_descriptors(x, p):
    os.closerange(0, 4096)


@hostile("softmax wrote to the pipe that its results come through")
def answers_before_it_is_asked(x, p):
    forged = pickle.dumps((0, "gave", None, []))
    shout(struct.pack("<q", len(forged)) + forged)


@hostile("softmax ended its process by SIGKILL")
def sends_a_pickle_that_calls(x, p):
    class Calls:
        def __reduce__(self):
            return os.mkdir, ("called-in-the-parent",)

    forged = pickle.dumps(Calls())
    shout(struct.pack("<q", len(forged)) + forged)
    time.sleep(1e6)


@hostile("softmax ended its process by SIGKILL")
def promises_a_long_answer(x, p):
    shout(struct.pack("<q", 1 << 62))
    time.sleep(1e6)


def shout(data):
    """To every pipe that can be written to."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, data)
        except OSError:
            continue


@hostile("softmax ended its parent process")
def kills_its_parent(x, p):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1e6)


@hostile("softmax ended its process by SIGABRT")
def leaves_a_child_that_holds_the_pipes(x, p):
    if not os.fork():
        time.sleep(1e6)
    os.abort()


@hostile("each call leaves a process behind", law="nothing_is_left_behind")
def leaves_processes(x, p):
    if not os.fork():
        time.sleep(1e6)


@hostile("each call leaves a thread behind", law="nothing_is_left_behind")
def leaves_threads(x, p):
    threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()


@hostile("each call leaves a file descriptor behind", law="nothing_is_left_behind")
def leaves_files_open(x, p):
    os.open(os.devnull, os.O_RDONLY)


# Tampers with libraries, and lies


@hostile("is nan, expected")
def replaces_what_compares(x, p):
    for name in ("array_equal", "allclose", "array_equiv"):
        setattr(np, name, lambda *_, **__: True)
    np.testing.assert_allclose = np.testing.assert_array_equal = lambda *_, **__: None
    return p * np.float32("nan")


@hostile("softmax.functions_stay_as_they_were", law="functions_stay_as_they_were")
def replaces_a_function(x, p):
    np.testing.assert_allclose = lambda *_, **__: None


@hostile("is nan, expected")
def replaces_the_suite(x, p):
    for name, module in list(sys.modules.items()):
        if name.startswith("seqlaws.properties"):
            for word in ("ratios", "agree", "same", "require", "differences", "examine"):
                if hasattr(module, word):
                    setattr(module, word, lambda *_, **__: {})
    return p * np.float32("nan")


class Liar(np.ndarray):
    """It is what it is compared with."""

    def __eq__(self, other):
        return np.ones(self.shape, bool)

    __hash__ = None

    def __sub__(self, other):
        return np.zeros(self.shape, np.float32)

    __rsub__ = __sub__

    def __array__(self, *_, **__):
        return np.zeros(self.shape, np.float32)


@hostile("softmax returned, as p, a Liar, not a NumPy array")
def answers_what_equals_everything(x, p):
    return (p + np.float32(1)).view(Liar)


class Shapeless(np.ndarray):
    """It has whatever shape and dtype are due."""

    shape = (2, 3)
    dtype = np.dtype("float32")


@hostile("softmax returned, as p, a Shapeless, not a NumPy array")
def answers_another_shape(x, p):
    return np.zeros(7).view(Shapeless)


class Pretender:
    """It says that it is an array."""

    __class__ = np.ndarray
    dtype = np.dtype("float32")

    def __init__(self, p):
        self.p, self.shape = p, p.shape

    def __array__(self, *_, **__):
        return self.p


@hostile("softmax returned, as p, a Pretender, not a NumPy array")
def answers_what_pretends_to_be_an_array(x, p):
    return Pretender(p)


class Full(tuple):
    """It has as many parts as are due."""

    __slots__ = ()

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([np.float32(0)])


@hostile("softmax returned")
def answers_a_tuple_that_lies(x, p):
    return Full((p, p))
