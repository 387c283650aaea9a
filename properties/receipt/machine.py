"""Facts that a receipt depends on: the source tree, the device, its driver, clocks and power."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]  # of a clone; elsewhere its parts lie beside each other
PARTS = ("front", "reference", "impls", "properties", "benchmarks")
ASKED = {  # of nvidia-smi: its name of a field to ours
    "name": "name",
    "driver_version": "driver",
    "pstate": "performance state",
    "clocks.sm": "SM clock (MHz)",
    "clocks.mem": "memory clock (MHz)",
    "clocks.max.sm": "largest SM clock (MHz)",
    "power.draw": "power (W)",
    "power.limit": "power limit (W)",
    "temperature.gpu": "temperature (C)",
}
PASSING = ("SM clock (MHz)", "memory clock (MHz)", "power (W)", "temperature (C)")
DESCRIBE = """
import json, sys, torch
from seqlaws.properties.backends.instances import backend
from seqlaws.properties.reporting.document import versions
device, made = sys.argv[1], backend("torch")
reason = made.available(device)
found = {"unavailable": reason, "name": "" if reason else made.name_of_device(device)}
cuda = {"CUDA": torch.version.cuda, "HIP": torch.version.hip}
cudnn = {"cuDNN": str(torch.backends.cudnn.version() or "")} if torch.version.cuda else {}
told = {name: version for name, version in {**cuda, **cudnn}.items() if version}
print(json.dumps({**found, "versions": {**versions(), **told}}))
"""


def tree() -> str:
    """Return the SHA-256 of all source files: two receipts of one tree are of the same code."""
    found = hashlib.sha256()
    for part in PARTS:
        for file in sorted((ROOT / part).rglob("*.py")):
            found.update(f"{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes())
    return found.hexdigest()


def described(device: str) -> dict[str, Any]:
    """Return the device's name, or why it is unavailable, and the versions, by a new process.

    This one would hold memory of the device as long as it lasts.
    """
    command = [sys.executable, "-c", DESCRIBE, device]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if told.returncode:
        last = (told.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return {"unavailable": f"torch cannot be asked for the device {device!r}: {last}"}
    return dict(json.loads(told.stdout.splitlines()[-1]))


def state(device: str) -> dict[str, str]:
    """Return what nvidia-smi tells of a CUDA device now; nothing where there is none."""
    kind, _, index = device.partition(":")
    if kind != "cuda":
        return {}
    query = f"--query-gpu={','.join(ASKED)}", "--format=csv,noheader,nounits", f"--id={index or 0}"
    try:
        told = subprocess.run(  # noqa: S603  # whichever nvidia-smi the user has
            ["nvidia-smi", *query],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    values = next(csv.reader(told.stdout.splitlines(), skipinitialspace=True), [])
    return dict(zip(ASKED.values(), values, strict=False))


def passing(device: str) -> dict[str, str]:
    """Return clocks, power and temperature now."""
    return {name: value for name, value in state(device).items() if name in PASSING}
