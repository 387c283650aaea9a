"""Environment of a run: the platform and its devices, on which verdicts and times depend."""

import platform
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from seqlaws.properties.backends.instances import backend
from seqlaws.properties.backends.registry import BACKENDS, loaded

CPU_INFO = Path("/proc/cpuinfo")  # where the system tells more than Python knows


def machine(devices: Iterable[str]) -> dict[str, Any]:
    """The platform, and the name of each device that can be used."""
    names = {device: device_name(device) for device in dict.fromkeys(devices)}
    return {"platform": platform.platform(), "devices": names}


def device_name(device: str) -> str:
    """The GPU's name, or the processor's as far as it is known."""
    if device == "cpu":
        return processor_name()
    for library in {**loaded(), **BACKENDS}:  # those at hand first
        with suppress(ImportError):
            made = backend(library)
            if not made.available(device):
                return made.name_of_device(device)
    return device


def processor_name() -> str:
    """Return the name that the system gives its processor."""
    told = CPU_INFO.read_text(encoding="utf-8", errors="replace") if CPU_INFO.is_file() else ""
    for line in told.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()
