"""What a verdict or a time depends on beside the code: the platform and its devices."""

import importlib
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CPU_INFO = Path("/proc/cpuinfo")  # where the system tells more than Python knows


def machine(devices: Iterable[str]) -> dict[str, Any]:
    """The platform, and the name of each device that can be used."""
    names = {device: device_name(device) for device in dict.fromkeys(devices)}
    return {"platform": platform.platform(), "devices": names}


def device_name(device: str) -> str:
    """The GPU's name, or the processor's as far as it is known."""
    if device.startswith("cuda"):
        return str(importlib.import_module("torch").cuda.get_device_name(device))
    return processor_name() if device == "cpu" else device


def processor_name() -> str:
    """What the system calls its processor."""
    told = CPU_INFO.read_text(encoding="utf-8", errors="replace") if CPU_INFO.is_file() else ""
    for line in told.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()
