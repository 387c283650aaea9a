"""Documents of a page: verdict.json and pytest-benchmark's JSON, read and validated.

docs/verdict.md explains each field. A file with an unknown schema is refused, because its fields
could be misread.
"""

import json
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.judging.verdict import SCHEMA, STATUSES, Verdict
from seqlaws.properties.reporting.journal import SUFFIX, read_journal
from seqlaws.properties.reporting.unexecuted import Gap

BENCHMARK_SCHEMA = 3  # of the key `seqlaws` in pytest-benchmark's document
RECEIPT_SCHEMA = 1
NUMBERS = ("inf", "-inf", "nan")  # numbers that JSON lacks are texts
OF_CHECK = (  # what `check` says of itself in the place of a run
    "implementation",
    "status",
    "seconds",
    "budget",
    "problem",
    "coverage",
    "operations not offered",
)
RENAMED_IN, RENAMED = 4, {"not kept": "SHOULD failed"}  # statuses of the schemas before


class RefusedError(ValueError):
    """A file that no page can be made of; the message is one sentence."""


@dataclass
class Run:
    """Run of the suite: its verdicts, its implementations, its effort and its machine.

    file: the name of the file it was read from. machine: platform, processor, and each device's
    name. laws: every law that the suite has, "operation.law" to level, statement and source.
    ended: what ended it before its time, and not_reached: how many checks were not run for it.
    causes: of what failed; none before schema 4. unexecuted: lines of the implementations, if the
    run noted them.
    """

    file: str = ""
    seed: int = 0
    examples: int = 0
    profile: str = ""
    when: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    implementations: dict[str, str] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    precision: list[dict[str, Any]] = field(default_factory=list)
    ended: str = ""
    not_reached: int = 0
    gradient_flow: list[dict[str, Any]] = field(default_factory=list)
    laws: dict[str, dict[str, Any]] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    unexecuted: list[Gap] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


@dataclass
class Timed:
    """Time of one implementation at one work: median and quartiles over `rounds`, in seconds.

    flops and bytes: of one call, the least; matmul: what operands are rounded to. ceiling: empty,
    or "product" or "copy", which measure the machine; sizes has its length.
    """

    implementation: str
    operation: str
    direction: str
    size: str
    dtype: str
    device: str
    median: float = 0.0
    q1: float = 0.0
    q3: float = 0.0
    fastest: float = 0.0
    rounds: int = 0
    flops: int = 0
    bytes: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    device_name: str = ""
    matmul: str = "ieee"
    ceiling: str = ""

    @property
    def work(self) -> tuple[str, ...]:
        """Work on which implementations are compared."""
        return self.operation, self.direction, self.size, self.dtype, self.device


@dataclass
class Untimed:
    """Reason why one implementation has no time at one work."""

    implementation: str
    operation: str
    direction: str
    size: str
    dtype: str
    device: str
    status: str
    reason: str = ""


@dataclass
class Times:
    """Run of the benchmarks: its times and its machine.

    processes: the settings of each process in which something was timed, by its name; none before
    schema 3, which had the threads and versions of one process.
    """

    file: str = ""
    when: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    threads: dict[str, Any] = field(default_factory=dict)
    processes: dict[str, dict[str, Any]] = field(default_factory=dict)
    machine: str = ""
    timed: list[Timed] = field(default_factory=list)
    not_timed: list[Untimed] = field(default_factory=list)


def read(path: str | Path) -> list[Run | Times]:
    """A verdict.json, a benchmark's JSON, or all that a receipt has. Raises RefusedError."""
    path = Path(path)
    try:
        left = read_journal(path) if path.suffix == SUFFIX else None
        document = json.loads(left.document() if left else path.read_text(encoding="utf-8"))
    except OSError as error:
        beside = Path(f"{path}{SUFFIX}")
        hint = f"; {beside.name} has the results of its interrupted run" if beside.exists() else ""
        raise RefusedError(f"{path}: cannot be read: {error.strerror or error}{hint}") from None
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{path}: not JSON: {error}") from None
    if isinstance(document, dict) and "stages" in document:
        return of_receipt(document, path)
    return [document_of(document, path)]


def document_of(document: Any, path: Path) -> Run | Times:
    """A run or times. Raises RefusedError."""
    if isinstance(document, dict) and "verdicts" in document:
        return run_of(document, path)
    if isinstance(document, dict) and "benchmarks" in document:
        return times_of(document, path)
    raise RefusedError(f"{path}: neither a verdict.json nor a benchmark's JSON nor a receipt")


def of_receipt(receipt: Mapping[str, Any], path: Path) -> list[Run | Times]:
    """The documents of a receipt's stages; a stage that was not run has none."""
    refuse_unknown(receipt.get("schema"), RECEIPT_SCHEMA, path)
    head, stages = receipt.get("receipt"), receipt["stages"]
    if not isinstance(head, dict) or not isinstance(stages, dict):
        raise RefusedError(f"{path}: its stages or its head are not objects")
    found = []
    for name, stage in stages.items():
        if not isinstance(stage, dict) or "document" not in stage:
            continue
        one = document_of(stage["document"], path)
        one.file, one.when = f"{path.name}: {name}", str(head.get("when", ""))
        if isinstance(one, Run):
            one.machine = {"devices": {str(head.get("device")): str(head.get("name"))}}
        found.append(one)
    return found


def refuse_unknown(schema: Any, known: int, path: Path) -> None:
    """Raise RefusedError where a schema is not one of those up to `known`."""
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise RefusedError(f"{path}: its schema is {schema!r}, which is not a positive integer")
    if schema > known:
        raise RefusedError(
            f"{path}: schema {schema} needs a newer seqlaws; this one supports up to {known}"
        )


def run_of(document: Mapping[str, Any], path: Path) -> Run:
    """The run that a verdict.json tells of. Raises RefusedError."""
    refuse_unknown(document.get("schema"), SCHEMA, path)
    rows = document["verdicts"]
    if not isinstance(rows, list):
        raise RefusedError(f"{path}: verdicts is not a list")
    told = document.get("run", {})
    if isinstance(told, dict) and "implementation" in told:
        told, name = {n: v for n, v in told.items() if n not in OF_CHECK}, told["implementation"]
        told["implementations"] = {name: name}
    run = made(Run, told, f"{path}: run")
    run.file = path.name
    for name in ("laws", "gradient_flow", "causes", "unexecuted"):
        found = document.get(name, getattr(run, name))
        if not isinstance(found, type(getattr(run, name))):
            raise RefusedError(f"{path}: {name} is a {type(found).__name__}")
        setattr(run, name, found)
    run.causes = [made(Cause, row, f"{path}: cause {k}") for k, row in enumerate(run.causes)]
    run.unexecuted = [made(Gap, row, f"{path}: gap {k}") for k, row in enumerate(run.unexecuted)]
    run.verdicts = [made(Verdict, row, f"{path}: verdict {k}") for k, row in enumerate(rows)]
    if document["schema"] < RENAMED_IN:
        for v in run.verdicts:
            v.status = RENAMED.get(v.status, v.status)
    for k, v in enumerate(run.verdicts):
        if v.status not in STATUSES:
            raise RefusedError(f"{path}: verdict {k}: unknown status {v.status!r}")
    return run


def times_of(document: Mapping[str, Any], path: Path) -> Times:
    """The times of a benchmark's JSON. Raises RefusedError."""
    own = document.get("seqlaws")
    if not isinstance(own, dict):
        raise RefusedError(f"{path}: not benchmarks of seqlaws")
    refuse_unknown(own.get("schema"), BENCHMARK_SCHEMA, path)
    machine = document.get("machine_info", {})
    told = {n: own.get(n, {}) for n in ("versions", "threads", "processes")}
    times = made(Times, told, f"{path}: seqlaws")
    times.file, times.when = path.name, str(document.get("datetime", ""))
    parts = (machine.get("system"), machine.get("machine"), machine.get("processor"))
    times.machine = " ".join(str(p) for p in parts if p)
    for k, row in enumerate(document["benchmarks"]):
        told, stats = row.get("extra_info", {}), row.get("stats", {})
        if "implementation" not in told:
            continue  # a benchmark of somebody else's, in the same run
        known = {f.name for f in fields(Timed)}
        data = {n: value for n, value in told.items() if n in known}
        data |= {n: stats.get(n) for n in ("median", "q1", "q3", "rounds")}
        data["fastest"] = stats.get("min")
        times.timed.append(made(Timed, data, f"{path}: benchmark {k}"))
    for k, row in enumerate(own.get("not_timed", [])):
        times.not_timed.append(made(Untimed, row, f"{path}: not_timed {k}"))
    return times


def made(cls: type, data: Any, where: str) -> Any:
    """A dataclass from a JSON object, each field of its type. Raises RefusedError."""
    if not isinstance(data, dict):
        raise RefusedError(f"{where} is not an object")
    kinds = typing.get_type_hints(cls)
    known = {f.name: f for f in fields(cls)}
    for name in data:
        if name not in known:
            raise RefusedError(f"{where}: {name!r} is not a field of its schema")
    for name, one in known.items():
        if name not in data and one.default is MISSING and one.default_factory is MISSING:
            raise RefusedError(f"{where}: {name} is missing")
    return cls(**{name: typed(v, kinds[name], f"{where}: {name}") for name, v in data.items()})


def typed(value: Any, kind: Any, where: str) -> Any:
    """A value of the kind. Raises RefusedError."""
    if kind is float:
        if value in NUMBERS if isinstance(value, str) else is_number(value):
            return float(value)
    elif kind is int:
        if is_number(value) and float(value).is_integer():
            return int(value)
    elif typing.get_origin(kind) is tuple:
        if isinstance(value, list):
            return tuple(map(str, value))
    elif isinstance(value, typing.get_origin(kind) or kind):
        return value
    name = getattr(kind, "__name__", str(kind))
    raise RefusedError(f"{where} is {type(value).__name__}, not {name}")


def is_number(value: Any) -> bool:
    """Return True if a JSON value is a number and not a boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
