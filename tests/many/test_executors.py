"""check_many by an executor: Dask's, Ray's as the page has it, and one that loses its workers."""

import re
import signal
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

import seqlaws

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "many.md"
RIGHT = """
import numpy as np
TRAITS = {"dtypes": ("float32",)}
def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-1e30))
    return e / np.maximum(e.sum(axis=axis, keepdims=True), np.float32(1e-30))
"""
QUICK = {"operations": ["softmax"], "sections": ["numbers"], "examples": 1, "stop_at_first": True}


@pytest.fixture
def names(tmp_path, monkeypatch):
    """Candidates beside each other: a right one, a wrong one, one that crashes, none."""
    monkeypatch.chdir(tmp_path)
    sources = {
        "right": RIGHT,
        "wrong": RIGHT.replace("return e", "return 2 * e"),
        "crash": RIGHT.replace("    e =", "    import os; os.abort()\n    e ="),
    }
    for name, source in sources.items():
        Path(f"{name}.py").write_text(source, encoding="utf-8")
    return [*(f"{name}.py" for name in sources), "nowhere.py"]


def judged(names, executor):
    rows = seqlaws.check_many(names, "verdicts.jsonl", executor=executor, **QUICK)
    assert [row["candidate"] for row in rows] == names
    return [row["status"] for row in rows]


def test_dask_judges_them(names):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert judged(names, client.get_executor()) == ["passed", "failed", "failed", "failed"]


def test_ray_judges_them_by_the_executor_of_the_page(names, monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    (source,) = re.findall(r"class OnRay.*?\n\n", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    scope = {"Executor": Executor, "ray": ray}
    exec(source, scope)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        assert judged(names, scope["OnRay"]()) == ["passed", "failed", "failed", "failed"]
    finally:
        ray.shutdown()
        for number, handler in handlers.items():  # Ray leaves its own
            signal.signal(number, handler)


class Losing(Executor):
    """An executor whose workers are lost."""

    def submit(self, function, /, *arguments):
        lost = Future()
        lost.set_exception(ConnectionError("the machine is gone"))
        return lost


def test_what_is_lost_is_undecided(names):
    rows = seqlaws.check_many(names, "verdicts.jsonl", executor=Losing(), **QUICK)
    assert {row["status"] for row in rows} == {"undecided"}
    assert rows[0]["problem"] == "its executor raised ConnectionError: the machine is gone"
