"""What the machine can do at most: matrix products and copies, by the libraries at hand.

No call takes less time than max(flops / peak, bytes / bandwidth), each by the fastest round of the
fastest of these. Nothing is flushed: what is smaller than a cache is copied in it, and the
bandwidth is that of a copy whose two arrays are as large as the work's arrays together.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.flops import ITEM
from benchmarks.jobs import DTYPE, devices_of
from seqlaws.properties.backends.instances import backend
from seqlaws.properties.discovery.traits import traits_of
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.session import Session

SIDES = {"cpu": (512, 1024), "cuda": (4096, 8192)}  # of square matrices
COPIED = {  # bytes of each of two arrays
    "cpu": tuple(2**n for n in range(14, 27, 2)),  # from the first cache to the memory
    "cuda": tuple(2**n for n in range(20, 31, 2)),
}
WITH_PRODUCTS = {"numpy": ("float64", "float32")}  # the others have no fast product there
OPERANDS = {"ieee": "highest", "tf32": "high", "bf16": "medium"}  # what torch calls them


@dataclass(frozen=True)
class Ceiling:
    """A product of two square matrices of so many rows, or a copy of so many bytes."""

    kind: str
    extent: int
    library: str
    dtype: str
    device: str
    matmul: str = "ieee"

    @property
    def id(self) -> str:
        """For pytest."""
        parts = (self.kind, str(self.extent), self.library, self.dtype, self.device, self.matmul)
        return "-".join(parts)

    @property
    def size(self) -> str:
        """In words."""
        if self.kind == "product":
            return f"{self.extent} x {self.extent}"
        return f"{self.extent / 2**20:g} MiB"

    @property
    def flops(self) -> int:
        """Of one call."""
        return 2 * self.extent**3 if self.kind == "product" else 0

    @property
    def bytes(self) -> int:
        """That one call moves: each is read and written. Of a product they do not matter."""
        return 2 * self.extent if self.kind == "copy" else 0

    def call(self) -> Callable[[], Any]:
        """What is timed; its arrays are made."""
        kind = backend(self.library)
        shape = (self.extent,) * 2 if self.kind == "product" else (self.extent // ITEM[self.dtype],)
        one, other = (
            kind.array(np.random.RandomState(seed).rand(*shape), self.dtype, self.device)
            for seed in range(2)
        )
        if self.library == "jax":  # returns before it is done, and writes to no array
            jax = importlib.import_module("jax")
            of_two, of_one = partial(jax.numpy.matmul, one, other), partial(jax.numpy.copy, one)
            call = of_two if self.kind == "product" else of_one
            return lambda: jax.block_until_ready(call())
        if self.kind == "copy":
            return partial(np.copyto if self.library == "numpy" else type(one).copy_, one, other)
        return partial(importlib.import_module(self.library).matmul, one, other)

    @contextmanager
    def operands(self) -> Iterator[None]:
        """With torch's operands rounded so, and as they were afterwards."""
        if self.library != "torch":
            yield
            return
        torch = importlib.import_module("torch")
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision(OPERANDS[self.matmul])
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)

    def described(self) -> dict[str, Any]:
        """What --benchmark-json says of it, beside its times."""
        return {
            "ceiling": self.kind,
            "implementation": self.library,
            "operation": self.kind,
            "direction": "forward",
            "size": self.size,
            "sizes": {"extent": self.extent},
            "dtype": self.dtype,
            "device": self.device,
            "matmul": self.matmul,
            "flops": self.flops,
            "bytes": self.bytes,
        }


def ceilings(session: Session) -> list[Ceiling]:
    """By each library of the implementations at hand, on each device that it can use.

    Copies on the CPU that JAX would need new memory for are NumPy's.
    """
    libraries = {
        traits_of(getattr(namespace, "TRAITS", {}), operation).backend
        for _, namespace in session.found.values()
        for operation in OPERATIONS
    }
    made = []
    for device in devices_of(session):
        kind = device.partition(":")[0]
        for library in sorted(libraries):
            if kind not in SIDES or backend(library).available(device):
                continue
            for dtype in session.dtypes or [DTYPE]:
                if dtype in WITH_PRODUCTS.get(library, (dtype,)):
                    modes = OPERANDS if (library, dtype) == ("torch", "float32") else ("ieee",)
                    made += [
                        Ceiling("product", side, library, dtype, device, matmul)
                        for matmul in modes
                        for side in SIDES[kind]
                    ]
            copying = "numpy" if (library, kind) == ("jax", "cpu") else library
            made += [Ceiling("copy", n, copying, "float32", device) for n in COPIED[kind]]
    return list(dict.fromkeys(made))
