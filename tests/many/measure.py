"""How many candidates check_many judges in an hour, and how that grows with workers.

    python tests/many/measure.py [--count N] [--workers 1 2] [--all-laws]

The candidates are attentions of the zoo, wrong and right ones as they come, so many of each
hundred. It prints the time taken, the processor time of all processes, and whether each wrong one
failed and each right one passed.
"""

import argparse
import ctypes
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]


def candidates(count):
    """Candidates of the zoo, and whether each is right."""
    from zoo import catalogue

    of = [*catalogue.wrong(("numpy",)), *catalogue.right(("numpy",))]
    every = [e for e in of if e.operation == "attention" and "float32" in e.dtypes]
    some = every[:: max(1, len(every) // count)][:count]
    return {str(ROOT / "tests/zoo" / e.target): e.kind == "right" for e in some}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--all-laws", action="store_true", help="do not stop at the first failure")
    given = parser.parse_args()
    some = candidates(given.count)
    for workers in given.workers:
        process = os.fork()
        if not process:
            run(some, workers, stop_at_first=not given.all_laws)
            os._exit(0)
        os.waitpid(process, 0)


def run(some, workers, *, stop_at_first):
    """Judge them, in a process whose children's time is this run's alone."""
    import seqlaws

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # orphans become this process's children
    settings = {"operations": ["attention"], "dtypes": ["float32"], "stop_at_first": stop_at_first}
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        rows = seqlaws.check_many(some, f"{folder}/lines", workers=workers, **settings)
        seconds = time.perf_counter() - started
    while True:  # the servers end with their workers
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = used.ru_utime + used.ru_stime
    unlike = [r["candidate"] for r in rows if (r["status"] == "passed") != some[r["candidate"]]]
    each = {
        status: sum(r["seconds"] for r in rows if r["status"] == status)
        / max(1, sum(r["status"] == status for r in rows))
        for status in ("passed", "failed")
    }
    print(
        f"{workers} workers: {len(rows)} candidates in {seconds:.0f} s, {cores:.0f} s of processor "
        f"time: {3600 * len(rows) / seconds:.0f} an hour, {3600 * len(rows) / cores:.0f} per core "
        f"and hour; passed {each['passed']:.1f} s each, failed {each['failed']:.1f} s; "
        f"not as expected: {unlike}",
        flush=True,
    )


if __name__ == "__main__":
    main()
