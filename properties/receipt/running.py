"""Runs a stage in a process of its own, within a time, and watches the device meanwhile."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqlaws.properties.isolation.environment import as_the_user_set_it, where_seqlaws_is
from seqlaws.properties.receipt.machine import ROOT, passing
from seqlaws.properties.receipt.stages import Stage

LONGER = 60.0  # seconds that a stage may take beyond its time: to start, and to explain what failed
WATCHED = 2.0  # seconds from one look at clocks and power to the next
SPEED = Path("benchmarks", "test_speed.py")


def outcome(
    stage: Stage, device: str, operations: Sequence[str], seconds: float, last: float
) -> dict[str, Any]:
    """Run a stage and return its part of the receipt.

    operations: only these, if any. seconds: the stage's own; last: when it is ended, a time of
    `time.monotonic`.
    """
    started = time.monotonic()
    last = min(last, started + seconds + LONGER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "document.json")
        command = command_of(stage, device, operations, seconds, file)
        if isinstance(command, str):
            return {"status": "not run", "reason": command}
        environment = {**as_the_user_set_it(), **where_seqlaws_is(), **stage.environment}
        said, watched = watch(command, environment, device, last)
        told = {"seconds": round(time.monotonic() - started, 1), "device": watched}
        if said is None:
            return {"status": "cut", "reason": "its time was over", **told}
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            lines = said.strip().splitlines() or ["it said nothing"]
            return {"status": "not run", "reason": lines[-1], **told}
    return {**judged(document), **told, "document": document}


def judged(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the status of a stage that wrote a document, and the reason."""
    run = document.get("run", {})
    if run.get("problem"):
        status = "cut" if run["status"] == "undecided" else "not run"
        return {"status": status, "reason": run["problem"]}
    covered = run.get("coverage", {})
    if unfinished := covered.get("cut off", 0) + covered.get("not begun", 0):
        return {"status": "cut", "reason": f"no time for {unfinished} laws"}
    return {"status": "done", "reason": ""}


def command_of(
    stage: Stage, device: str, operations: Sequence[str], seconds: float, file: Path
) -> list[str] | str:
    """Return the command that writes the stage's document to a file, or why there is none."""
    chosen = [o for o in stage.operations or operations if o in (operations or (o,))]
    if stage.kind == "laws":
        (implementation,) = stage.implementations
        asked = {
            "implementation": implementation,
            "operations": chosen or None,
            "dtypes": stage.dtypes,
            "seconds": seconds,
            "device": device,
        }
        program = "seqlaws.properties.receipt.laws"
        return [sys.executable, "-m", program, json.dumps(asked), str(file)]
    if not (ROOT / SPEED).is_file():
        return "the benchmarks are in the source repository, not in what is installed"
    if not chosen:
        return f"none of its operations is asked for: {', '.join(stage.operations)}"
    command = [sys.executable, "-m", "pytest", str(SPEED), "-q", "-p", "no:cacheprovider"]
    command += ["-k", "not length", "--benchmark-max-time=0.2", f"--benchmark-json={file}"]
    command += [f"--device={device}", *(f"--impl={one}" for one in stage.implementations)]
    return command + [f"--op={one}" for one in chosen] + [f"--dtype={one}" for one in stage.dtypes]


def watch(
    command: list[str], environment: dict[str, str], device: str, last: float
) -> tuple[str | None, list[dict[str, str]]]:
    """Run a command; return what it said, None if it was ended at `last`, and the device's states.

    Its output goes to a file: a pipe that nobody reads would stop it.
    """
    states = []
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(  # noqa: S603  # our own command
            command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None and time.monotonic() < last:
                if found := passing(device):
                    states.append(found)
                wait(process, min(WATCHED, max(0.0, last - time.monotonic())))
            if process.poll() is None:
                return None, states
            said.seek(0)
            return said.read(), states
        finally:
            if process.poll() is None:
                process.terminate()
                wait(process, 5.0)
                process.kill()
                process.wait()


def wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait for a process, for so many seconds at most."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def jobs_here() -> int:
    """Return how many stages of laws run at once: a quarter of the processors, up to four."""
    return max(1, min(4, (os.cpu_count() or 1) // 4))
