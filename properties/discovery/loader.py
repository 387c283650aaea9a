"""Loader of implementations: bundled name, entry point, module or file, each maybe `:object`."""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from seqlaws.properties.discovery.exits import unended
from seqlaws.properties.discovery.traits import (
    UnknownTraitError,
    known_failures_of,
    nearest,
    traits_of,
)
from seqlaws.properties.operations import OPERATIONS, SPECS

GROUP = "seqlaws.impls"
FILES: dict[str, Path] = {}  # a module that was loaded from a file, by its name
ADAPTERS: dict[str, "Adapter"] = {}  # of namespaces in other forms, by what they have


class NotFoundError(Exception):
    """No such implementation, or none that can be used; the message is one sentence."""


class MissingDependencyError(NotFoundError):
    """A bundled implementation whose library is not installed."""


class Adapter(NamedTuple):
    """Makes a namespace in another form one that offers `operation`; in this process alone."""

    operation: str
    adapted: Callable[[Any], Any]


def is_adapted(operation: str) -> bool:
    """Return True if namespaces in another form are adapted to offer the operation."""
    return any(one.operation == operation for one in ADAPTERS.values())


def bundled() -> list[str]:
    """The names of the implementations that come with the suite."""
    package = importlib.import_module(GROUP)
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in names if not name.startswith("_"))


def registered() -> dict[str, importlib.metadata.EntryPoint]:
    """Implementations that installed packages register under the entry points `seqlaws.impls`."""
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}


def every_name() -> list[str]:
    """Return the names that `--impl all` stands for."""
    return sorted({*bundled(), *registered()})


def spec_of(implementation: Any) -> str:
    """Return the spec by which another process can `find` it, or "<its type>" if none can."""
    if isinstance(implementation, (str, Path)):
        return str(implementation)
    name = getattr(implementation, "__name__", "")
    if isinstance(implementation, ModuleType):
        if sys.modules.get(name) is implementation and name != "__main__":
            file = getattr(implementation, "__file__", None)
            return str(FILES.get(name) or (name if is_importable(name) else file or name))
    elif inspect.isclass(implementation) and implementation.__module__ != "__main__":
        module = found = sys.modules.get(implementation.__module__)
        for part in implementation.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is implementation:
            return f"{spec_of(module)}:{implementation.__qualname__}"
    return f"<{type(implementation).__name__}>"


def is_importable(name: str) -> bool:
    """Return True if another process can find the top-level package of a module's name.

    pytest's `importlib` mode, for one, gives modules names that no path leads to. "seqlaws" is
    known to each of our processes, even where it is a clone that is not installed.
    """
    top = name.partition(".")[0]
    return top == "seqlaws" or any(finder.find_spec(top, None) for finder in sys.meta_path)


def is_named(spec: str) -> bool:
    """Return True if another process can find the implementation by its spec."""
    return not spec.startswith("<")


def location(spec: str) -> tuple[str, str]:
    """The module or the file that a spec leads to, and the attribute there, or ""."""
    target, _, attribute = spec.partition(":")
    if target in bundled():
        return f"{GROUP}.{target}", attribute
    if target in registered():
        target, _, attribute = registered()[target].value.partition(":")
    return target, attribute


def find(spec: str) -> Any:
    """The namespace that `spec` names: its functions and its TRAITS.

    Raises NotFoundError with one sentence: unknown, does not import, offers nothing, bad traits.
    """
    target, _, attribute = spec.partition(":") if spec[1:3] != ":\\" else (spec, "", "")
    try:
        with unended():
            namespace = load(target)
        for part in attribute.split(".") if attribute else ():
            namespace = inside(namespace, part, target)
    except NotFoundError as error:
        raise type(error)(f"{spec}: {error}") from None
    except (Exception, SystemExit) as error:  # whatever a stranger's module does on import
        reason = f"{type(error).__name__}: {error}".strip().replace("\n", " ")
        raise NotFoundError(f"{spec}: importing it raised {reason}") from error
    for name, adapter in ADAPTERS.items():
        if hasattr(namespace, name):
            namespace = adapter.adapted(namespace)
    if inspect.isclass(namespace):
        namespace = namespace()
    refuse_unusable(spec, namespace)
    return namespace


def inside(namespace: Any, part: str, target: str) -> Any:
    """An attribute of a module, or NotFoundError that says which there are."""
    if hasattr(namespace, part):
        return getattr(namespace, part)
    named = [n for n, value in vars(namespace).items() if is_namespace(value)]
    raise NotFoundError(f"{target} has no {part!r}{nearest(part, named)}")


def load(target: str) -> Any:
    """The module, or what an entry point registers."""
    if target.endswith(".py") or "/" in target:
        return load_file(Path(target))
    if target in bundled():
        try:
            return importlib.import_module(f"{GROUP}.{target}")
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("seqlaws"):
                raise
            raise MissingDependencyError(
                f"{error.name} is not installed; pip install 'seqlaws[{target}]'"
            ) from None
    if target in registered():
        return registered()[target].load()
    try:
        return importlib.import_module(target)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{target}.".startswith(f"{error.name}."):
            raise
        known = every_name()
        raise NotFoundError(
            f"no such implementation{nearest(target, known)}; an import path or a file "
            "(my_kernels.py, my_kernels.py:object) works too"
        ) from None


class AsItStands(SourceFileLoader):
    """Loads what a file says now, and leaves no bytecode beside it.

    Bytecode is taken for current if the time, in seconds, and the size of its source are the same:
    a file that a program writes anew may have both.
    """

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the source. Raises SyntaxError."""
        return self.source_to_code(self.get_data(self.path), self.path)


def load_file(path: Path) -> ModuleType:
    """Execute a file as a module, which can import what stands in `import_folders`."""
    path = path.resolve()
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}")
    name = module_name(path)
    if FILES.get(name) == path and name in sys.modules:
        return sys.modules[name]
    source = AsItStands(name, str(path)) if path.suffix == ".py" else None
    spec = importlib.util.spec_from_file_location(name, path, loader=source)
    if spec is None or spec.loader is None:
        raise NotFoundError(f"{path} is not a Python file")
    sys.path += [folder for folder in import_folders(path) if folder not in sys.path]
    module = importlib.util.module_from_spec(spec)
    sys.modules[name], FILES[name] = module, path
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name], FILES[name]
        raise
    return module


def import_folders(path: Path) -> list[str]:
    """The folder of a file, as for a script; of a file in a package, also the package's parent."""
    folder = path.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return list(dict.fromkeys([str(path.parent), str(folder)]))


def module_name(path: Path) -> str:
    """An identifier for a file's module: its stem, and what tells it from others of that stem.

    Compilers make names of files of it; the stem alone may be a library's, as of `random.py`.
    """
    stem = re.sub(r"\W|^(?=\d)", "_", path.stem, flags=re.ASCII)
    return f"{stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def wanted_by(namespace: Any) -> str:
    """Return the suite's specification of a function that a namespace has, if it is not added."""
    missing = {s: set(names) - OPERATIONS.keys() for s, names in SPECS.items()}
    return next((s for s, some in missing.items() if any(hasattr(namespace, n) for n in some)), "")


def is_namespace(value: Any) -> bool:
    """Return True if a value has at least one of the contract's functions."""
    return any(callable(getattr(value, name, None)) for name in OPERATIONS)


def refuse_unusable(spec: str, namespace: Any) -> None:
    """Raise NotFoundError where no operation is offered or the traits are not the contract's."""
    if not is_namespace(namespace):
        public = [n for n in dir(namespace) if not n.startswith("_")][:8]
        held = {n: getattr(namespace, n, None) for n in public}
        inside = [n for n, v in held.items() if is_namespace(v) and not inspect.ismodule(v)]
        hint = misnamed(public) or (f"; did you mean {spec}:{inside[0]}?" if inside else "")
        if wanted := wanted_by(namespace):
            hint = f"; did you mean --spec {wanted}?"
        raise NotFoundError(
            f"{spec}: it offers no operation{hint}; known: {', '.join(OPERATIONS)}; "
            f"it has: {', '.join(public) or 'nothing'}"
        )
    declared = getattr(namespace, "TRAITS", {})
    try:
        for operation in OPERATIONS:
            traits_of(declared, operation)
        known_failures_of(declared)
    except UnknownTraitError as error:
        raise NotFoundError(f"{spec}: {error}") from None


def misnamed(names: Iterable[str]) -> str:
    """Return a question about a name that is an operation's but for underscores, or ""."""
    plain = {operation.replace("_", ""): operation for operation in OPERATIONS}
    for name in names:
        if operation := plain.get(name.replace("_", "").lower()):
            return f"; is {name} meant to be {operation}?"
    return ""


def short_name(spec: str, taken: Iterable[str]) -> str:
    """Return a short name of an implementation: without the path of its file, if not taken."""
    target, colon, attribute = spec.partition(":")
    short = (Path(target).stem if target.endswith(".py") else target) + colon + attribute
    return spec if short in taken else short
