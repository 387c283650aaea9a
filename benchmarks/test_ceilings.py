"""How fast the machine is: what no implementation can be beyond."""

from typing import Any

import pytest

from benchmarks.ceilings import Ceiling
from benchmarks.clocks import rounds_of, timer_of, warmed
from benchmarks.machine import surroundings
from seqlaws.properties.reporting.environment import device_name

PART = 4  # of the time that a benchmark has


def test_ceiling(ceiling: Ceiling, benchmark: Any, request: pytest.FixtureRequest) -> None:
    """Time a product or a copy."""
    benchmark.extra_info.update(
        ceiling.described(), device_name=device_name(ceiling.device), **surroundings()
    )
    option = request.config.getoption
    call = ceiling.call()
    with ceiling.operands():
        if not benchmark.enabled:
            benchmark(call)
            return
        budget = float(option("benchmark_max_time")) / PART
        seconds = warmed(call, timer_of(ceiling.device))
        rounds = rounds_of(seconds, option("benchmark_min_rounds"), budget)
        benchmark.pedantic(call, rounds=rounds)
