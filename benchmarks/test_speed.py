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

from benchmarks.clocks import REPLAY
from benchmarks.conforms import Finding
from benchmarks.flops import flops, least_bytes
from benchmarks.jobs import Job
from benchmarks.table import Row
from benchmarks.workers import Effort, Worker, WorkerError, worker_of
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.environment import device_name

PART = 4  # of the time that a benchmark has, for each of the lengths


@pytest.fixture(scope="session")
def medians() -> dict[tuple[str, ...], float]:
    """The medians so far, in seconds, by work and implementation."""
    return {}


def test_speed(
    job: Job,
    benchmark: Any,
    medians: dict[tuple[str, ...], float],
    specs: dict[str, str],
    record_property: Any,
    request: pytest.FixtureRequest,
) -> None:
    """Time one implementation at one work, once it is seen to do the work."""
    work = job.work
    row = Row(
        job.name, work.operation, work.direction, work.size, work.dtype, work.device, status="ran"
    )
    row.own = OPERATIONS[work.operation].own
    worker = worker_of(job.name, specs[job.name])
    finding = found_by(worker, job)
    if finding.status != "agrees":
        row.status, row.reason = finding.status, finding.reason
        record_property("seqlaws-speed", json.dumps(asdict(row)))
        pytest.skip(f"{finding.status}: {finding.reason}")
    about = described(job)
    benchmark.extra_info.update(about, agreement=asdict(finding))
    row.flops, row.bytes, row.matmul = about["flops"], about["bytes"], about["matmul"]
    option = request.config.getoption
    if benchmark.enabled:
        budget = float(option("benchmark_max_time")) / (PART if work.length else 1)
        collects = not option("benchmark_disable_gc")
        effort = Effort(option("benchmark_min_rounds"), budget, collects)
        seconds = worker.ask("seconds", work, effort)
        benchmark.extra_info.update(worker.ask("settings"))
        benchmark.pedantic(REPLAY.of(seconds), rounds=len(seconds))
        took = benchmark.stats
        row.status, row.median, row.q1, row.q3 = "timed", took["median"], took["q1"], took["q3"]
        medians[*row.work, job.name] = row.median
        forward = medians.get((row.operation, row.size, "forward", *row.work[3:], job.name))
        if work.backward and forward is not None:
            benchmark.extra_info["forward_share"] = forward / row.median
    else:
        benchmark(lambda: worker.ask("once", work))
    record_property("seqlaws-speed", json.dumps(asdict(row)))


def found_by(worker: Worker, job: Job) -> Finding:
    """What the worker finds; a worker that fails says why the job cannot run."""
    try:
        return worker.ask("finding", job.work, job.unavailable)
    except WorkerError as error:
        return Finding("not run", str(error))


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
    }
