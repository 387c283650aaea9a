"""What a time depends on beside the code: threads, variables, BLAS, clocks, versions."""

import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Mapping
from statistics import mean
from typing import Any

import numpy as np

from seqlaws.properties.reporting.document import versions
from seqlaws.properties.reporting.environment import CPU_INFO

PREFIXES = (  # of the variables that libraries of arrays and threads read
    "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "GOTO_", "VECLIB_", "NPY_",
    "TORCH", "PYTORCH_", "ATEN_", "DNNL_", "ONEDNN_", "XLA_", "JAX_", "CUDA_", "NVIDIA_",
    "MALLOC_", "LD_PRELOAD", "PYTHONDONT", "PYTHONMALLOC", "PYTHONOPTIMIZE", "PYTHON_",
)  # fmt: skip
PLACES = ("_DIR", "_PATH", "_HOME")


def settings() -> dict[str, Any]:
    """Return the settings and the state of this process, and the load of the machine, as data."""
    return {
        "threads": threads(),
        "variables": variables(),
        "blas": blas(),
        "clock": clock(),
        "load": round(os.getloadavg()[0], 2),
        "versions": versions(),
    }


def threads() -> dict[str, Any]:
    """How many threads may work: of the processor, of torch, of BLAS and OpenMP where known.

    NumPy does not say how many threads its BLAS has; threadpoolctl does, where it is installed.
    """
    known: dict[str, Any] = {"processors": processors()}
    if "torch" in sys.modules:
        known["torch"] = sys.modules["torch"].get_num_threads()
    if importlib.util.find_spec("threadpoolctl"):
        for pool in importlib.import_module("threadpoolctl").threadpool_info():
            known[str(pool.get("internal_api"))] = pool.get("num_threads")
    return known


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of an environment that such libraries read, but for places of files."""
    every = sorted(environment.items())
    return {k: v for k, v in every if k.startswith(PREFIXES) and not k.endswith(PLACES)}


def blas() -> dict[str, str]:
    """Library to the BLAS that it multiplies matrices with."""
    built: Any = np.show_config(mode="dicts")
    told = built.get("Build Dependencies", {}).get("blas", {})
    known = {"numpy": f"{told.get('name', 'unknown')} {told.get('version', '')}".strip()}
    if "torch" in sys.modules:
        lines = sys.modules["torch"].__config__.parallel_info().splitlines()
        names = ("Intel(R) oneAPI Math", "Intel(R) MKL-DNN", "OpenMP")
        known["torch"] = "; ".join(line for line in lines if line.startswith(names))
    return known


def clock() -> dict[str, Any]:
    """The clock that times are read from, and the clock rate of the processors now, where known."""
    told = time.get_clock_info("perf_counter")
    known: dict[str, Any] = {"timer": told.implementation, "resolution": told.resolution}
    lines = CPU_INFO.read_text(encoding="utf-8").splitlines() if CPU_INFO.is_file() else []
    rates = [float(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz")]
    if rates:
        known["MHz"] = round(mean(rates))
    return known
