"""Stages of a receipt: which implementations, in which dtypes, and what torch is told of TF32.

On a GPU float32 means two things: products of whole operands, and of operands rounded to TF32. A
process has one of the two, by variables that the libraries read; so each is a stage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seqlaws.properties.operations import OPERATIONS

WHOLE = {"NVIDIA_TF32_OVERRIDE": "0"}  # no library of NVIDIA's rounds operands
ROUNDED = {"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"}  # torch's convolutions and LSTM do by default
HALVES = ("bfloat16", "float16")
SINGLE_AND_HALVES = ("float32", *HALVES)


@dataclass(frozen=True)
class Stage:
    """Part of a receipt.

    kind: "laws" of one implementation, or "times" of several beside each other. operations: all,
    if empty. share: of the time of its kind.
    """

    name: str
    kind: str
    implementations: tuple[str, ...]
    dtypes: tuple[str, ...]
    share: float
    environment: Mapping[str, str] = field(default_factory=dict)
    operations: tuple[str, ...] = ()


def conformance(implementation: str, dtypes: tuple[str, ...], share: float) -> Stage:
    """Return a stage that puts the laws to an implementation."""
    told = ROUNDED if implementation.endswith(":tf32") else WHOLE
    return Stage(f"laws of {implementation}", "laws", (implementation,), dtypes, share, told)


def timing(
    name: str, implementations: tuple[str, ...], dtypes: tuple[str, ...], told: Mapping[str, str]
) -> Stage:
    """Return a stage that times implementations beside each other."""
    kernels = {o: known.benchmark.dtypes_of_kernel for o, known in OPERATIONS.items()}
    timed = tuple(o for o, known in kernels.items() if set(dtypes) <= set(known))
    return Stage(f"times in {name}", "times", implementations, dtypes, 1.0, told, timed)


STAGES = (
    conformance("torch_ops", SINGLE_AND_HALVES, 5.0),
    conformance("torch_native", SINGLE_AND_HALVES, 4.0),
    conformance("triton_kernels", SINGLE_AND_HALVES, 3.0),
    conformance("torch_native:paths.flash", HALVES, 1.0),
    conformance("torch_native:paths.cudnn", HALVES, 1.0),
    conformance("torch_native:paths.efficient", SINGLE_AND_HALVES, 1.0),
    conformance("torch_native:paths.math", SINGLE_AND_HALVES, 1.0),
    conformance("torch_ops:tf32", ("float32",), 2.0),
    conformance("torch_native:tf32", ("float32",), 2.0),
    timing("float32", ("torch_native", "torch_ops", "triton_kernels"), ("float32",), WHOLE),
    timing(
        "16 bits",
        (
            "torch_native:paths.flash",
            "torch_native:paths.cudnn",
            "torch_native:paths.math",
            "torch_ops",
            "triton_kernels",
        ),
        HALVES,
        WHOLE,
    ),
    timing("TF32", ("torch_native:tf32", "torch_ops:tf32"), ("float32",), ROUNDED),
)


def seconds_of(stage: Stage, pending: Sequence[Stage], seconds: float, jobs: int) -> float:
    """Return the seconds of a stage, of those that there are for all pending ones of its kind.

    jobs: how many stages of that kind run at once.
    """
    shares = [one.share for one in pending if one.kind == stage.kind]
    at_once = min(jobs, len(shares))
    return min(seconds, seconds * at_once * stage.share / sum(shares))
