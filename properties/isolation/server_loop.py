"""Server loop of a separate process: pickles over two pipes, each after its length.

The text of this file is also what such a process runs first; it may need nothing of the suite.
"""

import os
import pickle
import struct
from collections.abc import Callable
from typing import Any


def serve(answer: Callable[[Any], Any], incoming: int, outgoing: int) -> None:
    """Answer each question in turn, until there are no more."""
    with os.fdopen(incoming, "rb") as source, os.fdopen(outgoing, "wb") as sink:
        while head := source.read(8):
            data = source.read(struct.unpack("<q", head)[0])
            data = pickle.dumps(answer(pickle.loads(data)))  # noqa: S301  # the parent's own
            sink.write(struct.pack("<q", len(data)) + data)
            sink.flush()
