"""`seqlaws-receipt`: judge and time what is bundled on a device, and write it to one file.

python -m seqlaws.receipt --device cuda
"""

import argparse
import json
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.receipt import machine
from seqlaws.properties.receipt.running import jobs_here, outcome
from seqlaws.properties.receipt.stages import STAGES, Stage, seconds_of

SCHEMA = 1
LEAST = 5.0  # seconds that a stage needs to begin at all
LAWS = 0.6  # of the time; the rest is for the benchmarks
TOLD = ("tree", "device", "name", "operations")  # in which a receipt that is gone on with agrees


class Receipt:
    """The file, and what it holds."""

    def __init__(self, path: Path, head: dict[str, Any], chosen: Sequence[Stage] = STAGES) -> None:
        self.path, self.chosen, self.lock = path, chosen, threading.Lock()
        self.held: dict[str, Any] = {"schema": SCHEMA, "receipt": head, "stages": {}}
        if path.is_file():
            self.held["stages"] = earlier(path, head)

    def pending(self) -> list[Stage]:
        """Return the stages that are still to be run."""
        return [s for s in self.chosen if self.status(s) not in ("done", "not run")]

    def status(self, stage: Stage) -> str:
        """Return "" for a stage that was never begun."""
        return str(self.held["stages"].get(stage.name, {}).get("status", ""))

    def keep(self, stage: Stage, told: dict[str, Any]) -> None:
        """Add what a stage found, unless more was found before, and write the file."""
        with self.lock:
            before = self.held["stages"].get(stage.name, {})
            if told["status"] != "cut" or found_by(told) >= found_by(before):
                self.held["stages"][stage.name] = {**about(stage), **told}
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps(self.held, indent=1), encoding="utf-8")
            new.replace(self.path)
            sys.stdout.write(f"{line_of(stage, told)}\n")
            sys.stdout.flush()


def found_by(told: Mapping[str, Any]) -> int:
    """Return how many laws a stage has finished, or how many times it has."""
    document = told.get("document", {})
    covered = document.get("run", {}).get("coverage", {})
    return int(covered.get("finished", len(document.get("benchmarks", []))))


class RefusedError(ValueError):
    """A receipt that this run cannot go on with; the message is one sentence."""


def earlier(path: Path, head: dict[str, Any]) -> dict[str, Any]:
    """Return the stages of a receipt that was cut. Raises RefusedError if it is of another run."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        before, stages = held["receipt"], held["stages"]
    except (OSError, ValueError, KeyError, TypeError):
        raise RefusedError(f"{path} is no receipt; remove it, or name another with --to") from None
    others = [name for name in TOLD if before.get(name) != head[name]]
    if others:
        raise RefusedError(
            f"{path} is of another {' and '.join(others)}; remove it, or name another with --to"
        )
    return dict(stages)


def about(stage: Stage) -> dict[str, Any]:
    """Return what a stage is, as data."""
    told = {"kind": stage.kind, "implementations": stage.implementations, "dtypes": stage.dtypes}
    return {**told, "environment": dict(stage.environment)}


def line_of(stage: Stage, told: dict[str, Any]) -> str:
    """Describe a stage's outcome in one line."""
    said = told["status"] + (f": {told['reason']}" if told["reason"] else "")
    document = told.get("document", {})
    if "verdicts" in document:
        counts = Counter(v["status"] for v in document["verdicts"])
        said += f"; {', '.join(f'{n} {status}' for status, n in sorted(counts.items()))}"
    elif "benchmarks" in document:
        timed, not_timed = document["benchmarks"], document["seqlaws"]["not_timed"]
        said += f"; {len(timed)} timed, {len(not_timed)} not timed"
    return f"{stage.name}: {said} ({told.get('seconds', 0):g} s)"


def run(receipt: Receipt, device: str, operations: Sequence[str], seconds: float) -> None:
    """Run the pending stages: those of laws some at once, then those of times one by one."""
    last = time.monotonic() + seconds
    pending, jobs = receipt.pending(), jobs_here()

    def one(stage: Stage) -> None:
        left = last - time.monotonic()
        if left < LEAST:
            receipt.keep(stage, {"status": "cut", "reason": "the time was over"})
            return
        laws = stage.kind == "laws"  # times take what is left
        own = min(left, seconds_of(stage, pending, seconds * LAWS, jobs)) if laws else left
        receipt.keep(stage, outcome(stage, device, operations, own, last))

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, [s for s in pending if s.kind == "laws"]))
    for stage in pending:
        if stage.kind == "times":
            one(stage)


def main(arguments: list[str] | None = None) -> int:
    """Write the receipt; return 0 if all stages ran and no MUST failed, 2 for bad input."""
    given = parsed(arguments)
    chosen = [s for s in STAGES if not given.only or any(text in s.name for text in given.only)]
    if not chosen:
        known = ", ".join(s.name for s in STAGES)
        sys.stderr.write(f"seqlaws-receipt: --only names no stage; there are: {known}\n")
        return 2
    found = machine.described(given.device)
    if found["unavailable"]:
        sys.stderr.write(f"seqlaws-receipt: {found['unavailable']}\n")
        return 2
    now = datetime.now(UTC)
    head = {
        "when": now.isoformat(timespec="seconds"),
        "tree": machine.tree(),
        "device": given.device,
        "name": found["name"],
        "operations": given.op or list(OPERATIONS),
        "versions": found["versions"],
        "state": machine.state(given.device),
        "processors": os.cpu_count(),
    }
    gpu = re.sub(r"[^a-z0-9]+", "-", found["name"].lower()).strip("-")
    path = given.to or Path("receipts", f"{now.date().isoformat()}-{gpu}.json")
    try:
        receipt = Receipt(path, head, chosen)
    except RefusedError as error:
        sys.stderr.write(f"seqlaws-receipt: {error}\n")
        return 2
    run(receipt, given.device, given.op or [], 60 * given.minutes)
    return concluded(receipt)


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="seqlaws-receipt",
        description="Judge and time the bundled implementations on a device, and write one file. "
        "A run that was cut goes on where it ended, by the same command.",
    )
    parser.add_argument("--device", default="cuda", help="torch's name of it (default cuda)")
    parser.add_argument(
        "--minutes", type=float, default=8.0, metavar="N", help="time for all stages (default 8)"
    )
    parser.add_argument(
        "--op", action="append", choices=list(OPERATIONS), metavar="OPERATION",
        help="this operation only; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--only",
        action="append",
        metavar="TEXT",
        help="stages whose name has this text, as 'flash' or 'times'; repeatable",
    )
    parser.add_argument(
        "--to",
        type=Path,
        metavar="FILE",
        help="the receipt (default receipts/<date>-<name of the device>.json)",
    )
    return parser.parse_args(arguments)


def concluded(receipt: Receipt) -> int:
    """Say what is in the receipt and what is missing; return the exit status."""
    pending = receipt.pending()
    documents = [s.get("document", {}) for s in receipt.held["stages"].values()]
    failed = sum(v["status"] == "failed" for d in documents for v in d.get("verdicts", []))
    said = f"{receipt.path}: {len(receipt.chosen) - len(pending)} of {len(receipt.chosen)} stages"
    said += f", {failed} failed laws" if failed else ""
    said += "; the same command runs the others" if pending else ""
    sys.stdout.write(f"{said}\n")
    return int(bool(pending or failed))
