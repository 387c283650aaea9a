"""The specification, in a process that no implementation reaches.

What is expected of an implementation must not depend on what it does to the process that it runs
in: to NumPy, to the specification's functions, to error settings. The specification is therefore
asked in a process of its own, which is started before any implementation is imported.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqlaws.properties.isolation.answer_store import AnswerStore
from seqlaws.properties.isolation.environment import KEPT_MEMORY, where_seqlaws_is
from seqlaws.properties.isolation.shared_arrays import SharedArrays, new_file
from seqlaws.properties.isolation.transport import Child, EndedError
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own import adding as own
from seqlaws.properties.own.formats import as_specification

PROGRAM = """
import traceback
from pathlib import Path
import numpy as np
from seqlaws import reference
from seqlaws.properties.isolation.shared_arrays import SharedArrays
from seqlaws.reference.numbers import Arithmetic, expected_and_allowed, flattened
from seqlaws.reference.numbers.stepwise import expected_step_by_step, expected_vjp_step_by_step
from seqlaws.reference.numbers.tokens import expected_logits, expected_token_by_token

def plain(operation, *arguments, **options):
    with np.errstate(all="ignore"):
        return flattened(reference.function_of(operation)(*arguments, **options))

def add(file):
    from seqlaws.properties.own.adding import add_file
    add_file(file)
    return []

def scan(*question, **options):
    from seqlaws.properties.own.scan import expected_of_scan
    return expected_of_scan(*question, **options)

def remove(names):
    from seqlaws.properties.own.adding import remove
    remove(names)
    return []

WAYS = {
    "expected": expected_and_allowed,
    "step by step": expected_step_by_step,
    "vjp step by step": expected_vjp_step_by_step,
    "token by token": expected_token_by_token,
    "logits": expected_logits,
    "plain": plain,
    "scan": scan,
    "add": add,
    "remove": remove,
}

questions, answers = (SharedArrays(int(descriptor)) for descriptor in arguments)

def answer(packed):
    return answers.put(of_the_question(*questions.get(packed, copied=False)))

def of_the_question(way, arguments, options, arithmetic):
    if arithmetic is not None:
        options["arithmetic"] = Arithmetic(*arithmetic)
    try:
        found = WAYS[way](*arguments, **options)
        return "gave", [tuple(e) if isinstance(e, tuple) else e for e in found]
    except Exception as error:
        return "raised", described(error), isinstance(error, (ValueError, TypeError, IndexError))

RULES, NUMPY = Path(reference.__file__).parent / "numbers", Path(np.__file__).parent

def described(error):
    text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    frames = traceback.extract_tb(error.__traceback__)
    others = RULES, NUMPY, Path("<string>")
    own = [f for f in frames if not any(Path(f.filename).is_relative_to(o) for o in others)]
    if not own:
        return text
    file, line = "/".join(Path(own[-1].filename).parts[-2:]), own[-1]
    return f"{text} ({file}, line {line.lineno}, in {line.name}: {line.line})"

answering(answer)
"""
# for arrays as small as these a second thread of BLAS costs more than it gains
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
Question = tuple[str, tuple[Any, ...], dict[str, Any], tuple[str, ...] | None]


class Specification(Child):
    """The process, started when it is made."""

    def __init__(self) -> None:
        files = new_file(), new_file()
        self.questions, self.answers = map(SharedArrays, files)
        environment = {**os.environ, **ONE_THREAD, **KEPT_MEMORY, **where_seqlaws_is()}
        super().__init__(PROGRAM, *map(str, files), environment=environment, keep=files)

    def ask(self, question: Question) -> Any:
        """Ask the process and return its answer. Raises EndedError if there is none."""
        try:
            packed = self.questions.put(question)
            return self.answers.get(super().ask(packed), copied=True)
        except OSError as error:
            self.stop()
            raise EndedError from error

    def stop(self) -> None:
        """End the process, unless it is the parent's of this one."""
        super().stop()
        self.questions.close()
        self.answers.close()


RUNNING: list[Specification] = []
ADDED: list[str] = []  # files with own operations
KEPT: list[AnswerStore] = []  # the file of answers, if one is used
SPECIFICATION_RAISED = "the specification raised"
os.register_at_fork(after_in_child=RUNNING.clear)  # the pipes are the parent's


class SpecificationError(BaseException):
    """The specification raised; the message is a sentence that says what, and on which line.

    No Exception, so that Hypothesis lets it through at once: it says nothing of the implementation.
    refused: whether it is of the types by which the specification refuses what is not valid.
    """

    def __init__(self, raised: str, *, refused: bool) -> None:
        super().__init__(f"{SPECIFICATION_RAISED} {raised}")
        self.refused = refused


def start() -> None:
    """Start the process, unless it runs."""
    if not RUNNING:
        RUNNING.append(Specification())
        for file in ADDED:
            RUNNING[0].ask(("add", (file,), {}, None))


def add(file: str | Path) -> list[str]:
    """Add the own operations of a file, here and in the process; return their names.

    Raises SpecError.
    """
    file = as_specification(file)
    names = own.add_file(file, proving=True)
    path = str(Path(file).resolve())
    if path not in ADDED:
        ADDED.append(path)
        if RUNNING:
            RUNNING[0].ask(("add", (path,), {}, None))
    return names


def remove(names: list[str]) -> None:
    """Forget own operations, here and in the process."""
    files = {str(getattr(OPERATIONS[name], "file", "")) for name in names if name in OPERATIONS}
    own.remove(names)
    ADDED[:] = [file for file in ADDED if file not in files]
    if RUNNING:
        computed(("remove", (names,), {}, None))


def keep_answers(folder: str | Path | None) -> None:
    """Keep answers in a file in this folder, and look for them there; None: do not.

    Raises OSError if the folder or the file cannot be made.
    """
    KEPT[:] = [AnswerStore(folder)] if folder else []


@contextmanager
def keeping_answers(folder: str | Path | None) -> Iterator[None]:
    """Keep answers in this folder for a while; None: as before. Raises OSError."""
    before = list(KEPT)
    if folder:
        keep_answers(folder)
    try:
        yield
    finally:
        KEPT[:] = before


def ask(
    way: str, *arguments: Any, arithmetic: tuple[str, ...] | None = None, **options: Any
) -> list[Any]:
    """Return the answer of the specification by one of its WAYS. Raises SpecificationError."""
    question = way, arguments, options, arithmetic
    store = KEPT[0] if KEPT and not ADDED else None  # an own operation may depend on other files
    known = store.find(question) if store else None
    if known is not None:
        return known
    found = computed(question)
    if store:
        store.keep(question, found)
    return found


def computed(question: Question) -> list[Any]:
    """Return the answer of the process. Raises SpecificationError."""
    start()
    try:
        answer = RUNNING[0].ask(question)
    except EndedError:  # whoever ended it: it is asked once more
        RUNNING.clear()
        start()
        answer = RUNNING[0].ask(question)
    if answer[0] == "raised":
        raise SpecificationError(answer[1], refused=answer[2])
    return list(answer[1])


def refuses(operation: str, *arguments: Any, **options: Any) -> bool:
    """Return True if the specification refuses a call. Raises SpecificationError if it breaks."""
    try:
        ask("plain", operation, *arguments, **options)
    except SpecificationError as error:
        if not error.refused:
            raise
        return True
    return False
