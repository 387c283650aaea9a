"""What a time depends on beside the code: threads, versions, the device."""

import importlib
import importlib.util
import os
import sys
from typing import Any

from seqlaws.properties.reporting.document import versions

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def threads() -> dict[str, Any]:
    """How many threads may work: of the processor, of torch, of BLAS and OpenMP where known.

    NumPy does not say how many threads its BLAS has; threadpoolctl does, where it is installed.
    """
    known: dict[str, Any] = {"processors": processors()}
    known |= {name: os.environ[name] for name in VARIABLES if name in os.environ}
    if "torch" in sys.modules:
        known["torch"] = sys.modules["torch"].get_num_threads()
    if importlib.util.find_spec("threadpoolctl"):
        pools = importlib.import_module("threadpoolctl").threadpool_info()
        known["pools"] = [{k: p.get(k) for k in ("internal_api", "num_threads")} for p in pools]
    return known


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def surroundings() -> dict[str, Any]:
    """Threads and versions, as every result carries them."""
    return {"threads": threads(), "versions": versions()}
