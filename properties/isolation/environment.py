"""Environment variables of a separate process, and how memory is kept in this one."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

TELLTALES = ("PYTEST", "HYPOTHESIS", "SEQLAWS", "CI", "TOX", "COVERAGE")
TESTERS = ("pytest", "hypothesis", "seqlaws")  # in a value: of a command, a job, a project
OF_A_COMMAND = ("_", "PWD", "OLDPWD")  # the shell's: the command's path, and where it was typed

CHOSEN = {"OMP_WAIT_POLICY": "passive"}  # unless the user has set it
SET_HERE: list[str] = []
# by glibc: take arrays from the heap, and give none of it back to the system. A large array that
# is mapped anew costs a page fault for each 4 KiB: a fifth of a run
OF_MALLOPT = {"MALLOC_MMAP_MAX_": (-4, 0), "MALLOC_TRIM_THRESHOLD_": (-1, 2**31 - 1)}
KEPT_MEMORY = {name: str(value) for name, (_, value) in OF_MALLOPT.items()}


def let_waiting_threads_sleep() -> None:
    """Let the waiting threads of a library sleep. It is read when such a library is loaded.

    Spinning threads would take the core that the specification needs: on two cores torch_native
    with `quick` took 81 s with spinning threads, and 25 s with sleeping ones.
    """
    for name, value in CHOSEN.items():
        if name not in os.environ:
            os.environ[name] = value
            SET_HERE.append(name)


def keep_freed_memory() -> None:
    """Let this process keep the memory that it has freed, where its C library can (glibc)."""
    with suppress(OSError, AttributeError):
        set_option = ctypes.CDLL(None).mallopt
        for parameter, value in OF_MALLOPT.values():
            set_option(parameter, value)


def as_the_user_set_it() -> dict[str, str]:
    """Return the environment of this process without the variables that the suite has set."""
    return {k: v for k, v in os.environ.items() if k not in SET_HERE}


def where_seqlaws_is() -> dict[str, str]:
    """Return the variables by which a process imports seqlaws from a clone, if any are needed.

    What stands in PYTHONPATH stays: torch finds devices of other makers there.
    """
    clone = Path(__file__).resolve().parents[2] / ".typings"
    path = [str(clone), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(path)} if clone.is_dir() else {}


def is_telling(name: str, value: str) -> bool:
    """Return True if a variable reveals a test. Folders and files stay: libraries need them."""
    if name.startswith(TELLTALES) or name in OF_A_COMMAND:
        return True
    names_a_tester = any(tester in value.lower() for tester in TESTERS)
    return names_a_tester and not all(map(os.path.exists, value.split(os.pathsep)))


def silent() -> dict[str, str]:
    """Return the environment of this process without the variables that reveal a test."""
    return {k: v for k, v in os.environ.items() if not is_telling(k, v)}
