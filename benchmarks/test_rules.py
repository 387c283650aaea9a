"""What is timed and what is not, how rounds are chosen, and what is said at the end."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.ceilings import Ceiling
from benchmarks.clocks import (
    REPLAY,
    Instant,
    flusher,
    no_clock,
    rounds_of,
    seconds_of_rounds,
    timer_of,
    warmed,
)
from benchmarks.conforms import Conformance
from benchmarks.jobs import Job, timed_dtypes
from benchmarks.table import Row, not_timed, speeds
from benchmarks.test_speed import found_by
from benchmarks.work import LENGTHS, Work, sizes_of
from benchmarks.workers import Worker, WorkerError
from seqlaws.properties.isolation import environment
from seqlaws.properties.reporting.page.words import duration

ROOT = Path(__file__).parents[1]
SMALL = Work("softmax", "forward", "small", "float32", "cpu")


def softmax(x: Any, axis: int = -1) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=np.finfo("f").min))
    total = np.sum(e, axis=axis, keepdims=True)
    return e / np.where(total == 0, np.float32(1), total)


def judged(
    function: Any,
    direction: str = "forward",
    size: str = "large",
    dtype: str = "float32",
    device: str = "cpu",
) -> tuple[str, str]:
    work = Work("softmax", direction, size, dtype, device)
    job = Job("mine", SimpleNamespace(softmax=function), work)
    found = job.finding(Conformance())
    return found.status, found.reason


def test_what_is_right_is_timed() -> None:
    assert judged(softmax) == ("agrees", "")


def test_what_is_wrong_is_not_timed() -> None:
    status, reason = judged(lambda x, axis=-1: softmax(x, axis) * np.float32(1.001))
    assert status == "does not agree"
    assert "times the allowed" in reason
    assert "with x (" in reason


def test_an_option_that_is_ignored_is_found() -> None:
    assert judged(lambda x, axis=0: softmax(x, -1))[0] == "does not agree"


def test_what_is_right_on_small_cases_alone_is_not_timed() -> None:
    def last_block_missing(x: Any, axis: int = -1) -> Any:
        p = softmax(x, axis)
        p[1024:] = 0
        return p

    assert judged(last_block_missing, size="middle")[0] == "agrees"
    assert judged(last_block_missing)[0] == "does not agree"


def test_what_is_not_there_is_said() -> None:
    def half(x: Any, axis: int = -1) -> Any:
        if len(x) > 1000:
            raise NotImplementedError("no long batches")
        return softmax(x, axis)

    status, reason = judged(half)  # every size from 1 on is of the core
    assert status == "does not agree"
    assert "no long batches" in reason
    assert judged(softmax, "backward") == ("not offered", "softmax_vjp is not offered")
    assert judged(None) == ("not offered", "softmax is not offered")
    assert judged(softmax, dtype="float16")[1] == "float16 is not offered; declared: float32"
    assert judged(softmax, device="mps")[0] == "not run"
    assert "no clock for numpy on 'cuda'" in no_clock("cuda", "numpy")
    assert not no_clock("cuda:1", "torch")


def test_a_difference_of_cuda_events_is_in_seconds_and_waits() -> None:
    waited = []
    later = SimpleNamespace(synchronize=lambda: waited.append(True))
    earlier = SimpleNamespace(elapsed_time=lambda event: 5.0 if event is later else 0.0)
    assert Instant(later) - Instant(earlier) == 0.005
    assert waited == [True]


def test_a_round_on_cuda_is_flushed_then_timed_on_the_current_stream(monkeypatch: Any) -> None:
    log: list[str] = []

    class Event:
        def __init__(self, *, enable_timing: bool) -> None:
            assert enable_timing

        def record(self, stream: str) -> None:
            log.append(f"event on {stream}")

        def synchronize(self) -> None:
            log.append("wait")

        def elapsed_time(self, _: Any) -> float:
            return 2.0

    def empty(size: int, *, dtype: str, device: str) -> Any:
        return SimpleNamespace(zero_=lambda: log.append(f"{dtype} flush of {size} on {device}"))

    cuda = SimpleNamespace(
        Event=Event,
        current_stream=lambda device: f"the stream of {device}",
        get_device_properties=lambda _: SimpleNamespace(L2_cache_size=10),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, empty=empty, int8="int8"))
    flush, clock = flusher("cuda:1"), timer_of("cuda:1")
    assert flush is not None
    flush()
    start = clock()
    log.append("call")
    assert clock() - start == 0.002
    on = "event on the stream of cuda:1"
    assert log == ["int8 flush of 40 on cuda:1", on, "call", on, "wait"]
    assert flusher("cpu") is None


def test_rounds_fill_the_budget() -> None:
    assert rounds_of(0.01, 5, 1.0) == 100
    assert rounds_of(10.0, 5, 1.0) == 5
    assert rounds_of(1e-6, 5, 1.0) == rounds_of(0.0, 5, 1.0) == 1000


def test_the_first_call_is_not_in_the_estimate() -> None:
    ticks = iter([0.0, 100.0, 100.0, 100.5, 101.0, 102.5] + [200.0] * 2000)
    assert warmed(lambda: None, lambda: next(ticks)) <= 1.0


def test_rounds_are_timed_one_by_one() -> None:
    taken = seconds_of_rounds(lambda: time.sleep(0.001), "cpu", least=7, budget=0.0)
    assert len(taken) == 7
    assert min(taken) >= 0.001


@pytest.mark.benchmark(timer=REPLAY)
def test_a_replay_gives_the_seconds_that_were_measured(benchmark: Any) -> None:
    if not benchmark.enabled:
        pytest.skip("nothing is clocked")
    benchmark.pedantic(REPLAY.of([0.5, 2.0, 0.25]), rounds=3)
    assert benchmark.stats.stats.data == [0.5, 2.0, 0.25]


def test_a_worker_has_the_users_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.setattr(environment, "SET_HERE", [])
    environment.let_waiting_threads_sleep()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
    assert "OMP_WAIT_POLICY" not in variables_of_a_worker()

    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    monkeypatch.setattr(environment, "SET_HERE", [])
    environment.let_waiting_threads_sleep()
    assert variables_of_a_worker()["OMP_WAIT_POLICY"] == "active"


def variables_of_a_worker() -> Any:
    worker = Worker("numpy_vectorized", "numpy_vectorized")
    worker.ask("finding", SMALL, "")  # starts the specification, too
    found = worker.ask("settings")
    worker.child.stop()
    return found["variables"]


def test_an_implementation_that_ends_its_process_is_not_run(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import os\ndef softmax(x, axis=-1):\n    os.kill(os.getpid(), 9)\n", encoding="utf-8"
    )
    worker = Worker("mine", str(mine))
    found = found_by(worker, Job("mine", SimpleNamespace(softmax=softmax), SMALL))
    assert (found.status, found.reason) == ("not run", "the process that it is timed in ended")
    with pytest.raises(WorkerError, match="ended"):
        worker.ask("settings")


def test_the_table_reads_as_ratios() -> None:
    at: dict[str, Any] = {"size": "large", "dtype": "float32", "device": "cpu"}
    rows = [
        Row("a", "lstm", "forward", median=0.02, q1=0.019, q3=0.021, **at),
        Row("b", "lstm", "forward", median=0.01, q1=0.005, q3=0.011, **at),
        Row("a", "lstm", "backward", median=0.05, q1=0.05, q3=0.051, **at),
        Row("b", "lstm", "backward", status="does not agree", reason="off by 1", **at),
    ]
    head, forward, backward, *_ = speeds(rows)
    assert head.split() == ["operation", "size", "direction", "dtype", "device", "a", "b"]
    assert " ".join(forward.split()).endswith("cpu 20.0 ms 10% 1.00x 10.0 ms 60% ~0.50x")
    assert " ".join(backward.split()).endswith("cpu 50.0 ms 2% 1.00x F 40% -")
    assert not_timed(rows) == [
        "b lstm (float32, cpu): does not agree: off by 1 [backward large]",
        "benchmarks: 4 jobs: 3 timed, 1 does not agree",
    ]
    assert [duration(t) for t in (2.0, 0.1234, 1.5e-5, 2e-7)] == [
        "2.00 s",
        "123 ms",
        "15.0 us",
        "200 ns",
    ]


def test_an_operation_of_one_dtype_is_timed_in_it() -> None:
    plain, asked = (SimpleNamespace(dtypes=dtypes) for dtypes in ([], ["float32"]))
    chosen: Any = timed_dtypes
    assert chosen("generate", "cuda", "float32", plain) == ("float32",)
    assert chosen("positional_encoding", "cpu", "float32", plain) == ("float64",)
    assert chosen("positional_encoding", "cpu", "float32", asked) == ()
    assert chosen("positional_encoding", "cuda", "float32", plain) == ()  # it takes no arrays


def test_a_length_is_the_sequences_and_nothing_else_changes() -> None:
    at: dict[str, Any] = {"dtype": "float32", "device": "cpu"}
    middle = Work("lstm", "forward", "middle", **at)
    long = Work("lstm", "forward", "length 256", **at)
    assert long.sizes == {**middle.sizes, "T": 256}
    assert not middle.length
    assert Work("attention", "forward", "length 16", **at).sizes["S"] == 16
    assert sizes_of("lstm_gates") == ["small", "middle", "large"]  # has no sequence
    assert sizes_of("softmax", LENGTHS[:1])[3:] == ["length 16"]


def test_a_ceiling_counts_what_it_does() -> None:
    product = Ceiling("product", 64, "numpy", "float32", "cpu")
    assert product.call()().shape == (64, 64)
    assert (product.flops, product.bytes) == (2 * 64**3, 0)
    copy = Ceiling("copy", 2**20, "numpy", "float32", "cpu")
    call = copy.call()
    call()
    one, other = call.args  # type: ignore[attr-defined]
    assert np.array_equal(one, other)
    assert not np.shares_memory(one, other)
    assert (copy.flops, copy.bytes) == (0, one.nbytes + other.nbytes)


def test_operands_are_as_they_were_after_a_product() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_float32_matmul_precision()
    with Ceiling("product", 8, "torch", "float32", "cpu", "tf32").operands():
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before


def run(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "benchmarks/test_speed.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 (our own)
    return done.returncode, done.stdout + done.stderr


def test_a_run_names_what_it_did_not_time(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def softmax(x, axis=-1):\n    return x\n", encoding="utf-8")
    times = tmp_path / "times.json"
    code, said = run(
        "--impl", "numpy_vectorized", "--impl", str(mine), "--op", "softmax", "-k", "small",
        "--benchmark-json", str(times), "--benchmark-max-time", "0.01",
    )  # fmt: skip
    assert code == 0
    assert "mine softmax (float32, cpu): does not agree: " in said
    assert "benchmarks: 4 jobs: 2 timed, 1 does not agree, 1 not offered" in said
    written = times.read_text(encoding="utf-8")
    for key in ("flops", "bytes", "threads", "blas", "versions", "forward_share", "not_timed"):
        assert f'"{key}"' in written


def test_without_pytest_benchmark_there_is_one_sentence() -> None:
    code, said = run("-p", "no:benchmark")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "benchmarks/ needs pytest-benchmark: pip install 'seqlaws[benchmarks]'" in said


def test_how_times_get_on_a_page_is_said() -> None:
    code, said = run("--report", "report.html")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "then seqlaws-report verdict.json times.json" in said
