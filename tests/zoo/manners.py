"""Witnesses for the manners of the contract; each is called with the subject."""

import collections
import contextlib
import os
import pickle
import random
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np

from zoo import calling
from zoo.signatures import arranged
from zoo.witness import apart, expected

TESTS = Path(__file__).resolve().parents[1]


def _call(subject, case, vjp):
    """(arguments by name, call): the call may be made several times with the same arrays."""
    arrays, options = calling.native(subject, case)
    if not vjp:
        call = lambda: calling.outputs(subject, case.operation, arrays, options)  # noqa: E731
        return {**arrays, **options}, call
    cotangents = [calling.to_native(subject, c, case.dtype) for c in case.cotangents()]
    call = lambda: calling.gradients(subject, case.operation, cotangents, arrays, options)  # noqa: E731
    return {**arrays, **options, **{f"cotangent {i}": c for i, c in enumerate(cotangents)}}, call


def _arrays(arguments):
    return {name: value for name, value in arguments.items() if hasattr(value, "dtype")}


def _shared(one, other):
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.shares_memory(one, other)
    if hasattr(one, "untyped_storage") and hasattr(other, "untyped_storage"):
        place = one.untyped_storage().data_ptr()
        return place != 0 and place == other.untyped_storage().data_ptr()
    return False


def writes(case, vjp=False):
    """An argument is not what it was before the call."""

    def shows(subject):
        arguments, call = _call(subject, case, vjp)
        before = calling.bits(_arrays(arguments))
        call()
        return calling.bits(_arrays(arguments)) != before

    return shows


def leaves_files_open(case, vjp=False):
    """Twenty calls open twenty descriptors that stay open."""

    def shows(subject):
        _, call = _call(subject, case, vjp)
        call()
        before = os.open(os.devnull, os.O_RDONLY)  # descriptors are given out lowest first
        os.close(before)
        for _ in range(20):
            call()
        after = os.open(os.devnull, os.O_RDONLY)
        os.close(after)
        return after >= before + 20

    return shows


def shares_input(case, vjp=False):
    """An output lies in the memory of an argument."""

    def shows(subject):
        arguments, call = _call(subject, case, vjp)
        got = call()
        return any(_shared(o, i) for o in got for i in _arrays(arguments).values())

    return shows


def shares_earlier(case, vjp=False):
    """An output lies in the memory of an earlier call's output."""

    def shows(subject):
        _, call = _call(subject, case, vjp)
        earlier, later = call(), call()
        return any(_shared(o, e) for o in later for e in earlier)

    return shows


def unsteady(case, calls=4, vjp=False):
    """The same call gives other bits."""

    def shows(subject):
        _, call = _call(subject, case, vjp)
        return len({str(calling.bits(call())) for _ in range(calls)}) > 1

    return shows


def depends_on_neighbours(case, changed):
    """Row 0's bits change with row 1: `changed` is the case with other contents in row 1."""

    def shows(subject):
        one, other = (calling.answer(subject, c) for c in (case, changed))
        return any(calling.bits([one[n][0]]) != calling.bits([other[n][0]]) for n in one)

    return shows


def differs_after(first, case, calls=1, beyond=1e-3):
    """The outputs of `case` are not the right ones after calls with `first`."""

    def shows(subject):
        for _ in range(calls):
            calling.answer(subject, first)
        return apart(
            calling.answer(subject, case), expected(case, subject.TRAITS), case.dtype, beyond
        )

    return shows


def stale_after_change(case, name):
    """The caller changes the array `name` in place between two calls; the second is not right."""

    def shows(subject):
        arrays, options = calling.native(subject, case)
        calling.outputs(subject, case.operation, arrays, options)
        arrays[name] *= 0.5
        again = calling.bits(calling.outputs(subject, case.operation, arrays, options))
        copies = {k: v + 0 for k, v in arrays.items()}
        return again != calling.bits(calling.outputs(subject, case.operation, copies, options))

    return shows


def accepts(case, spoil):
    """A call that must be refused gives a result: `spoil(arrays, options)` makes it wrong."""

    def shows(subject):
        arrays, options = calling.native(subject, case)
        spoil(arrays, options)
        try:
            calling.outputs(subject, case.operation, arrays, options)
        except NotImplementedError:
            raise
        except Exception:
            return False
        return True

    return shows


def answers(case):
    """It answers a call that the contract refuses."""

    def shows(subject):
        try:
            return bool(calling.answer(subject, case))
        except (ValueError, TypeError, IndexError):
            return False

    return shows


def refuses(case, layout=None):
    """A call that the contract demands an answer to raises."""

    def shows(subject):
        try:
            calling.answer(subject, case, layout)
        except NotImplementedError:
            raise
        except Exception:
            return True
        return False

    return shows


def _world(backend):
    """Everything outside a call that the contract names, and a way back: {name: (value, set)}."""
    world = {
        "numpy random state": (str(np.random.get_state()), np.random.get_state()),
        "python random state": (str(random.getstate()), random.getstate()),
        "numpy errors": (np.geterr(), np.geterr()),
        "print options": (str(np.get_printoptions()), np.get_printoptions()),
        "warnings": (list(warnings.filters), None),
        "environment": (dict(os.environ), None),
        "numpy functions": ((np.allclose, np.testing.assert_allclose, np.exp), None),
    }
    if backend == "torch":
        import torch

        world |= {
            "torch random state": (torch.get_rng_state().tolist(), torch.get_rng_state()),
            "default dtype": (torch.get_default_dtype(), torch.get_default_dtype()),
            "grad mode": (torch.is_grad_enabled(), torch.is_grad_enabled()),
            "threads": (torch.get_num_threads(), torch.get_num_threads()),
            "deterministic": (torch.are_deterministic_algorithms_enabled(), None),
            "torch functions": ((torch.allclose, torch.testing.assert_close), None),
        }
    return world


def _restore(world):
    np.random.set_state(world["numpy random state"][1])
    random.setstate(world["python random state"][1])
    np.seterr(**world["numpy errors"][1])
    np.set_printoptions(**world["print options"][1])
    warnings.filters[:] = world["warnings"][0]
    os.environ.clear()
    os.environ.update(world["environment"][0])
    np.allclose, np.testing.assert_allclose, np.exp = world["numpy functions"][0]
    if "threads" in world:
        import torch

        torch.set_rng_state(world["torch random state"][1])
        torch.set_default_dtype(world["default dtype"][1])
        torch.set_grad_enabled(world["grad mode"][1])
        torch.set_num_threads(world["threads"][1])
        torch.use_deterministic_algorithms(world["deterministic"][0])
        torch.allclose, torch.testing.assert_close = world["torch functions"][0]


def changes_world(case, vjp=False):
    """Something outside the call is not what it was (afterwards it is put back), answer or not."""

    def shows(subject):
        backend = subject.TRAITS["backend"]
        random.seed()  # a state that no implementation sets
        before = _world(backend)
        try:
            with contextlib.suppress(ValueError):  # a refused call may change nothing either
                _call(subject, case, vjp)[1]()
            after = _world(backend)
            return any(after[name][0] != before[name][0] for name in before)
        finally:
            _restore(before)

    return shows


def disturbed_by_threads(cases, calls=40):
    """Several threads, each with a case of its own, do not all get what they get alone.

    Each makes up to `calls` calls, until one of them got something else.
    """

    def shows(subject):
        makers = [_call(subject, c, False)[1] for c in cases]
        alone = [calling.bits(make()) for make in makers]
        wrong = []
        gate = threading.Barrier(len(makers))

        def run(make, want):
            gate.wait()
            for _ in range(calls):
                if wrong:
                    return
                if calling.bits(make()) != want:
                    wrong.append(1)

        threads = [threading.Thread(target=run, args=pair) for pair in zip(makers, alone)]  # noqa: B905
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        return bool(wrong)

    return shows


def disturbed_at_a_line(one, other):
    """A call of `one` gets something else if another thread calls `other` before one of its lines.

    Before each line that is reached, the first three times.
    """

    def shows(subject):
        make, another = (_call(subject, c, False)[1] for c in (one, other))
        alone, seen = calling.bits(make()), collections.Counter()

        def step(frame, event, _):
            place = frame.f_code, frame.f_lineno
            if event == "line" and seen[place] < 3:
                seen[place] += 1
                thread = threading.Thread(target=another)
                thread.start()
                thread.join()
            return step

        before = sys.gettrace()
        sys.settrace(step)
        try:
            found = calling.bits(make())
        finally:
            sys.settrace(before)
        return found != alone

    return shows


_CHILD = """
import importlib.util, pickle, sys
tests, path, name, operation, loaded = sys.argv[1:]
sys.path.append(tests)
for module in loaded.split():
    sys.modules[module] = type(sys)(module)
spec = importlib.util.spec_from_file_location("subject_file", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
given, options = pickle.load(sys.stdin.buffer)
got = getattr(getattr(module, name), operation)(*given, **options)
pickle.dump(got if isinstance(got, tuple) else (got,), sys.stdout.buffer)
"""


NEEDED = ("PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR")  # no variable of a job or a command


def _in_child(subject, case, loaded):
    """What a fresh process, in which nothing speaks of a test, gets; as float64 arrays."""
    file, name = subject.target.split(":")
    arrays, options = calling.native(subject, case)
    asked = (str(TESTS), str(TESTS / "zoo" / file), name, case.operation, loaded)
    run = subprocess.run(
        [sys.executable, "-c", _CHILD, *asked],
        input=pickle.dumps(arranged(case.operation, arrays, options)),
        env={name: os.environ[name] for name in NEEDED if name in os.environ},
        capture_output=True,
        check=True,
        timeout=60,
    )
    return {n: calling.to_numpy(value) for n, value in enumerate(pickle.loads(run.stdout))}


def differs_elsewhere(case, loaded="", beyond=1e-3):
    """Another program gets another answer than this test run.

    With `loaded`, names of modules: a program that has loaded them gets another answer than one
    that has not (the modules are empty ones of these names).
    """

    def shows(subject):
        if loaded:
            here = _in_child(subject, case, loaded)
        else:
            here = dict(enumerate(calling.answer(subject, case).values()))
            here = {n: calling.to_numpy(value) for n, value in here.items()}
        return apart(here, _in_child(subject, case, ""), "float64", beyond)

    return shows
