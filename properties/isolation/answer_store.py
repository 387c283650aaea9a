"""Answers of the specification, kept in a file for later runs and other implementations.

An answer is found again by all that it depends on: the question, the specification's source, and
the versions of Python and NumPy. Other versions have files of their own.
"""

import hashlib
import json
import os
import pickle
import platform
import sqlite3
import sys
from contextlib import suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from seqlaws import reference

LIMIT = 4 << 30  # bytes of a file; beyond it nothing is added
LARGEST = 1 << 20  # bytes of an answer: the few that are larger would be most of the file
PAGE = 1 << 14
WAIT = 10.0  # seconds for another process that writes
DIGEST = 16  # bytes, before each answer
SUFFIXES = "", "-wal", "-shm"
TABLE = "CREATE TABLE IF NOT EXISTS answers (question BLOB PRIMARY KEY, answer BLOB) WITHOUT ROWID"
SET = ("journal_mode = WAL", "synchronous = OFF", f"max_page_count = {LIMIT // PAGE}")


class AnswerStore:
    """A file of answers, which several processes may use at the same time.

    What is lost or damaged is asked again: a file that is none of a database is begun anew, and an
    answer whose checksum is wrong is not used. known, missed: how many were there, and were not.
    """

    def __init__(self, folder: str | Path) -> None:
        """Open the file, or make it. Raises OSError if that is not possible."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.path = Path(folder) / f"answers-{version()}.sqlite"
        self.known = self.missed = 0
        self.file: sqlite3.Connection | None = None
        self.owner = 0
        if self.opened() is None:
            raise OSError(f"{self.path} cannot be opened as a database")

    def opened(self) -> sqlite3.Connection | None:
        """The connection of this process; None if the file cannot be used."""
        if self.owner != os.getpid():  # a connection is no good in a fork
            self.owner = os.getpid()
            self.file = self.connected() or self.begun_anew()
        return self.file

    def connected(self) -> sqlite3.Connection | None:
        """Connect to the file; None if it is no database, or cannot be made."""
        with suppress(sqlite3.Error):
            made = sqlite3.connect(
                self.path, timeout=WAIT, isolation_level=None, check_same_thread=False
            )
            for statement in (f"PRAGMA page_size = {PAGE}", *(f"PRAGMA {s}" for s in SET), TABLE):
                made.execute(statement)
            return made
        return None

    def begun_anew(self) -> sqlite3.Connection | None:
        """Delete the file, and connect to a new one."""
        with suppress(OSError):
            for suffix in SUFFIXES:
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        return self.connected()

    def find(self, question: tuple[Any, ...]) -> list[Any] | None:
        """Return the answer to a question; None if it is not known."""
        rows = self.run("SELECT answer FROM answers WHERE question = ?", key_of(question))
        found = unpacked(rows[0][0]) if rows else None
        self.known += found is not None
        self.missed += found is None
        return found

    def keep(self, question: tuple[Any, ...], answer: list[Any]) -> None:
        """Keep an answer, if it is made of arrays and not larger than LARGEST."""
        data = packed(answer)
        if data is not None and len(data) <= LARGEST:
            self.run("INSERT OR REPLACE INTO answers VALUES (?, ?)", key_of(question), data)

    def run(self, statement: str, *values: bytes) -> list[Any]:
        """Return the rows of a statement; none where the file is full, locked or damaged."""
        file = self.opened()
        try:
            return file.execute(statement, values).fetchall() if file is not None else []
        except sqlite3.OperationalError:
            return []
        except sqlite3.DatabaseError:
            self.file = self.begun_anew()
            return []

    def count(self) -> int:
        """Return how many answers there are."""
        rows = self.run("SELECT count(*) FROM answers")
        return int(rows[0][0]) if rows else 0


@cache
def version() -> str:
    """Return the hash of what all answers depend on."""
    made = hashlib.blake2b(digest_size=8)
    for part in (sys.version, np.__version__, platform.machine()):
        made.update(part.encode())
    folder = Path(reference.__file__).parent
    for file in sorted(folder.rglob("*.py")):
        made.update(str(file.relative_to(folder)).encode())
        made.update(file.read_bytes())
    return made.hexdigest()


def key_of(question: tuple[Any, ...]) -> bytes:
    """Return the hash of a question."""
    return hashlib.blake2b(pickle.dumps(question), digest_size=DIGEST).digest()


def packed(answer: list[Any]) -> bytes | None:
    """Return an answer as bytes: a checksum, dtypes and shapes, the entries; None if not arrays."""
    parts = [one if isinstance(one, tuple) else (one,) for one in answer]
    arrays = list(chain.from_iterable(parts))
    if not all(isinstance(a, np.ndarray) and not a.dtype.hasobject for a in arrays):
        return None
    pairs = [isinstance(one, tuple) for one in answer]
    head = json.dumps([pairs, [[(a.dtype.str, a.shape) for a in part] for part in parts]]).encode()
    data = b"".join([len(head).to_bytes(4), head, *(a.tobytes() for a in arrays)])
    return digest_of(data) + data


def unpacked(data: bytes) -> list[Any] | None:
    """Return the answer that `packed` wrote; None if it is damaged."""
    data, checksum = data[DIGEST:], data[:DIGEST]
    if digest_of(data) != checksum:
        return None
    place = 4 + int.from_bytes(data[:4])
    pairs, parts = json.loads(data[4:place])
    answer: list[Any] = []
    for is_pair, part in zip(pairs, parts, strict=True):
        arrays = []
        for dtype, shape in part:
            array = np.ndarray(shape, dtype, data, place).copy()
            arrays.append(array)
            place += array.nbytes
        answer.append(tuple(arrays) if is_pair else arrays[0])
    return answer


def digest_of(data: bytes) -> bytes:
    """Return the checksum of an answer."""
    return hashlib.blake2b(data, digest_size=DIGEST).digest()
