"""Adds the own operations of a file to those of the suite."""

import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import seqlaws
from seqlaws import reference
from seqlaws.properties import misreadings
from seqlaws.properties.discovery.loader import load_file
from seqlaws.properties.misreadings import edits
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.decorator import MARK
from seqlaws.properties.own.gradients import Reverse, Written
from seqlaws.properties.own.mutants import later_mutants_of, mutants_of
from seqlaws.properties.own.operation import Own
from seqlaws.properties.own.proof import SpecError, prove
from seqlaws.properties.own.specification import Specification

SPECS = Path(seqlaws.__file__ or "").parent / "specs"  # those that are part of the suite


def add_file(file: str | Path, *, proving: bool = False) -> list[str]:
    """Add the operations of a file; return their names. Raises SpecError.

    proving: whether each specification is run and its gradient checked.
    """
    path = Path(file).resolve()
    if not path.is_file():
        raise SpecError(f"--spec {file}: there is no such file")
    try:
        module = load_file(path)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}".replace("\n", " ")
        raise SpecError(f"--spec {file}: importing it raised {reason}") from error
    found = declared_in(module)
    if not found:
        raise SpecError(f"--spec {file}: it declares no operation; decorate one with @operation")
    for one in found:
        add(one, module)
        if proving:
            spec = Specification(one, one.spec)
            try:
                prove(one, spec, reference.OWN.get(f"{one.name}_vjp"))
            except SpecError:
                remove([other.name for other in found])
                raise
    return [one.name for one in found]


def bundled(file: str | Path) -> Path:
    """Return the file of a specification that is part of the suite, by its name; else the path."""
    name = str(file)
    found = SPECS / f"{name}.py"
    named = name.isidentifier() and not Path(file).is_file()
    return found if named and found.is_file() else Path(file)


def declared_in(module: ModuleType) -> list[Own]:
    """Return the operations that a module declares itself."""
    values = vars(module).values()
    found = [v for v in values if getattr(v, "__module__", "") == module.__name__]
    return [getattr(v, MARK) for v in found if hasattr(v, MARK)]


def add(one: Own, module: ModuleType) -> None:
    """Make an operation known. Raises SpecError if the suite has one of the name."""
    before = OPERATIONS.get(one.name)
    if before is not None and before.file != one.file:
        where = f"in {before.file}" if before.own else "of the suite"
        raise SpecError(f"{one.name} is the name of another operation {where}; choose another name")
    OPERATIONS[one.name] = one
    reference.OWN[one.name] = Specification(one, one.spec)
    edits.MODULES[module.__name__] = module
    edits.HOME[one.name], edits.USES[module.__name__] = module.__name__, ()
    edits.MADE[one.name] = lambda names: Specification(one, names[one.name])
    misreadings.OWN[one.name] = lambda: mutants_of(one, module.__name__)
    misreadings.LATER[one.name] = lambda: later_mutants_of(one, module.__name__)
    misreadings.forget()
    if one.gradients:
        edits.MADE[f"{one.name}_vjp"] = lambda names: vjp_of(one, names)
        reference.OWN[f"{one.name}_vjp"] = vjp_of(one, vars(module))


def vjp_of(one: Own, names: dict[str, Any]) -> Callable[..., Any]:
    """Return the vjp of a specification, as its module, or a changed copy of it, has it."""
    spec, written = Specification(one, names[one.name]), names.get(f"{one.name}_vjp")
    return Written(spec, written) if callable(written) else Reverse(spec)


def file_of(spec: Any) -> str:
    """Return the file of a specification: a path, a module, or a decorated function."""
    if isinstance(spec, (str, Path)):
        return str(bundled(spec).resolve())
    if isinstance(spec, ModuleType) and spec.__file__:
        return str(Path(spec.__file__).resolve())
    source = inspect.getsourcefile(spec) if callable(spec) else None
    if source is None:
        raise SpecError(
            f"spec={spec!r}: known are a path, a module, a function with @operation in a file"
        )
    return str(Path(source).resolve())


def remove(names: list[str]) -> None:
    """Forget operations."""
    for name in names:
        makers = misreadings.OWN, misreadings.LATER
        for known in (OPERATIONS, reference.OWN, edits.MADE, edits.HOME, *makers):
            known.pop(name, None)
            known.pop(f"{name}_vjp", None)


def tests_beside() -> dict[str, Any]:
    """Return the laws of the files that were added, as tests by name."""
    found: dict[str, Any] = {}
    for module in edits.MODULES.values():
        for name, value in vars(module).items():
            if hasattr(value, "law") and value.law.check.__module__ == module.__name__:
                found[name if name not in found else f"{name}_{module.__name__}"] = value
    return found
