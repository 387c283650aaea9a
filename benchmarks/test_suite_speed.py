"""How long the suite itself takes. It is a benchmark: nothing fails because it is slow.

    pytest benchmarks/test_suite_speed.py --benchmark-json suite.json
    pytest benchmarks/test_suite_speed.py --impl torch_native --hypothesis-profile quick --op lstm

Each round is a run of pytest in a new process, under the user's own settings. Beside the times,
`extra_info` has the processor time of each round, which depends less on what else the machine does,
and the number of verdicts and examples: a run that checks less is not faster.
"""

import json
import resource
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.machine import processors, variables
from seqlaws.properties.isolation.environment import as_the_user_set_it
from seqlaws.properties.plugin import session_of
from seqlaws.properties.reporting.document import versions

ROOT = Path(__file__).parents[1]
ROUNDS = 3
WRONG = {  # operation to a wrong implementation; these operations are run unless --op names others
    "softmax": "tests/zoo/softmax/wrong.py:softmax_without_maximum",
    "lstm": "tests/zoo/recurrent/wrong_lstm.py:lstm_gates_figo",
    "attention": "tests/zoo/attention/wrong_masks.py:causal_one_ahead",
}


@dataclass(frozen=True)
class Run:
    """A run of the suite: its name, and the arguments of pytest."""

    name: str
    arguments: tuple[str, ...]

    def __call__(self, verdicts: Path) -> None:
        """Run it. Raises AssertionError unless it comes to its end."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(  # noqa: S603 (our own)
            [*command, *self.arguments, "--verdict-json", str(verdicts)],
            cwd=ROOT,
            env=as_the_user_set_it(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr


def runs(config: pytest.Config) -> list[Run]:
    """The start, the laws of each operation, and a wrong one, whole and until its first failure."""
    session, profile = session_of(config), config.getoption("--hypothesis-profile", None)
    how = ("--hypothesis-profile", profile) if profile else ()
    made = []
    for name, (spec, _) in session.found.items():
        made.append(Run(f"start {name}", ("--impl", spec, "--collect-only")))
        for operation in session.operations or WRONG:
            put = ("--impl", spec, "--op", operation, *how)
            made.append(Run(f"{operation} {name}", put))
    for operation in session.operations or WRONG:
        if operation in WRONG:
            put = ("--impl", WRONG[operation], "--op", operation, "--dtype", "float32", *how)
            made.append(Run(f"{operation} wrong", put))
            made.append(Run(f"{operation} wrong, first failure", (*put, "-x")))
    return made[:1] if config.getoption("benchmark_disable") else made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each run."""
    found = runs(metafunc.config)
    metafunc.parametrize("run", found, ids=[run.name.replace(" ", "-") for run in found])


@pytest.mark.benchmark(group="suite")
def test_suite(run: Run, benchmark: Any, tmp_path: Path) -> None:
    """Time a run of the suite."""
    verdicts, processor = tmp_path / "verdict.json", list[float]()

    def once() -> None:
        before = of_children()
        run(verdicts)
        processor.append(of_children() - before)

    benchmark.pedantic(once, rounds=ROUNDS)
    told = json.loads(verdicts.read_text(encoding="utf-8"))["verdicts"]
    benchmark.extra_info["suite"] = {
        "run": run.name,
        "arguments": run.arguments,
        "processor": processor,
        "verdicts": Counter(v["status"] for v in told),
        "examples": sum(v["examples"] for v in told),
        "variables": variables(as_the_user_set_it()),
        "processors": processors(),
        "versions": versions(),
    }


def of_children() -> float:
    """Processor seconds of the processes that have ended, and of those that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
