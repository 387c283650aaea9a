"""The decorators that make a subject and enter it in the list, at the place of its definition."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from zoo.base import subject


@dataclass(frozen=True)
class Entry:
    """One implementation of the zoo. `target` is what a command line names, below `tests/zoo/`."""

    name: str
    operation: str  # "all" for a right one that offers all of them
    kind: str  # "wrong" or "right"
    backend: str  # "numpy" or "torch"
    target: str  # "folder/file.py:object"
    defect: str  # the class of the defect; for a right one, in what it differs from others
    cause: str  # one sentence
    diagnosis: str | None  # the cause in a few words, where a one-line cause explains the output
    witness: Callable | None  # witness(subject) is True: the subject breaks the contract
    dtypes: tuple[str, ...]
    bare: bool = False  # no guards, and what lies beyond the operation's core may raise anything


ENTRIES: dict[str, Entry] = {}
_REGISTERED_BY: dict[str, int] = {}


def _enter(
    kind, function, operation, backend, defect, diagnosis, witness, dtypes, bare=False
):  # fmt: skip
    name, path = function.__name__, Path(function.__code__.co_filename)
    target = f"{path.parent.name}/{path.name}:{name}"
    line = function.__code__.co_firstlineno
    if _REGISTERED_BY.setdefault(target, line) != line:  # the same file may be loaded twice
        raise ValueError(f"{target} is defined twice")
    cause = " ".join((function.__doc__ or "").split())
    if not cause:
        raise ValueError(f"{target} has no docstring to say its cause")
    ENTRIES[target] = Entry(
        name, operation, kind, backend, target, defect, cause, diagnosis, witness, dtypes, bare
    )
    return target


def _place(base):
    return base.operation, base.backend


def _made(base, part, function, target, dtypes, traits):
    made = subject(
        base, {part: function} if part else function(), {"dtypes": tuple(dtypes), **traits}
    )
    made.target = target
    return made


def wrong(base, part, defect, witness, *, diagnosis=None, dtypes=("float32",), **traits):
    """Make the decorated function the `part` of a wrong subject (its docstring is the cause).

    With `part` None the function is called once and returns several parts, by name.
    """

    def decorate(function):
        target = _enter("wrong", function, *_place(base), defect, diagnosis, witness, tuple(dtypes))
        return _made(base, part, function, target, dtypes, traits)

    return decorate


def right(base, part, defect, *, dtypes=("float32", "float64"), bare=False, **traits):
    """As `wrong`, for a right subject; `defect` says in what it differs from the plain base.

    bare: it checks no arguments, and what lies beyond the core (`core.py`) it may refuse anyhow.
    """

    def decorate(function):
        target = _enter("right", function, *_place(base), defect, None, None, tuple(dtypes), bare)
        return _made(base, part, function, target, dtypes, traits)

    return decorate


def right_functions(base, defect, *, dtypes=("float32", "float64"), bare=False, **traits):
    """A right subject whose functions are what the decorated function returns, by name.

    It is called with `build`, which takes changed parts and gives the base's functions.
    """

    def decorate(function):
        target = _enter("right", function, *_place(base), defect, None, None, tuple(dtypes), bare)
        made = _made(base, None, dict, target, dtypes, traits)
        for name in base.build():
            delattr(made, name)
        vars(made).update(function(lambda **parts: base.build(parts, made.TRAITS)))
        return made

    return decorate


def right_together(
    backend, defect, *, changed=lambda function: function, dtypes=("float32", "float64"), **traits
):
    """A right subject with the operations of all the bases that the decorated function returns.

    changed: what is offered in the place of each function.
    """

    def decorate(function):
        target = _enter("right", function, "all", backend, defect, None, None, tuple(dtypes))
        traits_ = {"backend": backend, "dtypes": tuple(dtypes), **traits}
        functions = {}
        for base in function():
            functions |= {n: changed(f) for n, f in base.build(None, traits_).items()}
        return SimpleNamespace(TRAITS=traits_, target=target, **functions)

    return decorate
