"""How long each operation takes, forward and backward.

forward: one call of the operation on arrays that require no gradient, as in inference.

backward: one call that goes from inputs and cotangents to the gradients of all arrays. It contains
one forward: a hand-written vjp computes what it needs of it itself, and for automatic
differentiation the forward is run, recorded, and pulled back through. Neither side can be timed
without it on equal terms, so that it is left in on both; the forward's share, its own median over
this one's, is told beside it (`forward_share` in the JSON, F in the table), and what remains is the
pull alone, up to what recording costs.

Not timed: making the inputs, copies to a device, the first calls.
"""

import json
from dataclasses import asdict
from typing import Any

import pytest

from benchmarks.clocks import flusher, rounds_of, timer_of, warmed
from benchmarks.conforms import Conformance
from benchmarks.flops import flops, least_bytes
from benchmarks.jobs import Job
from benchmarks.machine import surroundings
from benchmarks.table import Row
from seqlaws.properties.reporting.environment import device_name

PART = 4  # of the time that a benchmark has, for each of the lengths


@pytest.fixture(scope="session")
def medians() -> dict[tuple[str, ...], float]:
    """The medians so far, in seconds, by work and implementation."""
    return {}


def test_speed(
    job: Job,
    benchmark: Any,
    conformance: Conformance,
    medians: dict[tuple[str, ...], float],
    record_property: Any,
    request: pytest.FixtureRequest,
) -> None:
    """Time one implementation at one work, once it is seen to do the work."""
    work = job.work
    row = Row(
        job.name, work.operation, work.direction, work.size, work.dtype, work.device, status="ran"
    )
    finding = job.finding(conformance)
    if finding.status != "agrees":
        row.status, row.reason = finding.status, finding.reason
        record_property("seqlaws-speed", json.dumps(asdict(row)))
        pytest.skip(f"{finding.status}: {finding.reason}")
    benchmark.extra_info.update(described(job), agreement=asdict(finding))
    call, timer, option = job.call(), timer_of(work.device), request.config.getoption
    if benchmark.enabled:
        budget = float(option("benchmark_max_time")) / (PART if work.length else 1)
        rounds = rounds_of(warmed(call, timer), option("benchmark_min_rounds"), budget)
        # one call a round, so that every round is seen, and on CUDA starts from a cold cache
        benchmark.pedantic(call, setup=flusher(work.device), rounds=rounds)
        took = benchmark.stats
        row.status, row.median, row.q1, row.q3 = "timed", took["median"], took["q1"], took["q3"]
        medians[*row.work, job.name] = row.median
        forward = medians.get((row.operation, row.size, "forward", *row.work[3:], job.name))
        if work.backward and forward is not None:
            benchmark.extra_info["forward_share"] = forward / row.median
    else:
        benchmark(call)
    record_property("seqlaws-speed", json.dumps(asdict(row)))


def described(job: Job) -> dict[str, Any]:
    """What --benchmark-json says of a job beside its times. flops, bytes: of one call."""
    work = job.work
    return {
        "implementation": job.name,
        "operation": work.operation,
        "direction": work.direction,
        "size": work.size,
        "sizes": work.sizes,
        "dtype": work.dtype,
        "device": work.device,
        "device_name": device_name(work.device),
        "flops": flops(work),
        "bytes": least_bytes(work),
        "matmul": job.subject().traits.matmul,
        **surroundings(),
    }
