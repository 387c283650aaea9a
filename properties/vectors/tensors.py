"""Arrays in the safetensors format: a length, a header in JSON, and the contents."""

import json
import struct
from typing import Any

import numpy as np

NAMES = {"<f4": "F32", "<f8": "F64", "<i4": "I32", "|b1": "BOOL"}


class Tensors:
    """Arrays by number; equal ones are kept once."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray[Any, Any]] = []
        self.known: dict[Any, str] = {}

    def add(self, array: np.ndarray[Any, Any]) -> str:
        """Return the name of an array, which is kept."""
        array = np.ascontiguousarray(array).reshape(array.shape)
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self.known:
            self.known[key] = str(len(self.arrays))
            self.arrays.append(array)
        return self.known[key]

    def bytes(self) -> bytes:
        """Return the file's contents."""
        header: dict[str, Any] = {}
        end = 0
        for number, array in enumerate(self.arrays):
            start, end = end, end + array.nbytes
            header[str(number)] = {
                "dtype": NAMES[array.dtype.str],
                "shape": array.shape,
                "data_offsets": [start, end],
            }
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        return b"".join([struct.pack("<Q", len(text)), text, *(a.tobytes() for a in self.arrays)])
