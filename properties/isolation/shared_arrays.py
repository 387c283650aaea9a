"""Values for another process whose large arrays lie in memory that both processes have mapped.

A pipe copies an array four times, into memory that is new each time. For questions of 50 MB, which
the laws of large sizes ask, that took a fifth of a run.
"""

import mmap
import os
import pickle
from contextlib import suppress
from itertools import accumulate
from typing import Any

LARGE = 1 << 14  # bytes; smaller arrays are pickled with the rest
ALIGNED = 64  # bytes, as NumPy's own
Packed = tuple[bytes, list[int]]  # the pickle, and the bytes of each array beside it


def new_file() -> int:
    """The descriptor of an empty file, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("arrays")
    import tempfile  # the specification's process has no need of it

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class SharedArrays:
    """A file, by its descriptor, into which one process puts what the other gets.

    What is put replaces what was put before.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.identity = os.fstat(descriptor)
        self.memory: mmap.mmap | bytes = b""

    def put(self, value: Any) -> Packed:
        """Return the pickle of a value, with its large arrays put into the file. Raises OSError."""
        arrays: list[memoryview] = []

        def stays(buffer: pickle.PickleBuffer) -> bool:
            raw = buffer.raw()
            if raw.nbytes >= LARGE:
                arrays.append(raw)
            return raw.nbytes < LARGE

        data = pickle.dumps(value, 5, buffer_callback=stays)
        sizes = [array.nbytes for array in arrays]
        for place, array in zip(self.places(sizes), arrays, strict=True):
            place[:] = array
        return data, sizes

    def get(self, packed: Packed, *, copied: bool) -> Any:
        """Return the value. Unless copied, its arrays last until the next put. Raises OSError."""
        data, sizes = packed
        places = self.places(sizes)
        buffers = map(bytearray, places) if copied else places
        return pickle.loads(data, buffers=buffers)  # noqa: S301  # our own process's

    def places(self, sizes: list[int]) -> list[memoryview]:
        """Where arrays of these sizes lie. The file grows to what they need."""
        starts = [0, *accumulate(-(-size // ALIGNED) * ALIGNED for size in sizes)]
        if starts[-1] > len(self.memory):
            self.memory = self.mapped(starts[-1])  # views of the one before keep that
        whole = memoryview(self.memory)
        return [whole[start : start + size] for start, size in zip(starts, sizes, strict=False)]

    def mapped(self, length: int) -> mmap.mmap:
        """The file as memory, of at least this length."""
        found = os.fstat(self.descriptor)
        if not os.path.samestat(
            found, self.identity
        ):  # an implementation closed it; the number is another's
            raise OSError("the file was closed")
        if found.st_size < length:
            os.ftruncate(self.descriptor, length)
        memory = mmap.mmap(self.descriptor, 0)
        with suppress(AttributeError):  # where there is such advice
            memory.madvise(mmap.MADV_DONTFORK)
        return memory

    def close(self) -> None:
        """Close the descriptor; what is mapped lasts as long as views of it."""
        with suppress(OSError):  # an implementation may have closed it
            os.close(self.descriptor)
        self.descriptor = -1  # the number may be another file's by now
