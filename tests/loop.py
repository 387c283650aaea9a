"""The inner loop: what to run after each change, in less than half a minute on two cores.

    python tests/loop.py                    lint, types, the fast tests
    python tests/loop.py conveyor_belt      and one law: a right one passes, its wrong ones fail

A law's wrong ones are those of `power_sample.py` that it is named for. The exit status is 0 if all
is well.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FAST = (
    "test_rooms.py",
    "test_house.py",
    "test_law_names.py",
    "test_digests.py",
    "test_subject.py",
    "test_public_names.py",
)


def commands(law):
    """What is run, in order: the quickest first."""
    yield ["ruff", "check", "."]
    yield ["ruff", "format", "--check", "."]
    yield ["mypy"]
    tests = [str(path) for name in FAST for path in (ROOT / "tests").rglob(name)]
    yield ["pytest", "-q", "-n", "2", *tests]
    if law:
        put = ["--hypothesis-profile", "quick", "-q", "-k", f"test_{law}"]
        yield ["pytest", "--impl", "numpy_vectorized", "--dtype", "float32", *put]
        sample = [str(path) for path in (ROOT / "tests").rglob("test_power.py")]
        yield ["pytest", "-q", "-n", "2", *sample, "-k", f".{law}]"]


def main():
    """Run each command until one fails."""
    law = sys.argv[1] if len(sys.argv) > 1 else ""
    started = time.perf_counter()
    for command in commands(law):
        print("$", " ".join(command[:4]), flush=True)
        status = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode
        if status and not (status == 5 and command[-1] == f".{law}]"):  # 5: no sample of this law
            return status
    print(f"{time.perf_counter() - started:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
