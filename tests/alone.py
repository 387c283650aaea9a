"""Work of which each part runs in a process of its own, as it may leave anything there."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

FORK = multiprocessing.get_context("fork")  # what is imported is there


def each_alone(function, parts, jobs):
    """Yield function(part) for each part, in order, with so many processes at a time.

    Raises RuntimeError with the part whose process died.
    """

    def one(part):
        with ProcessPoolExecutor(1, FORK) as pool:
            try:
                return pool.submit(function, part).result()
            except BrokenProcessPool:
                raise RuntimeError(f"the process of {part!r} died") from None

    with ThreadPoolExecutor(jobs) as threads:
        waiting = [threads.submit(one, part) for part in parts]
        try:
            for each in waiting:
                yield each.result()
        finally:
            threads.shutdown(cancel_futures=True)
