"""How fast the machine is: what no implementation can be beyond."""

import json
from typing import Any

import pytest

from benchmarks.ceilings import Ceiling
from benchmarks.clocks import REPLAY
from benchmarks.workers import Effort, worker_of
from seqlaws.properties.reporting.environment import device_name

PART = 4  # of the time that a benchmark has


def test_ceiling(
    ceiling: Ceiling, benchmark: Any, record_property: Any, request: pytest.FixtureRequest
) -> None:
    """Time a product or a copy, in the worker of its library."""
    option, worker = request.config.getoption, worker_of(ceiling.library)
    benchmark.extra_info.update(ceiling.described(), device_name=device_name(ceiling.device))
    if not benchmark.enabled:
        benchmark(lambda: worker.ask("once", ceiling))
        return
    budget = float(option("benchmark_max_time")) / PART
    seconds = worker.ask("seconds", ceiling, Effort(option("benchmark_min_rounds"), budget))
    benchmark.extra_info.update(worker.ask("settings"))
    benchmark.pedantic(REPLAY.of(seconds), rounds=len(seconds))
    found = {n: v for n, v in ceiling.described().items() if n != "sizes"}
    record_property("seqlaws-ceiling", json.dumps({**found, "fastest": min(seconds)}))
